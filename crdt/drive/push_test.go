package drive_test

import (
	"encoding/base64"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// frames takes what passed a pipe apart, bundles too.
func frames(t *testing.T, p *pipe) (out []wire.Frame, bundles int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	var take func(data []byte)
	take = func(data []byte) {
		f, err := wire.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		b, ok := f.(wire.Bundle)
		if !ok {
			out = append(out, f)
			return
		}
		bundles++
		for _, one := range b.Frames {
			take(one)
		}
	}
	for _, data := range p.sent {
		take(data)
	}
	return out, bundles
}

// questions are what of a client's frames asks for documents that it has not.
func questions(t *testing.T, p *pipe) (n int) {
	t.Helper()
	all, _ := frames(t, p)
	for _, f := range all {
		s, ok := f.(wire.Sync)
		if !ok {
			continue
		}
		m, err := syncproto.Decode(s.Data, syncproto.Limits{})
		if err != nil {
			t.Fatalf("%v: %x", err, s.Data)
		}
		if s.Request || len(m.Need) > 0 {
			n++
		}
	}
	return n
}

// same tells whether both hold the same of documents.
func same(t *testing.T, client, server *node, docs ...int) {
	t.Helper()
	for _, i := range docs {
		if c, s := client.heads(docNumber(i)), server.heads(docNumber(i)); !c.Equal(s) || len(c) == 0 {
			t.Errorf("document %d: %v here, %v there", i, c, s)
		}
	}
}

func TestWhatDiffersComesWithTheAnswerAndIsNotAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const docs = 300
		client, server := together(t, docs)
		for i := range 10 {
			for k := range i%3 + 1 {
				server.edit(docNumber(i), "dora", set("note", k))
			}
		}
		for i := docs; i < docs+2; i++ { // new ones, in one plain change and in a snapshot
			for k := range 1 + 5*(i-docs) {
				server.edit(docNumber(i), "dora", set("title", k))
			}
		}
		up, down, cut := connect(client, server, "anna")
		defer cut()
		synctest.Wait()
		same(t, client, server, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, docs, docs+1)
		if n := questions(t, up); n != 0 {
			t.Errorf("%d questions", n)
		}
		if up.frames != 2+12 {
			t.Errorf("%d frames up; want handshake, comparison, and one for each document that came", up.frames)
		}
		if _, n := frames(t, down); n != 1 || down.frames != 4 {
			t.Errorf("%d frames down, %d of them bundles; want handshake, a bundle, and two new documents", down.frames, n)
		}
		if n := down.bytes; n > 5200 {
			t.Errorf("%d bytes down", n)
		}
		// Both ends know where they are: the next change is one frame with it, and one to say that it came.
		upBefore, downBefore := up.frames, down.frames
		server.edit(docNumber(3), "dora", set("note", "again"))
		synctest.Wait()
		same(t, client, server, 3)
		if up.frames-upBefore != 1 || down.frames-downBefore != 1 {
			t.Errorf("%d frames up, %d down for one change", up.frames-upBefore, down.frames-downBefore)
		}
	})
}

// One document that grew by much, and a new one that is large, do not come unasked; the small ones beside them do.
func TestWhatIsMuchIsAskedForAndHoldsUpNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const docs = 50
		client, server := together(t, docs)
		random := make([]byte, 75<<10)
		_, _ = rand.NewChaCha8([32]byte{1}).Read(random)
		long := base64.StdEncoding.EncodeToString(random)
		for i := range 4 {
			server.edit(docNumber(i), "dora", set("note", i))
		}
		server.edit(docNumber(4), "dora", set("note", long))
		server.edit(docNumber(docs), "dora", set("title", long))
		server.edit(docNumber(docs+1), "dora", set("title", "small"))
		up, down, cut := connect(client, server, "anna")
		defer cut()
		synctest.Wait()
		same(t, client, server, 0, 1, 2, 3, 4, docs, docs+1)
		if n := questions(t, up); n != 2 {
			t.Errorf("%d questions; want one for each of the large ones", n)
		}
		// The bundle has the small ones, and a word about each large one.
		all, _ := frames(t, down)
		large := 0
		for _, f := range all {
			if s, ok := f.(wire.Sync); ok && len(s.Data) > len(long)/2 {
				large++
			}
		}
		if n := len(down.sent[1]); large != 2 || n > 16<<10 {
			t.Errorf("%d large documents came; the first frame behind the handshake has %d bytes", large, n)
		}
	})
}

func TestAClientThatChangedSomethingItselfIsAskedByTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := together(t, 50)
		client.edit(docNumber(1), "anna", set("note", "here"))
		server.edit(docNumber(1), "dora", set("title", "there"))
		server.edit(docNumber(2), "dora", set("title", "there"))
		client.edit(docNumber(3), "anna", set("note", "here"))
		client.edit(docNumber(50), "anna", set("title", "new here"))
		server.edit(docNumber(51), "dora", set("title", "new there"))
		_, _, cut := connect(client, server, "anna")
		defer cut()
		synctest.Wait()
		same(t, client, server, 1, 2, 3, 50, 51)
	})
}

// An older client does not announce that it wants to be sent what differs, and an older server passes the announcement over: the frame that arrives
// is the same.
func TestWhoDoesNotAnnounceItAsksForWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := together(t, 50)
		server.edit(docNumber(1), "dora", set("title", "there"))
		server.edit(docNumber(50), "dora", set("title", "new"))
		up, down, cut := connectBy(client, server, "anna", func(data []byte) []byte {
			if f, _ := wire.Decode(data); f != nil {
				if c, ok := f.(wire.CatchUp); ok {
					c.Push = false
					return wire.Append(nil, c)
				}
			}
			return data
		})
		defer cut()
		synctest.Wait()
		same(t, client, server, 1, 50)
		all, bundles := frames(t, down)
		if bundles > 0 || questions(t, up) == 0 {
			t.Errorf("%d bundles, %d questions", bundles, questions(t, up))
		}
		for _, f := range all {
			if c, ok := f.(wire.CatchUp); ok && c.Push {
				t.Error("it says that it begins")
			}
		}
	})
}

// What may not be read any more when its turn comes is unavailable, and holds up nothing.
func TestWhatMayNotBeReadAnyMoreIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memstore.New(memstore.Options{})
		client := newNode(t, "client", memstore.New(memstore.Options{}), nil)
		secret := crdt.DocID{}
		server := newNode(t, "server", disk, func(c *drive.Config) {
			c.Replica.Access = func(_ replica.Principal, doc crdt.DocID, _ []byte) replica.Access {
				if doc == secret {
					return 0
				}
				return replica.AccessRead | replica.AccessWrite | replica.AccessCreate
			}
		})
		server.edit(docNumber(0), "dora", set("title", "old"))
		client.edit(docNumber(9), "anna", set("title", "something"))
		_, _, cut := connect(client, server, "anna")
		synctest.Wait()
		cut()
		for i := range 4 {
			server.edit(docNumber(i), "dora", set("note", "secret?"))
		}
		secret = docNumber(2)
		_, down, cut := connect(client, server, "anna")
		defer cut()
		synctest.Wait()
		same(t, client, server, 0, 1, 3)
		all, _ := frames(t, down)
		told := slices.ContainsFunc(all, func(f wire.Frame) bool { u, ok := f.(wire.DocUnavailable); return ok && u.Doc == secret })
		leaked := slices.ContainsFunc(all, func(f wire.Frame) bool { s, ok := f.(wire.Sync); return ok && s.Doc == secret })
		if !told || leaked || len(client.heads(secret)) > 0 {
			t.Errorf("told that it is unavailable: %v, told of it: %v", told, leaked)
		}
	})
}

// A document whose bytes are damaged keeps none of the others from coming.
func TestADamagedDocumentHoldsUpNoOther(t *testing.T) {
	for name, damage := range map[string]store.Op{
		"its entries cannot be read, when it is opened": {Key: store.DocChange(docNumber(1), 7), Value: []byte{9}},
		"its changes cannot, when it is looked at":      {Key: store.DocChange(docNumber(1), 1), Value: []byte{1, 2, 3}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := together(t, 20)
				for i := range 3 {
					server.edit(docNumber(i), "dora", set("note", "new"))
				}
				server.edit(docNumber(20), "dora", set("title", "new"))
				server.Close()
				done := make(chan error, 1)
				server.store.Submit([]store.Op{damage}, func(err error) { done <- err })
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				again := newNode(t, "server", server.store, nil)
				up, _, cut := connect(client, again, "anna")
				defer cut()
				synctest.Wait()
				same(t, client, again, 0, 2, 20)
				if n := questions(t, up); n > 1 { // of the new one, as nobody can tell whether the client's key is of the damaged one
					t.Errorf("%d questions", n)
				}
			})
		})
	}
}

func TestABundleInABundleIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := newNode(t, "server", memstore.New(memstore.Options{}), nil)
		l := server.Connect(&pipe{}, who("anna"), false)
		defer l.Closed()
		bundle := func(frames ...[]byte) []byte { return wire.Append(nil, wire.Bundle{Sender: "anna", Frames: frames}) }
		join := wire.Append(nil, wire.Join{Sender: "anna", Versions: []string{"1"}})
		if err := l.Receive(bundle(join, wire.Append(nil, wire.Unknown{}))); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("what is no frame: %v", err)
		}
		if err := l.Receive(bundle(bundle(join))); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("a bundle in a bundle: %v", err)
		}
	})
}

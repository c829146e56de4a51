package drive_test

import (
	"encoding/binary"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
)

func docNumber(i int) crdt.DocID {
	var d crdt.DocID
	binary.BigEndian.PutUint64(d[:], uint64(i)*0x9e3779b97f4a7c15)
	d[15] = 1
	return d
}

// together makes two nodes that hold the same documents.
func together(t *testing.T, docs int) (client, server *node) {
	server = newNode(t, "server", memstore.New(memstore.Options{}), nil)
	client = newNode(t, "client", memstore.New(memstore.Options{}), nil)
	for i := range docs {
		client.edit(docNumber(i), "anna", set("title", fmt.Sprint("job ", i)))
	}
	_, _, cut := connect(client, server, "anna")
	server.until("the server has all documents", func() bool { return count(server.store) == docs })
	client.until("the client has compared", func() bool { return client.lastCompared() != nil })
	for i := range docs {
		client.until("the server holds what the client holds", func() bool { return server.heads(docNumber(i)).Equal(client.heads(docNumber(i))) })
	}
	synctest.Wait()
	cut()
	return client, server
}

func count(s store.Store) int {
	n := 0
	_ = drive.Records(s, func(crdt.DocID, replica.Record) error { n++; return nil })
	return n
}

func (n *node) lastCompared() *replica.Compared {
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.compared) == 0 {
		return nil
	}
	return &n.compared[len(n.compared)-1]
}

func TestAReconnectWithNothingChangedCostsOneFrameEachWayBesideTheHandshake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const docs = 300
		client, server := together(t, docs)
		up, down, cut := connect(client, server, "anna")
		defer cut()
		synctest.Wait()
		if c := client.lastCompared(); c == nil || c.Equal != docs || len(c.Differ) != 0 {
			t.Fatalf("compared: %+v", c)
		}
		if up.frames != 2 || down.frames != 2 {
			t.Errorf("%d frames up, %d down; want 2 each: handshake and comparison", up.frames, down.frames)
		}
		if all := up.bytes + down.bytes; all > 1200 { // 700 of them a sketch, so that differences would cost no further frame
			t.Errorf("%d bytes for nothing", all)
		}
		// Subscribed all the same: a change arrives by itself, in one frame.
		before := down.frames
		server.edit(docNumber(7), "dora", set("note", "new"))
		client.until("the change arrives", func() bool { return client.heads(docNumber(7)).Equal(server.heads(docNumber(7))) })
		if got := down.frames - before; got != 1 {
			t.Errorf("%d frames for one change", got)
		}
	})
}

func TestOnlyDocumentsThatDifferAreTalkedAbout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const docs = 300
		client, server := together(t, docs)
		server.edit(docNumber(3), "dora", set("note", "changed at the server"))
		client.edit(docNumber(200), "anna", set("note", "changed at the client"))
		server.edit(docNumber(docs), "dora", set("title", "only at the server"))
		client.edit(docNumber(docs+1), "anna", set("title", "only at the client"))
		up, down, cut := connect(client, server, "anna")
		defer cut()
		synctest.Wait()
		if c := client.lastCompared(); c == nil || len(c.Differ) != 4 || len(c.Unlisted) != 1 || c.Unlisted[0] != docNumber(docs+1) {
			t.Fatalf("compared: %+v", c)
		}
		for _, i := range []int{3, 200, docs, docs + 1} {
			if !client.heads(docNumber(i)).Equal(server.heads(docNumber(i))) {
				t.Errorf("document %d differs", i)
			}
		}
		if n := up.frames + down.frames; n > 30 {
			t.Errorf("%d frames for four documents", n)
		}
	})
}

func TestAnIdleDocumentLeavesMemoryAndComesBackForTheNextChangeWithNothingSaidTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := together(t, 20)
		_, down, cut := connect(client, server, "anna")
		defer cut()
		for i := range 12 {
			server.edit(docNumber(1), "dora", set("note", i))
		}
		time.Sleep(2 * time.Minute) // of the bubble's time
		synctest.Wait()
		if n := server.Open() + client.Open(); n != 0 {
			t.Fatalf("%d documents in memory after two idle minutes", n)
		}
		if _, err := server.store.Get(store.DocSnapshot(docNumber(1))); err != nil {
			t.Errorf("no snapshot of a document with 13 changes: %v", err)
		}
		changes := 0
		_ = server.store.Scan(store.DocChanges(docNumber(1)), nil, func([]byte, []byte) error { changes++; return nil })
		if changes != 0 {
			t.Errorf("%d changes beside the snapshot that holds them", changes)
		}
		frames, bytes := down.frames, down.bytes
		server.edit(docNumber(1), "dora", set("note", "again"))
		client.until("the change arrives", func() bool { return client.heads(docNumber(1)).Equal(server.heads(docNumber(1))) })
		if down.frames-frames != 1 || down.bytes-bytes > 600 {
			t.Errorf("%d frames, %d bytes for one change", down.frames-frames, down.bytes-bytes)
		}
	})
}

func TestAFailedWriteIsNotAcknowledgedAndIsMadeGoodLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := memstore.New(memstore.Options{})
		client := newNode(t, "client", memstore.New(memstore.Options{}), nil)
		server := newNode(t, "server", disk, nil)
		doc := docNumber(1)
		client.edit(doc, "anna", set("title", "pump"))
		_, down, cut := connect(client, server, "anna")
		synctest.Wait()
		disk.SetFault(func(int, []store.Op) error { return store.ErrFull })
		client.edit(doc, "anna", set("title", "valve"))
		synctest.Wait()
		if down.closed == nil {
			t.Error("the connection that brought the change was not told to come back")
		}
		if client.heads(doc).Equal(server.heads(doc)) {
			t.Error("the server kept a change that it could not store")
		}
		cut()
		disk.SetFault(nil)
		_, _, cut = connect(client, server, "anna")
		defer cut()
		client.until("the change reaches the server", func() bool { return client.heads(doc).Equal(server.heads(doc)) })
	})
}

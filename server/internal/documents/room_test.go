package documents

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// claims is the first change of a document, of about a hundred bytes, that makes n empty maps in a list, and says that it is a job.
func claims(t *testing.T, n int) []byte { return claimsAs(t, "aaaaaaaaaaaaaaaa", n) }

func claimsAs(t *testing.T, actor crdt.ActorID, n int) []byte {
	t.Helper()
	ops := append([]format.Op{{Key: job.KeyKind, Action: format.ActionSet, Value: format.StringValue(job.Kind)}, {Key: "list", Action: format.ActionMakeList}},
		slices.Repeat([]format.Op{{Object: format.OpID{Counter: 2}, InSeq: true, Insert: true, Action: format.ActionMakeMap}}, n)...)
	raw, _, err := format.EncodeChange(&format.Change{Actor: actor, Seq: 1, StartOp: 1, Ops: ops})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func weightOf(t *testing.T, chunks ...[]byte) int64 {
	t.Helper()
	var all format.Amount
	for _, c := range chunks {
		a, err := format.Count(c, format.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		all.Add(a)
	}
	return int64(history.Weight(all))
}

// Few bytes may claim tens of thousands of objects, so copies are counted by what they hold.
func TestLoadedDocumentsTakeNoMoreMemoryThanThereIsRoomFor(t *testing.T) {
	o := open(t)
	raw := claims(t, 20_000)
	if len(raw) > 300 {
		t.Fatalf("the change has %d bytes", len(raw))
	}
	weight := weightOf(t, raw)
	if weight < 20_000*2048 {
		t.Fatalf("20,000 objects weigh %d bytes", weight)
	}
	o.room = newRoom(2*weight + weight/2)
	var docs []crdt.DocID
	for n := range 8 {
		doc := crdt.DocID{byte(n + 1)}
		o.stored(doc, raw)
		docs = append(docs, doc)
	}
	var most atomic.Int64
	var loading sync.WaitGroup
	for _, doc := range docs {
		loading.Go(func() {
			c, err := o.Read(t.Context(), doc)
			if err != nil {
				t.Error(err)
				return
			}
			for taken := o.room.taken.Load(); ; {
				if was := most.Load(); was >= taken || most.CompareAndSwap(was, taken) {
					break
				}
			}
			c.Close()
			c.Close()
		})
	}
	loading.Wait()
	if most.Load() < weight || most.Load() > 2*weight {
		t.Errorf("documents of %d bytes were loaded at once; there is room for %d", most.Load(), o.room.size)
	}
	if left := o.room.taken.Load(); left != 0 {
		t.Errorf("%d bytes were not given back", left)
	}

	// One that is larger than the room is loaded alone.
	o.room = newRoom(weight / 2)
	first, err := o.Read(t.Context(), docs[0])
	if err != nil {
		t.Fatal(err)
	}
	given := make(chan error)
	go func() {
		c, err := o.Read(t.Context(), docs[1])
		if err == nil {
			c.Close()
		}
		given <- err
	}()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Read(ended, docs[2]); !errors.Is(err, context.Canceled) {
		t.Errorf("a reader who went away: %v", err)
	}
	select {
	case err := <-given:
		t.Errorf("a second one was loaded beside one that takes all (%v)", err)
	default:
	}
	first.Close()
	if err := <-given; err != nil {
		t.Error(err)
	}
}

func TestADocumentThatIsTooHeavyIsRefusedWithoutBeingLoaded(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	raws := [][]byte{claimsAs(t, "anna", 200_000), claimsAs(t, "ben", 200_000), claimsAs(t, "cleo", 200_000)}
	if weightOf(t, raws...) <= history.MaxWeight {
		t.Fatal("it is not too heavy")
	}
	o.stored(doc, raws...)
	c, err := o.Read(t.Context(), doc)
	if !errors.Is(err, ErrTooHeavy) || crdt.KindOf(err) != crdt.KindTooLarge || c != nil {
		t.Fatalf("read: %v", err)
	}
	if _, err := o.room.snapshot(raws); !errors.Is(err, ErrTooHeavy) {
		t.Errorf("a snapshot: %v", err)
	}
	// What needs no values is there.
	if c, err = ReadFrom(o.store, o.room, doc); err != nil || c.Record.Kind != job.Kind {
		t.Errorf("its record: %v, %v", c, err)
	}
	// And it is not taken in the first place.
	var refusal *crdt.Refusal
	if err := o.Append(t.Context(), dora, crdt.DocID{2}, [][]byte{claims(t, 200_000)}); !errors.As(err, &refusal) || refusal.Code != crdt.RefusedDocumentTooBig {
		t.Errorf("a change of a hundred bytes with 200,000 objects: %v", err)
	}
}

func TestASnapshotTakesRoomToo(t *testing.T) {
	o := open(t)
	doc, err := engine.New()
	if err != nil {
		t.Fatal(err)
	}
	defer doc.Close()
	raw, err := doc.Edit(engine.Commit{Actor: "aaaaaaaaaaaaaaaa", Time: 1}, set("a", "b"))
	if err != nil {
		t.Fatal(err)
	}
	o.room = newRoom(1)
	release, err := o.room.take(t.Context(), [][]byte{raw}, 1)
	if err != nil {
		t.Fatal(err)
	}
	made := make(chan error)
	go func() {
		_, err := o.room.snapshot([][]byte{raw})
		made <- err
	}()
	select {
	case <-made:
		t.Error("a snapshot was built without room")
	default:
	}
	release()
	if err := <-made; err != nil {
		t.Error(err)
	}
}

// A view at earlier heads is a second document in the engine: room for both is taken at once.
func TestAViewAtEarlierHeadsTakesRoomToo(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	raw := claims(t, 20_000)
	weight := weightOf(t, raw)
	o.stored(doc, raw)
	c, err := ReadFrom(o.store, o.room, doc)
	if err != nil {
		t.Fatal(err)
	}
	was, err := c.OpenAt(t.Context(), c.Heads)
	if err != nil {
		t.Fatal(err)
	}
	if tree, err := was.Tree(); err != nil || job.KindOf(tree) != job.Kind {
		t.Errorf("the view: %v", err)
	}
	if taken := o.room.taken.Load(); taken != 2*weight {
		t.Errorf("a document of %d bytes and a view of it take %d", weight, taken)
	}
	if _, err := c.OpenAt(t.Context(), c.Heads); err == nil {
		t.Error("a second view is not counted, and was given")
	}
	c.Close()
	if left := o.room.taken.Load(); left != 0 {
		t.Errorf("%d bytes were not given back", left)
	}
	if _, err := was.Tree(); err == nil {
		t.Error("the view outlives its copy")
	}
}

// stored puts a document into the store as a server from before admission weighed documents left it.
func (o *office) stored(doc crdt.DocID, raws ...[]byte) {
	o.t.Helper()
	meta, err := access.Record{Org: org, Creator: dora.ID}.WithKind(job.Kind).Encode()
	if err != nil {
		o.t.Fatal(err)
	}
	rec := replica.Record{Next: uint64(len(raws)), Creator: history.Author(org + "/" + dora.ID), Meta: meta}
	var ops []store.Op
	for i, raw := range raws {
		head, err := format.DecodeHeader(raw)
		if err != nil {
			o.t.Fatal(err)
		}
		rec.Heads = append(rec.Heads, head.Hash)
		ops = append(ops, store.Op{Key: store.DocChange(doc, uint64(i)), Value: replica.AppendEntry(nil, 1, raw)})
	}
	rec.Heads = crdt.NewHeads(rec.Heads...)
	if err := store.Write(o.store, append(ops, store.Op{Key: store.DocRecord(doc), Value: rec.Append(nil)})); err != nil {
		o.t.Fatal(err)
	}
}

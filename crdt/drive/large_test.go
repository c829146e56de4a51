package drive_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
)

// phoneStore refuses what badgerstore's small profile refuses: a transaction of more than 15 % of its memtable of 4 MB, in
// which values from 32 KiB do not count, or of as many writes as nodes of 96 bytes fit into that.
func phoneStore() *memstore.Store {
	const most, node, large = 4 << 20 * 15 / 100, 96, 32 << 10
	return memstore.New(memstore.Options{Fault: func(_ int, ops []store.Op) error {
		size := 0
		for _, op := range ops {
			size += len(op.Key) + 32
			if len(op.Value) < large {
				size += len(op.Value)
			}
		}
		if size >= most || len(ops) >= most/node {
			return store.ErrTooLarge
		}
		return nil
	}})
}

func TestAsManyChangesAsADocumentHoldsAreStoredAtOnceAndCompacted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const changes = 8000
		doc := crdt.DocID{1}
		raws := manyChanges(t, changes)
		st := phoneStore()
		n := newNode(t, "phone", st, nil)
		if err := n.Append(context.Background(), doc, replica.Append{Author: history.Author("anna"), Raws: raws}); err != nil {
			t.Fatalf("the changes are not stored: %v", err)
		}
		want := n.heads(doc)
		n.Close()

		again := newNode(t, "phone", st, nil)
		if !again.heads(doc).Equal(want) {
			t.Error("what was stored has other heads")
		}
		<-time.After(time.Minute) // of virtual time: it is quiet, and becomes a snapshot
		synctest.Wait()
		again.Close()
		loaded, err := drive.ReadDocument(st, doc)
		if err != nil || loaded.Snapshot == nil || len(loaded.Changes) > 0 {
			t.Fatalf("there is a snapshot: %v, and %d entries are left: %v", loaded.Snapshot != nil, len(loaded.Changes), err)
		}
		last := newNode(t, "phone", st, nil)
		defer last.Close()
		if !last.heads(doc).Equal(want) {
			t.Error("the snapshot has other heads")
		}
	})
}

// manyChanges makes changes of one document that set one key again and again.
func manyChanges(t *testing.T, n int) [][]byte {
	author, err := engine.New()
	if err != nil {
		t.Fatal(err)
	}
	defer author.Close()
	raws := make([][]byte, n)
	for i := range raws {
		raws[i], err = author.Edit(engine.Commit{Actor: "anna-0123456789a", Time: 1},
			func(tx *engine.Tx) error { return tx.Set(crdt.Path{"n"}, int64(i)) })
		if err != nil {
			t.Fatal(err)
		}
	}
	return raws
}

package drive_test

import (
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
)

// write makes a document of one change in a store, by a Drive that is closed again.
func write(t *testing.T, st store.Store, docs ...crdt.DocID) {
	n := newNode(t, "writer", st, nil)
	for _, doc := range docs {
		n.edit(doc, "anna", set("title", "pump"))
	}
	n.Close()
}

func TestADocumentThatWasOnlyLookedAtLeavesMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{})
		write(t, st, crdt.DocID{1})
		n := newNode(t, "server", st, nil)
		defer n.Close()
		n.heads(crdt.DocID{1})
		n.heads(crdt.DocID{2}) // there is none
		if n.Open() == 0 {
			t.Fatal("nothing was opened: the test shows nothing")
		}
		<-time.After(time.Minute) // of virtual time
		synctest.Wait()
		if open := n.Open(); open != 0 {
			t.Errorf("%d documents are still in memory", open)
		}
	})
}

func TestMoreIdleDocumentsThanMaxOpenLeaveMemoryBeforeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := memstore.New(memstore.Options{})
		docs := []crdt.DocID{{1}, {2}, {3}, {4}, {5}}
		write(t, st, docs...)
		n := newNode(t, "server", st, func(c *drive.Config) {
			c.MaxOpen = 2
			c.Replica.IdleAfter = time.Hour
		})
		defer n.Close()
		for _, doc := range docs {
			n.heads(doc)
		}
		if open := n.Open(); open != len(docs) {
			t.Fatalf("%d documents are open, not %d: the test shows nothing", open, len(docs))
		}
		<-time.After(5 * time.Second) // of virtual time: the sweep comes every second
		synctest.Wait()
		if open := n.Open(); open != 2 {
			t.Errorf("%d documents are in memory, not MaxOpen", open)
		}
	})
}

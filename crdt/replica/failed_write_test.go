package replica_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
)

// A document whose snapshot cannot be stored, while new changes arrive, goes back to the record that is stored, and goes on
// from there: the next change gets the next free index, and overwrites none.
func TestAFailedSnapshotTakesBackNoMoreThanWhatCameBehindIt(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	d, err := replica.Open(crdt.DocID{1}, &replica.Config{PeerID: "server", History: history.DefaultLimits()}, replica.Loaded{})
	if err != nil {
		t.Fatal(err)
	}
	step := func(ev replica.Event) replica.Batch {
		t.Helper()
		b, err := d.Step(now, ev)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	w := historytest.NewWriter("actor", rand.New(rand.NewPCG(1, 1)))
	add := func() replica.Batch {
		return step(replica.Append{Author: "anna", Raws: [][]byte{w.Edit(2).Raw}})
	}
	for range 5 {
		add()
		step(replica.Stored{})
	}
	stored := d.Heads()
	now = now.Add(time.Hour)
	b := step(replica.Tick{Build: true})
	if b.Build == nil {
		t.Fatal("no snapshot is asked for")
	}
	// What the engine would build: here the chunk is of no interest, as it is never stored.
	chunk := snapshotOf(t, b.Build.Raws)
	if b = step(replica.Built{Chunk: chunk}); len(b.Persist) == 0 {
		t.Fatal("the snapshot is not stored", b.Notify)
	}
	add() // while the snapshot is being written
	step(replica.StoreFailed{Err: errors.New("disk full")})
	if !d.Heads().Equal(stored) {
		t.Fatalf("at %v, stored is %v", d.Heads(), stored)
	}
	again := w.Changes[5]
	b = step(replica.Append{Author: "anna", Raws: [][]byte{again.Raw}})
	for _, op := range b.Persist {
		if c, ok := op.(replica.PutChange); ok && c.Index != 5 {
			t.Errorf("the sixth change is stored under index %d", c.Index)
		}
	}
}

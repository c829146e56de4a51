package replica_test

import (
	"errors"
	"testing"
	"time"

	"fieldsync/crdt/replica"
)

// A document whose snapshot cannot be stored, while new changes arrive, goes back to the record that is stored, and goes on
// from there: the next change gets the next free index, and overwrites none.
func TestAFailedSnapshotTakesBackNoMoreThanWhatCameBehindIt(t *testing.T) {
	d := newByHand(t)
	for range 5 {
		d.add()
		d.step(replica.Stored{})
	}
	stored := d.Heads()
	d.now = d.now.Add(time.Hour)
	b := d.step(replica.Tick{Build: true})
	if b.Build == nil {
		t.Fatal("no snapshot is asked for")
	}
	// What the engine would build: here the chunk is of no interest, as it is never stored.
	chunk := snapshotOf(t, b.Build.Raws)
	if b = d.step(replica.Built{Chunk: chunk}); len(b.Persist) == 0 {
		t.Fatal("the snapshot is not stored", b.Notify)
	}
	d.add() // while the snapshot is being written
	d.step(replica.StoreFailed{Err: errors.New("disk full")})
	if !d.Heads().Equal(stored) {
		t.Fatalf("at %v, stored is %v", d.Heads(), stored)
	}
	again := d.writer.Changes[5]
	b = d.step(replica.Append{Author: "anna", Raws: [][]byte{again.Raw}})
	for _, op := range b.Persist {
		if c, ok := op.(replica.PutChange); ok && c.Index != 5 {
			t.Errorf("the sixth change is stored under index %d", c.Index)
		}
	}
}

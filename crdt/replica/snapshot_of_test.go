package replica_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
)

// byHand is a new document that a test steps through, with a writer for its changes.
type byHand struct {
	*replica.Document
	t      *testing.T
	now    time.Time
	writer *historytest.Writer
}

func newByHand(t *testing.T) *byHand {
	t.Helper()
	d, err := replica.Open(crdt.DocID{1}, &replica.Config{PeerID: "here", History: history.DefaultLimits()}, replica.Loaded{})
	if err != nil {
		t.Fatal(err)
	}
	return &byHand{Document: d, t: t, now: time.UnixMilli(1_800_000_000_000), writer: historytest.NewWriter("actor", rand.New(rand.NewPCG(1, 1)))}
}

func (d *byHand) step(ev replica.Event) replica.Batch {
	d.t.Helper()
	b, err := d.Step(d.now, ev)
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}

// add appends a new change.
func (d *byHand) add() replica.Batch {
	d.t.Helper()
	return d.step(replica.Append{Author: "anna", Raws: [][]byte{d.writer.Edit(2).Raw}})
}

// snapshotOf builds a document chunk of changes.
func snapshotOf(t *testing.T, raws [][]byte) []byte {
	t.Helper()
	chunk, err := engine.Snapshot(raws)
	if err != nil {
		t.Fatal(err)
	}
	return chunk
}

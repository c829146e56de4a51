package client

import (
	"testing"

	"fieldsync/crdt"
)

func TestASlowWatcherGetsChangesOfADocumentAsOne(t *testing.T) {
	w := &watch{ready: make(chan struct{}, 1)}
	a, b := crdt.DocID{1}, crdt.DocID{2}
	w.add(Event{Kind: EventChanged, Doc: a, Heads: crdt.Heads{{1}}, Created: true, from: 0, to: 1})
	w.add(Event{Kind: EventChanged, Doc: b, from: 5, to: 6})
	w.add(Event{Kind: EventChanged, Doc: a, Heads: crdt.Heads{{2}}, from: 1, to: 4})
	if len(w.waiting) != 2 {
		t.Fatalf("%d events wait", len(w.waiting))
	}
	if ev := w.waiting[0]; ev.Doc != a || !ev.Created || ev.from != 0 || ev.to != 4 || !ev.Heads.Equal(crdt.Heads{{2}}) {
		t.Errorf("merged: %+v", ev)
	}
	for range maxEvents + 10 {
		w.add(Event{Kind: EventOnline})
	}
	if len(w.waiting) != maxEvents {
		t.Errorf("a watcher that sleeps holds %d events", len(w.waiting))
	}
}

func TestAWatcherOfOneDocumentHearsOfNoOther(t *testing.T) {
	only := crdt.DocID{1}
	w := &watch{only: &only, ready: make(chan struct{}, 1)}
	w.add(Event{Kind: EventChanged, Doc: crdt.DocID{2}})
	w.add(Event{Kind: EventOnline})
	w.add(Event{Kind: EventChanged, Doc: only})
	if len(w.waiting) != 1 || w.waiting[0].Doc != only {
		t.Errorf("%+v", w.waiting)
	}
}

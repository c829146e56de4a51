package index

import (
	"fmt"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

// Whoever has an id is found by it: one, a few, a crowd; also when it goes from one to the other, and when the holders are damaged.
func TestWhoHasAnIDIsFoundHoweverManyDo(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	const many = maxHolders + 3
	q := Query{Org: "org", ExternalOrderID: "O"}
	expect := func(what string, want int) {
		t.Helper()
		if got := len(w.all(q)); got != want {
			t.Errorf("%s: %d of %d are found", what, got, want)
		}
		w.sound()
	}
	expect("nobody", 0)
	set := func(n int, order string) {
		w.set(jobDoc(n, map[string]any{job.KeySerialNo: fmt.Sprint(n), job.KeyExternalOrderID: order}))
		w.now(docID(n))
	}
	for n := range many {
		set(n, "O")
		expect("one more", n+1)
	}
	if got := must(w.store.Get(orgKeys{"org"}.holders(tokenOf(dimOrder, "O")))); len(got) != len(crowd) {
		t.Errorf("%d holders are no crowd: %d bytes", many, len(got))
	}
	for n := range many {
		set(n, "P")
		expect("one less", many-n-1)
	}
	q.ExternalOrderID = "P"
	expect("the other id", many)
	q.ExternalOrderID, q.SerialNo = "", "1"
	expect("one by its serial number", 1)
	check(t, store.Write(w.store, []store.Op{{Key: orgKeys{"org"}.holders(tokenOf(dimSerial, "1")), Value: []byte("damaged")}}))
	if got := len(w.all(q)); got != 1 {
		t.Errorf("of damaged holders: %d are found", got)
	}
	set(1, "Q") // it keeps its id
	check(t, store.Write(w.store, []store.Op{{Key: orgKeys{"org"}.holders(tokenOf(dimSerial, "1")), Value: docIDBytes(1)}}))
	q.SerialNo, q.ExternalOrderID = "", "few"
	set(3, "few")
	set(4, "few")
	expect("two", 2)
	set(3, "other")
	expect("one of two", 1)
	set(4, "other")
	expect("none of two", 0)
	q.SerialNo, q.ExternalOrderID = "1", ""
	check(t, store.Write(w.store, []store.Op{{Key: orgKeys{"org"}.holders(tokenOf(dimSerial, "1")), Value: []byte("damaged")}}))
	w.set(jobDoc(2, map[string]any{job.KeySerialNo: "1"}))
	w.now(docID(2))
	if got := len(w.all(q)); got != 2 {
		t.Errorf("written after the damage: %d are found", got)
	}
}

// Rows of one batch that have the same id are all its holders.
func TestRowsOfOneWriteShareAnID(t *testing.T) {
	w := newWorld(t)
	w.open(nil)
	var docs []crdt.DocID
	for n := range 5 {
		w.set(jobDoc(n, map[string]any{job.KeyExternalID: "X"}))
		docs = append(docs, docID(n))
	}
	w.now(docs...)
	if got := len(w.all(Query{Org: "org", ExternalID: "X"})); got != 5 {
		t.Errorf("%d are found", got)
	}
	w.sound()
}

func docIDBytes(n int) []byte {
	doc := docID(n)
	return doc[:]
}

package history_test

import (
	"errors"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
)

// objects are operations that fill a list with empty maps: run lengths make some ninety bytes of any number.
func objects(n int) []format.Op {
	return append([]format.Op{{Key: "list", Action: format.ActionMakeList}},
		slices.Repeat([]format.Op{{Object: format.OpID{Counter: 1}, InSeq: true, Insert: true, Action: format.ActionMakeMap}}, n)...)
}

// A change of a hundred bytes may claim hundreds of thousands of objects, each of which takes a kilobyte of whoever loads it.
func TestADocumentWeighsNoMoreThanItsBytesBearOut(t *testing.T) {
	c := &crowding{t: t, h: history.New(history.DefaultLimits())}
	c.refused(objects(200_000)...)
	c.must(objects(30_000)...)
	again := func(n int) []format.Op {
		return slices.Repeat([]format.Op{{Object: format.OpID{Counter: 1}, InSeq: true, Insert: true, Action: format.ActionMakeMap}}, n)
	}
	c.refused(again(5_000)...) // little by little is no way either
	weight := c.h.Weight()
	for n := range 10_000 {
		if c.try(again(100)...) != nil {
			break
		}
		if n == 9_999 {
			t.Fatal("a million objects were taken")
		}
	}
	if got := c.h.Weight(); got <= weight || got > 80<<20 {
		t.Errorf("the document weighs %d bytes", got)
	}
	c.must(format.Op{Object: format.OpID{Counter: 1}, InSeq: true, Elem: format.OpID{Counter: 2}, Action: format.ActionDelete, Pred: []format.OpID{{Counter: 2}}})
	limits := history.DefaultLimits()
	limits.Weight = c.h.Weight() + 1_000
	var raws []history.Stored
	for i := range c.h.Len() {
		raws = append(raws, history.Stored{Raw: c.h.Raw(i)})
	}
	h, err := history.Load(limits, func(yield func(history.Stored, error) bool) {
		for _, s := range raws {
			if !yield(s, nil) {
				return
			}
		}
	})
	if err != nil || h.Weight() != c.h.Weight() {
		t.Fatalf("loaded it weighs %d instead of %d (%v)", h.Weight(), c.h.Weight(), err)
	}
	// What is over a limit that was lowered since is still there, and takes no more.
	limits.Weight = 1
	if h, err = history.Load(limits, func(yield func(history.Stored, error) bool) { yield(raws[0], nil) }); err != nil || h.Len() != 1 {
		t.Fatalf("a document over a lowered limit does not load: %v", err)
	}
	change, err := format.DecodeChange(raws[1].Raw, format.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	var refusal *crdt.Refusal
	if _, err := h.Admit(change, "anna", nil); !errors.As(err, &refusal) || refusal.Code != crdt.RefusedDocumentTooBig {
		t.Errorf("over the limit: %v", err)
	}
}

// A text that is pasted at once bears out what it weighs.
func TestAPastedTextIsNotTooHeavy(t *testing.T) {
	c := &crowding{t: t, h: history.New(history.DefaultLimits())}
	ops := []format.Op{{Key: "text", Action: format.ActionMakeText}}
	for range 900_000 {
		ops = append(ops, format.Op{Object: format.OpID{Counter: 1}, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue("x")})
	}
	c.must(ops...)
}

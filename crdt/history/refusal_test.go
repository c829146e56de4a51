package history_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

type (
	op = historytest.Op
	id = historytest.ID
)

const (
	anna = crdt.ActorID("anna-actor")
	ben  = crdt.ActorID("ben-actor")
)

// base is a document with something of each kind: two changes of anna, and one of ben that is concurrent to the second.
//
//	1 map "m"   2 list "l"   3 text "t"   4 "c" counter 5   5 "s" string   6 l[0] "x"   7 t[0] "a"   8 t[1] "b"
//	9..10 (anna) "s" overwritten, "gone" set     9 (ben) "k" in m
func base(t *testing.T) (*history.History, []*format.Change) {
	t.Helper()
	set := func(v format.Value) op { return op{Action: format.ActionSet, Value: v} }
	at := func(o op, object id, key string, pred ...id) op {
		o.Object, o.Key, o.Pred = object, key, pred
		return o
	}
	insert := func(o op, object, behind id) op {
		o.Object, o.Elem, o.InSeq, o.Insert = object, behind, true, true
		return o
	}
	a := func(n uint64) id { return id{Counter: n, Actor: anna} }
	build := func(c historytest.Change) *format.Change {
		out, err := c.Build()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	first := build(historytest.Change{Actor: anna, Seq: 1, StartOp: 1, Ops: []op{
		at(op{Action: format.ActionMakeMap}, id{}, "m"),
		at(op{Action: format.ActionMakeList}, id{}, "l"),
		at(op{Action: format.ActionMakeText}, id{}, "t"),
		at(set(format.CounterValue(5)), id{}, "c"),
		at(set(format.StringValue("v")), id{}, "s"),
		insert(set(format.StringValue("x")), a(2), id{}),
		insert(set(format.StringValue("a")), a(3), id{}),
		insert(set(format.StringValue("b")), a(3), a(7)),
	}})
	second := build(historytest.Change{Actor: anna, Seq: 2, StartOp: 9, Deps: []crdt.Hash{first.Hash}, Ops: []op{
		at(set(format.StringValue("w")), id{}, "s", a(5)),
		at(set(format.StringValue("z")), id{}, "gone"),
	}})
	concurrent := build(historytest.Change{Actor: ben, Seq: 1, StartOp: 9, Deps: []crdt.Hash{first.Hash}, Ops: []op{
		at(set(format.IntValue(1)), a(1), "k"),
	}})
	h := history.New(history.DefaultLimits())
	all := []*format.Change{first, second, concurrent}
	admitAll(t, h, all)
	return h, all
}

func TestEveryRefusalHasItsCodeAndLeavesTheHistoryAsItWas(t *testing.T) {
	a := func(n uint64) id { return id{Counter: n, Actor: anna} }
	b := func(n uint64) id { return id{Counter: n, Actor: ben} }
	str := format.StringValue("q")
	// good is a change that is admitted; each case spoils one thing of it. Dependencies: anna's second change and ben's.
	good := func(all []*format.Change) historytest.Change {
		return historytest.Change{Actor: "carl", Seq: 1, StartOp: 20, Deps: crdt.NewHeads(all[1].Hash, all[2].Hash),
			Ops: []op{{Key: "s", Action: format.ActionSet, Value: str, Pred: []id{a(9)}}}}
	}
	ops := func(list ...op) func(*historytest.Change, []*format.Change) {
		return func(c *historytest.Change, _ []*format.Change) { c.Ops = list }
	}
	mark := op{Object: a(3), Elem: a(7), InSeq: true, Insert: true, Action: format.ActionMark, HasMark: true, MarkName: "b",
		Value: format.BoolValue(true)}
	end := op{Object: a(3), Elem: a(8), InSeq: true, Insert: true, Action: format.ActionMark}
	in := func(o op, object, elem id) op { o.Object, o.Elem = object, elem; return o }
	deep := func(n int) []op {
		list := []op{{Key: "d", Action: format.ActionMakeMap}}
		for i := 1; i < n; i++ {
			list = append(list, op{Object: id{Counter: 19 + uint64(i), Actor: "carl"}, Key: "d", Action: format.ActionMakeMap})
		}
		return list
	}

	for _, c := range []struct {
		name  string
		code  crdt.RefusalCode // empty: admitted
		spoil func(c *historytest.Change, all []*format.Change)
	}{
		{"good", "", func(*historytest.Change, []*format.Change) {}},

		{"sequence number skipped", crdt.RefusedBadSeq, func(c *historytest.Change, _ []*format.Change) { c.Seq = 2 }},
		{"sequence number taken", crdt.RefusedBadSeq, func(c *historytest.Change, _ []*format.Change) { c.Actor = anna }},
		{"the actor's previous change not among the ancestors", crdt.RefusedBadSeq,
			func(c *historytest.Change, all []*format.Change) {
				c.Actor, c.Seq, c.Deps, c.Ops = anna, 3, []crdt.Hash{all[2].Hash}, nil
				c.StartOp = 10
			}},
		{"first counter not beyond the dependencies'", crdt.RefusedBadStartOp,
			func(c *historytest.Change, _ []*format.Change) { c.StartOp = 10 }},
		{"first counter next to the dependencies'", "", func(c *historytest.Change, _ []*format.Change) { c.StartOp = 11 }},
		{"first counter far beyond", crdt.RefusedBadStartOp,
			func(c *historytest.Change, _ []*format.Change) { c.StartOp = 12 + history.MaxOpGap }},
		{"first counter as far beyond as may be", "",
			func(c *historytest.Change, _ []*format.Change) { c.StartOp = 11 + history.MaxOpGap }},
		{"empty change", "", func(c *historytest.Change, _ []*format.Change) { c.Ops, c.StartOp = nil, 11 }},
		{"empty change with a gap", crdt.RefusedBadStartOp, func(c *historytest.Change, _ []*format.Change) { c.Ops, c.StartOp = nil, 12 }},
		{"author in a later change", crdt.RefusedMalformed, func(c *historytest.Change, _ []*format.Change) {
			c.Actor, c.Seq, c.Extra, c.Ops = ben, 2, []byte{1, 2, 3, 4}, nil
			c.StartOp = 11
		}},
		{"author in the first change", "", func(c *historytest.Change, _ []*format.Change) { c.Extra = []byte{1, 2, 3, 4} }},

		{"object that is none", crdt.RefusedUnknownObject, ops(op{Object: a(5), Key: "x", Action: format.ActionSet, Value: str})},
		{"object that does not exist", crdt.RefusedUnknownObject, ops(op{Object: a(99), Key: "x", Action: format.ActionSet, Value: str})},
		{"actor that has not written", crdt.RefusedBadActor, ops(op{Object: id{Counter: 1, Actor: "dora"}, Key: "x", Action: format.ActionSet, Value: str})},
		{"object made later in the same change", crdt.RefusedUnknownObject, ops(
			op{Object: id{Counter: 21, Actor: "carl"}, Key: "x", Action: format.ActionSet, Value: str}, op{Key: "y", Action: format.ActionMakeMap})},
		{"object made before in the same change", "", ops(
			op{Key: "y", Action: format.ActionMakeMap}, op{Object: id{Counter: 20, Actor: "carl"}, Key: "x", Action: format.ActionSet, Value: str})},
		{"key in a list", crdt.RefusedWrongType, ops(op{Object: a(2), Key: "x", Action: format.ActionSet, Value: str})},
		{"element of a map", crdt.RefusedWrongType, ops(op{Object: a(1), InSeq: true, Insert: true, Action: format.ActionSet, Value: str})},
		{"element of the root", crdt.RefusedWrongType, ops(op{InSeq: true, Insert: true, Action: format.ActionSet, Value: str})},
		{"table", crdt.RefusedUnsupported, ops(op{Key: "x", Action: format.ActionMakeTable})},
		{"key __proto__", crdt.RefusedBadOperation, ops(op{Key: "__proto__", Action: format.ActionSet, Value: str})},
		{"nested as deep as may be", "", ops(deep(history.MaxDepth - 1)...)},
		{"nested too deep", crdt.RefusedTooLarge, ops(deep(history.MaxDepth)...)},

		{"element that does not exist", crdt.RefusedUnknownElement, ops(op{Object: a(2), Elem: a(77), InSeq: true, Insert: true, Action: format.ActionSet, Value: str})},
		{"element of another sequence", crdt.RefusedUnknownElement, ops(op{Object: a(2), Elem: a(7), InSeq: true, Insert: true, Action: format.ActionSet, Value: str})},
		{"element that is a key's operation", crdt.RefusedUnknownElement, ops(op{Object: a(2), Elem: a(5), InSeq: true, Insert: true, Action: format.ActionSet, Value: str})},
		{"element overwritten", "", ops(op{Object: a(2), Elem: a(6), InSeq: true, Action: format.ActionSet, Value: str, Pred: []id{a(6)}})},
		{"element written without predecessor", crdt.RefusedBadOperation, ops(op{Object: a(2), Elem: a(6), InSeq: true, Action: format.ActionSet, Value: str})},
		{"insertion with predecessors", crdt.RefusedBadOperation, ops(op{Object: a(2), Elem: a(6), InSeq: true, Insert: true, Action: format.ActionSet, Value: str, Pred: []id{a(6)}})},

		{"predecessor that does not exist", crdt.RefusedUnknownPred, ops(op{Key: "s", Action: format.ActionSet, Value: str, Pred: []id{a(70)}})},
		{"predecessor under another key", crdt.RefusedUnknownPred, ops(op{Key: "c", Action: format.ActionSet, Value: str, Pred: []id{a(9)}})},
		{"predecessor in another object", crdt.RefusedUnknownPred, ops(op{Object: a(1), Key: "s", Action: format.ActionSet, Value: str, Pred: []id{a(9)}})},
		{"predecessor of another element", crdt.RefusedUnknownPred, ops(op{Object: a(3), Elem: a(7), InSeq: true, Action: format.ActionSet, Value: str, Pred: []id{a(8)}})},
		{"predecessor that was overwritten, as by a concurrent writer", "", ops(op{Key: "s", Action: format.ActionSet, Value: str, Pred: []id{a(5)}})},
		{"predecessor that is a deletion", crdt.RefusedUnknownPred, ops(
			op{Key: "s", Action: format.ActionDelete, Pred: []id{a(9)}}, op{Key: "s", Action: format.ActionSet, Value: str, Pred: []id{{Counter: 20, Actor: "carl"}}})},
		{"predecessor that is an increment", crdt.RefusedUnknownPred, ops(
			op{Key: "c", Action: format.ActionIncrement, Value: format.IntValue(1), Pred: []id{a(4)}},
			op{Key: "c", Action: format.ActionSet, Value: str, Pred: []id{{Counter: 20, Actor: "carl"}}})},
		{"predecessor outside of the causal past", crdt.RefusedUnknownPred, func(c *historytest.Change, all []*format.Change) {
			c.Deps = []crdt.Hash{all[1].Hash}
			c.Ops = []op{{Object: a(1), Key: "k", Action: format.ActionSet, Value: str, Pred: []id{b(9)}}}
		}},
		{"predecessor inside of the causal past", "", func(c *historytest.Change, all []*format.Change) {
			c.Deps = []crdt.Hash{all[2].Hash}
			c.Ops = []op{{Object: a(1), Key: "k", Action: format.ActionSet, Value: str, Pred: []id{b(9)}}}
		}},

		{"increment of nothing", crdt.RefusedBadOperation, ops(op{Key: "c", Action: format.ActionIncrement, Value: format.IntValue(1)})},
		{"increment of a string", crdt.RefusedUnknownPred, ops(op{Key: "s", Action: format.ActionIncrement, Value: format.IntValue(1), Pred: []id{a(9)}})},
		{"increment of a counter", "", ops(op{Key: "c", Action: format.ActionIncrement, Value: format.IntValue(1), Pred: []id{a(4)}})},
		{"increment too great", crdt.RefusedBadOperation, ops(op{Key: "c", Action: format.ActionIncrement, Value: format.IntValue(1<<30 + 1), Pred: []id{a(4)}})},
		{"counter too great", crdt.RefusedBadOperation, ops(op{Key: "d", Action: format.ActionSet, Value: format.CounterValue(-1<<52 - 1)})},

		{"mark", "", ops(mark, end)},
		{"mark without its end", crdt.RefusedBadOperation, ops(mark)},
		{"end without its mark", crdt.RefusedBadOperation, ops(end)},
		{"mark and end apart", crdt.RefusedBadOperation, ops(mark, op{Key: "y", Action: format.ActionMakeMap}, end)},
		{"mark and end in two objects", crdt.RefusedBadOperation, ops(mark, in(end, a(2), a(6)))},
		{"mark that ends before it begins", crdt.RefusedBadOperation, ops(in(mark, a(3), a(8)), in(end, a(3), a(7)))},
		{"mark that begins and ends behind the same element", crdt.RefusedBadOperation, ops(mark, in(end, a(3), a(7)))},
		{"mark around nothing", "", ops(mark, in(end, a(3), id{Counter: 20, Actor: "carl"}))},
		{"mark from the head", "", ops(in(mark, a(3), id{}), end)},
		{"mark in a list", crdt.RefusedWrongType, ops(in(mark, a(2), id{}), in(end, a(2), a(6)))},
		{"value written to a mark", crdt.RefusedUnknownElement, ops(mark, end,
			op{Object: a(3), Elem: id{Counter: 20, Actor: "carl"}, InSeq: true, Action: format.ActionSet, Value: str, Pred: []id{{Counter: 20, Actor: "carl"}}})},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, all := base(t)
			spoiled := good(all)
			c.spoil(&spoiled, all)
			built, err := spoiled.Build()
			if err != nil {
				t.Fatalf("the format refuses it already: %v", err)
			}
			before := fingerprint(h)
			res, err := h.Admit(built, "carl's phone", nil)
			if c.code == "" {
				if err != nil || len(res.Admitted) != 1 {
					t.Fatalf("%+v, %v", res, err)
				}
				return
			}
			var refusal *crdt.Refusal
			if !errors.As(err, &refusal) || refusal.Code != c.code || refusal.Change != built.Hash {
				t.Fatalf("%+v, %v; want %s", res, err, c.code)
			}
			if after := fingerprint(h); after != before {
				t.Fatalf("the history was\n%s\nand is\n%s", before, after)
			}
			// What comes after must find everything in its place.
			next, err := good(all).Build()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.Admit(next, "carl's phone", nil); err != nil {
				t.Fatalf("a good change afterwards: %v", err)
			}
		})
	}
}

func TestLimitsOfTheDocument(t *testing.T) {
	for name, lower := range map[string]func(*history.Limits){
		"changes": func(l *history.Limits) { l.Changes = 3 },
		"ops":     func(l *history.Limits) { l.Ops = 11 },
		"bytes":   func(l *history.Limits) { l.Bytes = 500 },
		"actors":  func(l *history.Limits) { l.Actors = 2 },
		"heads":   func(l *history.Limits) { l.Heads = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			_, all := base(t)
			limits := history.DefaultLimits()
			lower(&limits)
			h := history.New(limits)
			admitAll(t, h, all)
			c, err := historytest.Change{Actor: "carl", Seq: 1, StartOp: 20, Deps: []crdt.Hash{all[0].Hash},
				Ops: []op{{Key: strings.Repeat("k", 200), Action: format.ActionMakeMap}}}.Build()
			if err != nil {
				t.Fatal(err)
			}
			before := fingerprint(h)
			_, err = h.Admit(c, "a", nil)
			var refusal *crdt.Refusal
			if !errors.As(err, &refusal) || refusal.Code != crdt.RefusedDocumentTooBig {
				t.Fatalf("%v", err)
			}
			if fingerprint(h) != before {
				t.Fatal("the history has changed")
			}
		})
	}
}

func TestTheWaitingRoomIsBoundedAndFair(t *testing.T) {
	limits := history.DefaultLimits()
	limits.WaitingChanges = 4
	h := history.New(limits)
	orphan := func(n int) *format.Change {
		c, err := historytest.Change{Actor: historytest.ActorID(n), Seq: 1, StartOp: 1, Deps: []crdt.Hash{{byte(n), 1}},
			Ops: []op{{Key: "k", Action: format.ActionMakeMap}}}.Build()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	for n, step := range []struct {
		author  history.Author
		waiting bool
	}{{"eve", true}, {"eve", true}, {"eve", false}, {"anna", true}, {"anna", true}, {"ben", false}} {
		res, err := h.Admit(orphan(n), step.author, nil)
		if res.Waiting != step.waiting || (err == nil) != step.waiting {
			t.Fatalf("step %d: %+v, %v", n, res, err)
		}
		var refusal *crdt.Refusal
		if !step.waiting && (!errors.As(err, &refusal) || refusal.Code != crdt.RefusedMissingDeps) {
			t.Fatalf("step %d: %v", n, err)
		}
	}
	if h.WaitingCount() != 4 || len(h.WaitingFor()) != 4 {
		t.Fatalf("%d wait for %d", h.WaitingCount(), len(h.WaitingFor()))
	}
	if res, err := h.Admit(orphan(0), "ben", nil); err != nil || !res.Duplicate || !res.Waiting {
		t.Fatalf("the same once more: %+v, %v", res, err)
	}
	h.ForgetWaiting()
	if res, err := h.Admit(orphan(9), "ben", nil); err != nil || !res.Waiting {
		t.Fatalf("after forgetting: %+v, %v", res, err)
	}
}

func TestAWaitingChangeThatIsRefusedTakesItsDependentsAlong(t *testing.T) {
	w := historytest.NewWriter(anna, rand.New(rand.NewPCG(1, 1)))
	first := w.Edit(3)
	second := w.Edit(3)
	third := w.Edit(3)
	fourth := w.Edit(3)
	h := history.New(history.DefaultLimits())
	no := func(a *history.Admission) *crdt.Refusal {
		if a.Change.Hash == second.Hash {
			return &crdt.Refusal{Code: crdt.RefusedNotAllowed}
		}
		return nil
	}
	for _, c := range []*format.Change{fourth, third, second} {
		if res, err := h.Admit(c, "phone", no); err != nil || !res.Waiting {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	res, err := h.Admit(first, "laptop", no)
	if err != nil || len(res.Admitted) != 1 || len(res.Refused) != 3 || h.WaitingCount() != 0 {
		t.Fatalf("%+v, %v", res, err)
	}
	for i, want := range []struct {
		change *format.Change
		code   crdt.RefusalCode
	}{{second, crdt.RefusedNotAllowed}, {third, crdt.RefusedMissingDeps}, {fourth, crdt.RefusedMissingDeps}} {
		got := res.Refused[i]
		if got.Refusal.Change != want.change.Hash || got.Refusal.Code != want.code || got.Author != "phone" {
			t.Fatalf("refused %d: %+v", i, got)
		}
	}
}

func TestAPolicySeesWhereEachOperationWrites(t *testing.T) {
	h, all := base(t)
	a := func(n uint64) id { return id{Counter: n, Actor: anna} }
	c, err := historytest.Change{Actor: "carl", Seq: 1, StartOp: 20, Deps: crdt.NewHeads(all[1].Hash, all[2].Hash), Ops: []op{
		{Object: a(1), Key: "new", Action: format.ActionMakeMap},
		{Object: id{Counter: 20, Actor: "carl"}, Key: "inner", Action: format.ActionSet, Value: format.StringValue("x")},
		{Object: a(2), Elem: a(6), InSeq: true, Action: format.ActionSet, Value: format.StringValue("x"), Pred: []id{a(6)}},
		{Object: a(2), Elem: a(6), InSeq: true, Insert: true, Action: format.ActionMakeMap},
		{Object: id{Counter: 23, Actor: "carl"}, Key: "deep", Action: format.ActionSet, Value: format.StringValue("x")},
	}}.Build()
	if err != nil {
		t.Fatal(err)
	}
	want := [][]history.Step{
		{{Key: "m"}, {Key: "new"}},
		{{Key: "m"}, {Key: "new"}, {Key: "inner"}},
		{{Key: "l"}, {InSeq: true, Elem: a(6)}},
		{{Key: "l"}, {InSeq: true, Elem: id{Counter: 23, Actor: "carl"}}},
		{{Key: "l"}, {InSeq: true, Elem: id{Counter: 23, Actor: "carl"}}, {Key: "deep"}},
	}
	before := fingerprint(h)
	_, err = h.Admit(c, "phone", func(x *history.Admission) *crdt.Refusal {
		if got := fingerprint(x.History); got != before {
			t.Errorf("the policy sees\n%s\nnot\n%s", got, before)
		}
		for i := range c.Ops {
			got := x.Path(i)
			if len(got) != len(want[i]) {
				t.Fatalf("path %d: %+v", i, got)
			}
			for k := range got {
				if got[k] != want[i][k] {
					t.Errorf("path %d: %+v, want %+v", i, got, want[i])
				}
			}
			_, old := x.Object(i)
			if old != (i == 0 || i == 2 || i == 3) {
				t.Errorf("object of %d is old: %v", i, old)
			}
		}
		return &crdt.Refusal{Code: crdt.RefusedActorTaken}
	})
	var refusal *crdt.Refusal
	if !errors.As(err, &refusal) || refusal.Code != crdt.RefusedActorTaken || refusal.Change != c.Hash {
		t.Fatalf("%v", err)
	}
	if fingerprint(h) != before {
		t.Fatal("the history has changed")
	}
}

// Who delivers what a change waits for lends it none of his rights, and takes none of its author's away.
func TestAWaitingChangeIsJudgedByThePolicyOfWhoDeliveredIt(t *testing.T) {
	anna, ben := historytest.NewWriter(anna, rand.New(rand.NewPCG(1, 1))), historytest.NewWriter(ben, rand.New(rand.NewPCG(2, 1)))
	first := anna.Edit(3)
	ben.MergeFrom(anna.Model, -1)
	second := ben.Edit(3)
	no := func(*history.Admission) *crdt.Refusal { return &crdt.Refusal{Code: crdt.RefusedNotAllowed} }
	for _, c := range []struct {
		name           string
		hers, his      history.Policy
		refused        int
		truncatedFirst bool
	}{
		{"his forbids", nil, no, 1, false}, {"his allows", nil, nil, 0, false}, {"his forbids, after a failed write", nil, no, 1, true},
	} {
		h := history.New(history.DefaultLimits())
		if res, err := h.Admit(second, "ben", c.his); err != nil || !res.Waiting {
			t.Fatalf("%s: %+v, %v", c.name, res, err)
		}
		if c.truncatedFirst {
			third := historytest.NewWriter("c", rand.New(rand.NewPCG(3, 1))).Edit(1)
			if _, err := h.Admit(third, "carl", nil); err != nil {
				t.Fatal(err)
			}
			if err := h.Truncate(0); err != nil {
				t.Fatal(err)
			}
		}
		res, err := h.Admit(first, "anna", c.hers)
		if err != nil || len(res.Refused) != c.refused || len(res.Admitted) != 2-c.refused {
			t.Errorf("%s: %+v, %v", c.name, res, err)
		}
	}
}

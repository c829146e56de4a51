package audit

import (
	"fmt"
	"io"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// chain makes a document of changes, each after those that deps names by number; nil: after the one before.
type chain struct {
	t   testing.TB
	h   *history.History
	seq map[crdt.ActorID]uint64
}

func newChain(t testing.TB) *chain {
	return &chain{t: t, h: history.New(history.DefaultLimits()), seq: map[crdt.ActorID]uint64{}}
}

func (c *chain) add(actor crdt.ActorID, deps []int, ops ...historytest.Op) int {
	c.t.Helper()
	if deps == nil && c.h.Len() > 0 {
		deps = []int{c.h.Len() - 1}
	}
	x := historytest.Change{Actor: actor, Seq: c.seq[actor] + 1, StartOp: 1, Time: 1_795_000_000, Ops: ops}
	var hashes []crdt.Hash
	for _, d := range deps {
		hashes = append(hashes, c.h.Hash(d))
		x.StartOp = max(x.StartOp, c.h.MaxOpOf(d)+1)
	}
	x.Deps = crdt.NewHeads(hashes...)
	built, err := x.Build()
	if err == nil {
		_, err = c.h.Admit(built, "author", nil)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	c.seq[actor]++
	return c.h.Len() - 1
}

// next is the id of the next operation of an actor, if it writes after everything.
func (c *chain) next(actor crdt.ActorID) historytest.ID {
	return historytest.ID{Counter: c.h.MaxOp() + 1, Actor: actor}
}

func put(key, v string, pred ...historytest.ID) historytest.Op {
	return historytest.Op{Key: key, Action: format.ActionSet, Value: format.StringValue(v), Pred: pred}
}

func character(text, behind historytest.ID, s string) historytest.Op {
	return historytest.Op{Object: text, Elem: behind, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue(s)}
}

// typed is a text that was typed key by key: by one person, or by two who never see what the other writes.
func typed(t testing.TB, keys, people int) *chain {
	c := newChain(t)
	text := c.next("a")
	c.add("a", nil, historytest.Op{Key: "text", Action: format.ActionMakeText})
	last := make([]historytest.ID, people)
	at := make([]int, people)
	for k := range keys {
		p := k % people
		actor := crdt.ActorID(rune('a' + p))
		id := historytest.ID{Counter: c.h.MaxOpOf(at[p]) + 1, Actor: actor}
		at[p] = c.add(actor, []int{at[p]}, character(text, last[p], "x"))
		last[p] = id
	}
	return c
}

func TestAPageOfKeystrokesCostsInProportionToTheDocument(t *testing.T) {
	cost := func(keys, people int, q Query) float64 {
		l := New(typed(t, keys, people).h, Options{})
		page, err := l.Page(q)
		if err != nil || len(page.Entries) == 0 {
			t.Fatal(page, err)
		}
		return float64(l.spent()) / float64(keys)
	}
	for _, q := range []Query{{}, {Oldest: true}, {Fold: true}, {Oldest: true, Fold: true}} {
		for people, most := range map[int]float64{1: 40, 2: 250} { // two: each entry is told in another's text
			small, large := cost(1_000, people, q), cost(4_000, people, q)
			if large > 1.3*small || large > most {
				t.Errorf("%d people, %+v: %.1f looks a keystroke for 4,000, %.1f for 1,000", people, q, large, small)
			}
		}
	}
}

func TestAHugeChangeIsToldAndUndoneInBounds(t *testing.T) {
	c := newChain(t)
	var ops []historytest.Op
	for k := range 100_000 {
		ops = append(ops, put(fmt.Sprint("k", k), "v"))
	}
	many := c.add("a", nil, ops...)
	text := c.next("a")
	ops = []historytest.Op{{Key: "text", Action: format.ActionMakeText}}
	made := c.add("a", nil, ops...)
	ops, behind := nil, historytest.ID{}
	for k := range 100_000 {
		ops = append(ops, character(text, behind, "x"))
		behind = historytest.ID{Counter: c.h.MaxOp() + 1 + uint64(k), Actor: "a"}
	}
	pasted := c.add("a", nil, ops...)
	ops = nil
	for range 15_000 { // all of them stand in one place
		ops = append(ops, put("clash", "v"))
	}
	clash := c.add("a", nil, ops...)
	settled := c.add("a", nil, put("clash", "v", historytest.ID{Counter: c.h.MaxOp(), Actor: "a"}))
	l := New(c.h, Options{})
	entry := func(i int) Entry {
		begin := l.spent()
		e, err := l.Entry(c.h.Hash(i))
		if err != nil {
			t.Fatal(err)
		}
		if spent := l.spent() - begin; spent > 20*c.h.NumOps() {
			t.Errorf("change %d cost %d looks in a document of %d operations", i, spent, c.h.NumOps())
		}
		return e
	}
	if e := entry(many); len(e.Did) != MaxEffects || e.More != 100_000-MaxEffects {
		t.Errorf("%d effects and %d more", len(e.Did), e.More)
	}
	if e := entry(made); len(e.Did) != 1 || e.Cut || e.Did[0].New != crdt.Text("") {
		t.Errorf("%+v", e.Did)
	}
	if e := entry(pasted); len(e.Did) != 1 || !e.Cut || len(e.Did[0].Splices) != 1 || len(e.Did[0].Splices[0].Inserted) != pageCaps.spliceBytes {
		t.Errorf("%d effects, cut %v", len(e.Did), e.Cut)
	}
	if e := entry(clash); len(e.Did) != 1 || e.Did[0].New != "v" {
		t.Errorf("%+v", e.Did)
	}
	if e := entry(settled); len(e.Did) != 1 || len(e.Did[0].Old) != maxAlternatives || !e.Cut {
		t.Errorf("%d alternatives", len(e.Did[0].Old))
	}
	if u, err := l.Undo(c.h.Hash(pasted), Stamp{}); err != nil || len(u.Edits) != 1 || u.Edits[0].Delete != 100_000 {
		t.Errorf("%d edits undo the paste: %v", len(u.Edits), err)
	}
	if _, err := l.Undo(c.h.Hash(many), Stamp{}); crdt.KindOf(err) != crdt.KindTooLarge {
		t.Errorf("a change to 100,000 places: %v", err)
	}
	if err := l.Export(io.Discard, crdt.DocID{}); err != nil {
		t.Error(err)
	}
}

func TestAPageOfExpensiveEntriesEndsEarly(t *testing.T) {
	c := newChain(t)
	var ops []historytest.Op
	for range 15_000 {
		ops = append(ops, put("clash", "v"))
	}
	c.add("a", nil, ops...)
	for range 160 {
		c.add("a", nil, put("clash", "v", historytest.ID{Counter: c.h.MaxOp(), Actor: "a"})) // one of them
	}
	l := New(c.h, Options{})
	seen, pages := 0, 0
	for q := (Query{Limit: MaxLimit}); ; pages++ {
		begin := l.spent()
		page, err := l.Page(q)
		if err != nil {
			t.Fatal(err)
		}
		if spent := l.spent() - begin; spent > maxWork+20*c.h.NumOps() {
			t.Errorf("a page cost %d looks", spent)
		}
		seen += len(page.Entries)
		if q.After = page.Next; q.After == (crdt.Hash{}) {
			break
		}
	}
	if seen != c.h.Len() || pages < 1 {
		t.Errorf("%d of %d entries on %d pages", seen, c.h.Len(), pages+1)
	}
}

func TestLargeValuesEndAPageEarlyAndAreCut(t *testing.T) {
	c := newChain(t)
	large := make([]byte, 1<<20)
	for k := range large {
		large[k] = "ä"[k%2]
	}
	var ops []historytest.Op
	for k := range 20 {
		ops = append(ops, put(fmt.Sprint("k", k), string(large)))
	}
	for range 3 {
		c.add("a", nil, ops[:10]...)
	}
	page, err := New(c.h, Options{}).Page(Query{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		if n := e.size(); n > 2*pageCaps.entryBytes || !e.Cut {
			t.Errorf("an entry of %d bytes, cut %v", n, e.Cut)
		}
	}
}

func TestTheDeepestDocumentIsToldAndUndone(t *testing.T) {
	c := newChain(t)
	var in historytest.ID
	for k := range history.MaxDepth - 1 {
		id := c.next("a")
		c.add("a", nil, historytest.Op{Object: in, Key: fmt.Sprint("k", k), Action: format.ActionMakeMap})
		in = id
	}
	leaf := c.add("a", nil, historytest.Op{Object: in, Key: "leaf", Action: format.ActionSet, Value: format.StringValue("v")})
	l := New(c.h, Options{})
	e, err := l.Entry(c.h.Hash(leaf))
	if err != nil || len(e.Did) != 1 || len(e.Did[0].Path) != history.MaxDepth || e.Did[0].Hidden {
		t.Errorf("%+v, %v", e.Did, err)
	}
	gone := c.add("a", nil, historytest.Op{Key: "k0", Action: format.ActionDelete, Pred: []historytest.ID{{Counter: 1, Actor: "a"}}})
	l = New(c.h, Options{})
	if e, err = l.Entry(c.h.Hash(gone)); err != nil || len(e.Did) != 1 || e.Cut {
		t.Errorf("%+v, %v", e.Did, err)
	}
	if u, err := l.Undo(c.h.Hash(gone), Stamp{}); err != nil || len(u.Edits) != 1 {
		t.Errorf("%+v, %v", u, err)
	}
}

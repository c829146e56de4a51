package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

func plenty() *history.Budget { return &history.Budget{Values: 1 << 20, Bytes: 1 << 24} }

// wantTree compares a view of a history with a document of the core.
func wantTree(t rapid.TB, what string, v *history.View, d *Doc) {
	t.Helper()
	want, err := d.Tree()
	if err != nil {
		t.Fatal(err)
	}
	b := plenty()
	if diff := cmp.Diff(want, v.Tree(b)); diff != "" || b.Cut {
		t.Fatalf("%s (-core +history, cut %v):\n%s", what, b.Cut, diff)
	}
}

func TestViewsOfAHistoryAreWhatTheCoreReads(t *testing.T) {
	compared := 0
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 5))
		changes := historytest.Document(r, 1+r.IntN(4), 5+r.IntN(40), 1+r.IntN(12)).Changes
		h, d := both(rt, changes)
		defer d.Close()
		replay := h.Replay()
		wantTree(rt, "now", replay.Now(), d)
		for range 3 {
			i := r.IntN(len(changes))
			after, err := d.At(crdt.NewHeads(changes[i].Hash))
			if err != nil {
				rt.Fatal(err)
			}
			wantTree(rt, "after a change", replay.After(i), after)
			after.Close()
			before, err := d.At(crdt.NewHeads(changes[i].Deps...))
			if err != nil {
				rt.Fatal(err)
			}
			wantTree(rt, "before a change", replay.Before(i), before)
			v, err := replay.At(crdt.NewHeads(changes[i].Deps...))
			if err != nil {
				rt.Fatal(err)
			}
			wantTree(rt, "at heads", v, before)
			before.Close()
		}
		// A change that nothing depends on can be taken out, and nobody would know.
		for _, head := range h.Heads() {
			i, _ := h.IndexOf(head)
			rest := slices.Delete(slices.Clone(changes), i, i+1)
			_, without := both(rt, rest)
			wantTree(rt, "without a head", replay.Without(i), without)
			compared++
			without.Close()
		}
		// The order of arrival is one that causes go before effects in.
		n := r.IntN(len(changes))
		_, first := both(rt, changes[:n])
		wantTree(rt, "the first that came", replay.Where(func(i int) bool { return i < n }), first)
		first.Close()
	})
	if compared < 100 {
		t.Errorf("only %d heads were taken out", compared)
	}
}

func TestALayoutKnowsWhereElementsStand(t *testing.T) {
	texts, lists := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 6))
		model := historytest.Document(r, 1+r.IntN(3), 5+r.IntN(30), 1+r.IntN(12))
		h := history.New(history.DefaultLimits())
		for _, c := range model.Changes {
			if _, err := h.Admit(c, "author", nil); err != nil {
				rt.Fatal(err)
			}
		}
		replay := h.Replay()
		i := r.IntN(h.Len())
		for _, id := range model.Objects()[1:] {
			obj, ok := h.Object(id)
			if !ok || !model.IsSequence(id) {
				continue
			}
			before, after := replay.Before(i), replay.After(i)
			l := before.Layout(obj)
			check := func(v *history.View) {
				at := 0
				for e, op := range v.Elements(obj) {
					if got := l.Index(e); got != at {
						rt.Fatalf("element %v has index %d, not %d", e, got, at)
					}
					text, shown := l.Shown(e)
					if !shown {
						rt.Fatalf("element %v is not there", e)
					}
					if h.Type(obj) == format.ActionMakeText {
						at += utf8.RuneCountInString(text)
					} else {
						at++
					}
					if h.Type(obj) == format.ActionMakeText && op.Action == format.ActionSet {
						if s, ok := op.Value.Str(); ok && s != text {
							rt.Fatalf("element %v reads %q, not %q", e, text, s)
						}
					}
				}
				if l.Len() != at {
					rt.Fatalf("length %d, not %d", l.Len(), at)
				}
				if h.Type(obj) != format.ActionMakeText {
					lists++
					return
				}
				s, whole := v.Text(obj, history.MaxText)
				from := r.IntN(at + 1)
				to := from + r.IntN(at-from+1)
				if got := l.Slice(from, to); !whole || got != string([]rune(s)[from:to]) {
					rt.Fatalf("characters %d to %d of %q are %q", from, to, s, got)
				}
				texts++
			}
			check(before)
			l.Move(after)
			check(after)
			elsewhere := replay.After(r.IntN(h.Len()))
			l.Move(elsewhere)
			check(elsewhere)
		}
	})
	if texts < 100 || lists < 100 {
		t.Errorf("only %d texts and %d lists were looked at", texts, lists)
	}
}

package history_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"

	"pgregory.net/rapid"
)

// pcg drives the larger documents: rapid's draws are recorded, which is slow for thousands of them.
func pcg(t *rapid.T) historytest.Rand {
	return rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
}

// shuffled gives the changes in a random order in which dependencies still come first.
func shuffled(rand historytest.Rand, changes []*format.Change) []*format.Change {
	rest := slices.Clone(changes)
	var out []*format.Change
	done := map[crdt.Hash]bool{}
	for len(rest) > 0 {
		i := rand.IntN(len(rest))
		for slices.ContainsFunc(rest[i].Deps, func(d crdt.Hash) bool { return !done[d] }) {
			i = (i + 1) % len(rest)
		}
		done[rest[i].Hash] = true
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out
}

func admitAll(t interface{ Fatalf(string, ...any) }, h *history.History, changes []*format.Change) {
	for _, c := range changes {
		res, err := h.Admit(c, history.Author("author-of-"+string(c.Actor)), nil)
		if err != nil || len(res.Admitted) != 1 {
			t.Fatalf("change %s by %q: %+v, %v", c.Hash, c.Actor, res, err)
		}
	}
}

// fingerprint is all that can be read of a history.
func fingerprint(h *history.History) string {
	var b strings.Builder
	fmt.Fprintf(&b, "len %d ops %d bytes %d actors %d max %d heads %s waiting %v for %v\n", h.Len(), h.NumOps(), h.Bytes(),
		h.NumActors(), h.MaxOp(), h.Heads(), h.Waiting(), h.WaitingFor())
	for i := range h.Len() {
		by, _ := h.Binding(h.Actor(i))
		fmt.Fprintf(&b, "%s %x %v %s %d %d %d %s %s\n", h.Hash(i), h.Raw(i), h.Deps(i), h.Actor(i), h.Seq(i), h.StartOp(i),
			h.MaxOpOf(i), h.Author(i), by)
	}
	b.WriteString(content(h))
	return b.String()
}

// content is what can be seen in the maps of a history, whatever the order of admission was.
func content(h *history.History) string {
	var b strings.Builder
	var walk func(obj history.ObjID, indent string)
	walk = func(obj history.ObjID, indent string) {
		for key := range h.Keys(obj) {
			for _, v := range h.Get(obj, key) {
				fmt.Fprintf(&b, "%s%q %d@%s %d %d %x by %s\n", indent, key, v.ID.Counter, v.ID.Actor, v.Action, v.Value.Type,
					v.Value.Raw, h.Author(v.Change))
				if v.Action != format.ActionSet {
					walk(v.Object, indent+"  ")
				}
			}
		}
	}
	walk(h.Root(), "")
	return b.String()
}

func TestHistoryShowsWhatANaiveModelShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rand := pcg(t)
		m := historytest.Document(rand, 1+rand.IntN(5), 1+rand.IntN(40), 8)
		h := history.New(history.DefaultLimits())
		admitAll(t, h, m.Changes)
		if !h.Heads().Equal(m.Heads) || !h.HeadsEqual(m.Heads) {
			t.Fatalf("heads %s, want %s", h.Heads(), m.Heads)
		}
		byID := map[historytest.ID]history.ObjID{{}: h.Root()}
		for _, o := range m.Objects() { // parents come first
			obj, known := byID[o]
			if !known || m.IsSequence(o) {
				continue
			}
			if got, want := slices.Collect(h.Keys(obj)), m.Keys(o); !slices.Equal(got, want) {
				t.Fatalf("keys of %v: %q, want %q", o, got, want)
			}
			for _, key := range m.Keys(o) {
				got, want := h.Get(obj, key), m.Visible(o, false, key, historytest.ID{})
				if len(got) != len(want) {
					t.Fatalf("%d values at %q, want %d", len(got), key, len(want))
				}
				for k := range got {
					if got[k].ID != want[k].ID || got[k].Action != want[k].Action || got[k].Value.Type != want[k].Value.Type ||
						string(got[k].Value.Raw) != string(want[k].Value.Raw) {
						t.Fatalf("value %d at %q: %+v, want %+v", k, key, got[k], want[k])
					}
					if want[k].IsMake() {
						byID[want[k].ID] = got[k].Object
						if h.Type(got[k].Object) != want[k].Action {
							t.Fatalf("type of %v", want[k].ID)
						}
					}
				}
			}
		}
	})
}

func TestAnyOrderOfAdmissionGivesTheSameDocument(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rand := pcg(t)
		m := historytest.Document(rand, 1+rand.IntN(5), 1+rand.IntN(40), 6)
		a, b := history.New(history.DefaultLimits()), history.New(history.DefaultLimits())
		admitAll(t, a, m.Changes)
		admitAll(t, b, shuffled(rand, m.Changes))
		if !a.Heads().Equal(b.Heads()) {
			t.Fatalf("heads differ")
		}
		if x, y := content(a), content(b); x != y {
			t.Fatalf("content differs:\n%s\n%s", x, y)
		}
	})
}

func TestChangesThatComeBeforeTheirDependenciesWaitForThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rand := pcg(t)
		m := historytest.Document(rand, 3, 1+rand.IntN(30), 4)
		h := history.New(history.DefaultLimits())
		order := slices.Clone(m.Changes)
		for i := range order { // any order at all
			j := i + rand.IntN(len(order)-i)
			order[i], order[j] = order[j], order[i]
		}
		admitted := 0
		for _, c := range order {
			res, err := h.Admit(c, "a", nil)
			if err != nil || len(res.Refused) != 0 {
				t.Fatalf("%+v, %v", res, err)
			}
			if res.Waiting == (len(res.Admitted) > 0) {
				t.Fatalf("neither waiting nor admitted, or both: %+v", res)
			}
			admitted += len(res.Admitted)
			if h.Len() != admitted {
				t.Fatalf("%d changes, %d told", h.Len(), admitted)
			}
			for _, x := range h.WaitingFor() {
				if h.Has(x) || h.IsWaiting(x) {
					t.Fatalf("waits for what is here")
				}
			}
		}
		if h.WaitingCount() != 0 || h.WaitingBytes() != 0 || !h.Heads().Equal(m.Heads) {
			t.Fatalf("%d wait at the end", h.WaitingCount())
		}
	})
}

func TestSinceGivesWhatIsNotInThePastOfTheKnown(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rand := pcg(t)
		m := historytest.Document(rand, 1+rand.IntN(6), 1+rand.IntN(80), 2)
		h := history.New(history.DefaultLimits())
		admitAll(t, h, m.Changes)
		known := []crdt.Hash{{1, 2, 3}} // unknown, to be ignored
		past := map[int]bool{}
		var mark func(i int)
		mark = func(i int) {
			if !past[i] {
				past[i] = true
				for _, d := range h.Deps(i) {
					mark(int(d))
				}
			}
		}
		for range rand.IntN(4) {
			i := rand.IntN(h.Len())
			known = append(known, h.Hash(i))
			mark(i)
		}
		var want []int
		for i := range h.Len() {
			if !past[i] {
				want = append(want, i)
			}
			if got := h.InPast(i, h.Len()-1); got != func() bool {
				seen := map[int]bool{}
				var reach func(k int) bool
				reach = func(k int) bool {
					if k == i {
						return true
					}
					if seen[k] {
						return false
					}
					seen[k] = true
					return slices.ContainsFunc(h.Deps(k), func(d uint32) bool { return reach(int(d)) })
				}
				return reach(h.Len() - 1)
			}() {
				t.Fatalf("InPast(%d) = %v", i, got)
			}
		}
		if got := h.Since(known); !slices.Equal(got, want) {
			t.Fatalf("since %v: %v, want %v", known, got, want)
		}
		if got := h.Since(h.Heads()); len(got) != 0 {
			t.Fatalf("since the heads: %v", got)
		}
	})
}

func TestTruncateAndLoadRestoreExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rand := pcg(t)
		m := historytest.Document(rand, 1+rand.IntN(4), 2+rand.IntN(40), 6)
		h := history.New(history.DefaultLimits())
		n := rand.IntN(len(m.Changes))
		admitAll(t, h, m.Changes[:n])
		before := fingerprint(h)
		admitAll(t, h, m.Changes[n:])
		after := fingerprint(h)
		if err := h.Truncate(n); err != nil {
			t.Fatalf("truncate: %v", err)
		}
		if got := fingerprint(h); got != before {
			t.Fatalf("after truncation:\n%s\nbefore:\n%s", got, before)
		}
		admitAll(t, h, m.Changes[n:])
		if got := fingerprint(h); got != after {
			t.Fatalf("after admitting again:\n%s\nwant:\n%s", got, after)
		}
		again, err := history.Load(history.DefaultLimits(), func(yield func(history.Stored, error) bool) {
			for i := range h.Len() {
				if !yield(history.Stored{Raw: h.Raw(i), Author: h.Author(i)}, nil) {
					return
				}
			}
		})
		if err != nil || fingerprint(again) != after {
			t.Fatalf("loaded otherwise: %v", err)
		}
	})
}

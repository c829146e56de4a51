package history_test

import (
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"

	"pgregory.net/rapid"
)

func TestARebasedDocumentShowsWhatItShowedButForWhatIsDropped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tell(t, false)
		rebase(t, s, s.some("drop"), nil).check()
	})
}

func TestAMovedChangeKeepsAllOfItsWork(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tell(t, false)
		o := rebase(t, s, nil, s.some("move"))
		for _, g := range o.r.Gone {
			if len(g.Lost)+len(g.Moot) > 0 {
				t.Fatalf("lost: %+v", g)
			}
		}
		o.check()
	})
}

func TestWhatOthersBuiltOnADroppedChangeIsToldToBeLost(t *testing.T) {
	foreign := 0
	rapid.Check(t, func(t *rapid.T) {
		s := tell(t, true)
		o := rebase(t, s, s.some("drop"), nil)
		o.check()
		for _, g := range o.r.Gone {
			if !s.mine[g.Hash] {
				foreign++
				if !g.Dropped && len(g.Lost) != o.h.NumOpsOf(g.Index) {
					t.Fatalf("others' work was made anew in my name: %+v", g)
				}
			}
		}
	})
	if foreign == 0 {
		t.Error("nobody ever built on a dropped change: the test does not try it")
	}
}

// Nothing is lost without need: what is lost worked on what came into being with a dropped change.
func TestOnlyWhatWorkedOnADroppedObjectElementOrCounterIsLost(t *testing.T) {
	counts := map[string]int{}
	all := []string{"object", "element", "counter", "moot", "made"}
	unseen := func(what string) bool { return counts[what] == 0 }
	once := func(t *rapid.T) {
		s := tell(t, false)
		o := rebase(t, s, s.some("drop"), nil)
		for _, g := range o.r.Gone {
			c, err := format.DecodeTrusted(o.h.Raw(g.Index))
			if err != nil {
				t.Fatal(err)
			}
			first := len(s.changes) == len(o.r.Gone) // nothing is left of the document
			spelled := historytest.Spell(c)
			for _, l := range g.Lost {
				op := spelled.Ops[l.Op]
				switch {
				case first:
					counts["document"]++
				case o.lost[op.Object]:
					counts["object"]++
				case op.InSeq && !op.Insert && o.lost[op.Elem]:
					counts["element"]++
				case op.Action == format.ActionIncrement && o.lost[op.Pred[len(op.Pred)-1]]:
					counts["counter"]++
				case op.Action == format.ActionMark:
					counts["mark"]++
				default:
					t.Fatalf("lost for no reason: %+v", op)
				}
			}
			for _, k := range g.Moot {
				if a := spelled.Ops[k].Action; a != format.ActionDelete && a != format.ActionMark {
					t.Fatalf("%+v is not moot", spelled.Ops[k])
				}
				counts["moot"]++
			}
		}
		counts["made"] += len(o.r.News)
	}
	for tries := 0; tries < 20 && slices.ContainsFunc(all, unseen); tries++ { // a counter is rare
		rapid.Check(t, once)
	}
	if slices.ContainsFunc(all, unseen) {
		t.Errorf("not all of %v in all of these: %v", all, counts)
	}
}

func TestTheOutcomeOfARebaseDoesNotDependOnWhatElseIsThere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := tell(t, false)
		drop := s.some("drop")
		o := rebase(t, s, drop, nil)
		needed := map[crdt.Hash]bool{}
		for _, g := range o.r.Gone {
			needed[g.Hash] = true
		}
		for _, c := range slices.Backward(s.changes) {
			if needed[c.Hash] {
				for _, d := range c.Deps {
					needed[d] = true
				}
			}
		}
		less, err := s.history(func(c *format.Change) bool { return needed[c.Hash] }).Rebase(history.Rebase{Drop: drop, Own: me, Actor: s.actor})
		if err != nil {
			t.Fatal(err)
		}
		same := slices.EqualFunc(less.News, o.r.News, func(a, b history.Renewed) bool { return a.Hash == b.Hash })
		if !same {
			t.Fatalf("%d new changes, and %d others", len(o.r.News), len(less.News))
		}
	})
}

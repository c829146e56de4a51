package history_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// What an Admission tells a policy of each operation is what the plain model of the document says.
func TestAnAdmissionTellsWhereEachOperationWritesAndWhatStoodThere(t *testing.T) {
	seen := struct{ made, stood, unknown, knows, alien int }{}
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 5))
		all := historytest.Document(r, 3, 60, 6).Changes
		m := historytest.NewModel()
		h := history.New(history.DefaultLimits())
		by := func(actor crdt.ActorID) history.Author { return history.Author("author-of-" + string(actor)) }
		check := func(a *history.Admission) *crdt.Refusal {
			spelt := historytest.Spell(a.Change)
			objects := map[historytest.ID]history.ObjID{}
			for i, o := range spelt.Ops {
				self := historytest.ID{Counter: a.Change.StartOp + uint64(i), Actor: a.Change.Actor}
				obj, _ := a.Object(i)
				path := a.Path(i)
				// The way up by holders is Path, read from its end.
				if got := a.Key(i); o.InSeq != a.InSequence(i) || !o.InSeq && string(got) != o.Key {
					t.Fatalf("operation %d: key %q, in a sequence %v; want %q, %v", i, got, a.InSequence(i), o.Key, o.InSeq)
				}
				id, k := o.Object, len(path)-2
				for at := obj; at != h.Root(); k-- {
					holder, key, inSeq := a.Holder(at)
					if id == (historytest.ID{}) {
						t.Fatalf("operation %d: the root is reached too late", i)
					}
					maker := m.Ops[id]
					if made := maker == nil; made != a.MadeHere(at) {
						t.Fatalf("operation %d: object %v made here: %v", i, id, !made)
					} else if made {
						seen.made++
						maker = &historytest.ModelOp{Op: spelt.Ops[id.Counter-a.Change.StartOp]}
					} else if id.Actor != a.Change.Actor {
						seen.alien++
					}
					if a.MakerOf(at) != by(id.Actor) {
						t.Fatalf("operation %d: object %v was made by %q", i, id, a.MakerOf(at))
					}
					if path[k].InSeq != inSeq || string(key) != path[k].Key {
						t.Fatalf("operation %d: %q stands at %d of %v", i, key, k, path)
					}
					at, id = holder, maker.Object
				}
				if k != -1 || id != (historytest.ID{}) {
					t.Fatalf("operation %d: %v has %d steps more than there are holders", i, path, k+1)
				}
				if o.Action == format.ActionMakeMap || o.Action == format.ActionMakeList || o.Action == format.ActionMakeText {
					objects[self] = a.Made(i)
				}
				if want, ok := objects[o.Object]; ok && want != obj {
					t.Fatalf("operation %d works on %d, not on %d that was made", i, obj, want)
				}
				if o.InSeq {
					continue
				}
				var stands, want []history.Author
				a.Stands(i, func(obj history.ObjID) { stands = append(stands, a.MakerOf(obj)) })
				for _, v := range m.Visible(o.Object, false, o.Key, historytest.ID{}) {
					want = append(want, by(v.ID.Actor))
					seen.stood++
					if !slices.Contains(o.Pred, v.ID) {
						seen.unknown++
					}
				}
				slices.Sort(stands)
				slices.Sort(want)
				if !slices.Equal(stands, want) {
					t.Fatalf("operation %d, at %q: %q stand there; want %q", i, o.Key, stands, want)
				}
			}
			for i := range h.Len() {
				past := slices.ContainsFunc(a.Change.Deps, func(d crdt.Hash) bool { at, _ := h.IndexOf(d); return h.InPast(i, at) })
				if a.Knows(i) != past {
					t.Fatalf("knows change %d: %v", i, !past)
				}
				if !past {
					seen.knows++
				}
			}
			return nil
		}
		for _, c := range all {
			if _, err := h.Admit(c, by(c.Actor), check); err != nil {
				t.Fatal(err)
			}
			m.Apply(c)
		}
	}
	if seen.made == 0 || seen.stood == 0 || seen.unknown == 0 || seen.knows == 0 || seen.alien == 0 {
		t.Errorf("the documents do not hold every case: %+v", seen)
	}
}

// Ever gives what was overwritten and deleted too, in order.
func TestEverGivesAllThatWasWrittenToAKey(t *testing.T) {
	w := historytest.NewWriter(anna, rand.New(rand.NewPCG(1, 1)))
	h := history.New(history.DefaultLimits())
	do := func(key string, a format.Action, v format.Value) {
		w.Do(historytest.Op{Key: key, Action: a, Value: v})
		if _, err := h.Admit(w.Commit(), "anna", nil); err != nil {
			t.Fatal(err)
		}
	}
	do("k", format.ActionSet, format.BoolValue(true))
	do("other", format.ActionSet, format.StringValue("no"))
	do("k", format.ActionDelete, format.Value{})
	do("k", format.ActionMakeMap, format.Value{})
	got := h.Ever(h.Root(), "k")
	want := []format.Action{format.ActionSet, format.ActionDelete, format.ActionMakeMap}
	if len(got) != len(want) {
		t.Fatalf("%+v", got)
	}
	for i := range want {
		if got[i].Action != want[i] {
			t.Errorf("%d: %+v", i, got[i])
		}
	}
	if got[0].Change != 0 || got[1].Change != 2 || !got[0].True || got[2].True || got[2].Object == 0 || got[0].Object != 0 {
		t.Errorf("%+v", got)
	}
	if now := h.Stand(h.Root(), "k"); len(now) != 1 || now[0] != got[2] {
		t.Errorf("%+v stands there", now)
	}
	if h.Ever(h.Root(), "none") != nil {
		t.Error("something at a key that nobody wrote")
	}
}

// Text is what the cores read of a string that was written as a text object, and nothing of any other.
func TestTheTextThatAChangeMakesIsReadInItsOrder(t *testing.T) {
	text := historytest.Op{Key: "k", Action: format.ActionMakeText}
	type id = historytest.ID
	insert := func(obj, behind id, s string) historytest.Op {
		return historytest.Op{Object: obj, Elem: behind, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue(s)}
	}
	for name, tt := range map[string]struct {
		ops  func(at func(uint64) id) []historytest.Op // the text is operation 1
		want string
		ok   bool
	}{
		"empty": {func(func(uint64) id) []historytest.Op { return nil }, "", true},
		"one by one": {func(at func(uint64) id) []historytest.Op {
			return []historytest.Op{insert(at(1), id{}, "a"), insert(at(1), at(2), "b"), insert(at(1), at(3), "c")}
		}, "abc", true},
		"from behind": {func(at func(uint64) id) []historytest.Op {
			return []historytest.Op{insert(at(1), id{}, "c"), insert(at(1), id{}, "b"), insert(at(1), id{}, "a")}
		}, "abc", true},
		"in the middle": {func(at func(uint64) id) []historytest.Op {
			return []historytest.Op{insert(at(1), id{}, "a"), insert(at(1), at(2), "c"), insert(at(1), at(2), "bé")}
		}, "abéc", true},
		"too long": {func(at func(uint64) id) []historytest.Op {
			return []historytest.Op{insert(at(1), id{}, "a"), insert(at(1), at(2), "b"), insert(at(1), at(3), "c"), insert(at(1), at(4), "d")}
		}, "", false},
		"a number": {func(at func(uint64) id) []historytest.Op {
			o := insert(at(1), id{}, "a")
			o.Value = format.IntValue(1)
			return []historytest.Op{o}
		}, "", false},
		"a deletion": {func(at func(uint64) id) []historytest.Op {
			return []historytest.Op{insert(at(1), id{}, "a"), {Object: at(1), Elem: at(2), InSeq: true, Action: format.ActionDelete, Pred: []id{at(2)}}}
		}, "", false},
	} {
		at := func(n uint64) id { return id{Counter: n, Actor: anna} }
		c, err := historytest.Change{Actor: anna, Seq: 1, StartOp: 1, Ops: append([]historytest.Op{text}, tt.ops(at)...)}.Build()
		if err != nil {
			t.Fatal(err)
		}
		h := history.New(history.DefaultLimits())
		if _, err := h.Admit(c, "anna", func(a *history.Admission) *crdt.Refusal {
			if got, ok := a.Text(a.Made(0), 3); got != tt.want || ok != tt.ok {
				t.Errorf("%s: %q, %v", name, got, ok)
			}
			if n := len(a.OpsIn(a.Made(0))); n != len(c.Ops)-1 {
				t.Errorf("%s: %d operations", name, n)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		more, err := historytest.Change{Actor: anna, Seq: 2, StartOp: c.MaxOp() + 1, Deps: []crdt.Hash{c.Hash}, Ops: []historytest.Op{insert(at(1), id{}, "z")}}.Build()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Admit(more, "anna", func(a *history.Admission) *crdt.Refusal {
			obj, before := a.Object(0)
			if got, ok := a.Text(obj, 3); ok || !before {
				t.Errorf("%s: a text of another change is read as %q", name, got)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}

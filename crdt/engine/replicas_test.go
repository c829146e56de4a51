package engine

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

func TestConcurrentWritesAreAllReadAndTheWinnerIsFirst(t *testing.T) {
	base := edit(t, open(t), anna, func(tx *Tx) error {
		return errors.Join(tx.Set(crdt.Path{"s"}, "old"), tx.Set(crdt.Path{"l"}, []any{"x", "y"}), tx.Set(crdt.Path{"c"}, crdt.Counter(1)),
			tx.Set(crdt.Path{"in"}, map[string]any{"deep": 1}), tx.Set(crdt.Path{"same"}, true))
	})
	a, b := open(t, base), open(t, base)
	write := func(who string) func(*Tx) error {
		return func(tx *Tx) error {
			return errors.Join(tx.Set(crdt.Path{"s"}, who), tx.Set(crdt.Path{"l", 1}, who), tx.Increment(crdt.Path{"c"}, 10),
				tx.Set(crdt.Path{"in", "deep"}, crdt.Text(who)), tx.Set(crdt.Path{"new"}, map[string]any{"by": who}))
		}
	}
	ca, cb := edit(t, a, crdt.ActorID("actor-a"), write("a")), edit(t, b, crdt.ActorID("actor-b"), write("b"))
	if err := errors.Join(a.Apply(cb), b.Apply(ca)); err != nil {
		t.Fatal(err)
	}
	if jsonOf(t, a) != jsonOf(t, b) {
		t.Fatalf("%s\n%s", jsonOf(t, a), jsonOf(t, b))
	}
	for _, d := range []*Doc{a, b} {
		both, err := d.Conflicts("s")
		if err != nil || len(both) != 2 || both[0].Value != "b" || both[1].Value != "a" || both[0].Actor != "actor-b" || both[1].Actor != "actor-a" || both[0].Counter == 0 {
			t.Fatalf("Conflicts(s): %+v, %v", both, err)
		}
		wantGet(t, d, both[0].Value, "s")
		wantGet(t, d, crdt.Counter(21), "c")
		for path, n := range map[string]int{"c": 1, "same": 1} {
			if all, err := d.Conflicts(path); err != nil || len(all) != n {
				t.Errorf("Conflicts(%s): %v, %v", path, all, err)
			}
		}
		if _, err := d.Conflicts("none"); !errors.Is(err, ErrNotFound) {
			t.Errorf("Conflicts of nothing: %v", err)
		}
		clashes, err := d.Clashes()
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		for _, c := range clashes {
			paths = append(paths, c.Path.String())
			wantGet(t, d, c.Alternatives[0].Value, c.Path...)
		}
		if want := []string{"/in/deep", "/l/1", "/new", "/s"}; !slices.Equal(paths, want) {
			t.Errorf("clashes at %v, want %v", paths, want)
		}
	}
	// The counter of the operation counts before the actor.
	cz := edit(t, open(t, base), crdt.ActorID("actor-z"), set(crdt.Path{"in", "deep"}, "z"))
	cy := edit(t, open(t, base), crdt.ActorID("actor-y"), func(tx *Tx) error {
		return errors.Join(tx.Set(crdt.Path{"same"}, false), tx.Set(crdt.Path{"in", "deep"}, "y"))
	})
	yz := open(t, base, cz, cy)
	if both, err := yz.Conflicts("in", "deep"); err != nil || len(both) != 2 || both[0].Value != "y" || both[1].Value != "z" {
		t.Fatalf("Conflicts(in/deep): %+v, %v", both, err)
	}
	wantGet(t, yz, "y", "in", "deep")
	settle := edit(t, a, crdt.ActorID("actor-a"), set(crdt.Path{"s"}, "b"))
	if settle == nil {
		t.Fatal("writing the winner again must settle the clash")
	}
	if all, _ := a.Conflicts("s"); len(all) != 1 {
		t.Errorf("after settling: %v", all)
	}
}

func TestTheDocumentAsOfOlderHeads(t *testing.T) {
	d := open(t)
	want := map[string]crdt.Heads{"{}": nil}
	var states []string
	for i := range 5 {
		edit(t, d, anna, set(crdt.Path{"n"}, i))
		edit(t, d, anna, set(crdt.Path{fmt.Sprint("k", i)}, crdt.Text("x")))
		states = append(states, jsonOf(t, d))
		want[jsonOf(t, d)] = d.Heads()
	}
	for state, heads := range want {
		view, err := d.At(heads)
		if err != nil {
			t.Fatal(err)
		}
		defer view.Close()
		if got := jsonOf(t, view); got != state || !view.Heads().Equal(heads) {
			t.Errorf("at %v: %s, want %s", heads, got, state)
		}
		if _, err := view.Edit(Commit{Actor: ben}, set(crdt.Path{"x"}, 1)); !errors.Is(err, ErrReadOnly) {
			t.Errorf("a view was edited: %v", err)
		}
		if err := view.Apply(); !errors.Is(err, ErrReadOnly) {
			t.Errorf("a view took changes: %v", err)
		}
	}
	if _, err := d.At(crdt.Heads{{1}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown heads: %v", err)
	}
	fork, err := d.Fork()
	if err != nil {
		t.Fatal(err)
	}
	defer fork.Close()
	edit(t, fork, ben, set(crdt.Path{"fork"}, true))
	if got := jsonOf(t, d); got != states[4] {
		t.Errorf("an edit of the fork reached the original: %s", got)
	}
	// Two heads: what the phone and the office had each written.
	edit(t, d, anna, set(crdt.Path{"office"}, true))
	two := crdt.NewHeads(d.Heads()[0], fork.Heads()[0])
	changes, err := fork.Changes()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(changes...); err != nil {
		t.Fatal(err)
	}
	both := jsonOf(t, d)
	edit(t, d, anna, set(crdt.Path{"later"}, true))
	view, err := d.At(two)
	if err != nil {
		t.Fatal(err)
	}
	defer view.Close()
	if got := jsonOf(t, view); got != both {
		t.Errorf("at two heads: %s, want %s", got, both)
	}
}

func TestChangesWithoutTheirDependenciesAreAnError(t *testing.T) {
	d := open(t)
	first, second := edit(t, d, anna, set(crdt.Path{"a"}, 1)), edit(t, d, anna, set(crdt.Path{"a"}, 2))
	if _, err := Load(second); err == nil {
		t.Error("Load without the first change")
	}
	other := open(t)
	if err := other.Apply(second); err == nil {
		t.Error("Apply to an empty document without the first change")
	}
	other = open(t, edit(t, open(t), ben, set(crdt.Path{"b"}, 1)))
	if err := other.Apply(second); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("Apply without the first change: %v", err)
	}
	again := open(t, first)
	if err := again.Apply(first, second, second); err != nil {
		t.Errorf("changes twice: %v", err)
	}
	wantGet(t, again, int64(2), "a")
	if _, err := Snapshot([][]byte{second}); err == nil {
		t.Error("a snapshot of half a document")
	}
}

func TestASnapshotHoldsExactlyTheChanges(t *testing.T) {
	changes := jobHistory(t, 40)
	chunk, err := Snapshot(changes)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := format.DecodeDocument(chunk, format.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	want, got := map[string]bool{}, map[string]bool{}
	for _, raw := range changes {
		want[string(raw)] = true
	}
	for _, c := range doc.Changes {
		got[string(c.Raw)] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
	more := edit(t, open(t, chunk), ben, set(crdt.Path{"more"}, 1))
	if a, b := jsonOf(t, open(t, append(slices.Clone(changes), more)...)), jsonOf(t, open(t, chunk, more)); a != b {
		t.Errorf("from changes %s\nfrom the snapshot %s", a, b)
	}
	if empty, err := Snapshot(nil); err != nil || jsonOf(t, open(t, empty)) != "{}" {
		t.Errorf("a snapshot of nothing: %v", err)
	}
	if err := verify(chunk, changes[1:]); err == nil {
		t.Error("a document with one change too many passes")
	}
	if err := verify(chunk, append(slices.Clone(changes), more)); err == nil {
		t.Error("a document with one change too few passes")
	}
	if err := verify(chunk, append(slices.Clone(changes[1:]), more)); err == nil {
		t.Error("a document with another change passes")
	}
	if err := verify(chunk[:len(chunk)-1], changes); err == nil {
		t.Error("a torn document passes")
	}
}

// randomEdit draws one write that fits what stands in the document.
func randomEdit(t *rapid.T, tx *Tx) error {
	keys := []string{"a", "b", "c"}
	path := crdt.Path{rapid.SampledFrom(keys).Draw(t, "key")}
	now, err := tx.Get(path...)
	if errors.Is(err, ErrNotFound) || err == nil && rapid.IntRange(0, 4).Draw(t, "replace") == 0 {
		return tx.Set(path, rapid.SampledFrom([]any{crdt.Text("täxt😀"), []any{1, 2, 3}, map[string]any{"a": 1}, crdt.Counter(5), "str", nil, true, 2.5, []byte{9}, crdt.Timestamp(4), uint64(7)}).Draw(t, "value"))
	}
	if err != nil {
		return err
	}
	switch v := now.(type) {
	case crdt.Text:
		n := len([]rune(string(v)))
		at := rapid.IntRange(0, n).Draw(t, "at")
		return tx.Splice(path, at, rapid.IntRange(0, n-at).Draw(t, "del"), rapid.SampledFrom([]string{"", "x", "é🙃", "long text"}).Draw(t, "ins"))
	case []any:
		at := rapid.IntRange(0, len(v)).Draw(t, "at")
		switch {
		case at < len(v) && rapid.Bool().Draw(t, "delete"):
			return tx.Delete(path.Join(at))
		case at < len(v) && rapid.Bool().Draw(t, "set"):
			return tx.Set(path.Join(at), rapid.Int64().Draw(t, "value"))
		}
		return tx.Insert(path.Join(at), rapid.SampledFrom([]any{1, "e", crdt.Text("t"), map[string]any{"k": []any{}}}).Draw(t, "value"))
	case map[string]any:
		return tx.Set(path.Join(rapid.SampledFrom(keys).Draw(t, "inner")), rapid.Int64().Draw(t, "value"))
	case crdt.Counter:
		return tx.Increment(path, rapid.Int64Range(-5, 5).Draw(t, "by"))
	}
	return tx.Delete(path)
}

var errGiveUp = errors.New("give up")

func TestReplicasThatHoldTheSameChangesShowTheSame(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const n = 3
		var docs [n]*Doc
		var logs [n][][]byte // each replica's own changes
		var given [n][n]int  // how many of j's changes i has
		for i := range docs {
			d, err := New()
			if err != nil {
				rt.Fatal(err)
			}
			defer d.Close()
			docs[i] = d
		}
		// take gives replica i all that j holds, in an order in which dependencies come first.
		take := func(i, j int) {
			all, err := docs[j].Changes()
			if err != nil {
				rt.Fatal(err)
			}
			if err := docs[i].Apply(all...); err != nil {
				rt.Fatal(err)
			}
			for k := range n {
				given[i][k] = max(given[i][k], given[j][k])
			}
		}
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			i := rapid.IntRange(0, n-1).Draw(rt, "replica")
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0:
				take(i, rapid.IntRange(0, n-1).Draw(rt, "from"))
			case 1: // an edit that fails must leave no trace, in the values and in what follows
				before, _ := docs[i].JSON()
				if _, err := docs[i].Edit(Commit{Actor: crdt.ActorID([]byte{rapid.Byte().Draw(rt, "stranger"), 7})}, func(tx *Tx) error {
					return errors.Join(randomEdit(rt, tx), errGiveUp)
				}); !errors.Is(err, errGiveUp) {
					rt.Fatal(err)
				}
				if after, _ := docs[i].JSON(); string(after) != string(before) {
					rt.Fatalf("a failed edit left %s, was %s", after, before)
				}
			default:
				raw, err := docs[i].Edit(Commit{Actor: crdt.ActorID(fmt.Sprint("replica", i)), Time: 5}, func(tx *Tx) error {
					for range rapid.IntRange(1, 4).Draw(rt, "ops") {
						if err := randomEdit(rt, tx); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					rt.Fatal(err)
				}
				if raw != nil {
					c, err := format.DecodeChange(raw, format.DefaultLimits())
					if err != nil || c.Seq != uint64(len(logs[i])+1) {
						rt.Fatalf("change %v: %v", c, err)
					}
					logs[i] = append(logs[i], raw)
					given[i][i]++
				}
			}
		}
		for i := range n {
			for j := range n {
				take(i, j)
			}
		}
		want, err := docs[0].JSON()
		if err != nil {
			rt.Fatal(err)
		}
		for i := range docs {
			for k := range n {
				if given[i][k] != len(logs[k]) {
					rt.Fatalf("replica %d lacks changes of %d", i, k)
				}
			}
			if got, err := docs[i].JSON(); err != nil || string(got) != string(want) {
				rt.Fatalf("replica %d shows %s, replica 0 %s (%v)", i, got, want, err)
			}
			chunk, err := docs[i].Save()
			if err != nil {
				rt.Fatal(err)
			}
			again, err := Load(chunk)
			if err != nil {
				rt.Fatal(err)
			}
			got, err := again.JSON()
			again.Close()
			if err != nil || string(got) != string(want) {
				rt.Fatalf("saved and loaded: %s, was %s (%v)", got, want, err)
			}
		}
	})
}

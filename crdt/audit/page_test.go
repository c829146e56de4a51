package audit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/job"
)

// all turns all pages of a query.
func all(t rapid.TB, l *audit.Log, q audit.Query) (out []audit.Entry) {
	t.Helper()
	for range l.Len() + 1 {
		page, err := l.Page(q)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page.Entries...)
		if q.After = page.Next; q.After == (crdt.Hash{}) {
			return out
		}
	}
	t.Fatal("the pages do not end")
	return nil
}

func TestPagesTellEachChangeOnceInBothDirections(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 9))
		changes := historytest.Document(r, 1+r.IntN(4), 1+r.IntN(30), 1+r.IntN(6)).Changes
		h := admit(rt, changes)
		arrived := make([]int64, len(changes))
		for i := range arrived {
			arrived[i] = int64(r.IntN(20)) // by a clock that jumps
		}
		l := audit.New(h, audit.Options{Arrived: func(i int) int64 { return arrived[i] }})
		old := all(rt, l, audit.Query{Oldest: true, Limit: 1 + r.IntN(5)})
		newest := all(rt, l, audit.Query{Limit: 1 + r.IntN(5)})
		slices.Reverse(newest)
		if diff := gocmp.Diff(old, newest, gocmp.FilterPath(func(p gocmp.Path) bool { return p.Last().String() == ".bytes" }, gocmp.Ignore())); diff != "" || len(old) != len(changes) {
			rt.Fatalf("%d entries of %d changes (-oldest first +newest first):\n%s", len(old), len(changes), diff)
		}
		seen := map[crdt.Hash]int{}
		for k, e := range old {
			if e.Version != k+1 {
				rt.Fatalf("entry %d has version %d", k, e.Version)
			}
			i, _ := h.IndexOf(e.Hash)
			for _, d := range h.Deps(i) {
				if seen[h.Hash(int(d))] == 0 {
					rt.Fatalf("version %d is told before what it depends on", e.Version)
				}
			}
			seen[e.Hash]++
		}
		if len(seen) != len(changes) {
			rt.Fatalf("%d different entries of %d changes", len(seen), len(changes))
		}
		// Admitted in another order, as by another replica or after a snapshot, with the same arrivals, it is told the same.
		byHash := map[crdt.Hash]int64{}
		for i := range arrived {
			byHash[h.Hash(i)] = arrived[i]
		}
		other := admit(rt, shuffled(r, changes))
		again := all(rt, audit.New(other, audit.Options{Arrived: func(i int) int64 { return byHash[other.Hash(i)] }}), audit.Query{Oldest: true})
		for k := range old {
			if old[k].Hash != again[k].Hash {
				rt.Fatalf("version %d is another change where they were admitted in another order", k+1)
			}
		}
		heads := crdt.NewHeads(changes[r.IntN(len(changes))].Hash)
		i, _ := h.IndexOf(heads[0])
		unknown := 0
		for k := range changes {
			if !h.InPast(k, i) {
				unknown++
			}
		}
		if since := all(rt, l, audit.Query{Since: heads, Limit: 3}); len(since) != unknown {
			rt.Fatalf("%d entries since heads that lack %d", len(since), unknown)
		}
	})
}

// shuffled gives changes in another order in which causes stand before effects.
func shuffled(r *rand.Rand, changes []*format.Change) []*format.Change {
	var out []*format.Change
	rest := slices.Clone(changes)
	done := map[crdt.Hash]bool{}
	for len(rest) > 0 {
		i := r.IntN(len(rest))
		for slices.ContainsFunc(rest[i].Deps, func(d crdt.Hash) bool { return !done[d] }) {
			i = (i + 1) % len(rest)
		}
		done[rest[i].Hash] = true
		out = append(out, rest[i])
		rest = slices.Delete(rest, i, i+1)
	}
	return out
}

// typing is a document whose description two people type at, key by key, while other things happen.
func typing(t rapid.TB, r *rand.Rand, keys int) (*history.History, *engine.Doc) {
	h := history.New(history.DefaultLimits())
	d, err := engine.New()
	if err != nil {
		t.Fatal(err)
	}
	at := int64(1_795_000_000)
	do := func(d *engine.Doc, actor string, edit func(tx *engine.Tx) error) {
		at += int64(r.IntN(30))
		if r.IntN(40) == 0 {
			at += 3600
		}
		raw, err := d.Edit(engine.Commit{Actor: crdt.ActorID(actor), Time: at}, edit)
		if err != nil {
			t.Fatal(err)
		}
		if raw == nil {
			return
		}
		c, err := format.DecodeChange(raw, format.DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Admit(c, history.Author(actor), nil); err != nil {
			t.Fatal(err)
		}
	}
	do(d, "anna", func(tx *engine.Tx) error { return tx.Set(crdt.Path{"text"}, crdt.Text("Begin.")) })
	away, err := d.Fork()
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	for k := range keys {
		on, actor := d, "anna"
		if r.IntN(3) == 0 {
			on, actor = away, "ben"
		}
		do(on, actor, func(tx *engine.Tx) error {
			if k%17 == 0 {
				return tx.Set(crdt.Path{"n"}, int64(k))
			}
			n, err := tx.Len("text")
			if err != nil {
				return err
			}
			if n > 0 && r.IntN(4) == 0 {
				return tx.Splice(crdt.Path{"text"}, r.IntN(n), 1, "")
			}
			return tx.Splice(crdt.Path{"text"}, r.IntN(n+1), 0, string(rune('a'+k%26)))
		})
		if r.IntN(12) == 0 {
			for _, pair := range [][2]*engine.Doc{{d, away}, {away, d}} {
				raws, err := pair[1].Changes()
				if err != nil {
					t.Fatal(err)
				}
				if err := pair[0].Apply(raws...); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	raws, err := away.Changes()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Apply(raws...); err != nil {
		t.Fatal(err)
	}
	return h, d
}

func TestARunOfKeystrokesIsOneEntryThatLeadsToTheSameText(t *testing.T) {
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 10))
		h, d := typing(rt, r, 1+r.IntN(60))
		defer d.Close()
		l := audit.New(h, audit.Options{})
		next := 1
		for _, e := range all(rt, l, audit.Query{Oldest: true, Fold: true, Limit: 1 + r.IntN(4)}) {
			if e.Version-e.Changes+1 != next {
				rt.Fatalf("version %d tells of %d changes, %d is next", e.Version, e.Changes, next)
			}
			next = e.Version + 1
			first, _ := h.IndexOf(e.First)
			last, _ := h.IndexOf(e.Hash)
			var deps []crdt.Hash
			for _, k := range h.Deps(first) {
				deps = append(deps, h.Hash(int(k)))
			}
			before, after := treeAt(rt, d, crdt.NewHeads(deps...)), treeAt(rt, d, crdt.NewHeads(h.Hash(last)))
			replay(rt, treeAt(rt, d, crdt.NewHeads(deps...)), before, e.Did)
			if diff := gocmp.Diff(after, before); diff != "" {
				rt.Fatalf("%d changes until version %d, %+v:\n%s", e.Changes, e.Version, e.Did, diff)
			}
			if e.Changes > 1 {
				runs++
			}
		}
		if next != h.Len()+1 {
			rt.Fatalf("%d of %d changes were told", next-1, h.Len())
		}
	})
	if runs < 100 {
		t.Errorf("only %d runs", runs)
	}
}

func TestEntriesOfAPathAreThoseThatTouchIt(t *testing.T) {
	o := story(t)
	l := o.log()
	for _, c := range []struct {
		path crdt.Path
		fold bool
		want string
	}{
		{crdt.Path{"title"}, false, "[1 4 22 24]"},
		{crdt.Path{job.KeyDescription}, true, "[1 18]"},
		{crdt.Path{job.KeyAssignees, "anna"}, false, "[1 5]"},
		{crdt.Path{job.KeyStatusLog}, false, "[1 2 3 6 7 23 25]"},
		{crdt.Path{job.KeyStatusLog, "e4"}, false, "[23]"},
		{crdt.Path{job.KeyStatusLog, "e4", job.KeyStatus}, false, "[23]"},
		{crdt.Path{job.KeyAttachments, "p1"}, false, "[21 26]"},
		{crdt.Path{"tools", 0}, false, "[28 29]"},
		{crdt.Path{"tools", 1}, false, "[28]"},
		{crdt.Path{"tools", "x"}, false, "[]"},
		{crdt.Path{"nothing"}, false, "[]"},
	} {
		versions := []int{}
		for _, e := range all(t, l, audit.Query{Oldest: true, Path: c.path, Fold: c.fold, Limit: 2}) {
			versions = append(versions, e.Version)
			for _, d := range e.Did {
				if len(d.Path) > 0 && d.Path[0] != c.path[0] {
					t.Errorf("%s: tells of %s", c.path, d.Path)
				}
			}
		}
		if got := fmt.Sprint(versions); got != c.want {
			t.Errorf("%s: versions %s, want %s", c.path, got, c.want)
		}
	}
	if _, err := l.Page(audit.Query{After: crdt.Hash{1}}); crdt.KindOf(err) != crdt.KindNotFound {
		t.Errorf("a page after a change that is not here: %v", err)
	}
}

func TestAPauseEndsARun(t *testing.T) {
	for pause, want := range map[int]int{10: 1, 11: 2} {
		o, d := oneDevice(t)
		for k := range 3 {
			d.make(1, o, splice(k, 0, "a", job.KeyDescription))
		}
		for k := range 3 {
			d.make(1+pause, o, splice(k, 0, "b", job.KeyDescription))
		}
		page, err := o.log().Page(audit.Query{Fold: true})
		if err != nil || len(page.Entries) != 1+want {
			t.Errorf("after %d minutes: %d entries, want %d (%v)", pause, len(page.Entries), 1+want, err)
		}
	}
}

package audit_test

import (
	"cmp"
	"errors"
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
)

func admit(t rapid.TB, changes []*format.Change) *history.History {
	t.Helper()
	h := history.New(history.DefaultLimits())
	for _, c := range changes {
		if _, err := h.Admit(c, history.Author("of "+c.Actor), nil); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func load(t rapid.TB, h *history.History) *engine.Doc {
	t.Helper()
	raws := make([][]byte, h.Len())
	for i := range raws {
		raws[i] = h.Raw(i)
	}
	d, err := engine.Load(raws...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func treeAt(t rapid.TB, d *engine.Doc, heads crdt.Heads) map[string]any {
	t.Helper()
	then, err := d.At(heads)
	if err != nil {
		t.Fatal(err)
	}
	defer then.Close()
	tree, err := then.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// at gives what stands in a tree, and where it can be put.
func at(t rapid.TB, tree map[string]any, path crdt.Path) (v any, put func(any)) {
	t.Helper()
	v, put = tree, func(any) { t.Fatal("the root is put") }
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, ok := v.(map[string]any)
			if !ok {
				t.Fatalf("%s: no map on the way", path)
			}
			v, put = m[s], func(x any) { m[s] = x }
		case int:
			list, ok := v.([]any)
			if !ok || s >= len(list) {
				t.Fatalf("%s: no such element on the way", path)
			}
			v, put = list[s], func(x any) { list[s] = x }
		}
	}
	return v, put
}

// replay does to a tree what effects tell. before is the same tree, to be left alone.
func replay(t rapid.TB, before, tree map[string]any, did []audit.Effect) {
	t.Helper()
	shown := slices.DeleteFunc(slices.Clone(did), func(d audit.Effect) bool { return d.Hidden || d.Kind == audit.Formatted })
	// What lies deeper comes first, as indexes are those of before; then, in a list, what is set, what goes from the last on, what comes.
	order := func(d audit.Effect) int {
		return slices.Index([]audit.Kind{audit.TextEdited, audit.Incremented, audit.Set, audit.Deleted, audit.Added}, d.Kind)
	}
	slices.SortStableFunc(shown, func(a, b audit.Effect) int {
		if c := len(b.Path) - len(a.Path); c != 0 {
			return c
		}
		if c := cmp.Compare(a.Path[:len(a.Path)-1].String(), b.Path[:len(b.Path)-1].String()); c != 0 {
			return c
		}
		if c := order(a) - order(b); c != 0 {
			return c
		}
		x, inList := a.Path[len(a.Path)-1].(int)
		y, too := b.Path[len(b.Path)-1].(int)
		switch {
		case !inList || !too:
			return 0
		case a.Kind == audit.Deleted:
			return y - x
		}
		return x - y
	})
	for _, d := range shown {
		switch d.Kind {
		case audit.TextEdited:
			was, put := at(t, tree, d.Path)
			text, ok := was.(crdt.Text)
			if !ok {
				t.Fatalf("%s: no text to edit", d.Path)
			}
			put(crdt.Text(spliced(t, string(text), d.Splices)))
			continue
		case audit.Set, audit.Incremented, audit.Deleted:
			was, _ := at(t, before, d.Path)
			if diff := gocmp.Diff(was, d.Old[0]); diff != "" {
				t.Fatalf("%s: old value (-core +told):\n%s", d.Path, diff)
			}
		}
		holder, put := at(t, tree, d.Path[:len(d.Path)-1])
		switch step := d.Path[len(d.Path)-1].(type) {
		case string:
			m := holder.(map[string]any)
			if _, there := m[step]; d.Kind == audit.Added && there {
				t.Fatalf("%s: something stands where it was added", d.Path)
			}
			if m[step] = d.New; d.Kind == audit.Deleted {
				delete(m, step)
			}
		case int:
			list := holder.([]any)
			switch d.Kind {
			case audit.Added:
				if step > len(list) {
					t.Fatalf("%s is behind the end of %v; all: %+v", d.Path, list, did)
				}
				put(slices.Insert(slices.Clone(list), step, d.New))
			case audit.Deleted:
				put(slices.Delete(slices.Clone(list), step, step+1))
			default:
				list[step] = d.New
			}
		}
	}
}

func spliced(t rapid.TB, text string, splices []audit.Splice) string {
	t.Helper()
	runes := []rune(text)
	for _, s := range slices.Backward(splices) {
		end := s.Index + len([]rune(s.Deleted))
		if end > len(runes) || string(runes[s.Index:end]) != s.Deleted {
			t.Fatalf("splice %+v does not fit %q", s, text)
		}
		runes = slices.Replace(runes, s.Index, end, []rune(s.Inserted)...)
	}
	return string(runes)
}

func TestWhatAChangeDidLeadsFromWhatItsAuthorSawToWhatHeLeft(t *testing.T) {
	kinds := map[audit.Kind]int{}
	hidden := 0
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 7))
		changes := historytest.Document(r, 1+r.IntN(4), 5+r.IntN(30), 1+r.IntN(10)).Changes
		h := admit(rt, changes)
		d := load(rt, h)
		defer d.Close()
		page, err := audit.New(h, audit.Options{}).Page(audit.Query{Oldest: r.IntN(2) == 0, Limit: 200})
		if err != nil || len(page.Entries) != len(changes) || page.Next != (crdt.Hash{}) {
			rt.Fatalf("%d entries of %d changes, next %s: %v", len(page.Entries), len(changes), page.Next, err)
		}
		for _, e := range page.Entries {
			i, _ := h.IndexOf(e.Hash)
			c := changes[i]
			if e.Actor != c.Actor || e.Seq != c.Seq || e.Author != h.Author(i) || e.Time != crdt.Timestamp(c.Time*1000) || e.Cut || e.More > 0 {
				rt.Fatalf("entry %+v of change %+v", e, c)
			}
			deps := crdt.NewHeads(c.Deps...)
			told, after := treeAt(rt, d, deps), treeAt(rt, d, crdt.NewHeads(c.Hash))
			replay(rt, treeAt(rt, d, deps), told, e.Did)
			if diff := gocmp.Diff(after, told); diff != "" {
				rt.Fatalf("%+v\nleads elsewhere (-core +told):\n%s", e.Did, diff)
			}
			view, err := d.At(crdt.NewHeads(c.Deps...))
			if err != nil {
				rt.Fatal(err)
			}
			for _, did := range e.Did {
				kinds[did.Kind]++
				if did.Hidden {
					hidden++
				}
				if len(did.Old) < 2 || did.Hidden {
					continue
				}
				all, err := view.Conflicts(did.Path...)
				if errors.Is(err, engine.ErrMiscounted) {
					continue
				}
				if err != nil || len(all) != len(did.Old) {
					rt.Fatalf("%s: %d values clashed, not %d: %v", did.Path, len(all), len(did.Old), err)
				}
				for k := range all {
					if diff := gocmp.Diff(all[k].Value, did.Old[k]); diff != "" {
						rt.Fatalf("%s: alternative %d:\n%s", did.Path, k, diff)
					}
				}
				kinds["clash"]++
			}
			view.Close()
		}
	})
	for _, k := range []audit.Kind{audit.Added, audit.Set, audit.Deleted, audit.TextEdited, audit.Incremented, audit.Formatted, "clash"} {
		if kinds[k] < 30 {
			t.Errorf("only %d of kind %s", kinds[k], k)
		}
	}
	if hidden < 10 {
		t.Errorf("only %d effects in what was not shown", hidden)
	}
}

package audit_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
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

// differences gives the places in which two trees differ; of a list the list itself.
func differences(a, b any, at crdt.Path, out *[]crdt.Path) {
	x, isMap := a.(map[string]any)
	y, too := b.(map[string]any)
	if !isMap || !too {
		if !reflect.DeepEqual(a, b) {
			*out = append(*out, at)
		}
		return
	}
	for k := range x {
		if _, there := y[k]; !there {
			*out = append(*out, at.Join(k))
			continue
		}
		differences(x[k], y[k], at.Join(k), out)
	}
	for k := range y {
		if _, there := x[k]; !there {
			*out = append(*out, at.Join(k))
		}
	}
}

func within(path, top crdt.Path) bool {
	return len(path) >= len(top) && reflect.DeepEqual(path[:len(top)], top)
}

// spot is a place that a change writes to, by identity.
type spot struct {
	obj  history.ObjID
	key  string
	elem history.ElemID
}

func spots(h *history.History, i int) map[spot]bool {
	out := make(map[spot]bool)
	for p := range h.Places(i) {
		if p.Own {
			continue
		}
		out[spot{p.Object, p.Key, p.Elem}] = true
		if p.InSeq {
			out[spot{obj: p.Object}] = true // somewhere in the sequence
		}
	}
	return out
}

// undone undoes a change in the core; nil where nothing was left to undo, or the core cannot name a list's element.
func undone(t rapid.TB, h *history.History, d *engine.Doc, hash crdt.Hash, by crdt.ActorID) (audit.Undone, *format.Change) {
	t.Helper()
	u, err := audit.New(h, audit.Options{}).Undo(hash, audit.Stamp{EventID: "undo", At: 1})
	if err != nil {
		if crdt.KindOf(err) != crdt.KindConflict || len(u.Edits) > 0 {
			t.Fatalf("undo: %v, %+v", err, u)
		}
		return u, nil
	}
	raw, err := d.Edit(engine.Commit{Actor: by, Message: audit.UndoMessage(hash)}, func(tx *engine.Tx) error { return tx.Apply(u.Edits...) })
	if errors.Is(err, engine.ErrMiscounted) {
		return u, nil
	}
	if err != nil {
		t.Fatalf("%+v: %v", u.Edits, err)
	}
	if raw == nil {
		t.Fatalf("%+v did nothing", u.Edits)
	}
	c, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Admit(c, "undo", nil); err != nil {
		t.Fatal(err)
	}
	return u, c
}

func TestUndoTakesBackOneChangeAndNothingElse(t *testing.T) {
	heads, others, again, leftAlone, alone := 0, 0, 0, 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 8))
		changes := historytest.Document(r, 1+r.IntN(4), 5+r.IntN(30), 1+r.IntN(8)).Changes
		h := admit(rt, changes)
		d := load(rt, h)
		defer d.Close()
		now, err := d.Tree()
		if err != nil {
			rt.Fatal(err)
		}
		i := r.IntN(len(changes))
		isHead := false
		if hs := h.Heads(); r.IntN(2) == 0 {
			i, _ = h.IndexOf(hs[r.IntN(len(hs))])
		}
		for _, x := range h.Heads() {
			isHead = isHead || x == h.Hash(i)
		}
		u, c := undone(rt, h, d, h.Hash(i), "undoer")
		leftAlone += len(u.Left)
		if c == nil {
			return
		}
		then, err := d.Tree()
		if err != nil {
			rt.Fatal(err)
		}
		if isHead { // then there is a document in which the change was never made
			without := load(rt, admit(rt, slices.Delete(slices.Clone(changes), i, i+1)))
			want, err := without.Tree()
			without.Close()
			if err != nil {
				rt.Fatal(err)
			}
			var differ []crdt.Path
			differences(want, then, nil, &differ)
			for _, p := range differ {
				if !slices.ContainsFunc(u.Left, func(l audit.Left) bool { return within(p, l.Path) || within(l.Path, p) }) {
					rt.Fatalf("%s is not as without the change; left %v, edits %+v\n%s", p, u.Left, u.Edits, gocmp.Diff(want, then))
				}
			}
			heads++
		} else {
			others++
		}
		// It writes only where the change wrote.
		k, _ := h.IndexOf(c.Hash)
		mine := spots(h, i)
		for p := range h.Places(k) {
			s := spot{p.Object, p.Key, p.Elem}
			if p.Insert {
				s.elem = 0
			}
			if !p.Own && !mine[s] {
				rt.Fatalf("the undo writes to %+v, the change wrote to %v", p, mine)
			}
		}
		then0, err := d.At(crdt.NewHeads(h.Hash(i)))
		if err != nil {
			rt.Fatal(err)
		}
		defer then0.Close()
		before, err := d.At(crdt.NewHeads(changes[i].Deps...))
		if err != nil {
			rt.Fatal(err)
		}
		defer before.Close()
		for _, e := range u.Edits {
			if e.Kind != crdt.EditSet && e.Kind != crdt.EditDelete || slices.ContainsFunc(e.Path, func(s any) bool { _, ok := s.(int); return ok }) {
				continue
			}
			// It overwrites only what the change had put there; or settles for what stands there.
			is, _ := lookup(now, e.Path)
			put, err := then0.Get(e.Path...)
			if err != nil && !errors.Is(err, engine.ErrNotFound) {
				continue // it was elsewhere then
			}
			became, _ := lookup(then, e.Path)
			if !reflect.DeepEqual(is, put) && !reflect.DeepEqual(is, became) {
				rt.Fatalf("%s: %v stood there, which is not %v, and was overwritten by %v", e.Path, is, put, became)
			}
			// Where nobody wrote since, it is as it was.
			if wroteSince(h, i, k, e.Path) {
				continue
			}
			want, err := before.Get(e.Path...)
			if err != nil && !errors.Is(err, engine.ErrNotFound) {
				continue
			}
			if !reflect.DeepEqual(became, want) {
				rt.Fatalf("%s is %v, and was %v before", e.Path, became, want)
			}
			alone++
		}
		// And undoing that does the change again.
		u2, c2 := undone(rt, h, d, c.Hash, "redoer")
		if c2 == nil {
			if len(u2.Edits) == 0 && !reflect.DeepEqual(now, then) { // it did more than to settle clashes
				rt.Fatalf("an undo of %+v cannot be undone: %+v", u.Edits, u2.Left)
			}
			return
		}
		restored, err := d.Tree()
		if err != nil {
			rt.Fatal(err)
		}
		if diff := gocmp.Diff(now, restored); diff != "" {
			rt.Fatalf("undoing the undo with %+v (-before +now):\n%s", u2.Edits, diff)
		}
		again++
	})
	t.Log(heads, others, again, leftAlone, alone)
	if min(heads, others, again, leftAlone, alone) < 3 {
		t.Errorf("only %d heads, %d others, %d undone twice, %d left alone, %d as before", heads, others, again, leftAlone, alone)
	}
}

func lookup(tree map[string]any, path crdt.Path) (any, bool) {
	v := any(tree)
	for _, s := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[fmt.Sprint(s)]; !ok {
			return nil, false
		}
	}
	return v, true
}

// wroteSince tells whether a change that is not in the past of change i, and is none of i and k, wrote at a path of keys, above or below.
func wroteSince(h *history.History, i, k int, path crdt.Path) bool {
	for c := range h.Len() {
		if c == i || c == k || h.InPast(c, i) {
			continue
		}
		for p := range h.Places(c) {
			steps := h.Path(p.Object)
			if !p.InSeq {
				steps = append(steps, history.Step{Key: p.Key})
			}
			same := true
			for n := range min(len(steps), len(path)) {
				if steps[n].InSeq || steps[n].Key != path[n] {
					same = steps[n].InSeq
					break
				}
			}
			if same {
				return true
			}
		}
	}
	return false
}

// Other clients put several characters into one element of a text, or none, or no string at all.
func TestUndoInATextOfUnusualElements(t *testing.T) {
	undid := 0
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 13))
		w := historytest.NewWriter("a", r)
		text := w.Do(historytest.Op{Key: "t", Action: format.ActionMakeText})
		elems := []historytest.ID{{}}
		edit := func() {
			odd := []format.Value{format.StringValue("many😀"), format.StringValue(""), format.StringValue("e\u0301"), format.IntValue(7),
				format.StringValue("x"), format.StringValue("y")}[r.IntN(6)]
			k := r.IntN(len(elems))
			switch n := r.IntN(6); {
			case n < 3 || k == 0:
				o := historytest.Op{Object: text, Elem: elems[k], InSeq: true, Insert: true, Action: format.ActionSet, Value: odd}
				if r.IntN(8) == 0 {
					o.Action, o.Value = format.ActionMakeMap, format.Value{}
				}
				elems = append(elems, w.Do(o))
			case len(w.Visible(text, true, "", elems[k])) == 0:
			case n == 3:
				w.Do(historytest.Op{Object: text, Elem: elems[k], InSeq: true, Action: format.ActionSet, Value: odd})
			default:
				w.Do(historytest.Op{Object: text, Elem: elems[k], InSeq: true, Action: format.ActionDelete})
			}
		}
		for range 3 + r.IntN(5) {
			for range 1 + r.IntN(5) {
				edit()
			}
			w.Commit()
		}
		i := len(w.Changes) - 1 - r.IntN(2)
		h := admit(rt, w.Changes)
		d := load(rt, h)
		defer d.Close()
		want, _ := h.Replay().Without(i).Text(must2(h.GetObject(h.Root(), "t")), history.MaxText)
		is, err := d.Get("t")
		if err != nil {
			rt.Fatal(err)
		}
		u, c := undone(rt, h, d, h.Hash(i), "undoer")
		if c == nil {
			if is != crdt.Text(want) {
				rt.Fatalf("nothing is left to undo (%+v), but the text reads %q, not %q", u, is, want)
			}
			return
		}
		if got, err := d.Get("t"); err != nil || got != crdt.Text(want) {
			rt.Fatalf("after %+v the text reads %q, not %q (%v)", u.Edits, got, want, err)
		}
		undid++
	})
	if undid < 50 {
		t.Errorf("only %d were undone", undid)
	}
}

func must2[T any](v T, ok bool) T {
	if !ok {
		panic("not there")
	}
	return v
}

package engine

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// both loads changes into a history and into the core.
func both(t rapid.TB, changes []*format.Change) (*history.History, *Doc) {
	t.Helper()
	h := history.New(history.DefaultLimits())
	var raws [][]byte
	for _, c := range changes {
		if _, err := h.Admit(c, "author", nil); err != nil {
			t.Fatal(err)
		}
		raws = append(raws, c.Raw)
	}
	d, err := Load(raws...)
	if err != nil {
		t.Fatal(err)
	}
	return h, d
}

// compareTexts finds every text of a core's document, and wants the history to read the same at these heads. It gives how many
// there are, and how many characters they have.
func compareTexts(t rapid.TB, h *history.History, d *Doc, heads crdt.Heads) (n, characters int) {
	t.Helper()
	tree, err := d.Tree()
	if err != nil {
		t.Fatal(err)
	}
	var walk func(at crdt.Path, v any)
	walk = func(at crdt.Path, v any) {
		switch x := v.(type) {
		case map[string]any:
			for k, v := range x {
				walk(at.Join(k), v)
			}
		case []any:
			for i, v := range x {
				walk(at.Join(i), v)
			}
		case crdt.Text:
			all, err := d.Conflicts(at...)
			if errors.Is(err, ErrMiscounted) || errors.Is(err, ErrNotFound) { // the core cannot name an element of this list
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if winner, ok := all[0].Value.(crdt.Text); !ok || winner != x { // the path leads elsewhere, for the same reason
				return
			}
			obj, ok := h.Object(history.OpID{Counter: all[0].Counter, Actor: all[0].Actor})
			if !ok {
				t.Fatalf("%s: no object %+v", at, all[0])
			}
			if got, ok := h.TextAt(obj, heads); !ok || got != string(x) {
				t.Fatalf("%s at %s reads %q (%v), not %q", at, heads, got, ok, x)
			}
			if heads.Equal(h.Heads()) {
				if got, ok := h.Text(obj); !ok || got != string(x) {
					t.Fatalf("%s reads %q (%v), not %q", at, got, ok, x)
				}
			}
			n++
			characters += len(x)
		}
	}
	walk(nil, tree)
	return n, characters
}

func compareTextsAt(t rapid.TB, h *history.History, d *Doc, heads crdt.Heads) (n, characters int) {
	t.Helper()
	then, err := d.At(heads)
	if err != nil {
		t.Fatal(err)
	}
	defer then.Close()
	return compareTexts(t, h, then, heads)
}

func TestAHistoryReadsTextsAsTheCoreDoesNowAndAtAnyHeads(t *testing.T) {
	seen, characters := 0, 0
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 4))
		changes := historytest.Document(r, 1+r.IntN(4), 5+r.IntN(40), 1+r.IntN(12)).Changes
		h, d := both(rt, changes)
		defer d.Close()
		n, c := compareTexts(rt, h, d, h.Heads())
		seen, characters = seen+n, characters+c
		for range 4 {
			heads := crdt.NewHeads(changes[r.IntN(len(changes))].Hash)
			if r.IntN(2) == 0 {
				heads = crdt.NewHeads(heads[0], changes[r.IntN(len(changes))].Hash)
			}
			n, c := compareTextsAt(rt, h, d, heads)
			seen, characters = seen+n, characters+c
		}
	})
	if seen < 300 || characters < 300 {
		t.Errorf("only %d texts with %d bytes were compared", seen, characters)
	}
}

func TestAHistoryReadsTheTextsOfOtherCoresDocuments(t *testing.T) {
	files, err := filepath.Glob("../../conformance/vectors/*.changes")
	if err != nil || len(files) < 30 {
		t.Fatalf("%d vectors: %v", len(files), err)
	}
	seen := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var changes []*format.Change
			h := history.New(history.DefaultLimits())
			for len(raw) > 0 {
				end := len(raw)
				if next := bytes.Index(raw[4:], raw[:4]); next >= 0 {
					end = next + 4
				}
				c, err := format.DecodeChange(raw[:end], format.DefaultLimits())
				if err != nil {
					t.Fatal(err)
				}
				if _, err := h.Admit(c, "author", nil); err != nil {
					return // a table, which has no texts
				}
				changes = append(changes, c)
				raw = raw[end:]
			}
			h, d := both(t, changes)
			defer d.Close()
			n, _ := compareTexts(t, h, d, h.Heads())
			seen += n
			for i := 0; i < len(changes); i += 1 + len(changes)/8 {
				n, _ := compareTextsAt(t, h, d, crdt.NewHeads(changes[i].Hash))
				seen += n
			}
		})
	}
	if seen < 500 {
		t.Errorf("only %d texts were compared", seen)
	}
}

// Several characters in one element, an element that is no string, a mark, an overwritten character and concurrent deletions.
func TestAHistoryReadsUnusualElementsOfATextAsTheCoreDoes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	w := historytest.NewWriter("a", r)
	text := w.Do(historytest.Op{Key: "t", Action: format.ActionMakeText})
	put := func(w *historytest.Writer, behind historytest.ID, v format.Value) historytest.ID {
		return w.Do(historytest.Op{Object: text, Elem: behind, InSeq: true, Insert: true, Action: format.ActionSet, Value: v})
	}
	first := put(w, historytest.ID{}, format.StringValue("ä👩‍👩‍👧 many"))
	second := put(w, first, format.StringValue("x"))
	put(w, second, format.IntValue(7))
	put(w, second, format.StringValue(""))
	w.Do(historytest.Op{Object: text, Elem: first, InSeq: true, Insert: true, Action: format.ActionMakeMap})
	w.Commit()
	other := historytest.NewWriter("b", r)
	other.MergeFrom(w.Model, -1)
	set := func(w *historytest.Writer, elem historytest.ID, a format.Action, s string) {
		o := historytest.Op{Object: text, Elem: elem, InSeq: true, Action: a}
		if a == format.ActionSet {
			o.Value = format.StringValue(s)
		}
		w.Do(o)
	}
	set(w, second, format.ActionSet, "by a")
	set(w, first, format.ActionDelete, "")
	set(other, second, format.ActionSet, "by b")
	put(other, first, format.StringValue("behind what goes"))
	w.Commit()
	other.Commit()
	w.MergeFrom(other.Model, -1)
	h, d := both(t, w.Changes)
	defer d.Close()
	if n, c := compareTexts(t, h, d, h.Heads()); n != 1 || c < 20 {
		t.Errorf("%d texts, %d bytes", n, c)
	}
	for _, c := range w.Changes {
		compareTextsAt(t, h, d, crdt.NewHeads(c.Hash))
	}
	obj, _ := h.GetObject(h.Root(), "t")
	if _, ok := h.TextAt(obj, nil); ok {
		t.Error("the text is there before it was made")
	}
	if _, ok := h.Text(h.Root()); ok {
		t.Error("the root reads as a text")
	}
}

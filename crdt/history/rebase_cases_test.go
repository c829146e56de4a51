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

// The shapes that people bring about, one by one.
func TestRebaseOfWhatPeopleDo(t *testing.T) {
	rand := rand.New(rand.NewPCG(1, 1))
	set := func(key, value string) historytest.Op {
		return historytest.Op{Key: key, Action: format.ActionSet, Value: format.StringValue(value)}
	}
	type world struct {
		*historytest.Writer
		h      *history.History
		author history.Author
	}
	begin := func(t *testing.T) *world {
		w := &world{historytest.NewWriter("anna-of-the-phone", rand), history.New(history.DefaultLimits()), me}
		return w
	}
	commit := func(t *testing.T, w *world) crdt.Hash {
		t.Helper()
		c := w.Commit()
		if _, err := w.h.Admit(c, w.author, nil); err != nil {
			t.Fatal(err)
		}
		return c.Hash
	}
	after := func(t *testing.T, w *world, drop ...crdt.Hash) (*history.History, *history.Rebased) {
		t.Helper()
		r, err := w.h.Rebase(history.Rebase{Drop: drop, Own: me, Actor: "anna-of-the-phone 2"})
		if err != nil {
			t.Fatal(err)
		}
		gone := map[int]bool{}
		for _, g := range r.Gone {
			gone[g.Index] = true
		}
		h, err := w.h.Without(func(i int) bool { return gone[i] })
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range r.News {
			c, err := format.DecodeChange(n.Raw, format.DefaultLimits())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := h.Admit(c, me, nil); err != nil {
				t.Fatal(err)
			}
		}
		return h, r
	}
	values := func(h *history.History, path ...string) (out []string) {
		for _, v := range h.Lookup(path...) {
			s, _ := v.Value.Str()
			out = append(out, s)
		}
		return out
	}
	t.Run("a later value of the same field takes the place of what stood before", func(t *testing.T) {
		w := begin(t)
		w.Do(set("title", "pump"))
		commit(t, w)
		w.Do(set("title", "two pumps"))
		bad := commit(t, w)
		w.Do(set("title", "three pumps"))
		commit(t, w)
		h, _ := after(t, w, bad)
		if got := values(h, "title"); !slices.Equal(got, []string{"three pumps"}) {
			t.Errorf("title is %q", got)
		}
	})
	t.Run("a field that was deleted by it and set again does not clash", func(t *testing.T) {
		w := begin(t)
		w.Do(set("title", "pump"))
		commit(t, w)
		w.Do(historytest.Op{Key: "title", Action: format.ActionDelete})
		bad := commit(t, w)
		w.Do(set("title", "two pumps"))
		commit(t, w)
		h, _ := after(t, w, bad)
		if got := values(h, "title"); !slices.Equal(got, []string{"two pumps"}) {
			t.Errorf("title is %q", got)
		}
	})
	t.Run("a deletion of what it wrote deletes what stood before", func(t *testing.T) {
		w := begin(t)
		w.Do(set("title", "pump"))
		commit(t, w)
		w.Do(set("title", "two pumps"))
		bad := commit(t, w)
		w.Do(historytest.Op{Key: "title", Action: format.ActionDelete})
		w.Do(set("note", "kept"))
		commit(t, w)
		h, _ := after(t, w, bad)
		if len(values(h, "title")) != 0 || !slices.Equal(values(h, "note"), []string{"kept"}) {
			t.Errorf("title %q, note %q", values(h, "title"), values(h, "note"))
		}
	})
	t.Run("what is written into a map that it made is lost and named, the rest is kept", func(t *testing.T) {
		w := begin(t)
		w.Do(set("title", "pump"))
		commit(t, w)
		made := w.Do(historytest.Op{Key: "extra", Action: format.ActionMakeMap})
		bad := commit(t, w)
		w.Do(set("a", "1"))
		inner := set("x", "lost")
		inner.Object = made
		w.Do(inner)
		w.Do(set("b", "2"))
		last := commit(t, w)
		h, r := after(t, w, bad)
		if !slices.Equal(values(h, "a"), []string{"1"}) || !slices.Equal(values(h, "b"), []string{"2"}) || len(values(h, "extra")) != 0 {
			t.Errorf("a %q b %q", values(h, "a"), values(h, "b"))
		}
		if len(r.Gone) != 2 || r.Gone[1].Hash != last || !slices.Equal(r.Gone[1].Lost, []history.Lost{{Op: 1, Cause: bad}}) || len(r.News) != 2 {
			t.Errorf("told: %+v, %d new", r.Gone, len(r.News))
		}
	})
	t.Run("a mark whose ends would change places is lost", func(t *testing.T) {
		w := begin(t)
		text := w.Do(historytest.Op{Key: "text", Action: format.ActionMakeText})
		letter := func(behind historytest.ID, s string) historytest.Op {
			return historytest.Op{Object: text, InSeq: true, Insert: true, Elem: behind, Action: format.ActionSet, Value: format.StringValue(s)}
		}
		p := w.Do(letter(historytest.ID{}, "p"))
		commit(t, w)
		other := historytest.NewWriter("ben", rand)
		other.MergeFrom(w.Model, -1)
		x := w.Do(letter(p, "x"))
		bad := commit(t, w)
		w.author, w.Writer, other = "ben", other, w.Writer
		w.Do(letter(p, "-")) // so that y has the greater id, and stands before x
		y := w.Do(letter(p, "y"))
		commit(t, w)
		w.author, w.Writer, other = me, other, w.Writer
		w.MergeFrom(other.Model, -1)
		w.Do(historytest.Op{Object: text, InSeq: true, Insert: true, Elem: y, Action: format.ActionMark, HasMark: true, MarkName: "bold",
			Value: format.BoolValue(true)})
		w.Do(historytest.Op{Object: text, InSeq: true, Insert: true, Elem: x, Action: format.ActionMark})
		w.Do(set("note", "kept"))
		commit(t, w)
		h, r := after(t, w, bad)
		if len(r.Gone) != 2 || len(r.Gone[1].Lost) != 2 || !slices.Equal(values(h, "note"), []string{"kept"}) {
			t.Errorf("told: %+v", r.Gone)
		}
	})
	t.Run("without its first change there is no document", func(t *testing.T) {
		w := begin(t)
		w.Do(set("title", "pump"))
		bad := commit(t, w)
		w.Do(set("note", "mine"))
		commit(t, w)
		h, r := after(t, w, bad)
		if h.Len() != 0 || len(r.News) != 0 || len(r.Gone) != 2 || len(r.Gone[1].Lost) != 1 {
			t.Errorf("%d changes left, told: %+v", h.Len(), r.Gone)
		}
	})
	t.Run("an actor that has written is refused", func(t *testing.T) {
		w := begin(t)
		w.Do(set("title", "pump"))
		bad := commit(t, w)
		if _, err := w.h.Rebase(history.Rebase{Drop: []crdt.Hash{bad}, Own: me, Actor: w.Actor}); err == nil {
			t.Error("taken")
		}
	})
}

package history_test

import (
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// Who overwrote what a change had put there meant what the change had overwritten as well: taking the change out does not bring that back.
func TestWithoutAChangeNothingComesBackThatOthersTookAway(t *testing.T) {
	w := historytest.NewWriter("a", nil)
	text := w.Do(historytest.Op{Key: "text", Action: format.ActionMakeText})
	elem := w.Do(historytest.Op{Object: text, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue("p")})
	w.Do(put("k", "old"))
	w.Do(put("other", "old"))
	w.Commit()
	w.Do(put("k", "new"))
	w.Do(historytest.Op{Object: text, Elem: elem, InSeq: true, Action: format.ActionSet, Value: format.StringValue("w")})
	w.Do(historytest.Op{Object: text, Elem: elem, InSeq: true, Action: format.ActionSet, Value: format.StringValue("v")}) // over its own
	w.Do(historytest.Op{Key: "other", Action: format.ActionDelete})
	w.Commit()
	w.Do(historytest.Op{Key: "k", Action: format.ActionDelete})
	w.Do(historytest.Op{Object: text, Elem: elem, InSeq: true, Action: format.ActionDelete})
	w.Commit()
	h := history.New(history.DefaultLimits())
	for _, c := range w.Changes {
		if _, err := h.Admit(c, "author", nil); err != nil {
			t.Fatal(err)
		}
	}
	check := func(what string, v *history.View, want map[string]any) {
		t.Helper()
		b := history.Budget{Values: 100, Bytes: 100}
		got := v.Tree(&b)
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
		for k := range want {
			if got[k] != want[k] {
				t.Errorf("%s: %s is %v, want %v", what, k, got[k], want[k])
			}
		}
	}
	r := h.Replay()
	check("without the second", r.Without(1), map[string]any{"text": crdt.Text(""), "other": "old"})
	check("without the third", r.Without(2), map[string]any{"text": crdt.Text("v"), "k": "new"})
	check("the first", r.After(0), map[string]any{"text": crdt.Text("p"), "k": "old", "other": "old"})
	check("all", r.Now(), map[string]any{"text": crdt.Text("")})
}

func TestAValueIsCutAtItsBudget(t *testing.T) {
	w := historytest.NewWriter("a", nil)
	w.Do(put("k1", "ääää"))
	w.Do(put("k2", "bbbb"))
	text := w.Do(historytest.Op{Key: "k3", Action: format.ActionMakeText})
	w.Do(historytest.Op{Object: text, InSeq: true, Insert: true, Action: format.ActionSet, Value: format.StringValue("cc")})
	w.Commit()
	h := history.New(history.DefaultLimits())
	if _, err := h.Admit(w.Changes[0], "author", nil); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		b    history.Budget
		want map[string]any
	}{
		{history.Budget{Values: 100, Bytes: 100}, map[string]any{"k1": "ääää", "k2": "bbbb", "k3": crdt.Text("cc")}},
		{history.Budget{Values: 3, Bytes: 100}, map[string]any{"k1": "ääää", "k2": "bbbb"}},
		{history.Budget{Values: 100, Bytes: 19}, map[string]any{"k1": "ääää", "k2": "bbbb", "k3": crdt.Text("")}},
	} {
		b := c.b
		got := h.Replay().Now().Tree(&b)
		if len(got) != len(c.want) || got["k1"] != c.want["k1"] || got["k2"] != c.want["k2"] || got["k3"] != c.want["k3"] {
			t.Errorf("%+v: %v, want %v", c.b, got, c.want)
		}
		if cut := len(got) < 3 || got["k3"] != crdt.Text("cc"); b.Cut != cut {
			t.Errorf("%+v: cut %v, want %v", c.b, b.Cut, cut)
		}
	}
}

func put(key, v string) historytest.Op {
	return historytest.Op{Key: key, Action: format.ActionSet, Value: format.StringValue(v)}
}

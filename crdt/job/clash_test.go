package job_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// apart gives two copies of a document on which each of two people did something without the other, and knows of it now.
func apart(t failer, c *copyOf, one, two []crdt.Edit) (a, b *copyOf) {
	t.Helper()
	base := must1(c.doc.Changes())
	a, b = open(t, "a", base...), open(t, "b", base...)
	ra, rb := a.edit(one...), b.edit(two...)
	a.apply(rb)
	b.apply(ra)
	return a, b
}

func clashesOf(c *copyOf) []job.Clash { return job.Clashes(c.tree(), must1(c.doc.Clashes())) }

func set(path crdt.Path, v any) []crdt.Edit { return []crdt.Edit{{Path: path, Value: v}} }

// setAt is set with the steps of the path, the value last.
func setAt(steps ...any) []crdt.Edit { return set(steps[:len(steps)-1], steps[len(steps)-1]) }

func TestWhatTwoWroteAtOnceIsAClashThatOneTapSettles(t *testing.T) {
	for name, c := range map[string]struct {
		one, two    []crdt.Edit
		field, name string
		values      string // as JSON, the winner first; which is b's
	}{
		"a title":             {setAt("title", "A"), setAt("title", "B"), "title", "", `["B","A"]`},
		"a time":              {setAt("scheduled_at", crdt.Timestamp(1000)), setAt("scheduled_at", crdt.Timestamp(2000)), "scheduled_at", "", `["1970-01-01T00:00:02.000Z","1970-01-01T00:00:01.000Z"]`},
		"a duration":          {setAt("scheduled_duration", "minutes", int64(1)), setAt("scheduled_duration", "minutes", int64(2)), "scheduled_duration.minutes", "", `[2,1]`},
		"a client":            {setAt("client", map[string]any{"uuid": "a"}), setAt("client", map[string]any{"uuid": "b", "name": "B"}), "client", "", `[{"uuid":"b","name":"B"},{"uuid":"a"}]`},
		"an answer":           {setAt("custom_fields", "f0", "value", int64(1)), setAt("custom_fields", "f0", "value", 2.5), "custom_fields.f0.value", "Order", `[2.5,1]`},
		"a choice":            {setAt("report_fields", "f2", "value", "red"), setAt("report_fields", "f2", "value", "green"), "report_fields.f2.value", "Colour", `["green","red"]`},
		"who has edit access": {setAt("assignees", "anna", "edit", false), setAt("assignees", "anna", "edit", nil), "assignees.anna.edit", "", `[null,false]`},
		"an item's text":      {setAt("checklist", "i1", "text", "A"), setAt("checklist", "i1", "text", "B"), "checklist.i1.text", "B", `["B","A"]`},
		"an unknown key":      {setAt("mood", []any{"a", true}), setAt("mood", crdt.Text("b")), "mood", "", `["b",["a",true]]`},
	} {
		t.Run(name, func(t *testing.T) {
			base := made(t, "base", parsed(t, whole))
			defer base.close()
			a, b := apart(t, base, c.one, c.two)
			defer a.close()
			defer b.close()
			var want any
			if err := json.Unmarshal([]byte(c.values), &want); err != nil {
				t.Fatal(err)
			}
			for _, side := range []*copyOf{a, b} {
				got := clashesOf(side)
				if len(got) != 1 || got[0].Kind != job.FieldClash || got[0].Field != c.field || got[0].Name != c.name {
					t.Fatalf("%+v", got)
				}
				values := []any{}
				for _, v := range got[0].Values {
					values = append(values, decoded(t, v)["value"])
				}
				same(t, want, any(values), "the values")
				if got[0].Values[0].Actor != "b" || got[0].Values[1].Actor != "a" || got[0].Values[0].Counter == 0 {
					t.Errorf("the authors are %+v", got[0].Values)
				}
			}
			for choice := range 2 { // each may be chosen
				at := open(t, fmt.Sprint("settler", choice), must1(a.doc.Changes())...)
				defer at.close()
				clash := clashesOf(at)[0]
				at.edit(must(t)(job.Settle(at.tree(), clash, choice, job.Event{}))...)
				if left := clashesOf(at); len(left) > 0 {
					t.Errorf("still clashes: %+v", left)
				}
				v, err := at.doc.Get(clash.Path...)
				if err != nil {
					t.Fatal(err)
				}
				same(t, want.([]any)[choice], decoded(t, map[string]any{"v": v})["v"], "the value that was chosen")
			}
		})
	}
}

func TestWhatContradictsNothingIsNoClash(t *testing.T) {
	for name, c := range map[string]struct{ one, two []crdt.Edit }{
		"the same value twice":                {setAt("title", "A"), setAt("title", "A")},
		"different fields":                    {setAt("title", "A"), setAt("serial_no", "B")},
		"both write into the description":     {[]crdt.Edit{{Kind: crdt.EditSetText, Path: crdt.Path{"description"}, Text: "Leaks. A"}}, []crdt.Edit{{Kind: crdt.EditSetText, Path: crdt.Path{"description"}, Text: "B Leaks."}}},
		"both write into an answer":           {[]crdt.Edit{{Kind: crdt.EditSetText, Path: crdt.Path{"report_fields", "f1", "value"}, Text: "A"}}, []crdt.Edit{{Kind: crdt.EditSetText, Path: crdt.Path{"report_fields", "f1", "value"}, Text: "B"}}},
		"an entry moved to two places":        {setAt("checklist", "i1", "position", int64(5)), setAt("checklist", "i1", "position", int64(6))},
		"an entry added by each":              {setAt("contacts", "a", map[string]any{"name": "A"}), setAt("contacts", "b", map[string]any{"name": "B"})},
		"one changes what the other removed":  {setAt("contacts", "k1", "name", "A"), []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{"contacts", "k1", "name"}}}},
		"a map made twice, with nothing lost": {setAt("mood", map[string]any{}), setAt("mood", map[string]any{})},
	} {
		t.Run(name, func(t *testing.T) {
			base := made(t, "base", parsed(t, whole))
			defer base.close()
			a, b := apart(t, base, c.one, c.two)
			defer a.close()
			defer b.close()
			for _, side := range []*copyOf{a, b} {
				if got := clashesOf(side); len(got) > 0 {
					t.Errorf("%+v", got)
				}
			}
		})
	}
}

func TestBothTickedIsNoClashAndTickedAgainstNotIsOne(t *testing.T) {
	tick := func(base *copyOf, user string, done bool, now crdt.Timestamp) []crdt.Edit {
		return must(t)(job.Tick(theJob(base), "i1", done, job.Author{User: user, Now: now}))
	}
	base := made(t, "base", parsed(t, whole))
	defer base.close()
	a, b := apart(t, base, tick(base, "anna", true, 5), tick(base, "ben", true, 6))
	defer a.close()
	defer b.close()
	if got := clashesOf(a); len(got) > 0 {
		t.Errorf("both ticked: %+v", got)
	}
	if len(must1(a.doc.Clashes())) == 0 {
		t.Error("the case has nothing that could clash")
	}

	// anna ticks it anew, ben takes the tick away that he still sees.
	base.edit(tick(base, "anna", true, 5)...)
	untick, again := tick(base, "ben", false, 7), append(setAt("checklist", "i1", "done", true), setAt("checklist", "i1", "done_at", crdt.Timestamp(8))...)
	a, b = apart(t, base, untick, append([]crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{"checklist", "i1", "done"}}}, again...))
	defer a.close()
	defer b.close()
	got := clashesOf(a)
	if len(got) != 1 || got[0].Field != "checklist.i1.done" || got[0].Name != "Gas off" {
		t.Fatalf("%+v", got)
	}
	for choice, v := range got[0].Values {
		at := open(t, fmt.Sprint("settler", choice), must1(a.doc.Changes())...)
		defer at.close()
		at.edit(must(t)(job.Settle(at.tree(), clashesOf(at)[0], choice, job.Event{}))...)
		item := theJob(at).Checklist[0]
		if item.Done != v.Value || item.Done != (item.DoneAt != 0) || len(clashesOf(at)) > 0 {
			t.Errorf("settled to %v: %+v, %+v", v.Value, item, clashesOf(at))
		}
	}
}

func TestAMapThatWasMadeTwiceIsPutTogether(t *testing.T) {
	for name, key := range map[string]string{"contacts": "contacts", "status log": "status_log", "checklist": "checklist"} {
		t.Run(name, func(t *testing.T) {
			base := open(t, "base")
			defer base.close()
			base.edit(setAt("kind", "job")...)
			entry := func(id string) []crdt.Edit {
				return []crdt.Edit{{Kind: crdt.EditEnsureMap, Path: crdt.Path{key}}, {Path: crdt.Path{key, id}, Value: map[string]any{"status": "started", "text": id, "name": id}}}
			}
			a, b := apart(t, base, entry("x"), entry("y"))
			defer a.close()
			defer b.close()
			got := clashesOf(a)
			if len(got) != 1 || got[0].Kind != job.EntriesClash || got[0].Field != key {
				t.Fatalf("%+v", got)
			}
			a.edit(must(t)(job.Settle(a.tree(), got[0], 1, job.Event{}))...)
			m, _ := a.tree()[key].(map[string]any)
			if len(m) != 2 || m["x"].(map[string]any)["name"] != "x" || m["y"].(map[string]any)["name"] != "y" {
				t.Errorf("%v", m)
			}
			for _, c := range clashesOf(a) {
				if c.Kind == job.EntriesClash {
					t.Errorf("still %+v", c)
				}
			}
		})
	}
}

func TestAStatusClashIsSettledByAnEventThatSaysOneOfThemAgain(t *testing.T) {
	base := made(t, "base", parsed(t, whole))
	defer base.close()
	for i, s := range []job.Status{job.Published, job.Started} {
		base.edit(must(t)(job.SetStatus(theJob(base), job.Event{ID: fmt.Sprint("e", i), Status: s}, job.ClassDispatcher))...)
	}
	finish := must(t)(job.SetStatus(theJob(base), job.Event{ID: "fin", Status: job.Finished, Resolution: "Nobody there", Note: "rang twice", By: "anna", HappenedAt: 50}, job.ClassWorker))
	cancel := must(t)(job.SetStatus(theJob(base), job.Event{ID: "can", Status: job.Cancelled, By: "dora", HappenedAt: 60}, job.ClassDispatcher))
	a, b := apart(t, base, finish, append(cancel, setAt("title", "Cancelled")...))
	defer a.close()
	defer b.close()
	got := clashesOf(a)
	if len(got) != 1 || got[0].Kind != job.StatusClash || got[0].Field != "status" || len(got[0].Values) != 2 {
		t.Fatalf("%+v", got)
	}
	if v := got[0].Values; v[0].Value != "finished" || v[0].Event.By != "anna" || v[1].Value != "cancelled" || v[1].Event.By != "dora" {
		t.Errorf("%+v", v)
	}
	for choice, want := range []job.Status{job.Finished, job.Cancelled} {
		at := open(t, fmt.Sprint("settler", choice), must1(a.doc.Changes())...)
		defer at.close()
		clash := clashesOf(at)[0]
		at.edit(must(t)(job.Settle(at.tree(), clash, choice, job.Event{ID: "end", By: "dora", HappenedAt: 70}))...)
		j := theJob(at)
		if j.Status != want || j.Clash() || len(clashesOf(at)) > 0 || j.Standing[0].ID != "end" || j.Standing[0].By != "dora" {
			t.Errorf("%+v", j.Outcome)
		}
		if want == job.Finished && (j.Resolution.UUID != "r2" || j.Resolution.Note != "rang twice" || *j.Resolution.Successful) {
			t.Errorf("the resolution is %+v", j.Resolution)
		}
		if _, err := job.Settle(at.tree(), clash, choice, job.Event{ID: "twice"}); crdt.KindOf(err) != crdt.KindConflict {
			t.Errorf("settled a second time: %v", err)
		}
	}
	for _, choice := range []int{-1, 2} {
		if _, err := job.Settle(a.tree(), got[0], choice, job.Event{ID: "end"}); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("choice %d: %v", choice, err)
		}
	}
}

// Whatever two people write at once, both copies show the same clashes, and settling all of them leaves none.
func TestEveryClashIsSeenTheSameAndCanBeSettled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		base := made(t, "base", drawForm(t))
		defer base.close()
		have := given(base.form())
		one := must(t)(job.Patch(base.tree(), patchFrom(have, drawForm(t)), author("one")))
		two := must(t)(job.Patch(base.tree(), patchFrom(have, drawForm(t)), author("two")))
		raws := must1(base.doc.Changes())
		a, b := open(t, "a", raws...), open(t, "b", raws...)
		defer a.close()
		defer b.close()
		ra, rb := a.edit(one...), b.edit(two...)
		if rb != nil {
			a.apply(rb)
		}
		if ra != nil {
			b.apply(ra)
		}
		clashes := clashesOf(a)
		if diff := cmp.Diff(clashes, clashesOf(b), cmp.AllowUnexported(job.ClashValue{})); diff != "" {
			t.Fatal(diff)
		}
		// A type and an answer that were written at once may not fit: a problem, and the same one for both.
		ja, pa := job.Read(a.tree())
		jb, pb := job.Read(b.tree())
		same(t, ja, jb, "the job of both")
		same(t, pa, pb, "the problems of both")
		for _, c := range clashes {
			choice := rapid.IntRange(0, len(c.Values)-1).Draw(t, "choice")
			a.edit(must(t)(job.Settle(a.tree(), c, choice, job.Event{}))...)
		}
		if left := clashesOf(a); len(left) > 0 {
			t.Fatalf("left after settling: %+v", left)
		}
	})
}

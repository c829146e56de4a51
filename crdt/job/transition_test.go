package job

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/crdt"
)

func TestAnErrorOfATransitionSaysWhy(t *testing.T) {
	standing := func(s ...Status) Outcome {
		var log []Event
		for i, s := range s {
			log = append(log, ev(string(rune('a'+i)), s, 1))
		}
		return Current(log)
	}
	for _, c := range []struct {
		o    Outcome
		to   Status
		who  Class
		kind crdt.Kind
		says string
	}{
		{standing(Published), "teleported", ClassDispatcher, crdt.KindInvalid, "not a status"},
		{standing(Started), Started, ClassWorker, crdt.KindConflict, "started already"},
		{standing(Published), Cancelled, ClassWorker, crdt.KindConflict, "only a dispatcher can make it cancelled"},
		{standing(Scheduled), Published, ClassWorker, crdt.KindConflict, "only a dispatcher"},
		{standing(EnRoute), Finished, ClassWorker, crdt.KindConflict, "it is en route; only a dispatcher can make it finished"},
		{standing(Cancelled), EnRoute, ClassWorker, crdt.KindConflict, "it is cancelled and cannot become en route from there"},
		{standing(Scheduled), Finished, ClassDispatcher, crdt.KindConflict, "cannot become finished"},
		{standing("teleported"), Started, ClassWorker, crdt.KindConflict, "only a dispatcher"},
	} {
		err := Transition(c.o, c.to, c.who)
		if crdt.KindOf(err) != c.kind || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s to %s: %v, want %q", c.o.Status, c.to, err, c.says)
		}
	}
}

func TestNextIsWhatTransitionAllows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := Current(drawLog(t))
		for _, who := range []Class{ClassWorker, ClassDispatcher} {
			next := Next(o, who)
			for _, s := range Statuses() {
				if slices.Contains(next, s) != (Transition(o, s, who) == nil) {
					t.Fatalf("%s to %s: Next %v, Transition %v", o.Status, s, next, Transition(o, s, who))
				}
			}
			if who == ClassDispatcher && len(next) == 0 {
				t.Fatalf("a dispatcher has no way out of %s", o.Status)
			}
			if o.Clash() && who == ClassDispatcher {
				for _, e := range o.Standing {
					if e.Status.Rank() > 0 && !slices.Contains(next, e.Status) {
						t.Fatalf("the clash cannot be settled to %s, which stands", e.Status)
					}
				}
			}
		}
	})
}

func jobOf(log []Event, possible ...PossibleResolution) *Job {
	return &Job{Plan: Plan{Possible: possible}, Log: log, Outcome: Current(log)}
}

func TestAJobIsFinishedWithAResolutionAndItsNote(t *testing.T) {
	done := PossibleResolution{ID: "r1", Name: "Done", Successful: true}
	nobody := PossibleResolution{ID: "r2", Name: "Nobody there", NoteRequired: true}
	required := []Field{{ID: "f1", Name: "Meter", Type: FieldNumber, Required: true}, {ID: "f2", Type: FieldText, Required: true, Hidden: true}, {ID: "f3", Type: FieldPhoto, Required: true, ReadOnly: true}}
	started := []Event{ev("s", Started, 1)}
	for name, c := range map[string]struct {
		possible []PossibleResolution
		fields   []Field
		event    Event
		who      Class
		field    string // the error's; empty: it is taken
		as       string // the resolution that is written
	}{
		"no resolutions to choose from":          {nil, nil, Event{}, ClassWorker, "", ""},
		"a name of one's own":                    {nil, nil, Event{Resolution: "fine"}, ClassWorker, "", "fine"},
		"none chosen":                            {[]PossibleResolution{done, nobody}, nil, Event{}, ClassWorker, "resolution", ""},
		"none chosen by the office":              {[]PossibleResolution{done, nobody}, nil, Event{}, ClassDispatcher, "resolution", ""},
		"by id":                                  {[]PossibleResolution{done, nobody}, nil, Event{Resolution: "r1"}, ClassWorker, "", "r1"},
		"by name":                                {[]PossibleResolution{done, nobody}, nil, Event{Resolution: "Done"}, ClassWorker, "", "r1"},
		"one that is not possible":               {[]PossibleResolution{done, nobody}, nil, Event{Resolution: "fine"}, ClassWorker, "resolution", ""},
		"without the note":                       {[]PossibleResolution{done, nobody}, nil, Event{Resolution: "r2", Note: " \n"}, ClassWorker, "note", ""},
		"with the note":                          {[]PossibleResolution{done, nobody}, nil, Event{Resolution: "r2", Note: "rang twice"}, ClassWorker, "", "r2"},
		"a required field is empty":              {[]PossibleResolution{done, nobody}, required, Event{Resolution: "r1"}, ClassWorker, "report_fields[0]", ""},
		"nobody there, so no report":             {[]PossibleResolution{done, nobody}, required, Event{Resolution: "r2", Note: "x"}, ClassWorker, "", "r2"},
		"the office may":                         {[]PossibleResolution{done, nobody}, required, Event{Resolution: "r1"}, ClassDispatcher, "", "r1"},
		"a required field without resolutions":   {nil, required, Event{}, ClassWorker, "report_fields[0]", ""},
		"a note as long as a book":               {nil, nil, Event{Note: strings.Repeat("a", MaxText+1)}, ClassWorker, "note", ""},
		"a resolution of another status":         {nil, nil, Event{Status: Paused, Resolution: "fine"}, ClassWorker, "resolution", ""},
		"a resolution that spans several lines ": {nil, nil, Event{Resolution: "a\nb"}, ClassWorker, "resolution", ""},
	} {
		t.Run(name, func(t *testing.T) {
			j := jobOf(started, c.possible...)
			j.ReportFields = c.fields
			e := c.event
			e.ID = "e"
			if e.Status == "" {
				e.Status = Finished
			}
			edits, err := SetStatus(j, e, c.who)
			if c.field != "" {
				var errs FieldErrors
				if !errors.As(err, &errs) || len(errs) != 1 || errs[0].Field != c.field || edits != nil {
					t.Errorf("%v, want one about %s", err, c.field)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			value, _ := edits[1].Value.(map[string]any)
			if r, _ := value[KeyResolution].(string); r != c.as || !slices.Equal(value[KeyAfter].([]any), []any{"s"}) {
				t.Errorf("%v", value)
			}
		})
	}
}

func TestAStatusIsTakenBackToTheOneBefore(t *testing.T) {
	by := func(e Event, user string) Event { e.By = user; return e }
	published := by(ev("p", Published, 1), "dora")
	route := by(ev("r", EnRoute, 2, "p"), "anna")
	started := by(ev("s", Started, 3, "r"), "anna")
	finished := by(ev("f", Finished, 4, "s"), "anna")
	finished.Resolution, finished.Note = "r1", "all well"
	cancelled := by(ev("c", Cancelled, 5, "p"), "dora")
	reopened := by(ev("o", Started, 6, "f"), "dora")
	for name, c := range map[string]struct {
		log  []Event
		undo string
		user string
		who  Class
		to   Status // empty: refused
	}{
		"en route, to what the office had set":        {[]Event{published, route}, "r", "anna", ClassWorker, Published},
		"started, to en route":                        {[]Event{published, route, started}, "s", "anna", ClassWorker, EnRoute},
		"finished, to started":                        {[]Event{published, route, started, finished}, "f", "anna", ClassWorker, Started},
		"what does not stand any more":                {[]Event{published, route, started}, "r", "anna", ClassWorker, ""},
		"what is not there":                           {[]Event{published}, "x", "dora", ClassDispatcher, ""},
		"another's":                                   {[]Event{published, route, started}, "s", "ben", ClassWorker, ""},
		"another's, by the office":                    {[]Event{published, route, started}, "s", "dora", ClassDispatcher, EnRoute},
		"the first event":                             {[]Event{published}, "p", "dora", ClassDispatcher, ""},
		"one's own while the office's stands":         {[]Event{published, route, cancelled}, "r", "anna", ClassWorker, ""},
		"one of two that clash leaves the other":      {[]Event{published, route, started, cancelled}, "c", "dora", ClassDispatcher, Started},
		"reopening, so that it is finished as it was": {[]Event{published, route, started, finished, reopened}, "o", "dora", ClassDispatcher, Finished},
	} {
		t.Run(name, func(t *testing.T) {
			j := jobOf(c.log)
			edits, err := UndoStatus(j, c.undo, Event{ID: "u", HappenedAt: 9, By: c.user}, c.who)
			if c.to == "" {
				if crdt.KindOf(err) != crdt.KindConflict || edits != nil {
					t.Errorf("%v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			value := edits[1].Value.(map[string]any)
			e := Event{ID: "u", Status: Status(value[KeyStatus].(string))}
			for _, id := range value[KeyAfter].([]any) {
				e.After = append(e.After, id.(string))
			}
			if o := Current(append(slices.Clone(c.log), e)); o.Status != c.to || o.Clash() {
				t.Errorf("it is %s, clash %v", o.Status, o.Clash())
			}
			if c.to == Finished && (value[KeyResolution] != "r1" || value[KeyNote] != "all well") {
				t.Errorf("finished again, but not as before: %v", value)
			}
		})
	}
}

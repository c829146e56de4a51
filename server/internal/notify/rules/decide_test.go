package rules

import (
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

var berlin = mustZone("Europe/Berlin")

func mustZone(name string) *time.Location {
	l, err := time.LoadLocation(name)
	if err != nil {
		panic(err)
	}
	return l
}

// at is a moment of Tuesday, the 2nd of June 2026, in Berlin.
func at(hour int) crdt.Timestamp {
	return crdt.Timestamp(time.Date(2026, 6, 2, hour, 0, 0, 0, berlin).UnixMilli())
}

func set(was, is any, path ...any) audit.Effect {
	d := audit.Effect{Path: path, Kind: audit.Set, Old: []any{was}, New: is}
	switch {
	case was == nil:
		d.Kind, d.Old = audit.Added, nil
	case is == nil:
		d.Kind = audit.Deleted
	}
	return d
}

func event(id string, s job.Status) audit.Effect {
	return set(nil, map[string]any{"status": string(s)}, "status_log", id)
}

func did(user string, effects ...audit.Effect) Entry {
	e := Entry{User: user, By: strings.ToUpper(user[:1]) + user[1:], Did: effects}
	for _, d := range effects {
		e.Plans = e.Plans || d.Path[0] == "assignees" || d.Path[0] == "status_log"
	}
	return e
}

// story is what a test tells to Decide.
type story struct {
	before, now bool
	log         []job.Event
	entries     []Entry
}

func (s story) tell(user string) (string, Notice, bool) {
	j := &job.Job{Log: s.log, ScheduledAt: at(15)}
	j.Status = job.Current(s.log).Status
	j.Title, j.Address.Formatted = "Two pumps", "Main St 1"
	j.CustomFields = []job.Field{{ID: "f1", Name: "Gate code"}, {ID: "f2", Name: "Margin", Hidden: true}}
	n, ok := Decide(Input{User: user, Before: s.before, Now: s.now, Entries: s.entries, Job: j, OldLabel: func() string { return "One pump" },
		Name: func(u string) string { return strings.ToUpper(u[:1]) + u[1:] }})
	title, body := n.Text(berlin)
	return title + "|" + strings.ReplaceAll(body, "\n", "|"), n, ok
}

var (
	published = []job.Event{{ID: "p", Status: job.Published}}
	started   = []job.Event{{ID: "p", Status: job.Published}, {ID: "s", Status: job.Started, After: []string{"p"}}}
	cancelled = []job.Event{{ID: "p", Status: job.Published}, {ID: "c", Status: job.Cancelled, After: []string{"p"}}}
)

func TestWhoIsToldWhat(t *testing.T) {
	assign := set(nil, map[string]any{"edit": true}, "assignees", "anna")
	unassign := set(map[string]any{"edit": true}, nil, "assignees", "anna")
	moved := set(at(13), at(15), "scheduled_at")
	comment := set(nil, map[string]any{"text": crdt.Text("Mind the\ndog"), "by": "dora"}, "comments", "c1")
	for name, c := range map[string]struct {
		story
		want string // empty: nothing
	}{
		"a new job":                             {story{false, true, published, []Entry{did("dora", assign)}}, "Two pumps|New job for you: Tue 2 Jun, 15:00|Main St 1"},
		"a job that was published":              {story{true, true, published, []Entry{did("dora", event("p", job.Published))}}, "Two pumps|New job for you: Tue 2 Jun, 15:00|Main St 1"},
		"a job that is only planned":            {story{false, true, nil, []Entry{did("dora", assign)}}, ""},
		"taken by himself":                      {story{false, true, published, []Entry{did("anna", assign)}}, ""},
		"taken from him":                        {story{true, false, published, []Entry{did("dora", unassign, set("One pump", "Two pumps", "title"))}}, "One pump|This job is not yours any more"},
		"never published, taken from him":       {story{true, false, nil, []Entry{did("dora", unassign)}}, ""},
		"somebody else's job":                   {story{false, false, published, []Entry{did("dora", moved)}}, ""},
		"moved":                                 {story{true, true, published, []Entry{did("dora", moved)}}, "Two pumps|Scheduled for 15:00 instead of 13:00"},
		"moved to another day":                  {story{true, true, published, []Entry{did("dora", set(at(13)-86_400_000, at(15), "scheduled_at"))}}, "Two pumps|Scheduled for Tue 2 Jun, 15:00 instead of Mon 1 Jun, 13:00"},
		"moved by himself":                      {story{true, true, published, []Entry{did("anna", moved)}}, ""},
		"moved there and back":                  {story{true, true, published, []Entry{did("dora", moved), did("eva", set(at(15), at(13), "scheduled_at"))}}, ""},
		"moved twice":                           {story{true, true, published, []Entry{did("dora", set(at(9), at(13), "scheduled_at")), did("dora", moved)}}, "Two pumps|Scheduled for 15:00 instead of 09:00"},
		"a comment":                             {story{true, true, published, []Entry{did("dora", comment)}}, "Two pumps|New comment by Dora: Mind the dog"},
		"the first comment makes the map":       {story{true, true, published, []Entry{did("dora", set(nil, map[string]any{"c1": map[string]any{"text": "Hi"}}, "comments"))}}, "Two pumps|New comment by Dora: Hi"},
		"a comment that would steer a terminal": {story{true, true, published, []Entry{did("dora", set(nil, map[string]any{"text": "Mind\x1b[31m\x00 the dog"}, "comments", "c1"))}}, "Two pumps|New comment by Dora: Mind[31m the dog"},
		"his own comment, and another's":        {story{true, true, published, []Entry{did("anna", comment), did("ben", set(nil, map[string]any{"text": "Yes"}, "comments", "c2"))}}, "Two pumps|New comment by Ben: Yes"},
		"started in the office":                 {story{true, true, started, []Entry{did("dora", event("s", job.Started))}}, "Two pumps|Set to Started by Dora"},
		"started by himself":                    {story{true, true, started, []Entry{did("anna", event("s", job.Started))}}, ""},
		"cancelled":                             {story{true, true, cancelled, []Entry{did("dora", event("c", job.Cancelled), moved)}}, "Two pumps|Cancelled by Dora|Scheduled for 15:00 instead of 13:00"},
		"cancelled before it was seen":          {story{false, true, cancelled, []Entry{did("dora", assign, event("c", job.Cancelled))}}, ""},
		"cancelled after it was finished": {story{true, true, []job.Event{{ID: "f", Status: job.Finished}, {ID: "c", Status: job.Cancelled}}, []Entry{did("dora", event("c", job.Cancelled))}},
			"Two pumps|Cancelled by Dora"},
		"somebody joins":       {story{true, true, published, []Entry{did("dora", set(nil, map[string]any{"edit": false}, "assignees", "ben"))}}, "Two pumps|Ben has the job too"},
		"a field":              {story{true, true, published, []Entry{did("dora", set("12", "34", "custom_fields", "f1", "value"))}}, "Two pumps|Gate code: 34 instead of 12"},
		"a hidden field":       {story{true, true, published, []Entry{did("dora", set("12", "34", "custom_fields", "f2", "value"))}}, ""},
		"an inner id":          {story{true, true, published, []Entry{did("dora", set("12", "34", "external_id"))}}, ""},
		"something unknown":    {story{true, true, published, []Entry{did("dora", set("12", "34", "colour"))}}, "Two pumps|The job changed by Dora"},
		"a client, by name":    {story{true, true, published, []Entry{did("dora", set(map[string]any{"name": "A"}, map[string]any{"name": "B"}, "client"))}}, "Two pumps|Client: B instead of A"},
		"nobody can see it":    {story{true, true, published, []Entry{did("dora", audit.Effect{Path: crdt.Path{"title"}, Kind: audit.Set, Hidden: true, New: "x"})}}, ""},
		"an edited text":       {story{true, true, published, []Entry{did("dora", audit.Effect{Path: crdt.Path{"description"}, Kind: audit.TextEdited})}}, "Two pumps|Description changed by Dora"},
		"too much to list":     {story{true, true, published, []Entry{{User: "dora", By: "Dora", More: 3}}}, "Two pumps|and 3 more"},
		"a file came and left": {story{true, true, published, []Entry{did("dora", set(nil, map[string]any{"name": "a.pdf"}, "attachments", "x")), did("dora", set(map[string]any{"name": "a.pdf"}, nil, "attachments", "x"))}}, ""},
	} {
		got, n, ok := c.tell("anna")
		if ok != (c.want != "") || ok && got != c.want {
			t.Errorf("%s: told %v %q, want %q (%+v)", name, ok, got, c.want, n)
		}
		for i := range c.entries {
			c.entries[i].Muted = true
		}
		if got, _, ok := c.tell("anna"); ok {
			t.Errorf("%s, muted: told %q", name, got)
		}
	}
}

func TestWhatComesWhileANoticeWaitsJoinsIt(t *testing.T) {
	change := func(place, was, is string) Notice {
		return Notice{Kind: Changed, Label: "L", Changes: []Change{{Place: place, What: Value, Name: place, Old: was, New: is}}}
	}
	for name, c := range map[string]struct {
		a, b Notice
		want string
	}{
		"two places":              {change("A", "1", "2"), change("B", "1", "2"), "changed A: 2 instead of 1|B: 2 instead of 1"},
		"one place":               {change("A", "1", "2"), change("A", "2", "3"), "changed A: 3 instead of 1"},
		"there and back":          {change("A", "1", "2"), change("A", "2", "1"), ""},
		"new, and changed":        {Notice{Kind: Assigned}, change("A", "1", "2"), "assigned New job for you"},
		"new, and gone":           {Notice{Kind: Assigned}, Notice{Kind: Unassigned}, ""},
		"changed, and gone":       {change("A", "1", "2"), Notice{Kind: Unassigned, Label: "secret"}, "unassigned This job is not yours any more"},
		"gone, and new":           {Notice{Kind: Unassigned}, Notice{Kind: Assigned}, "assigned New job for you"},
		"cancelled, then changed": {Notice{Kind: Cancelled, By: "Dora"}, change("A", "1", "2"), "cancelled Cancelled by Dora|A: 2 instead of 1"},
		"cancelled, then started": {Notice{Kind: Cancelled, By: "Dora"}, Notice{Kind: Status, Status: job.Started, By: "Eva"}, "status Set to Started by Eva"},
		"started, then cancelled": {Notice{Kind: Status, Status: job.Started}, Notice{Kind: Cancelled}, "cancelled Cancelled"},
	} {
		got, ok := Merge(c.a, c.b)
		_, body := got.Text(berlin)
		text := string(got.Kind) + " " + strings.ReplaceAll(body, "\n", "|")
		if ok != (c.want != "") || ok && text != c.want {
			t.Errorf("%s: %v %q, want %q", name, ok, text, c.want)
		}
		if got.Label == "secret" {
			t.Errorf("%s: the label is one that he did not know", name)
		}
	}
	many := change("0", "1", "2")
	for i := range 30 {
		many, _ = Merge(many, change(strings.Repeat("x", i+1), "1", "2"))
	}
	if len(many.Changes) != maxChanges || many.More != 31-maxChanges {
		t.Errorf("%d listed, %d more", len(many.Changes), many.More)
	}
}

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

func at(now time.Time) *printer {
	return &printer{Writer: &bytes.Buffer{}, now: func() time.Time { return now }}
}

func TestTimesAreSaidAsPeopleSayThem(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	p := at(now)
	for ago, want := range map[time.Duration]string{
		0: "just now", 45 * time.Second: "45 s ago", 12 * time.Minute: "12 min ago", 3 * time.Hour: "3 h ago",
		30 * time.Hour: "1 day ago", 5 * 24 * time.Hour: "5 days ago", 40 * 24 * time.Hour: "on 14 Oct 2026", -time.Hour: "at 23 Nov 13:00",
	} {
		if got := p.ago(now.Add(-ago)); got != want {
			t.Errorf("%v ago: %q, want %q", ago, got, want)
		}
	}
	for in, want := range map[time.Duration]string{
		2 * time.Hour: "today 14:00", 24 * time.Hour: "tomorrow 12:00", -24 * time.Hour: "yesterday 12:00",
		72 * time.Hour: "Thu 26 Nov 12:00", 300 * 24 * time.Hour: "19 Sep 2027 12:00",
	} {
		if got := p.when(now.Add(in)); got != want {
			t.Errorf("in %v: %q, want %q", in, got, want)
		}
	}
	if p.ago(time.Time{}) != "never" || p.when(time.Time{}) != "" {
		t.Error("the zero time is no time")
	}
}

func TestADocumentCannotWriteToTheTerminal(t *testing.T) {
	if got := clean("a\x1b[31mred\nline\u202etxt.exe\u0007"); got != "a[31mred linetxt.exe" {
		t.Errorf("%q", got)
	}
}

func TestAFilesNameStaysInItsFolder(t *testing.T) {
	for name, want := range map[string]string{
		"photo.jpg": "photo.jpg", "../../etc/passwd": "passwd", `C:\Users\anna\photo.jpg`: "photo.jpg", "/": "file-abcdef01",
		"..": "file-abcdef01", "": "file-abcdef01", ".bashrc": "bashrc", "-rf": "rf", "a\x00b": "ab",
	} {
		got := safeName(job.Attachment{Name: name, SHA256: "abcdef0123"})
		if got != want || strings.ContainsAny(got, "/\\\x00") {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

func TestTablesLineUpAndLeaveEmptyColumnsOut(t *testing.T) {
	var b bytes.Buffer
	p := &printer{Writer: &b, now: time.Now}
	p.table([]string{"ID", "EMPTY", "NAME", "N"}, [][]cell{
		{{"1", plain}, {}, {"Müller", bold}, {"3", plain}},
		{{"22", plain}, {}, {"X", plain}, {}},
	})
	want := "ID  NAME    N\n1   Müller  3\n22  X\n"
	if b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

func TestFieldsOnTheCommandLineBecomeTheRightPatch(t *testing.T) {
	fields, err := splitFields([]string{"title=A = B", "scheduled_at=2026-11-24T09:30:00Z", "scheduled_duration=1h30m", "report_fields.f1.value:=true",
		"report_fields.f2.value=x", "client=", "address=Main street 1", "address.floor=3"})
	if err != nil {
		t.Fatal(err)
	}
	patch, err := patchOf(fields)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"title": "A = B", "scheduled_at": "2026-11-24T09:30:00.000Z", "scheduled_duration": map[string]any{"minutes": int64(90)},
		"report_fields": map[string]any{"f1": map[string]any{"value": true}, "f2": map[string]any{"value": "x"}}, "client": nil,
		"address": map[string]any{"formatted": "Main street 1", "floor": "3"}}
	if diff := cmp.Diff(want, patch); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []string{"title", "=x", "status=started", "a..b=1", "x:=nonsense", "scheduled_at=soon", "scheduled_duration=-5"} {
		fields, err := splitFields([]string{bad})
		if err == nil {
			_, err = patchOf(fields)
		}
		if crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%s: %v", bad, err)
		}
	}
	edits := editsOf([]field{{path: []string{"a", "b"}, value: float64(3), raw: true}, {path: []string{"c"}}})
	if len(edits) != 3 || edits[0].Kind != crdt.EditEnsureMap || edits[1].Value != int64(3) || edits[2].Kind != crdt.EditDelete {
		t.Errorf("of another document: %+v", edits)
	}
}

func TestAnswersAreReadByTheFieldsType(t *testing.T) {
	now := time.Date(2026, 11, 24, 9, 30, 0, 0, time.Local)
	list := []string{"Replaced", "Repaired", "Nothing to do"}
	for _, c := range []struct {
		f    job.Field
		text string
		want any // nil and an error: bad
		bad  bool
	}{
		{job.Field{Type: job.FieldText}, " as it is ", "as it is", false},
		{job.Field{Type: job.FieldText}, "", nil, false},
		{job.Field{Type: job.FieldNumber}, "3,5", 3.5, false},
		{job.Field{Type: job.FieldNumber}, "much", nil, true},
		{job.Field{Type: job.FieldYesNo}, "No", false, false},
		{job.Field{Type: job.FieldYesNo}, "perhaps", nil, true},
		{job.Field{Type: job.FieldAction}, "", true, false},
		{job.Field{Type: job.FieldDate}, "today", "2026-11-24", false},
		{job.Field{Type: job.FieldDate}, "2026-12-01", "2026-12-01", false},
		{job.Field{Type: job.FieldDate}, "24.11.", nil, true},
		{job.Field{Type: job.FieldPickList, Options: list}, "repai", "Repaired", false},
		{job.Field{Type: job.FieldPickList, Options: list}, "3", "Nothing to do", false},
		{job.Field{Type: job.FieldPickList, Options: list}, "rep", nil, true},
		{job.Field{Type: job.FieldPickList, Options: list}, "other", nil, true},
	} {
		got, err := answer(&c.f, c.text, now)
		if got != c.want || (err != nil) != c.bad || c.bad && crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%s %q: %v, %v", c.f.Type, c.text, got, err)
		}
	}
}

func TestWhatAChangeDidIsToldInWords(t *testing.T) {
	l := labelsOf(&job.Job{Plan: job.Plan{ReportFields: []job.Field{{ID: "f1", Name: "Pressure"}}, Checklist: []job.Item{{ID: "i", Text: "Gas off"}},
		Possible: []job.PossibleResolution{{ID: "r", Name: "Done"}}}})
	for want, d := range map[string]client.Did{
		"title: “Pump” → “Two pumps”":            {Path: crdt.Path{"title"}, Kind: audit.Set, Old: []any{"Pump"}, New: "Two pumps"},
		"Pressure: 3.5":                          {Path: crdt.Path{"report_fields", "f1", "value"}, Kind: audit.Added, New: 3.5},
		"Gas off: no → yes":                      {Path: crdt.Path{"checklist", "i", "done"}, Kind: audit.Set, Old: []any{false}, New: true},
		"status finished, Done, note “all well”": {Path: crdt.Path{"status_log", "e"}, Kind: audit.Added, New: map[string]any{"status": "finished", "resolution": "r", "note": "all well"}},
		"comment “it leaks” taken away":          {Path: crdt.Path{"comments", "c"}, Kind: audit.Deleted, Old: []any{map[string]any{"text": "it leaks"}}},
		"assigned to anna":                       {Path: crdt.Path{"assignees", "anna"}, Kind: audit.Added, New: map[string]any{"edit": true}},
		"description: wrote “ today”":            {Path: crdt.Path{"description"}, Kind: audit.TextEdited, Splices: []audit.Splice{{Inserted: " today"}}},
		"scheduled duration: 1 h 30 min":         {Path: crdt.Path{"scheduled_duration"}, Kind: audit.Added, New: map[string]any{"minutes": float64(90)}},
		"note: “a” | “b” taken away":             {Path: crdt.Path{"note"}, Kind: audit.Deleted, Old: []any{"a", "b"}},
		"count: +2, now 5":                       {Path: crdt.Path{"count"}, Kind: audit.Incremented, Delta: 2, New: float64(5)},
		"list / 3: “x”":                          {Path: crdt.Path{"list", 3}, Kind: audit.Added, New: "x\x1b"},
	} {
		if got := l.say(d); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestIDsAreShownAsLongAsTheyNeedToBe(t *testing.T) {
	a, b := crdt.DocID{1}, crdt.DocID{2}
	for id, s := range shortIDs([]crdt.DocID{a, b}) {
		if len(s) < shortID || !strings.HasPrefix(id.String(), s) {
			t.Errorf("%s is shown as %s", id, s)
		}
	}
	var many []crdt.DocID
	for i := range 256 {
		many = append(many, crdt.DocID{1, 2, 3, 4, 5, 6, 7, byte(i)})
	}
	seen := map[string]bool{}
	for _, s := range shortIDs(many) {
		if seen[s] {
			t.Fatalf("two jobs are shown as %s", s)
		}
		seen[s] = true
	}
}

func TestDurationsKeepTheirMinutes(t *testing.T) {
	for n, want := range map[int64]string{45: "45 min", 60: "1 h", 90: "1 h 30 min", 600: "10 h", 610: "10 h 10 min"} {
		if got := minutes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

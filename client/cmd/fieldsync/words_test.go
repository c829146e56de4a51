package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
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

func TestFieldsOnTheCommandLineBecomeTheRightEdits(t *testing.T) {
	edits, err := parseFields([]string{"title=A = B", "scheduled_at=2026-11-24T09:30:00Z", "scheduled_duration=1h30m", "report_fields.f1.value:=true", "client="})
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]crdt.Edit{}
	for _, e := range edits {
		if e.Kind != crdt.EditEnsureMap {
			byPath[e.Path.String()] = e
		}
	}
	for path, want := range map[string]any{"/title": "A = B", "/scheduled_at": crdt.Timestamp(1795512600000), "/scheduled_duration/minutes": int64(90), "/report_fields/f1/value": true} {
		if byPath[path].Value != want {
			t.Errorf("%s is %#v, want %#v", path, byPath[path].Value, want)
		}
	}
	if byPath["/client"].Kind != crdt.EditDelete {
		t.Errorf("an empty value gives %+v", byPath["/client"])
	}
	for _, bad := range []string{"title", "=x", "status=started", "status_log=x", "a..b=1", "x:=nonsense", "scheduled_at=soon", "scheduled_duration=-5"} {
		if _, err := parseFields([]string{bad}); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%s: %v", bad, err)
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

package audit_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

// story is a job's day: made in the office, done on a phone that is offline, while the office changes its mind.
func story(t *testing.T) *office {
	o := newOffice(t)
	dora, anna := newDevice(t, "office-dora-0001"), newDevice(t, "phone-anna-00001")
	dora.do(0, newJob())
	dora.press(5, "e1", job.Published, "dora")
	dora.sync(5, o, "user:dora")
	anna.sync(6, o, "user:anna")
	anna.press(10, "e2", job.EnRoute, "anna")
	anna.sync(10, o, "user:anna")
	dora.sync(11, o, "user:dora")

	// She is in the cellar.
	anna.press(20, "e3", job.Started, "anna")
	for k, c := range strings.Split("Pump 🔧 too", "") {
		anna.do(21, splice(23+k, 0, c, job.KeyDescription))
	}
	anna.do(21, splice(0, 5, "Dampness", job.KeyDescription))
	anna.do(25, set(2.5, job.KeyReportFields, "f1", job.KeyValue), set(true, job.KeyChecklist, "i1", job.KeyDone), set(minute(25), job.KeyChecklist, "i1", job.KeyDoneAt),
		set("anna", job.KeyChecklist, "i1", job.KeyBy))
	anna.do(30, must(job.AddComment(job.Comment{ID: "c1", Text: "Nobody at home", By: "anna", HappenedAt: minute(29)})))
	anna.do(31, must(job.AddAttachment(job.Attachment{ID: "p1", SHA256: strings.Repeat("5a", 32), Size: 1 << 20, MediaType: "image/jpeg", TakenAt: minute(28), By: "anna"})))
	anna.do(32, set("Boiler and pump", job.KeyTitle))
	anna.press(33, "e4", job.Finished, "anna")

	// Nobody in the office knows.
	dora.do(22, set("Boiler leaks badly", job.KeyTitle))
	dora.sync(22, o, "user:dora")
	dora.do(24, must(job.Unassign("anna")), must(job.Assign(job.Assignee{User: "ben", Edit: true})))
	dora.sync(24, o, "user:dora")
	dora.press(26, "e5", job.Cancelled, "dora")
	dora.sync(26, o, "user:dora")

	anna.sync(40, o, "user:anna")
	dora.sync(41, o, "user:dora")
	dora.do(42, set("Boiler leaks", job.KeyTitle)) // settles what both wrote
	dora.press(43, "e6", job.Finished, "dora")     // and this as well
	dora.do(44, del(job.KeyAttachments, "p1"))
	dora.do(45, set(crdt.Counter(3), "visits"), []crdt.Edit{{Kind: crdt.EditIncrement, Path: crdt.Path{"visits"}, Delta: 2}})
	gone := dora.do(46, []crdt.Edit{{Kind: crdt.EditIncrement, Path: crdt.Path{"visits"}, Delta: -1}}, set([]any{"a", "b"}, "tools"))
	dora.do(46, []crdt.Edit{{Kind: crdt.EditInsert, Path: crdt.Path{"tools", 1}, Value: map[string]any{"name": "wrench"}}}, del("tools", 0))
	dora.sync(47, o, "user:dora")
	u, err := o.log().Undo(hashOf(gone), audit.Stamp{})
	if err != nil {
		t.Fatal(err)
	}
	dora.say(48, audit.UndoMessage(hashOf(gone)), u.Edits)
	dora.sync(48, o, "user:dora")
	api := newDevice(t, "integration-0001")
	api.sync(49, o, "integration:crm")
	api.do(50, set(minute(500), job.KeyScheduledAt), set(nil, "note"))
	api.sync(50, o, "integration:crm")
	return o
}

// names puts short names in the place of hashes: c1 is the first change that arrived.
func names(l *audit.Log, s string) string {
	page, _ := l.Page(audit.Query{Oldest: true, Limit: audit.MaxLimit})
	for _, e := range page.Entries {
		s = strings.ReplaceAll(s, e.Hash.String(), fmt.Sprint("c", e.Version))
	}
	return s
}

func shown(v any) string {
	b, err := engineJSON(v)
	if err != nil {
		return err.Error()
	}
	return b
}

// told writes entries for people.
func told(entries []audit.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&b, "%d. %s", e.Version, e.Hash)
		if e.Changes > 1 {
			fmt.Fprintf(&b, " (%d changes from %s)", e.Changes, e.First)
		}
		fmt.Fprintf(&b, " %s %s by %s, happened %s, arrived %s", e.Who.Source, e.Event().Type, e.Author, e.Happened, e.Arrived)
		if e.Late {
			b.WriteString(", LATE")
		}
		if e.Undoes != (crdt.Hash{}) {
			fmt.Fprintf(&b, ", undoes %s", e.Undoes)
		}
		b.WriteString("\n")
		for _, d := range e.Did {
			fmt.Fprintf(&b, "   %s %s", d.Kind, d.Path)
			for k, v := range d.Old {
				b.WriteString([]string{"\n      from ", "\n      against "}[min(k, 1)] + shown(v))
			}
			switch d.Kind {
			case audit.Added, audit.Set, audit.Incremented:
				b.WriteString("\n      to " + shown(d.New))
			case audit.TextEdited:
				for _, s := range d.Splices {
					fmt.Fprintf(&b, "\n      at %d: …%s[-%s-]{+%s+}%s…", s.Index, s.Before, s.Deleted, s.Inserted, s.After)
				}
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func TestAJobsDayIsToldInTheOrderOfArrival(t *testing.T) {
	o := story(t)
	l := o.log()
	page, err := l.Page(audit.Query{Oldest: true, Fold: true})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "story.txt", names(l, told(page.Entries)))
}

func TestAHistoryIsExportedWhole(t *testing.T) {
	o := story(t)
	l := o.log()
	var b bytes.Buffer
	if err := l.Export(&b, crdt.DocID{1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	var all struct {
		Schema  string
		Changes int
		Entries []json.RawMessage
	}
	if err := json.Unmarshal(b.Bytes(), &all); err != nil || all.Schema != audit.ExportSchema || len(all.Entries) != o.h.Len() || all.Changes != o.h.Len() {
		t.Fatalf("%d entries of %d changes (%+v): %v", len(all.Entries), o.h.Len(), all.Schema, err)
	}
	golden(t, "story.export.json", names(l, b.String()))
	var events strings.Builder
	page, _ := l.Page(audit.Query{Oldest: true, Limit: audit.MaxLimit})
	for _, e := range page.Entries {
		events.Write(must(json.Marshal(e.Event())))
		events.WriteByte('\n')
	}
	golden(t, "story.events.json", names(l, events.String()))
}

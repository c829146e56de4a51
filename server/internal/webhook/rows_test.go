package webhook

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"

	"github.com/google/go-cmp/cmp"
)

func row(change func(*index.Row)) *index.Row {
	r := &index.Row{ID: "doc", Kind: job.Kind, Version: 1, ETag: `"1"`, Title: "Boiler", Status: job.Published, Assignees: []job.Assignee{{User: "anna", Edit: true}}}
	if change != nil {
		change(r)
	}
	return r
}

// ends gives what happens with a row: the event types, and the data of the last one.
func ends(t *testing.T, was, is *index.Row, by ...index.By) (types []string, last data) {
	t.Helper()
	text, err := json.Marshal(is)
	if err != nil {
		t.Fatal(err)
	}
	events, err := eventsOf(index.Event{Org: org, Seq: 7, Before: was, After: is, JSON: text, By: by}, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		types = append(types, e.Type)
		if e.Org != org || e.Sequence != 7 || e.At != 5 {
			t.Errorf("%+v", e)
		}
		if !slices.Contains(Events(), e.Type) {
			t.Errorf("%s is no event that hooks can ask for", e.Type)
		}
		last = data{}
		if err := json.Unmarshal(e.Data, &last); err != nil {
			t.Fatal(err)
		}
	}
	return types, last
}

func TestWhatHappenedFollowsFromTheRows(t *testing.T) {
	for name, c := range map[string]struct {
		was, is *index.Row
		want    string
		changed []string
		users   []string
	}{
		"new":          {nil, row(nil), "job.created job.assigned", []string{}, []string{"anna"}},
		"new, started": {nil, row(func(r *index.Row) { r.Status, r.Assignees = job.Started, nil }), "job.created job.started", []string{}, nil},
		"description":  {row(nil), row(func(r *index.Row) { r.Version, r.ETag = 2, `"2"` }), "job.updated", []string{}, nil},
		"title":        {row(nil), row(func(r *index.Row) { r.Title = "Lift" }), "job.updated", []string{"title"}, nil},
		"started":      {row(nil), row(func(r *index.Row) { r.Status = job.Started }), "job.updated job.status_changed job.started", []string{"status"}, nil},
		"paused":       {row(nil), row(func(r *index.Row) { r.Status = job.Paused }), "job.updated job.status_changed", []string{"status"}, nil},
		"finished":     {row(nil), row(func(r *index.Row) { r.Status = job.Finished }), "job.updated job.status_changed job.finished", []string{"status"}, nil},
		"cancelled":    {row(nil), row(func(r *index.Row) { r.Status = job.Cancelled }), "job.updated job.status_changed job.cancelled", []string{"status"}, nil},
		"reassigned": {row(nil), row(func(r *index.Row) { r.Assignees = []job.Assignee{{User: "ben", Edit: true}} }), "job.updated job.assigned job.unassigned",
			[]string{"assignees"}, []string{"anna"}},
		"nobody any more": {row(nil), row(func(r *index.Row) { r.Assignees = nil }), "job.updated job.unassigned", []string{"assignees"}, []string{"anna"}},
		"clash":           {row(nil), row(func(r *index.Row) { r.Clash = true }), "job.updated job.clash", []string{"clash"}, nil},
		"settled":         {row(func(r *index.Row) { r.Clash = true }), row(nil), "job.updated", []string{"clash"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			types, d := ends(t, c.was, c.is, index.By{Principal: "user:dora"}, index.By{Principal: "user:dora", Message: "x"})
			if got := strings.Join(types, " "); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
			if diff := cmp.Diff(c.changed, d.Changed); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(c.users, d.Users); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"user:dora"}, d.By); diff != "" || d.Sequence != 7 || (d.Before == nil) != (c.was == nil) || len(d.Job) == 0 {
				t.Errorf("%+v %s", d, diff)
			}
		})
	}
}

func TestAnOwnerIsNotToldOfWhatHeAloneDidMuted(t *testing.T) {
	mine := index.By{Principal: "integration:erp", Message: documents.MessageMuted}
	undone := index.By{Principal: "integration:erp", Message: "undo x " + documents.MessageMuted}
	for name, c := range map[string]struct {
		by   []index.By
		want bool
	}{
		"his, muted":            {[]index.By{mine, undone}, true},
		"his, not muted":        {[]index.By{{Principal: "integration:erp"}}, false},
		"his, and another's":    {[]index.By{mine, {Principal: "user:dora", Message: documents.MessageMuted}}, false},
		"some of his not muted": {[]index.By{mine, {Principal: "integration:erp", Message: "x"}}, false},
		"nobody knows whose":    {nil, false},
		"too many to tell":      {slices.Repeat([]index.By{mine}, index.MaxBy), false},
	} {
		if got := mutes(c.by)("integration:erp"); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestARowIsQueuedForTheHooksOfItsOrganisationAlone(t *testing.T) {
	o := open(t)
	h, _ := o.hook("job.assigned")
	text, _ := json.Marshal(row(nil))
	for _, ev := range []index.Event{
		{Org: "rival", Seq: 1, After: row(nil), JSON: text},
		{Org: org, Seq: 2, After: row(func(r *index.Row) { r.Kind = job.KindTemplate }), JSON: text},
		{Org: org, Seq: 3, Before: row(nil)},
		{Org: org, Seq: 4, After: row(nil), JSON: text, By: []index.By{{Principal: "integration:erp", Message: documents.MessageMuted}}}, // the hook's owner
	} {
		if ops := o.OnRow(ev); len(ops) != 0 {
			t.Errorf("%+v is queued", ev)
		}
	}
	ev := index.Event{Org: org, Seq: 5, After: row(nil), JSON: text}
	if err := store.Write(o.store, o.OnRow(ev)); err != nil {
		t.Fatal(err)
	}
	o.OnWritten([]index.Event{ev})
	o.settled(h, o.clock)
	if got := o.sequences(); len(got) != 1 || got[0] != 5 {
		t.Errorf("%v", got)
	}
}

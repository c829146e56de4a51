package interop_test

import (
	"reflect"
	"strings"
	"testing"

	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// A worker's client that does not know the rules changes a title, which is the office's, and goes on: comments, ticks, finishes, without
// a network. The title is refused, with its reason, and kept; everything else arrives, at the server and at an unmodified automerge-repo
// client, and all hold the same.
func TestWhatWasDoneBesideARefusedChangeArrivesEverywhere(t *testing.T) {
	server := startTarget(t)
	if !server.HasAuth {
		return // our client speaks to our server: it asks it who it is
	}
	office, officeEvents := startGo(t, server, sut.Dispatcher)
	draft := job.Draft{Plan: job.Plan{Title: "Pump", Checklist: []job.Item{{ID: "gas", Text: "Gas shut off"}},
		ReportFields: []job.Field{{ID: "bar", Name: "Pressure", Type: job.FieldNumber}}},
		Assignees: []job.Assignee{{User: "anna", Edit: true}},
		First:     job.Event{ID: "made", Status: job.Published, HappenedAt: 1, By: "dispatcher"}}
	edits, err := job.New(draft)
	if err != nil {
		t.Fatal(err)
	}
	id, err := office.Create(t.Context(), edits...)
	if err != nil {
		t.Fatal(err)
	}
	settled(t, office, officeEvents, id, func(map[string]any) bool { return true })

	anna, err := client.Open(client.Options{Dir: t.TempDir(), Unchecked: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = anna.Close() })
	if _, err := anna.Login(t.Context(), "http://"+server.Addr, sut.WorkerAnna); err != nil {
		t.Fatal(err)
	}
	if _, err := anna.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(anna.SetStatus(t.Context(), id, client.StatusChange{Status: job.Started}))
	must(anna.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Set(crdt.Path{job.KeyTitle}, "Two pumps") }))
	_, err = anna.Comment(t.Context(), id, "it leaks")
	must(err)
	must(anna.Tick(t.Context(), id, "gas", true))
	must(anna.Fill(t.Context(), id, "bar", 1.5))
	must(anna.SetStatus(t.Context(), id, client.StatusChange{Status: job.Finished, Note: "done"}))

	r, err := anna.Sync(t.Context())
	if err != nil || r.Refused != 1 || r.Sent != 5 {
		t.Errorf("anna's sync: %+v, %v", r, err)
	}
	u, err := anna.Unsent(t.Context())
	if err != nil || u.Changes != 0 || len(u.Refused) != 1 {
		t.Fatalf("unsent: %+v, %v", u, err)
	}
	w := u.Refused[0]
	if w.Code != crdt.RefusedNotAllowed || !strings.Contains(w.Detail, "title: only a dispatcher") || len(w.Did) != 1 || w.Did[0].New != "Two pumps" || len(w.Along) != 0 {
		t.Errorf("the refused work: %+v", w)
	}
	v, err := anna.View(id)
	must(err)
	if v.Job.Title != "Pump" || v.Job.Outcome.Status != job.Finished || len(v.Job.Comments) != 1 || !v.Job.Checklist[0].Done ||
		v.Job.ReportFields[0].Value != 1.5 || len(v.Clashes) != 0 {
		t.Errorf("anna's replica: %+v", v.Job)
	}
	same := settled(t, office, officeEvents, id, func(tree map[string]any) bool { return reflect.DeepEqual(tree, v.Tree) })
	if !same.Heads.Equal(v.Heads) {
		t.Errorf("the office is at %v, anna at %v", same.Heads, v.Heads)
	}
	for _, gen := range []string{"gen25", "gen20"} {
		j := startJS(t, gen, server.URL(sut.Dispatcher))
		j.do("find", map[string]any{"url": crdt.URL{Doc: id}.String()})
		if shows := j.do("shows", map[string]any{"heads": hexHeads(v.Heads)}).Shows; !reflect.DeepEqual(shows, plainJSON(t, v.Tree)) {
			t.Errorf("%s shows\n%v\n%v", gen, shows, plainJSON(t, v.Tree))
		}
	}
}

package documents

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/server/internal/access"
)

func TestWhoMayDoWhatByRoleAndRelation(t *testing.T) {
	const r, w, c = replica.AccessRead, replica.AccessWrite, replica.AccessCreate
	records := map[string]access.Record{
		"a stranger's": {Org: org, Creator: "user:dora", Kind: "job"},
		"assigned":     access.Record{Org: org, Creator: "user:dora", Kind: "job"}.WithAssignees([]string{"me"}, nil),
		"once":         access.Record{Org: org, Creator: "user:dora", Kind: "job"}.WithAssignees([]string{"me"}, nil).WithAssignees(nil, nil),
		"own":          {Org: org, Creator: "user:me"},
		"another's":    access.Record{Org: "other", Creator: "user:me", Kind: "job"}.WithAssignees([]string{"me"}, []string{"me"}),
	}
	order := []string{"missing", "a stranger's", "assigned", "once", "own", "another's", "damaged"}
	for role, want := range map[access.Role][]replica.Access{
		access.RoleOwner:         {c, r | w, r | w, r | w, r | w, 0, 0},
		access.RoleAdministrator: {c, r | w, r | w, r | w, r | w, 0, 0},
		access.RoleDispatcher:    {c, r | w, r | w, r | w, r | w, 0, 0},
		access.RoleDirector:      {0, r, r, r, r, 0, 0},
		access.RoleWorker:        {c, 0, r | w, w, r | w, 0, 0},
		"gardener":               {0, 0, 0, 0, 0, 0, 0},
		"":                       {0, 0, 0, 0, 0, 0, 0},
	} {
		for i, relation := range order {
			var meta []byte
			if rec, ok := records[relation]; ok {
				var err error
				if meta, err = rec.Encode(); err != nil {
					t.Fatal(err)
				}
			} else if relation == "damaged" {
				meta = []byte{0xff}
			}
			if got := decide(principal{Principal: person(role, "me")}, crdt.DocID{1}, meta); got != want[i] {
				t.Errorf("%q, %s: %b; want %b", role, relation, got, want[i])
			}
		}
	}
	if got := decide(anybody("me"), crdt.DocID{1}, nil); got != 0 {
		t.Errorf("somebody who was not let in by an account: %b", got)
	}
}

func TestAnActorBelongsToWhoFirstDeliveredIt(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna", "ben"))
	o.must(anna, doc, remark("one"))
	forged := draft(t, o.drive, doc, actorOf(anna), remark("two"))
	err := o.Append(context.Background(), ben, doc, [][]byte{forged})
	var refusal *crdt.Refusal
	if !errors.As(err, &refusal) || refusal.Code != crdt.RefusedActorTaken {
		t.Errorf("ben as anna: %v", err)
	}
	if err := o.Append(context.Background(), anna, doc, [][]byte{forged}); err != nil {
		t.Errorf("anna herself: %v", err)
	}
}

func TestWhoMayNotWriteIsRefused(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	before := heads(t, o.drive, doc)
	foreigner := person(access.RoleOwner, "otto")
	foreigner.Org = "other"
	for name, p := range map[string]access.Principal{
		"a director": person(access.RoleDirector, "dick"), "a worker whose it is not": ben, "another organisation": foreigner, "nobody": {},
	} {
		if err := o.edit(p, doc, remark("mine")); err == nil {
			t.Errorf("%s may write", name)
		}
	}
	if !heads(t, o.drive, doc).Equal(before) {
		t.Error("the document has changed")
	}
	if err := o.edit(person(access.RoleDirector, "dick"), crdt.DocID{2}, newJob()); err == nil {
		t.Error("a director may create")
	}
	o.must(anna, doc, remark("hers"))
}

// view gives the history of a document.
func (o *office) view(doc crdt.DocID, look func(*history.History)) {
	o.t.Helper()
	if err := o.drive.Inspect(context.Background(), doc, func(d *replica.Document) error {
		h, _, err := d.View()
		if err == nil {
			look(h)
		}
		return err
	}); err != nil {
		o.t.Fatal(err)
	}
}

func TestTheRecordIsOnlyMadeAnewWhenItIsConcerned(t *testing.T) {
	// A record that no history gives: whoever makes it anew changes it.
	marked, err := access.Record{Org: org, Creator: "user:dora", Kind: "mark"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		edit      func(*engine.Tx) error
		concerned bool
	}{
		"a title":         {set(job.KeyTitle, "new"), false},
		"a status":        {edits(job.AddEvent(job.Event{ID: "e2", Status: job.EnRoute, HappenedAt: 2, By: "dora"})), false},
		"an assignee":     {edits(job.Assign(job.Assignee{User: "ben"})), true},
		"edit access":     {edits(job.Assign(job.Assignee{User: "anna", Edit: false})), true},
		"one less":        {edits(job.Unassign("anna")), true},
		"other assignees": {set(job.KeyAssignees, map[string]any{}), true},
		"none at all":     {func(tx *engine.Tx) error { return tx.Delete(crdt.Path{job.KeyAssignees}) }, true},
	} {
		o, doc := open(t), crdt.DocID{1}
		o.must(dora, doc, newJob("anna"))
		o.must(dora, doc, tt.edit)
		o.view(doc, func(h *history.History) {
			got := describe(doc, marked, h, h.Len()-1, replica.Creator{})
			if bytes.Equal(got, marked) == tt.concerned {
				t.Errorf("%s: concerned is %v", name, !tt.concerned)
			}
		})
	}
}

// Of version 1: {1: 1, 2: "acme", 3: "user:dora", 4: "job", 5: ["anna"], 6: ["anna"]}.
func TestARecordOfAnEarlierVersionIsMadeAnewWithTheNextChange(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob())
	o.must(dora, doc, edits(job.Assign(job.Assignee{User: "anna", Edit: false})))
	o.must(dora, doc, set(job.KeyTitle, "new"))
	old := []byte("\xa6\x01\x01\x02\x64acme\x03\x69user:dora\x04\x63job\x05\x81\x64anna\x06\x81\x64anna")
	o.view(doc, func(h *history.History) {
		rec, err := access.DecodeRecord(describe(doc, old, h, h.Len()-1, replica.Creator{}))
		if err != nil || rec.Outdated || len(rec.Editors) != 0 || !slices.Equal(rec.Assignees, []string{"anna"}) || !slices.Equal(rec.EverEditors, []string{"anna"}) {
			t.Errorf("%+v, %v", rec, err)
		}
	})
}

func TestTheRecordNamesCreatorKindAssigneesAndEditors(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	o.must(dora, doc, edits(job.Assign(job.Assignee{User: "ben"})))
	want := access.Record{Org: org, Creator: "user:dora", CreatorRole: access.RoleDispatcher, Kind: "job", Assignees: []string{"anna", "ben"},
		EverAssigned: []string{"anna", "ben"}, Editors: []string{"anna"}, EverEditors: []string{"anna"}}
	if got := o.record(doc); !got.Equal(want) {
		t.Errorf("record %+v; want %+v", got, want)
	}
	o.must(dora, doc, edits(job.Unassign("anna")))
	want.Assignees, want.Editors = []string{"ben"}, nil
	if got := o.record(doc); !got.Equal(want) {
		t.Errorf("record %+v; want %+v", got, want)
	}
	o.must(anna, crdt.DocID{2}, set("anything", "else"))
	if got := o.record(crdt.DocID{2}); !got.Equal(access.Record{Org: org, Creator: "user:anna", CreatorRole: access.RoleWorker}) {
		t.Errorf("record of what is no job: %+v", got)
	}
	o.must(dora, crdt.DocID{3}, func(tx *engine.Tx) error {
		return tx.Apply(crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyKind}, Value: crdt.Text(job.KindTemplate)},
			crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyUUID}, Value: crdt.Text("t-1")}, crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyWorkerCreate}, Value: true},
			crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{job.KeyAssignees}, Value: map[string]any{"anna": map[string]any{"edit": true}}})
	})
	wantT := access.Record{Org: org, Creator: "user:dora", CreatorRole: access.RoleDispatcher, Kind: "template", UUID: "t-1", WorkerCreate: true}
	if got := o.record(crdt.DocID{3}); !got.Equal(wantT) {
		t.Errorf("record of a template, with texts as automerge JS writes them: %+v", got)
	}
	o.must(dora, crdt.DocID{3}, set(job.KeyWorkerCreate, false))
	if o.record(crdt.DocID{3}).WorkerCreate {
		t.Error("workers may still make jobs from it")
	}
}

func TestWhileTwoDisagreeOnTheAssigneesAllOfThemHaveTheJob(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob())
	var both [][]byte
	for _, who := range []string{"anna", "ben"} {
		actor := actorOf(person(access.RoleDispatcher, who+"'s"))
		both = append(both, draft(t, o.drive, doc, actor, set(job.KeyAssignees, map[string]any{who: map[string]any{"edit": true}})))
	}
	if err := o.Append(context.Background(), dora, doc, both); err != nil {
		t.Fatal(err)
	}
	if got := o.record(doc).Assignees; !slices.Equal(got, []string{"anna", "ben"}) {
		t.Errorf("assignees: %q", got)
	}
	o.wantLists(doc, everybody, "anna", "ben")
}

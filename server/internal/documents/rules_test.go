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
		"a stranger's": {Org: org, Creator: "user:dora"},
		"assigned":     access.Record{Org: org, Creator: "user:dora"}.WithAssignees([]string{"me"}),
		"once":         access.Record{Org: org, Creator: "user:dora"}.WithAssignees([]string{"me"}).WithAssignees(nil),
		"own":          {Org: org, Creator: "user:me"},
		"another's":    access.Record{Org: "other", Creator: "user:me"}.WithAssignees([]string{"me"}),
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
			if got := decide(Principal(person(role, "me")), crdt.DocID{1}, meta); got != want[i] {
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
	o.must(anna, doc, set("note", "one"))
	forged := draft(t, o.drive, doc, actorOf(anna), set("note", "two"))
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
		if err := o.edit(p, doc, set("note", "mine")); err == nil {
			t.Errorf("%s may write", name)
		}
	}
	if !heads(t, o.drive, doc).Equal(before) {
		t.Error("the document has changed")
	}
	if err := o.edit(person(access.RoleDirector, "dick"), crdt.DocID{2}, newJob()); err == nil {
		t.Error("a director may create")
	}
	o.must(anna, doc, set("note", "hers"))
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
		"a status":        {edits(job.AddEvent(job.Event{ID: "e2", Status: job.EnRoute, HappenedAt: 2, By: "anna"})), false},
		"an assignee":     {edits(job.Assign(job.Assignee{User: "ben"})), true},
		"one less":        {edits(job.Unassign("anna")), true},
		"a kind":          {set(job.KeyKind, "other"), true},
		"other assignees": {set(job.KeyAssignees, map[string]any{}), true},
		"none at all":     {func(tx *engine.Tx) error { return tx.Delete(crdt.Path{job.KeyAssignees}) }, true},
	} {
		o, doc := open(t), crdt.DocID{1}
		o.must(dora, doc, newJob("anna"))
		o.must(dora, doc, tt.edit)
		o.view(doc, func(h *history.History) {
			got := describe(doc, marked, h, h.Len()-1, "acme/user:dora")
			if bytes.Equal(got, marked) == tt.concerned {
				t.Errorf("%s: concerned is %v", name, !tt.concerned)
			}
		})
	}
}

func TestTheRecordNamesCreatorKindAndAssignees(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	o.must(dora, doc, edits(job.Assign(job.Assignee{User: "ben"})))
	o.must(anna, doc, edits(job.Unassign("anna")))
	want := access.Record{Org: org, Creator: "user:dora", Kind: "job", Assignees: []string{"ben"}, EverAssigned: []string{"anna", "ben"}}
	if got := o.record(doc); !got.Equal(want) {
		t.Errorf("record %+v; want %+v", got, want)
	}
	o.must(anna, crdt.DocID{2}, set("anything", "else"))
	if got := o.record(crdt.DocID{2}); !got.Equal(access.Record{Org: org, Creator: "user:anna"}) {
		t.Errorf("record of what is no job: %+v", got)
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
	o.wantLists(doc, everybody, "dora", "anna", "ben")
}

func TestReferencesFindsFilesAndPreviewsOfTheNewestState(t *testing.T) {
	o, doc := open(t), crdt.DocID{1}
	o.must(dora, doc, newJob("anna"))
	o.must(anna, doc, func(tx *engine.Tx) error {
		return tx.Set(crdt.Path{job.KeyAttachments, "a1"}, map[string]any{"sha256": "file", "preview_sha256": "preview", "name": "name"})
	})
	for sha, want := range map[string]bool{"file": true, "preview": true, "name": false, "none": false, "": false} {
		if got, err := o.References(context.Background(), doc, sha); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", sha, got, err, want)
		}
	}
	o.must(anna, doc, func(tx *engine.Tx) error { return tx.Delete(crdt.Path{job.KeyAttachments, "a1"}) })
	if got, err := o.References(context.Background(), doc, "file"); err != nil || got {
		t.Errorf("an attachment that was taken out: %v, %v", got, err)
	}
}

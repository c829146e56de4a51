package server

import (
	"encoding/json"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
)

func TestAnEditReachesTheListTheFeedAndTheSearch(t *testing.T) {
	f := start(t, nil, nil)
	dispatcher, err := f.auth.Authenticate(auth.DemoUsers()[0].Token)
	if err != nil {
		t.Fatal(err)
	}
	sub := f.index.Subscribe(dispatcher.Org)
	defer sub.Close()
	draft := job.Draft{First: job.Event{ID: "first"}}
	draft.Title, draft.Description = "Pump is loud", "in the cellar"
	edits, err := job.New(draft)
	if err != nil {
		t.Fatal(err)
	}
	doc, _, err := f.documents.Create(t.Context(), dispatcher, documents.CreateOptions{}, edits)
	if err != nil {
		t.Fatal(err)
	}
	next := func(title string) index.Event {
		for ev := range sub.C {
			if ev.Doc == doc && ev.After.Title == title {
				return ev
			}
		}
		t.Fatal("the feed has ended")
		return index.Event{}
	}
	made := next("Pump is loud")
	heads, err := f.documents.Edit(t.Context(), dispatcher, doc, documents.EditOptions{}, func(tx *engine.Tx) error {
		return tx.Set(crdt.Path{job.KeyTitle}, "Pump is silent")
	})
	if err != nil {
		t.Fatal(err)
	}
	changed := next("Pump is silent")
	if changed.Before == nil || changed.Before.Title != made.After.Title || changed.After.Version != 2 || changed.After.ETag != index.ETag(heads) || changed.After.CreatedBy != dispatcher.User {
		t.Errorf("before %+v\nafter %+v", changed.Before, changed.After)
	}
	page, err := f.index.Query(t.Context(), index.Query{Org: dispatcher.Org, Sort: index.SortUpdated, Desc: true, Limit: 1})
	if err != nil || len(page.Rows) != 1 || string(page.Rows[0]) != string(changed.JSON) {
		t.Errorf("%s, %v; want %s", page.Rows, err, changed.JSON)
	}
	// The full text follows a moment later.
	for found := 0; found == 0; {
		page, err := f.index.Query(t.Context(), index.Query{Org: dispatcher.Org, Text: "cellar sil"})
		if err != nil {
			t.Fatal(err)
		}
		found = len(page.Rows)
	}
	var row index.Row
	raw, err := f.index.Get(dispatcher.Org, doc)
	if err != nil || json.Unmarshal(raw, &row) != nil || row.URL != "automerge:"+doc.String() {
		t.Errorf("%s, %v", raw, err)
	}
	_, served := f.get(t, "/metrics")
	if !strings.Contains(served, "\nfieldsync_index_ready 1") || strings.Contains(served, "\nfieldsync_index_rows_total 0\n") {
		t.Error("the metrics do not tell of the index")
	}
}

package server

import (
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"fieldsync/crdt/job"
	"fieldsync/crdt/store/badgerstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/admin"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
	"fieldsync/server/internal/metrics"
	"fieldsync/server/internal/webhook"
)

// A server that was killed between a change and its row has not queued what the row tells of. Whoever writes the row does.
func TestARebuildOfAStoppedServersFolderQueuesTheWebhooksOfWhatAKillCutOff(t *testing.T) {
	dir := t.TempDir()
	opened := func() (*badgerstore.Store, *webhook.Webhooks) {
		st, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(dir, "store")})
		if err != nil {
			t.Fatal(err)
		}
		hooks, err := webhook.New(webhook.Options{Store: st})
		if err != nil {
			t.Fatal(err)
		}
		return st, hooks
	}
	st, hooks := opened()
	if _, _, err := hooks.Create([16]byte{1}, access.Principal{Org: "org", ID: "user:office"}, webhook.Draft{URL: "https://hooks.example.com/", Active: true}); err != nil {
		t.Fatal(err)
	}
	counters := metrics.NewDocuments(metrics.New("test", nil, nil), func() int { return 0 })
	docs, err := documents.New(documents.Options{Store: st, Metrics: counters, Log: slog.New(slog.DiscardHandler)}) // nobody listens: no row is made
	if err != nil {
		t.Fatal(err)
	}
	edits, err := job.New(job.Draft{First: job.Event{ID: "first"}})
	if err != nil {
		t.Fatal(err)
	}
	office := access.Principal{ID: "user:office", User: "office", Org: "org", Role: access.RoleDispatcher}
	if _, _, err := docs.Create(t.Context(), office, documents.CreateOptions{}, edits); err != nil {
		t.Fatal(err)
	}
	docs.Close()
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}

	for round := range 2 { // the second one finds nothing new, and queues nothing
		op, err := OpenOperator(t.Context(), dir, false)
		if err != nil {
			t.Fatal(err)
		}
		task, err := admin.Call[index.Task](t.Context(), op, "index.start", admin.IndexTask{Name: index.TaskRebuild})
		for tick := time.NewTicker(10 * time.Millisecond); err == nil && task.Running; <-tick.C {
			task, err = admin.Call[index.Task](t.Context(), op, "index.task", admin.IndexTask{})
		}
		if err != nil || task.Error != "" || task.Done != 1 {
			t.Fatalf("%+v, %v", task, err)
		}
		if err := op.Close(); err != nil {
			t.Fatal(err)
		}
		st, hooks := opened()
		if n := hooks.Waiting(); n != 1 {
			t.Errorf("after rebuild %d: %d messages wait; the job that was made has one", round+1, n)
		}
		if err := st.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

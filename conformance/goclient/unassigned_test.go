package goclient

import (
	"context"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// Whoever loses a job while offline delivers what was made before, and keeps the job as it was. This and every later sync
// ends at once: nobody waits for an answer that does not come.
func TestWhoLosesAJobWhileOfflineDeliversAndKeepsWhatWasSeen(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	anna, err := client.Open(client.Options{Dir: t.TempDir(), StallAfter: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer anna.Close()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := anna.Login(ctx, addr, sut.WorkerAnna); err != nil {
		t.Fatal(err)
	}
	id := newJob(t, office, "Pump", "anna")
	synced(t, office)
	if _, err := anna.Sync(ctx); err != nil {
		t.Fatal(err)
	}
	remark(t, anna, id, "done")
	edits, err := job.Unassign("anna")
	if err != nil {
		t.Fatal(err)
	}
	if err := office.Change(ctx, id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		t.Fatal(err)
	}
	set(t, office, id, "title", "not for her any more")
	synced(t, office)
	for _, sent := range []int{1, 0, 0} {
		if r, err := anna.Sync(ctx); err != nil || r.Sent != sent || r.Received != 0 || r.Refused != 0 {
			t.Fatalf("anna's sync: %+v, %v; want %d sent", r, err, sent)
		}
		if u, err := anna.Unsent(ctx); err != nil || u.Changes != 0 || len(u.Jobs) != 0 {
			t.Errorf("unsent: %+v, %v", u, err)
		}
		if v, err := anna.View(id); err != nil || v.Job.Title != "Pump" || !remarked(v, "done") {
			t.Errorf("anna sees %+v, %v", v.Job, err)
		}
	}
	if v, err := anna.View(id); err != nil || v.Withdrawn.IsZero() || time.Since(v.Withdrawn) > time.Hour {
		t.Errorf("anna does not see that it is not hers any more: %v, %v", v.Withdrawn, err)
	}
	synced(t, office)
	if v, err := office.View(id); err != nil || !remarked(v, "done") || len(v.Job.Assignees) != 0 {
		t.Errorf("the office sees %+v, %v", v.Job, err)
	}

	// What was hers comes back.
	again, err := job.Assign(job.Assignee{User: "anna", Edit: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := office.Change(ctx, id, func(tx *engine.Tx) error { return tx.Apply(again...) }); err != nil {
		t.Fatal(err)
	}
	synced(t, office)
	if r, err := anna.Sync(ctx); err != nil || r.Received == 0 {
		t.Errorf("anna's sync: %+v, %v", r, err)
	}
	if v, err := anna.View(id); err != nil || !v.Withdrawn.IsZero() || v.Job.Title != "not for her any more" {
		t.Errorf("given back: %v, %q, %v", v.Withdrawn, v.Job.Title, err)
	}
}

// Who is connected hears of it at once, also that a job came back; it survives a restart.
func TestALiveClientHearsThatAJobIsNotItsAnyMore(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	dir := t.TempDir()
	anna := open(t, dir, addr, sut.WorkerAnna)
	id, other := newJob(t, office, "Pump", "anna"), newJob(t, office, "Boiler", "anna")
	synced(t, office)
	synced(t, anna)
	ctx, stop := context.WithCancel(t.Context())
	events := anna.WatchAll(ctx)
	done := make(chan error, 1)
	go func() { done <- anna.Run(ctx) }()
	await(t, events, "anna is in sync", kind(client.EventSynced))
	edits, err := job.Unassign("anna")
	if err != nil {
		t.Fatal(err)
	}
	if err := office.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		t.Fatal(err)
	}
	synced(t, office)
	if ev := await(t, events, "it is withdrawn", kind(client.EventWithdrawn)); ev.Doc != id {
		t.Errorf("withdrawn: %+v", ev)
	}
	stop()
	<-done
	if err := anna.Close(); err != nil {
		t.Fatal(err)
	}
	anna = open(t, dir, addr, sut.WorkerAnna)
	if anna.Withdrawn(id).IsZero() || !anna.Withdrawn(other).IsZero() {
		t.Errorf("after a restart: %v, the other %v", anna.Withdrawn(id), anna.Withdrawn(other))
	}
	synced(t, anna)
	if anna.Withdrawn(id).IsZero() || !anna.Withdrawn(other).IsZero() {
		t.Errorf("after a sync: %v, the other %v", anna.Withdrawn(id), anna.Withdrawn(other))
	}
}

// Some of what was made before is refused: what came before it and after it is delivered all the same, and the sync ends.
func TestWhoLosesAJobDeliversWhatStandsBesideRefusedWork(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	anna := careless(t, t.TempDir(), addr, sut.WorkerAnna)
	id := newJob(t, office, "Pump", "anna")
	synced(t, office)
	synced(t, anna)
	remark(t, anna, id, "before")
	set(t, anna, id, "title", "not hers to write")
	remark(t, anna, id, "after")
	edits, err := job.Unassign("anna")
	if err != nil {
		t.Fatal(err)
	}
	if err := office.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		t.Fatal(err)
	}
	synced(t, office)
	if r := synced(t, anna); r.Refused != 1 || r.Sent != 2 {
		t.Errorf("anna's sync: %+v", r)
	}
	if u, err := anna.Unsent(t.Context()); err != nil || u.Changes != 0 {
		t.Errorf("unsent: %+v, %v", u, err)
	}
	synced(t, office)
	if v, err := office.View(id); err != nil || !remarked(v, "before") || !remarked(v, "after") || v.Job.Title != "Pump" {
		t.Errorf("the office sees %+v, %v", v.Job, err)
	}
}

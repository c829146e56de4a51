package goclient

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/loopback"
	"fieldsync/conformance/internal/phone"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/server"
)

const patience = 30 * time.Second

// startServer runs a server with demo data in a folder, and gives its address and how to stop it.
func startServer(t *testing.T, dir, listen string) (addr string, stop func()) {
	t.Helper()
	return startServerWith(t, server.Config{Data: dir}, listen)
}

func startServerWith(t *testing.T, cfg server.Config, listen string) (addr string, stop func()) {
	t.Helper()
	if listen == "" {
		listen = loopback.Free()
	}
	cfg.Listen, cfg.Demo, cfg.LogTo = listen, true, io.Discard
	s, err := server.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("the server ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return s.Addr(), stop
}

// open opens a client's folder; with an address it logs in.
func open(t *testing.T, dir, addr, token string) *client.Client {
	t.Helper()
	c, err := client.Open(client.Options{Dir: dir, StallAfter: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	if addr != "" {
		if _, err := c.Login(t.Context(), addr, token); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func newJob(t *testing.T, c *client.Client, title string, assignees ...string) crdt.DocID {
	t.Helper()
	d := job.Draft{Plan: job.Plan{Title: title}, First: job.Event{ID: "made", HappenedAt: 1, By: "dispatcher"}}
	for i, u := range assignees {
		d.Assignees = append(d.Assignees, job.Assignee{User: u, Edit: i == 0})
	}
	edits, err := job.New(d)
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Create(t.Context(), edits...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func set(t *testing.T, c *client.Client, id crdt.DocID, key string, value any) {
	t.Helper()
	if err := c.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Set(crdt.Path{key}, value) }); err != nil {
		t.Fatal(err)
	}
}

// remark adds a comment: what everybody who has a job may do.
func remark(t *testing.T, c *client.Client, id crdt.DocID, text string) {
	t.Helper()
	edits, err := job.AddComment(job.Comment{ID: text, Text: text})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		t.Fatal(err)
	}
}

func remarked(v client.View, text string) bool {
	return slices.ContainsFunc(v.Job.Comments, func(c job.Comment) bool { return c.Text == text })
}

func synced(t *testing.T, c *client.Client) client.Report {
	t.Helper()
	r, err := c.Sync(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// await reads events until one is wanted.
func await(t *testing.T, events <-chan client.Event, what string, wanted func(client.Event) bool) client.Event {
	t.Helper()
	late := time.After(patience)
	var seen []string
	for {
		select {
		case ev, ok := <-events:
			if !ok {
				t.Fatalf("the events ended before: %s", what)
			}
			if wanted(ev) {
				return ev
			}
			seen = append(seen, fmt.Sprintf("%s %s %s", ev.Kind, ev.Doc, ev.Reason))
		case <-late:
			t.Fatalf("never: %s; seen: %v", what, seen)
		}
	}
}

func kind(k client.EventKind) func(client.Event) bool {
	return func(ev client.Event) bool { return ev.Kind == k }
}

func TestTwoLiveClientsSeeEachOthersEdits(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	anna := open(t, t.TempDir(), addr, sut.WorkerAnna)
	officeEvents, annaEvents := phone.Run(t, office), phone.Run(t, anna)
	await(t, annaEvents, "anna is in sync", kind(client.EventSynced))

	id := newJob(t, office, "Pump", "anna")
	ev := await(t, annaEvents, "the new job reaches anna", func(ev client.Event) bool { return ev.Doc == id })
	if !ev.Created || ev.Remote != 1 || ev.Local != 0 || len(ev.Authors) != 1 || len(ev.Heads) != 1 {
		t.Errorf("the event is %+v", ev)
	}
	remark(t, anna, id, "done")
	ev = await(t, officeEvents, "anna's edit reaches the office", func(ev client.Event) bool { return ev.Doc == id && ev.Remote > 0 })
	v, err := office.View(id)
	if err != nil || !remarked(v, "done") || !v.Heads.Equal(ev.Heads) {
		t.Errorf("the office sees %v at %v: %v", v.Job.Comments, v.Heads, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if _, err := anna.Sync(ctx); err != nil { // on the live connection
		t.Fatal(err)
	}
	if u, err := anna.Unsent(ctx); err != nil || u.Changes != 0 || time.Since(u.LastSync) > patience {
		t.Errorf("unsent: %+v, %v", u, err)
	}
}

func TestEditsMadeApartConverge(t *testing.T) {
	dir := t.TempDir()
	addr, stop := startServer(t, dir, "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	anna := open(t, t.TempDir(), addr, sut.WorkerAnna)
	id := newJob(t, office, "Pump", "anna")
	synced(t, office)
	if r := synced(t, anna); r.New == 0 {
		t.Fatalf("anna got nothing: %+v", r)
	}
	stop()
	for i := range 20 {
		set(t, office, id, fmt.Sprintf("office%d", i), int64(i))
		remark(t, anna, id, fmt.Sprintf("anna%d", i))
	}
	if _, err := anna.Sync(t.Context()); !errors.Is(err, client.ErrOffline) {
		t.Fatalf("without a server: %v", err)
	}
	if u, err := anna.Unsent(t.Context()); err != nil || u.Changes != 20 || len(u.Jobs) != 1 || u.Jobs[0].ID != id {
		t.Fatalf("offline: %+v, %v", u, err)
	}
	startServer(t, dir, addr)
	if r := synced(t, anna); r.Sent != 20 {
		t.Errorf("anna sent %d changes", r.Sent)
	}
	if r := synced(t, office); r.Sent != 20 || r.Received != 20 {
		t.Errorf("the office: %+v", r)
	}
	synced(t, anna)
	a, err := anna.View(id)
	if err != nil {
		t.Fatal(err)
	}
	o, err := office.View(id)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Heads.Equal(o.Heads) || len(a.Tree) != len(o.Tree) || a.Tree["office19"] != int64(19) || len(o.Job.Comments) != 20 || !remarked(o, "anna19") {
		t.Errorf("they differ:\n%v\n%v", a.Tree, o.Tree)
	}
}

func TestARunningClientComesBackByItself(t *testing.T) {
	dir := t.TempDir()
	addr, stop := startServer(t, dir, "")
	anna := open(t, t.TempDir(), addr, sut.WorkerAnna)
	events := phone.Run(t, anna)
	await(t, events, "in sync", kind(client.EventSynced))
	stop()
	await(t, events, "anna notices", kind(client.EventOffline))
	startServer(t, dir, addr) // nothing was changed meanwhile that could wake her
	await(t, events, "connected again", kind(client.EventOnline))
	id, err := anna.Create(t.Context(), crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"note"}, Value: "made afterwards"})
	if err != nil {
		t.Fatal(err)
	}
	await(t, events, "her own document", func(ev client.Event) bool { return ev.Doc == id })
	await(t, events, "in sync again", kind(client.EventSynced))
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	if err := office.Find(t.Context(), id); err != nil {
		t.Errorf("the server has not got it: %v", err)
	}
}

func TestFindTellsApartNotThereAndOffline(t *testing.T) {
	addr, stop := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	anna := open(t, t.TempDir(), addr, sut.WorkerAnna)
	ben := open(t, t.TempDir(), addr, sut.WorkerBen)
	id := newJob(t, office, "Pump", "anna")
	synced(t, office)
	if err := anna.Find(t.Context(), id); err != nil {
		t.Errorf("anna: %v", err)
	}
	if v, err := anna.View(id); err != nil || v.Job.Title != "Pump" {
		t.Errorf("found, but reads as %+v: %v", v.Job, err)
	}
	if err := ben.Find(t.Context(), id); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("ben, whose job it is not: %v", err)
	}
	if err := anna.Find(t.Context(), crdt.DocID{1}); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("a document that nobody made: %v", err)
	}
	if err := anna.Change(t.Context(), crdt.DocID{1}, func(*engine.Tx) error { return nil }); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("changing it: %v", err)
	}
	stop()
	if err := ben.Find(t.Context(), id); !errors.Is(err, client.ErrOffline) || errors.Is(err, client.ErrNotFound) {
		t.Errorf("without a server: %v", err)
	}
	if err := anna.Find(t.Context(), id); err != nil {
		t.Errorf("what is here needs no server: %v", err)
	}
}

func TestAPhotoTravelsAndIsVerified(t *testing.T) {
	addr, stop := startServer(t, t.TempDir(), "")
	office := open(t, t.TempDir(), addr, sut.Dispatcher)
	anna := open(t, t.TempDir(), addr, sut.WorkerAnna)
	id := newJob(t, office, "Pump", "anna")
	synced(t, office)
	synced(t, anna)
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	data := make([]byte, 3<<20)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	if err := os.WriteFile(photo, data, 0o600); err != nil {
		t.Fatal(err)
	}
	att, err := anna.Attach(t.Context(), id, photo, "")
	if err != nil {
		t.Fatal(err)
	}
	if u, err := anna.Unsent(t.Context()); err != nil || len(u.Files) != 1 || u.Bytes != int64(len(data)) || u.Changes != 1 {
		t.Errorf("before the sync: %+v, %v", u, err)
	}
	if r := synced(t, anna); r.FilesSent != 1 || r.FilesWaiting != 0 {
		t.Fatalf("anna's sync: %+v", r)
	}
	if err := office.Find(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if r := synced(t, office); r.FilesReceived == 0 {
		t.Fatalf("the office's sync: %+v", r)
	}
	stop()
	var got counted
	if err := office.Fetch(t.Context(), id, att.ID, &got); err != nil || int(got) != len(data) {
		t.Errorf("%d bytes, %v", got, err)
	}
}

// counted counts what is written.
type counted int

func (c *counted) Write(p []byte) (int, error) { *c += counted(len(p)); return len(p), nil }

func TestARevokedTokenEndsRunAndSaysSo(t *testing.T) {
	addr, _ := startServer(t, t.TempDir(), "")
	anna := open(t, t.TempDir(), addr, sut.WorkerAnna)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	events := anna.WatchAll(ctx)
	done := make(chan error, 1)
	go func() { done <- anna.Run(ctx) }()
	await(t, events, "connected", kind(client.EventSynced))
	signOut(t, addr, sut.WorkerAnna)
	if err := <-done; !errors.Is(err, client.ErrSignIn) {
		t.Errorf("Run ended with %v", err)
	}
	if _, err := anna.Sync(ctx); !errors.Is(err, client.ErrSignIn) {
		t.Errorf("Sync: %v", err)
	}
}

// signOut ends a token at the server.
func signOut(t *testing.T, addr, token string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, "http://"+addr+"/api/v1/session", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusNoContent {
		t.Fatalf("signing out: %s", answer.Status)
	}
}

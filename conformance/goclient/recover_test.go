package goclient

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/client"
	"fieldsync/conformance/internal/phone"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// comment writes a comment, and gives its text back.
func comment(t *testing.T, c *client.Client, id crdt.DocID, entry, text string) {
	t.Helper()
	edits, err := job.AddComment(job.Comment{ID: entry, Text: text, By: "anna", HappenedAt: 1})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
		t.Fatal(err)
	}
}

// careless opens a client that makes changes also where the rules say that the server refuses them.
func careless(t *testing.T, dir, url, token string) *client.Client {
	t.Helper()
	c, err := client.Open(client.Options{Dir: dir, StallAfter: 5 * time.Second, Unchecked: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	if _, err := c.Login(t.Context(), url, token); err != nil {
		t.Fatal(err)
	}
	return c
}

func view(t *testing.T, c *client.Client, id crdt.DocID) client.View {
	t.Helper()
	v, err := c.View(id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func unsent(t *testing.T, c *client.Client) client.Unsent {
	t.Helper()
	u, err := c.Unsent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// atServer is the document as somebody else gets it from the server.
func atServer(t *testing.T, url string, id crdt.DocID) client.View {
	t.Helper()
	other := careless(t, t.TempDir(), url, "any")
	if err := other.Find(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	return view(t, other, id)
}

func TestWhatTheServerRefusesIsKeptAndWhatCameAfterItArrives(t *testing.T) {
	r, url := newRefusing(t)
	dir := t.TempDir()
	c := careless(t, dir, url, "any")
	id := newJob(t, c, "Pump")
	synced(t, c)
	set(t, c, id, "resolution", "before")
	set(t, c, id, "title", "Two pumps")
	comment(t, c, id, "c1", "it leaks")
	set(t, c, id, "title", "Three pumps")
	set(t, c, id, "resolution", "after")
	if rep := synced(t, c); rep.Refused != 2 || rep.Sent != 3 {
		t.Errorf("the report: %+v", rep)
	}
	check := func(c *client.Client) {
		t.Helper()
		u := unsent(t, c)
		if u.Changes != 0 || len(u.Jobs) != 0 || len(u.Refused) != 2 {
			t.Fatalf("unsent: %+v", u)
		}
		for i, want := range []string{"Two pumps", "Three pumps"} {
			w := u.Refused[i]
			if w.Doc != id || w.Code != crdt.RefusedNotAllowed || !strings.Contains(w.Detail, "Monday") || w.Job != "Two pumps" && w.Job != "Three pumps" ||
				w.MadeAt.IsZero() || w.RefusedAt.IsZero() || len(w.Did) != 1 || w.Did[0].Path.String() != "/title" || w.Did[0].New != want || len(w.Changes) != 1 {
				t.Errorf("refused work %d: %+v", i, w)
			}
		}
		v := view(t, c, id)
		if v.Job.Title != "Pump" || v.Tree["resolution"] != "after" || len(v.Job.Comments) != 1 || len(v.Clashes) != 0 {
			t.Errorf("the job here: %+v", v.Tree)
		}
	}
	check(c)
	at := atServer(t, url, id)
	if !at.Heads.Equal(view(t, c, id).Heads) || at.Job.Title != "Pump" || len(at.Job.Comments) != 1 || at.Job.Comments[0].Text != "it leaks" {
		t.Errorf("at the server: %+v", at.Tree)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = careless(t, dir, url, "any")
	check(c) // also after a restart
	if rep := synced(t, c); rep.Refused+rep.Sent+rep.Received != 0 {
		t.Errorf("a sync with nothing to do: %+v", rep)
	}
	check(c)

	if _, err := c.FindRefused(t.Context(), "zz"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("work that is not there: %v", err)
	}
	w, err := c.FindRefused(t.Context(), unsent(t, c).Refused[0].ID.String()[:8])
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Dismiss(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if u := unsent(t, c); len(u.Refused) != 1 || u.Refused[0].Did[0].New != "Three pumps" {
		t.Errorf("after one was dismissed: %+v", u.Refused)
	}
	// Too early: it comes back into the book.
	if _, err := c.Again(t.Context(), unsent(t, c).Refused[0]); err != nil {
		t.Fatal(err)
	}
	if u := unsent(t, c); len(u.Refused) != 0 || u.Changes != 1 {
		t.Errorf("done again: %+v", u)
	}
	if rep := synced(t, c); rep.Refused != 1 || rep.Sent != 0 {
		t.Errorf("refused again: %+v", rep)
	}
	r.kind.Store(true)
	if _, err := c.Again(t.Context(), unsent(t, c).Refused[0]); err != nil {
		t.Fatal(err)
	}
	if rep := synced(t, c); rep.Refused != 0 || rep.Sent != 1 {
		t.Errorf("taken: %+v", rep)
	}
	if u := unsent(t, c); u.Changes != 0 || len(u.Refused) != 0 {
		t.Errorf("afterwards: %+v", u)
	}
	if at := atServer(t, url, id); at.Job.Title != "Three pumps" || len(at.Clashes) != 0 {
		t.Errorf("at the server: %+v, %v", at.Tree, at.Clashes)
	}
}

// What is done on something that a refused change made goes with it, and comes back with it.
func TestWorkOnARefusedThingIsKeptWithIt(t *testing.T) {
	r, url := newRefusing(t)
	c := careless(t, t.TempDir(), url, "any")
	id := newJob(t, c, "Pump")
	synced(t, c)
	change := func(edits ...crdt.Edit) {
		t.Helper()
		if err := c.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Apply(edits...) }); err != nil {
			t.Fatal(err)
		}
	}
	change(crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"title"}, Value: "x"}, // which the server does not take
		crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"extra"}, Value: map[string]any{"a": int64(1), "text": crdt.Text("one")}})
	change(crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"extra", "b"}, Value: int64(2)}, crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"note"}, Value: "kept"})
	change(crdt.Edit{Kind: crdt.EditSetText, Path: crdt.Path{"extra", "text"}, Text: "one two"})
	if rep := synced(t, c); rep.Refused != 1 || rep.Sent != 1 {
		t.Errorf("the report: %+v", rep)
	}
	u := unsent(t, c)
	if u.Changes != 0 || len(u.Refused) != 1 || len(u.Refused[0].Along) != 2 {
		t.Fatalf("unsent: %+v", u)
	}
	w := u.Refused[0]
	if did := w.Along[0].Did; len(did) != 1 || did[0].Path.String() != "/extra/b" || did[0].New != float64(2) {
		t.Errorf("what went along first: %+v", did)
	}
	if did := w.Along[1].Did; len(did) != 1 || did[0].Path.String() != "/extra/text" || len(did[0].Splices) != 1 || did[0].Splices[0].Inserted != " two" {
		t.Errorf("what went along then: %+v", did)
	}
	if at := atServer(t, url, id); at.Tree["note"] != "kept" || at.Tree["extra"] != nil || at.Job.Title != "Pump" {
		t.Errorf("at the server: %+v", at.Tree)
	}
	r.kind.Store(true)
	if done, err := c.Again(t.Context(), w); err != nil || done.Left != 0 {
		t.Fatalf("%+v, %v", done, err)
	}
	synced(t, c)
	at := atServer(t, url, id)
	extra, _ := at.Tree["extra"].(map[string]any)
	if at.Job.Title != "x" || extra["a"] != int64(1) || extra["b"] != int64(2) || extra["text"] != crdt.Text("one two") {
		t.Errorf("at the server: %+v", at.Tree)
	}
	if u := unsent(t, c); u.Changes != 0 || len(u.Refused) != 0 {
		t.Errorf("afterwards: %+v", u)
	}
}

func TestAJobThatTheServerRefusesFromTheStartIsKeptAsAWhole(t *testing.T) {
	r, url := newRefusing(t)
	r.strict.Store(true)
	c := careless(t, t.TempDir(), url, "any")
	id := newJob(t, c, "Pump")
	comment(t, c, id, "c1", "it leaks")
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(photo, []byte("not really"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Attach(t.Context(), id, photo, ""); err != nil {
		t.Fatal(err)
	}
	rep := synced(t, c)
	if rep.Refused != 1 || rep.Documents != 0 || rep.Sent != 0 || rep.FilesWaiting != 0 {
		t.Errorf("the report: %+v", rep)
	}
	u := unsent(t, c)
	if u.Changes != 0 || len(u.Files) != 0 || len(u.Refused) != 1 || !u.Refused[0].Whole || len(u.Refused[0].Changes) != 3 || u.Refused[0].Job != "Pump" {
		t.Fatalf("unsent: %+v", u)
	}
	if _, err := c.View(id); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("the job is here all the same: %v", err)
	}
	r.strict.Store(false)
	if _, err := c.Again(t.Context(), u.Refused[0]); err != nil {
		t.Fatal(err)
	}
	if u := unsent(t, c); u.Changes != 3 || len(u.Refused) != 0 || len(u.Files) != 1 {
		t.Errorf("brought back: %+v", u)
	}
	synced(t, c)
	if at := atServer(t, url, id); at.Job.Title != "Pump" || len(at.Job.Comments) != 1 || len(at.Job.Attachments) != 1 {
		t.Errorf("at the server: %+v", at.Tree)
	}
}

// An actor that belongs to somebody else is no reason to give work up: it is written again under another one.
func TestWorkUnderATakenActorIsWrittenUnderAnother(t *testing.T) {
	r, url := newRefusing(t)
	c := careless(t, t.TempDir(), url, "any")
	id := newJob(t, c, "Pump")
	synced(t, c)
	first := view(t, c, id).Heads
	set(t, c, id, "title", "Two pumps")
	set(t, c, id, "note", "kept")
	r.code.Store(crdt.RefusedActorTaken)
	rep := synced(t, c) // the server does not take it under any: then it is refused work
	if u := unsent(t, c); rep.Refused != 1 || len(u.Refused) != 1 || u.Refused[0].Code != crdt.RefusedActorTaken || u.Changes != 0 {
		t.Errorf("refused under every actor: %+v, %+v", rep, u)
	}
	if at := atServer(t, url, id); at.Tree["note"] != "kept" || at.Heads.Equal(first) {
		t.Errorf("at the server: %+v", at.Tree)
	}
	if _, err := c.Again(t.Context(), unsent(t, c).Refused[0]); err != nil {
		t.Fatal(err)
	}
	r.takes(2) // and now from the second attempt on
	if rep := synced(t, c); rep.Refused != 0 {
		t.Errorf("the report: %+v", rep)
	}
	if at := atServer(t, url, id); at.Job.Title != "Two pumps" || len(unsent(t, c).Refused) != 0 {
		t.Errorf("at the server: %+v", at.Tree)
	}
}

func TestALiveClientRecoversAndSaysSo(t *testing.T) {
	_, url := newRefusing(t)
	c := careless(t, t.TempDir(), url, "any")
	id := newJob(t, c, "Pump")
	synced(t, c)
	events := phone.Run(t, c)
	await(t, events, "in sync", kind(client.EventSynced))
	set(t, c, id, "title", "Two pumps")
	ev := await(t, events, "the refusal", kind(client.EventRefused))
	if ev.Doc != id || ev.Work == nil || len(ev.Work.Did) != 1 || ev.Work.Did[0].New != "Two pumps" || !strings.Contains(ev.Reason, "Monday") {
		t.Errorf("told: %+v", ev)
	}
	comment(t, c, id, "c1", "it leaks")
	await(t, events, "in sync again", kind(client.EventSynced))
	if at := atServer(t, url, id); at.Job.Title != "Pump" || len(at.Job.Comments) != 1 {
		t.Errorf("at the server: %+v", at.Tree)
	}
	if v := view(t, c, id); v.Job.Title != "Pump" {
		t.Errorf("here it is %q", v.Job.Title)
	}
}

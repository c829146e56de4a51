package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
)

// cacheFolder is a client with a budget, logged in, without a server behind it.
func cacheFolder(t testing.TB, budget int64) *Client {
	t.Helper()
	c, err := Open(Options{Dir: t.TempDir(), FilesBudget: budget, Unchecked: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	}))
	defer server.Close()
	if _, err := c.Login(t.Context(), server.URL, "token"); err != nil {
		t.Fatal(err)
	}
	return c
}

// content is a file of so many bytes, different for each name.
func content(name string, size int) []byte {
	return bytes.Repeat([]byte(name), size/len(name)+1)[:size]
}

// planned makes a job that names a file of 1000 bytes, scheduled in so many hours.
func planned(t *testing.T, c *Client, name string, in time.Duration, status job.Status) crdt.DocID {
	t.Helper()
	edits, err := job.New(job.Draft{Plan: job.Plan{Title: name}, ScheduledAt: crdt.Timestamp(time.Now().Add(in).UnixMilli()),
		First: job.Event{ID: "made", Status: status, HappenedAt: 1}})
	if err != nil {
		t.Fatal(err)
	}
	more, err := job.AddAttachment(job.Attachment{ID: "plan", SHA256: blobs.RefOf(content(name, 1000)).String(), Size: 1000, Name: name})
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Create(t.Context(), append(edits, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// bring puts a file into the folder as a download does.
func bring(t *testing.T, c *Client, name string) blobs.Ref {
	t.Helper()
	data := content(name, 1000)
	ref := blobs.RefOf(data)
	if _, err := blobs.Receive(t.Context(), c.files, space, ref, 1000, bytes.NewReader(data)); err != nil {
		t.Fatal(err)
	}
	return ref
}

func (c *Client) has(t *testing.T, name string) bool {
	t.Helper()
	_, err := c.files.Stat(t.Context(), space, blobs.RefOf(content(name, 1000)))
	if err != nil && !errors.Is(err, blobs.ErrNotFound) {
		t.Fatal(err)
	}
	return err == nil
}

func names(missing []missingFile) string {
	var out []string
	for _, m := range missing {
		out = append(out, m.name)
	}
	return strings.Join(out, " ")
}

func TestFilesAreFetchedAheadWithinTheBudgetTheNextJobsFirst(t *testing.T) {
	c := cacheFolder(t, 3500)
	planned(t, c, "later", 48*time.Hour, job.Published)
	planned(t, c, "over", -time.Hour, job.Finished)
	planned(t, c, "next", time.Hour, job.Published)
	gone := planned(t, c, "gone", 30*time.Minute, job.Published)
	planned(t, c, "tomorrow", 24*time.Hour, job.Published)
	c.mu.Lock()
	c.withdrawn[gone] = time.Now()
	c.mu.Unlock()
	got, err := c.missingFiles(t.Context())
	if err != nil || names(got) != "next tomorrow later" {
		t.Errorf("wanted: %s, %v", names(got), err)
	}
	bring(t, c, "next")
	if got, err = c.missingFiles(t.Context()); err != nil || names(got) != "tomorrow later" {
		t.Errorf("wanted when one is here: %s, %v", names(got), err)
	}
}

func TestWhatIsNotWantedGoesFirstByItsLastUseAndWhatIsUnsentNever(t *testing.T) {
	c := cacheFolder(t, 3000)
	id := planned(t, c, "next", time.Hour, job.Published)
	for _, name := range []string{"old", "older", "next", "unsent", "refused", "viewed"} {
		bring(t, c, name)
	}
	note := func(name string, age time.Duration) {
		sum := blobs.RefOf(content(name, 1000)).Sum()
		at := uint64(time.Now().Add(-age).UnixMilli())
		if err := store.Write(c.store, []store.Op{{Key: store.Local(bookUsed, sum[:]), Value: []byte{byte(at >> 56), byte(at >> 48), byte(at >> 40), byte(at >> 32), byte(at >> 24), byte(at >> 16), byte(at >> 8), byte(at)}}}); err != nil {
			t.Fatal(err)
		}
	}
	note("older", 900*time.Hour)
	note("old", 800*time.Hour)
	note("next", 1000*time.Hour) // used longest ago, and wanted
	note("unsent", 2000*time.Hour)
	note("refused", 2000*time.Hour)
	c.used(blobs.RefOf(content("viewed", 1000)))
	if err := c.putOutbox(outboxEntry{doc: id, ref: blobs.RefOf(content("unsent", 1000)), queued: queued{Name: "unsent", Size: 1000}}); err != nil {
		t.Fatal(err)
	}
	if err := c.putWork(workKey(id, crdt.Hash{1}), &workEntry{Files: []workFile{{SHA256: blobs.RefOf(content("refused", 1000)).String()}}}); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		budget int64
		left   string
	}{
		{4000, "old older next unsent refused viewed"}, {3000, "old next unsent refused viewed"}, {2999, "next unsent refused viewed"},
		{1000, "next unsent refused"}, {0, "unsent refused"}, {0, "unsent refused"},
	} {
		if _, err := c.evict(t.Context(), step.budget); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"old", "older", "next", "unsent", "refused", "viewed"} {
			if want := strings.Contains(" "+step.left+" ", " "+name+" "); c.has(t, name) != want {
				t.Errorf("with %d bytes: %q is here: %v, want %v", step.budget, name, !want, want)
			}
		}
	}
}

// TestNoAttachmentIsRemovedWhileItIsTakenIn attaches files while the cache is emptied without end.
func TestNoAttachmentIsRemovedWhileItIsTakenIn(t *testing.T) {
	c := cacheFolder(t, 1)
	id := planned(t, c, "next", time.Hour, job.Published)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = c.evict(t.Context(), 0)
			}
		}
	}()
	dir := t.TempDir()
	for n := range 20 {
		path := filepath.Join(dir, fmt.Sprint(n))
		if err := os.WriteFile(path, fmt.Appendf(nil, "note %d", n), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Attach(t.Context(), id, path, ""); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	<-done
	files, err := c.outbox()
	if err != nil || len(files) != 20 {
		t.Fatalf("%d files wait, %v", len(files), err)
	}
	for _, f := range files {
		if _, err := c.files.Stat(t.Context(), space, f.ref); err != nil {
			t.Errorf("%s: %v", f.Name, err)
		}
	}
}

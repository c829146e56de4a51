package client_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// fileServer serves one file, and may be made to misbehave. It has no /sync.
type fileServer struct {
	mu     sync.Mutex
	data   []byte
	cut    int // bytes after which an answer is cut; 0: it is not
	ranges []string
	status int // 0: as it should be
}

func (f *fileServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case r.Header.Get("Authorization") != "Bearer token":
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Path == "/api/v1/session":
		_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	case strings.HasPrefix(r.URL.Path, "/api/v1/files/") && r.URL.Query().Get("job") != "":
		f.ranges = append(f.ranges, r.Header.Get("Range"))
		if f.status != 0 {
			w.WriteHeader(f.status)
			return
		}
		data := f.data
		w.Header().Set("ETag", fmt.Sprintf(`"%x"`, sha256.Sum256(data)))
		if spec, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok && r.Header.Get("If-Range") == w.Header().Get("ETag") {
			var from int
			_, _ = fmt.Sscanf(spec, "%d-", &from)
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(data)-1, len(data)))
			w.Header().Set("Content-Length", fmt.Sprint(len(data)-from))
			w.WriteHeader(http.StatusPartialContent)
			data = data[from:]
		} else {
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		}
		if f.cut > 0 && f.cut < len(data) {
			_, _ = w.Write(data[:f.cut])
			panic(http.ErrAbortHandler)
		}
		_, _ = w.Write(data)
	default:
		http.NotFound(w, r)
	}
}

func (f *fileServer) change(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
}

func open(t *testing.T, dir string) *client.Client {
	t.Helper()
	c, err := client.Open(client.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// loggedIn is a client of a file server.
func loggedIn(t *testing.T, f *fileServer) *client.Client {
	t.Helper()
	return loggedInWith(t, f, nil)
}

func loggedInWith(t *testing.T, f *fileServer, key []byte) *client.Client {
	t.Helper()
	s := httptest.NewServer(f)
	t.Cleanup(s.Close)
	c := openWith(t, t.TempDir(), key)
	if _, err := c.Login(t.Context(), s.URL, "token"); err != nil {
		t.Fatal(err)
	}
	return c
}

// jobWith makes a job that names a file.
func jobWith(t *testing.T, c *client.Client, a job.Attachment) crdt.DocID {
	t.Helper()
	edits, err := job.New(job.Draft{Plan: job.Plan{Title: "Pump", ReportFields: []job.Field{{ID: "before", Name: "Before", Type: job.FieldPhoto}}},
		First: job.Event{ID: "made", Status: job.Published, HappenedAt: 1}})
	if err != nil {
		t.Fatal(err)
	}
	more, err := job.AddAttachment(a)
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Create(t.Context(), append(edits, more...)...)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func attachmentOf(data []byte) job.Attachment {
	return job.Attachment{ID: "photo", SHA256: fmt.Sprintf("%x", sha256.Sum256(data)), Size: int64(len(data)), MediaType: "image/jpeg", Name: "photo.jpg"}
}

func bytesOf(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(i * i >> 5)
	}
	return data
}

func TestADownloadThatWasCutGoesOnWhereItStopped(t *testing.T) {
	for name, key := range map[string][]byte{"in the clear": nil, "encrypted": folderKey} {
		t.Run(name, func(t *testing.T) { cutDownload(t, key) })
	}
}

func cutDownload(t *testing.T, key []byte) {
	f := &fileServer{data: bytesOf(1 << 20), cut: 300_001}
	c := loggedInWith(t, f, key)
	id := jobWith(t, c, attachmentOf(f.data))
	var got bytes.Buffer
	for range 2 {
		if err := c.Fetch(t.Context(), id, "photo", &got); !errors.Is(err, client.ErrOffline) || got.Len() != 0 {
			t.Fatalf("a cut download gave %d bytes and %v", got.Len(), err)
		}
	}
	f.change(func() { f.cut = 0 })
	if err := c.Fetch(t.Context(), id, "photo", &got); err != nil || !bytes.Equal(got.Bytes(), f.data) {
		t.Fatalf("%d bytes, %v", got.Len(), err)
	}
	if want := []string{"", "bytes=300001-", "bytes=600002-"}; fmt.Sprint(f.ranges) != fmt.Sprint(want) {
		t.Errorf("asked for %q, want %q", f.ranges, want)
	}
	got.Reset()
	if err := c.Fetch(t.Context(), id, "photo", &got); err != nil || len(f.ranges) != 3 {
		t.Errorf("the second time it was not taken from here: %d requests, %v", len(f.ranges), err)
	}
}

func TestWrongBytesAreRefusedAndTheRightOnesTakenAfterwards(t *testing.T) {
	right := bytesOf(100_000)
	for name, wrong := range map[string][]byte{
		"one bit differs": append([]byte{right[0] ^ 1}, right[1:]...),
		"too short":       right[:99_999],
		"too long":        append(bytes.Clone(right), 0),
		"nothing":         {},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fileServer{data: wrong}
			c := loggedIn(t, f)
			id := jobWith(t, c, attachmentOf(right))
			var got bytes.Buffer
			if err := c.Fetch(t.Context(), id, "photo", &got); !errors.Is(err, client.ErrWrongBytes) || got.Len() != 0 {
				t.Fatalf("%d bytes, %v", got.Len(), err)
			}
			if c.Has(t.Context(), attachmentOf(right)) {
				t.Error("the wrong bytes are kept under the right name")
			}
			f.change(func() { f.data = right })
			if err := c.Fetch(t.Context(), id, "photo", &got); err != nil || !bytes.Equal(got.Bytes(), right) {
				t.Errorf("afterwards: %d bytes, %v", got.Len(), err)
			}
		})
	}
}

func TestWhatTheServerAnswersToAFetchIsToldApart(t *testing.T) {
	for status, want := range map[int]error{404: client.ErrNotFound, 403: client.ErrNotAllowed, 401: client.ErrSignIn, 503: client.ErrOffline, 429: client.ErrOffline} {
		f := &fileServer{data: bytesOf(10), status: status}
		c := loggedIn(t, f)
		id := jobWith(t, c, attachmentOf(f.data))
		if err := c.Fetch(t.Context(), id, "photo", io.Discard); !errors.Is(err, want) {
			t.Errorf("%d gives %v", status, err)
		}
		if err := c.Fetch(t.Context(), id, "other", io.Discard); !errors.Is(err, client.ErrNotFound) {
			t.Errorf("an attachment that is not there: %v", err)
		}
	}
}

func TestAnAttachedFileIsInTheFolderAndInTheOutboxAcrossARestart(t *testing.T) {
	s := httptest.NewServer(&fileServer{})
	t.Cleanup(s.Close)
	dir := t.TempDir()
	c := open(t, dir)
	if _, err := c.Login(t.Context(), s.URL, "token"); err != nil {
		t.Fatal(err)
	}
	s.Close() // offline from here on
	id := jobWith(t, c, attachmentOf([]byte("an older one")))
	path := filepath.Join(t.TempDir(), "Photo.JPG")
	if err := os.WriteFile(path, []byte("light on the wall"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.SetStatus(t.Context(), id, client.StatusChange{Status: job.Started}); err != nil {
		t.Fatal(err)
	}
	att, err := c.Attach(t.Context(), id, path, "before")
	if err != nil || att.MediaType != "image/jpeg" || att.Name != "Photo.JPG" || att.By != "anna" || att.Field != "before" {
		t.Fatalf("%+v, %v", att, err)
	}
	if _, err := c.Attach(t.Context(), crdt.DocID{9}, path, ""); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("attaching to a job that is not here: %v", err)
	}
	if _, err := c.Attach(t.Context(), id, t.TempDir(), ""); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("attaching a folder: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c = open(t, dir)
	u, err := c.Unsent(t.Context())
	if err != nil || len(u.Files) != 1 || u.Files[0].SHA256 != att.SHA256 || u.Files[0].ID != id || u.Bytes != 17 {
		t.Errorf("the outbox: %+v, %v", u.Files, err)
	}
	var got bytes.Buffer
	if err := c.Fetch(t.Context(), id, att.ID, &got); err != nil || got.String() != "light on the wall" {
		t.Errorf("%q, %v", got.String(), err)
	}
}

func TestEditsFromManyGoroutinesAreAllThereInOneActorsOrder(t *testing.T) {
	c := loggedIn(t, &fileServer{})
	id := jobWith(t, c, attachmentOf(nil))
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 10 {
				key := fmt.Sprintf("w%d-%d", w, i)
				if err := c.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Set(crdt.Path{key}, true) }); err != nil {
					t.Errorf("%s: %v", key, err)
				}
			}
		})
	}
	wg.Wait()
	v, err := c.View(id)
	if err != nil {
		t.Fatal(err)
	}
	for w := range 8 {
		for i := range 10 {
			if v.Tree[fmt.Sprintf("w%d-%d", w, i)] != true {
				t.Errorf("w%d-%d is lost", w, i)
			}
		}
	}
	if len(v.Heads) != 1 {
		t.Errorf("changes of one folder stand beside one another: %d heads", len(v.Heads))
	}
	if u, err := c.Unsent(t.Context()); err != nil || u.Changes != 81 {
		t.Errorf("%d changes, %v", u.Changes, err)
	}
}

func TestAChangeThatFailsOrWritesNothingLeavesTheDocumentAsItWas(t *testing.T) {
	c := loggedIn(t, &fileServer{})
	id := jobWith(t, c, attachmentOf(nil))
	before, err := c.Heads(id)
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := c.Change(t.Context(), id, func(tx *engine.Tx) error {
		_ = tx.Set(crdt.Path{"title"}, "half done")
		return broken
	}); !errors.Is(err, broken) {
		t.Errorf("the error: %v", err)
	}
	if err := c.Change(t.Context(), id, func(tx *engine.Tx) error { return tx.Set(crdt.Path{"title"}, "Pump") }); err != nil {
		t.Error(err)
	}
	if after, err := c.Heads(id); err != nil || !after.Equal(before) {
		t.Errorf("%v became %v, %v", before, after, err)
	}
}

package client

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/client/internal/netclass"
	"fieldsync/client/internal/service"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// busyServer takes no files, nor gives any, and says when it will.
type busyServer struct {
	mu     sync.Mutex
	status int
	asked  int // to take a file
	wanted int // of it
}

func (s *busyServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.URL.Path == "/api/v1/session":
		_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	case r.URL.Path == "/api/v1/uploads":
		s.asked++
		w.Header().Set("Retry-After", "100")
		w.WriteHeader(s.status)
	case strings.HasPrefix(r.URL.Path, "/api/v1/files/"):
		s.wanted++
		w.Header().Set("Retry-After", "100")
		w.WriteHeader(s.status)
	default:
		http.NotFound(w, r)
	}
}

func TestABusyServerIsLeftAloneWithFilesUntilItWantsThemButForAPersonWhoAsks(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			server := &busyServer{status: status}
			at := httptest.NewServer(server)
			t.Cleanup(at.Close)
			c, err := Open(Options{Dir: t.TempDir()})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			if _, err := c.Login(t.Context(), at.URL, "token"); err != nil {
				t.Fatal(err)
			}
			c.meter(func(m *netclass.Meter) {
				m.Word(NetworkWiFi, false)
				m.Connected()
				m.RoundTrip(50*time.Millisecond, false)
			})
			edits, err := job.New(job.Draft{Assignees: []job.Assignee{{User: "anna", Edit: true}}, First: job.Event{ID: "made", Status: job.Published, HappenedAt: 1}})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 2 { // on another device of hers
				more, err := job.AddAttachment(job.Attachment{ID: fmt.Sprint("far", i), SHA256: blobs.RefOf([]byte{byte(i)}).String(), Size: 1, MediaType: "image/jpeg", Name: "far.jpg"})
				if err != nil {
					t.Fatal(err)
				}
				edits = append(edits, more...)
			}
			id, err := c.Create(t.Context(), edits...)
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				path := filepath.Join(t.TempDir(), "photo.txt")
				if err := os.WriteFile(path, fmt.Append(nil, "photo ", i), 0o600); err != nil {
					t.Fatal(err)
				}
				if _, err := c.Attach(t.Context(), id, path, ""); err != nil {
					t.Fatal(err)
				}
			}
			a, base, err := c.signedIn()
			if err != nil {
				t.Fatal(err)
			}
			s := &session{c: c, api: service.New(base, a.Token), changed: make(chan struct{}), open: map[crdt.DocID]struct{}{}, refused: map[crdt.DocID]struct{}{}}
			t.Cleanup(s.api.Close)
			move := func(asked, wanted int) {
				t.Helper()
				moved, err := c.moveFiles(t.Context(), s)
				if err != nil || moved.waiting != 3+2 || moved.err == nil || server.asked != asked || server.wanted != wanted {
					t.Errorf("%+v, %v; the server was asked %d times, and for files %d times, want %d and %d", moved, err, server.asked, server.wanted, asked, wanted)
				}
			}
			move(1, 1)
			for _, w := range []way{up, down} {
				if wait := c.filesIn(w); wait < 99*time.Second || wait > 125*time.Second {
					t.Errorf("again in %v", wait)
				}
			}
			move(1, 1)
			c.SyncNow()
			move(2, 2)
		})
	}
}

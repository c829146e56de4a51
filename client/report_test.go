package client

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fieldsync/client/internal/netclass"
	"fieldsync/client/internal/service"
	"fieldsync/crdt/job"
)

// office is a server that takes reports of devices, and answers each as the test wants.
type office struct {
	came   chan service.DeviceReport
	answer chan int // a status for each
}

func (o *office) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/api/v1/me/device/report" {
		_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
		return
	}
	var said service.DeviceReport
	if err := json.NewDecoder(r.Body).Decode(&said); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	o.came <- said
	w.WriteHeader(<-o.answer)
}

// reporting is a client that is connected, as far as its reporter can tell, with a job.
func reporting(t *testing.T) (o *office, c *Client, attach func()) {
	t.Helper()
	o = &office{make(chan service.DeviceReport), make(chan int)}
	server := httptest.NewServer(o)
	t.Cleanup(server.Close)
	c, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if _, err := c.Login(t.Context(), server.URL, "token"); err != nil {
		t.Fatal(err)
	}
	c.meter(func(m *netclass.Meter) { m.Connected() })
	edits, err := job.New(job.Draft{First: job.Event{ID: "made", Status: job.Published, HappenedAt: 1}})
	if err != nil {
		t.Fatal(err)
	}
	id, err := c.Create(t.Context(), edits...)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "plan.bin")
	if err := os.WriteFile(path, []byte("a plan"), 0o600); err != nil {
		t.Fatal(err)
	}
	api, done, err := c.service()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	s := &session{c: c, api: api}
	ended := make(chan struct{})
	go func() { s.reports(ctx); close(ended) }()
	t.Cleanup(func() { cancel(); <-ended; done() })
	return o, c, func() {
		t.Helper()
		if _, err := c.Attach(t.Context(), id, path, ""); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatChangesWhileAReportIsOnItsWayIsReportedToo(t *testing.T) {
	o, c, attach := reporting(t)
	signal(c.reports.wanted)
	if r := <-o.came; r.Unsent.Files != 0 || r.Unsent.Changes == 0 {
		t.Errorf("first: %+v", r)
	}
	attach()
	signal(c.reports.wanted)
	o.answer <- http.StatusNoContent
	if r := <-o.came; r.Unsent.Files != 1 {
		t.Errorf("then: %+v", r)
	}
	o.answer <- http.StatusNoContent
}

func TestAReportThatTheServerDidNotTakeIsMadeAgain(t *testing.T) {
	o, c, attach := reporting(t)
	attach()
	signal(c.reports.wanted)
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusInternalServerError, http.StatusNoContent} {
		if r := <-o.came; r.Unsent.Files != 1 {
			t.Errorf("%+v", r)
		}
		o.answer <- status
	}
}

func TestAReportThatTheServerRefusesDoesNotEndReports(t *testing.T) {
	o, c, attach := reporting(t)
	c.keepLastSync(time.Now().Add(-20 * 365 * 24 * time.Hour)) // a phone whose clock was wrong: longer than the server believes
	signal(c.reports.wanted)
	if r := <-o.came; r.SinceSync != nil {
		t.Errorf("in step %d s ago", *r.SinceSync)
	}
	o.answer <- http.StatusBadRequest
	attach()
	signal(c.reports.wanted)
	if r := <-o.came; r.Unsent.Files != 1 {
		t.Errorf("%+v", r)
	}
	o.answer <- http.StatusNoContent
}

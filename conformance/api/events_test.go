package api

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// stream is an open stream of events.
type stream struct {
	t     *testing.T
	res   *http.Response
	lines chan string // closed at the end
}

// stream opens a stream of a list's changes as somebody.
func (s *server) stream(as, path string, header ...string) *stream {
	s.t.Helper()
	r, _ := s.request(as, "GET", path, nil, header...)
	if ok, wrong := s.check.ValidateHttpRequestSync(r); !ok {
		s.t.Errorf("%s: the request is not as described: %s", path, words(wrong))
	}
	ctx, cancel := context.WithCancel(s.t.Context())
	res, err := (&http.Client{}).Do(r.WithContext(ctx))
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		s.t.Fatalf("%s as %s: %d %v", path, as, res.StatusCode, res.Header)
	}
	s.note(r, res.StatusCode)
	st := &stream{t: s.t, res: res, lines: make(chan string, 1000)}
	s.t.Cleanup(func() { cancel(); res.Body.Close() })
	go func() {
		defer close(st.lines)
		for in := bufio.NewScanner(res.Body); in.Scan(); {
			st.lines <- in.Text()
		}
	}()
	return st
}

// until reads until a line holds the text; false: the stream ended before.
func (st *stream) until(text string) (line string, ok bool) {
	st.t.Helper()
	late := time.NewTimer(30 * time.Second)
	defer late.Stop()
	for {
		select {
		case line, ok := <-st.lines:
			if !ok || strings.Contains(line, text) {
				return line, ok
			}
		case <-late.C:
			st.t.Fatalf("no %q in the stream", text)
		}
	}
}

func (s *server) driveEvents() {
	a := s.valid("dora", "GET", "jobs", nil, 200)
	st := s.stream("dora", "jobs/events?status=published,started&scheduled_from=2020-01-01T00:00:00Z", "Last-Event-ID", "0")
	list := s.stream("dora", "jobs/events?after="+fmt.Sprint(a.at("sequence")))
	job := s.valid("dora", "POST", "jobs", form("title", "Told at once", "status", "published", "scheduled_at", "2026-11-24T09:30:00Z"), 201)
	for _, st := range []*stream{st, list} {
		if _, ok := st.until("Told at once"); !ok {
			s.t.Error("the stream ended")
		}
	}
	s.valid("dora", "PATCH", "jobs/"+job.str("id"), form("scheduled_at", nil), 200)
	if _, ok := st.until("event: removed"); !ok {
		s.t.Error("the stream ended")
	}
	// A revoked token ends the stream at once, and says why.
	u := s.valid("", "POST", "tokens", form("login", "dora", "password", password, "label", "to be revoked"), 201)
	s.tokens["revoked"] = u.str("token")
	held := s.stream("revoked", "jobs/events")
	s.valid("revoked", "DELETE", "session", nil, 204)
	began := time.Now()
	if line, _ := held.until("revoked"); !strings.Contains(line, `"reason":"revoked"`) {
		s.t.Errorf("the stream ended with %q", line)
	}
	if _, more := held.until("no such line"); more {
		s.t.Error("the stream goes on")
	}
	if took := time.Since(began); took > time.Second {
		s.t.Errorf("the stream ended %s after the revocation", took)
	}
	delete(s.tokens, "revoked")
}

// driveStop stops the server while somebody reads a stream: it says so, and does not wait for its end.
func (s *server) driveStop() {
	st := s.stream("dora", "jobs/events")
	s.Stop()
	if line, _ := st.until("stopping"); line != `data: {"reason":"stopping"}` {
		s.t.Errorf("the stream ended with %q", line)
	}
	if code := s.ExitCode(); code != 0 || strings.Contains(s.Output(), "cut off") {
		s.t.Errorf("the server ended with %d:\n%s", code, s.Output())
	}
}

package jobs

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

func TestTheExportsOfOneOrganisationLeaveRoomForOthers(t *testing.T) {
	var e exports
	var ends []func()
	for e.of["acme"] < maxExportsOrg {
		ends = append(ends, e.begin("acme"))
	}
	if e.begin("acme") != nil {
		t.Error("one more of the same organisation")
	}
	for i := 0; e.all < maxExports; i++ {
		end := e.begin(string(rune('a' + i)))
		if end == nil {
			t.Fatalf("another organisation's is refused after %d", e.all)
		}
		ends = append(ends, end)
	}
	if e.begin("new") != nil {
		t.Error("more than there may be in all")
	}
	for _, end := range ends {
		end()
	}
	if e.all != 0 || len(e.of) != 0 {
		t.Errorf("%+v is left", &e)
	}
}

// reader takes a while for each piece, by a clock of its own, and honours the deadline as a socket does.
type reader struct {
	http.ResponseWriter
	now, deadline time.Time
	takes         time.Duration
	pieces        int
}

func (r *reader) SetWriteDeadline(t time.Time) error { r.deadline = t; return nil }

func (r *reader) Write(b []byte) (int, error) {
	if r.now = r.now.Add(r.takes); r.now.After(r.deadline) {
		return 0, errors.New("deadline")
	}
	r.pieces++
	return len(b), nil
}

func TestASlowReaderDoesNotHoldAnExport(t *testing.T) {
	began := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	read := func(takes time.Duration, pieces int) (done bool, took time.Duration) {
		r := &reader{ResponseWriter: httptest.NewRecorder(), now: began, takes: takes}
		p := &paced{w: r, control: http.NewResponseController(r), now: func() time.Time { return r.now }, due: began, end: began.Add(exportEnd)}
		for range pieces {
			if _, err := p.Write(make([]byte, exportPiece)); err != nil {
				return false, r.deadline.Sub(began)
			}
		}
		return true, r.now.Sub(began)
	}
	if done, took := read(25*time.Second, 100); done || took > 2*time.Minute {
		t.Errorf("who takes 25 s for each piece: done %v, after %v", done, took)
	}
	if done, _ := read(3*time.Second, 100); !done {
		t.Error("who reads at some 20 KiB a second is cut off")
	}
	if done, took := read(3*time.Second, 1000); done || took > exportEnd {
		t.Errorf("who reads for longer than an export lasts: done %v, after %v", done, took)
	}
	// Who was fast has no longer time at the end.
	r := &reader{ResponseWriter: httptest.NewRecorder(), now: began}
	p := &paced{w: r, control: http.NewResponseController(r), now: func() time.Time { return r.now }, due: began, end: began.Add(exportEnd)}
	for range 100 {
		_, _ = p.Write(make([]byte, exportPiece))
	}
	if left := r.deadline.Sub(began); left > exportPatience+5*time.Second {
		t.Errorf("after a fast beginning the reader may be silent for %v", left)
	}
}

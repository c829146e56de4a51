package jobs

import (
	"bufio"
	"net/http"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/problem"
)

// How many exports there are at a time, and how fast they have to be read. One of a common job has some tens of KiB.
const (
	maxExports     = 8
	maxExportsOrg  = 2                // of one organisation: no other waits for its readers
	exportPatience = 30 * time.Second // how far a reader may be behind
	exportRate     = 16 << 10         // bytes a second that he has to read
	exportEnd      = 10 * time.Minute
	exportPiece    = 64 << 10
)

// exports counts those that are under way.
type exports struct {
	mu  sync.Mutex
	all int
	of  map[string]int // by organisation
}

// begin takes a place for an organisation, and gives what gives it back; nil: there is none.
func (e *exports) begin(org string) (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.all == maxExports || e.of[org] == maxExportsOrg {
		return nil
	}
	if e.of == nil {
		e.of = map[string]int{}
	}
	e.all++
	e.of[org]++
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.all--
		if e.of[org]--; e.of[org] == 0 {
			delete(e.of, org)
		}
	}
}

// export writes the whole history of a job as JSON, as it reads it (audit.Log.Export).
func (s *Service) export(w http.ResponseWriter, r *http.Request) {
	p, err := api.Principal(r.Context())
	if err != nil {
		problem.Write(w, err)
		return
	}
	end := s.exports.begin(p.Org)
	if end == nil {
		problem.Write(w, crdt.Errorf(crdt.KindBusy, "too many exports at once"))
		return
	}
	defer end()
	to := Target{ID: r.PathValue("id")}
	c, l, _, err := s.log(r.Context(), to)
	if err != nil {
		problem.Write(w, err)
		return
	}
	c.Close() // the log needs it no more, and others may wait for its place
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="history-`+c.ID.String()+`.json"`)
	out := bufio.NewWriterSize(&paced{w: w, control: http.NewResponseController(w), now: time.Now, due: time.Now(), end: time.Now().Add(exportEnd)}, exportPiece)
	if err := l.Export(out, c.ID); err == nil {
		err = out.Flush()
		if err == nil {
			return
		}
	}
	// The header is sent, so that only cutting the connection tells that this is not all.
	panic(http.ErrAbortHandler)
}

// paced bounds how long a reader takes by what he has read: the deadline of the connection's writes moves with each piece, by the time that
// the piece may take.
type paced struct {
	w       http.ResponseWriter
	control *http.ResponseController
	now     func() time.Time
	due     time.Time // when a reader who is just fast enough would have what was written
	end     time.Time // of all patience
}

func (p *paced) Write(b []byte) (int, error) {
	p.due = p.due.Add(time.Duration(len(b)) * time.Second / exportRate)
	if now := p.now(); p.due.After(now) {
		p.due = now // who was fast has no longer time at the end
	}
	deadline := p.due.Add(exportPatience)
	if p.end.Before(deadline) {
		deadline = p.end
	}
	_ = p.control.SetWriteDeadline(deadline) // not every ResponseWriter of a test has deadlines
	return p.w.Write(b)
}

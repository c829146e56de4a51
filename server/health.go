package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/api"
)

// What a probe may cost: a load balancer asks every few seconds from several places, and a look at the store is an
// fsync.
const (
	probeEvery    = 2 * time.Second // an answer is used again for so long
	probePatience = 3 * time.Second // then the part is as good as gone
)

// probeName is the fact about the store that is written to see whether it takes writes.
const probeName = "ready"

// probeSpace is where the probe looks for a file that is never there.
const probeSpace = "probe"

// health is the body of /healthz and /readyz.
type health struct {
	Status string            `json:"status"`           // ok, unavailable or draining
	Checks map[string]string `json:"checks,omitempty"` // part -> ok, failed or slow; the log says why
}

// healthz tells that the process is alive and serves.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	api.WriteJSON(w, http.StatusOK, health{Status: "ok"})
}

// readyz tells whether the server should be sent work: its parts answer, and it does not stop.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	checks, ok := s.ready.check(r.Context())
	switch {
	case s.draining.Load():
		api.WriteJSON(w, http.StatusServiceUnavailable, health{Status: "draining", Checks: checks})
	case !ok:
		api.WriteJSON(w, http.StatusServiceUnavailable, health{Status: "unavailable", Checks: checks})
	default:
		api.WriteJSON(w, http.StatusOK, health{Status: "ok", Checks: checks})
	}
}

// readiness asks each part whether it works.
type readiness struct {
	probes []*probe
}

func newReadiness(log *slog.Logger, data backends) readiness {
	return readiness{probes: []*probe{
		{name: "store", log: log, ask: func(context.Context) error {
			return store.Write(data.store, []store.Op{{Key: store.Meta(probeName), Value: []byte{}}})
		}},
		{name: "blobs", log: log, ask: func(ctx context.Context) error {
			return reachable(ctx, data.blobs)
		}},
	}}
}

func reachable(ctx context.Context, b blobs.Statter) error {
	space, err := blobs.ParseSpace(probeSpace)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "the probe's space: %w", err)
	}
	if _, err := b.Stat(ctx, space, blobs.RefOf(nil)); err != nil && !errors.Is(err, blobs.ErrNotFound) {
		return err
	}
	return nil
}

// check asks all parts at once.
func (r readiness) check(ctx context.Context) (map[string]string, bool) {
	verdicts := make([]string, len(r.probes))
	var wg sync.WaitGroup
	for i, p := range r.probes {
		wg.Go(func() { verdicts[i] = p.verdict(ctx) })
	}
	wg.Wait()
	checks, ok := map[string]string{}, true
	for i, p := range r.probes {
		checks[p.name] = verdicts[i]
		ok = ok && verdicts[i] == verdictOK
	}
	return checks, ok
}

const (
	verdictOK     = "ok"
	verdictFailed = "failed"
	verdictSlow   = "slow"
)

// probe asks one part, one question at a time, and remembers the answer for a while.
type probe struct {
	name string
	log  *slog.Logger
	ask  func(context.Context) error // may take longer than its context: then no further one is asked until it answers

	mu      sync.Mutex
	last    string
	asked   time.Time     // when last was found
	pending chan struct{} // closed when the question under way is answered; nil: none is
}

func (p *probe) verdict(ctx context.Context) string {
	p.mu.Lock()
	if p.last == verdictOK && time.Since(p.asked) < probeEvery {
		defer p.mu.Unlock()
		return p.last
	}
	if p.pending == nil {
		p.pending = make(chan struct{})
		go p.run(context.WithoutCancel(ctx))
	}
	pending := p.pending
	p.mu.Unlock()

	timeout := time.NewTimer(probePatience)
	defer timeout.Stop()
	select {
	case <-pending:
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.last
	case <-timeout.C:
		return verdictSlow
	case <-ctx.Done():
		return verdictSlow
	}
}

func (p *probe) run(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	err := p.ask(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	verdict := verdictOK
	if err != nil {
		verdict = verdictFailed
	}
	if verdict != p.last && (err != nil || p.last != "") {
		p.log.Warn("readiness changed", "part", p.name, "verdict", verdict, "error", err)
	}
	p.last, p.asked = verdict, time.Now()
	close(p.pending)
	p.pending = nil
}

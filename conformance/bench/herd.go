package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

const (
	// herdWorkers is how many phones catch up at a time when the work itself is measured: enough to keep server and phones busy.
	herdWorkers = 64
	// herdSetup is how many phones, or requests of the office, are at work at a time while nothing is measured.
	herdSetup = 16
	// herdPatience ends a wait for a phone that does not come.
	herdPatience = 5 * time.Minute
	// herdCrew is how many phones have the same jobs, and herdChanged how many of these the office changes while they are away.
	herdCrew    = 4
	herdChanged = 2
	// herdCalm is how long the edits of two who are never cut off are measured before an outage.
	herdCalm = 3 * time.Second

	herdPassword = "only in the bench"
)

// outage is how the phones lose their server.
type outage struct {
	kill  bool // the server is killed, and not only the line cut
	lasts time.Duration
}

// herdRound is what came of one outage; or of the work itself, where there was none.
type herdRound struct {
	outage       outage
	lasted       time.Duration   // what the outage was in the end: the edits take their time
	took         []time.Duration // from the server's return until a phone was caught up, sorted
	attempts     int             // to connect, from the server's return on
	told, early  int             // of them: answered that their turn is later; and made before it was
	most         int             // of them within one second
	cpu          time.Duration   // of the server's process
	peak         int64           // bytes: the most memory the server's process ever had
	calm, beside []time.Duration // an edit's way between two who were never cut off: before the outage, and while the phones came back
}

// last is when the last phone was caught up.
func (r herdRound) last() time.Duration { return r.took[len(r.took)-1] }

// herdResult is the work itself, before and after the outages, and the outages.
type herdResult struct {
	work   []herdRound
	rounds []herdRound
}

// herd are the phones, and what they lose.
type herd struct {
	cfg    config
	dir    string
	bin    string
	server *sut.Process
	line   *herdLine
	phones []*herdPhone
	round  int

	writer, reader *herdPhone // two whose line is never cut, with one job
}

// runHerd measures how phones that lost their server come back.
func runHerd(ctx context.Context, cfg config) (out herdResult, err error) {
	tmp, err := os.MkdirTemp("", "fieldsync-bench-")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(tmp)
	h := &herd{cfg: cfg, dir: tmp}
	defer h.close()
	if err := h.prepare(ctx); err != nil {
		return out, err
	}
	work := func() error {
		r, err := h.work(ctx)
		out.work = append(out.work, r)
		return err
	}
	if err := work(); err != nil {
		return out, fmt.Errorf("the work itself: %w", err)
	}
	for _, o := range cfg.outages {
		r, err := h.lose(ctx, o)
		if err != nil {
			return out, fmt.Errorf("an outage of %v: %w", o.lasts, err)
		}
		out.rounds = append(out.rounds, r)
	}
	if err := work(); err != nil {
		return out, fmt.Errorf("the work itself, again: %w", err)
	}
	return out, nil
}

func (h *herd) close() {
	for _, p := range append([]*herdPhone{h.writer, h.reader}, h.phones...) {
		if p != nil && p.c != nil {
			p.end()
			_ = p.c.Close() // its folder goes
		}
	}
	if h.line != nil {
		_ = h.line.Close() // all is over
	}
	if h.server != nil {
		h.server.Kill()
	}
	_ = os.RemoveAll(h.phoneDir())
}

// each does something for each phone, n at a time.
func (h *herd) each(n int, do func(i int) error) error {
	var g errgroup.Group
	g.SetLimit(n)
	for i := range h.phones {
		g.Go(func() error { return do(i) })
	}
	return g.Wait()
}

// apart has each phone and the office write something while they have no line.
func (h *herd) apart(ctx context.Context) error {
	h.round++
	var both errgroup.Group
	both.Go(func() error {
		return h.each(herdSetup, func(i int) error {
			_, err := h.phones[i].c.Comment(ctx, h.job(i, 0), h.word())
			return err
		})
	})
	both.Go(func() error {
		return h.each(herdSetup, func(i int) error {
			for n := range min(herdChanged, h.cfg.herdJobs) {
				if i%herdCrew != 0 {
					break
				}
				if err := h.ask(ctx, sut.Dispatcher, http.MethodPatch, "jobs/"+h.job(i, n).String(), map[string]any{"description": h.word()}, nil); err != nil {
					return err
				}
			}
			return nil
		})
	})
	return both.Wait()
}

// job is the n-th of those of a phone's that change in this round, and word is what is written into them.
func (h *herd) job(phone, n int) crdt.DocID { return h.phones[phone].jobs[(h.round+n)%h.cfg.herdJobs] }
func (h *herd) word() string                { return fmt.Sprint("what is new in round ", h.round) }

// check looks whether everybody really has delivered and got everything of a round.
func (h *herd) check(ctx context.Context) error {
	return h.each(herdSetup, func(i int) error {
		u, err := h.phones[i].c.Unsent(ctx)
		if err == nil && u.Changes > 0 {
			err = fmt.Errorf("phone %d has %d changes that were not delivered", i, u.Changes)
		}
		for n := range min(herdChanged, h.cfg.herdJobs) {
			if err != nil {
				break
			}
			var v client.View
			if v, err = h.phones[i].c.View(h.job(i, n)); err == nil && fmt.Sprint(v.Tree["description"]) != h.word() {
				err = fmt.Errorf("phone %d does not have what the office wrote: %q", i, v.Tree["description"])
			}
		}
		return err
	})
}

// work is the same work with nobody waiting: so many phones catch up at a time, and the next begins when one is done.
func (h *herd) work(ctx context.Context) (r herdRound, err error) {
	_ = h.each(herdSetup, func(i int) error { h.phones[i].end(); return nil })
	if err := h.apart(ctx); err != nil {
		return r, err
	}
	before, err := cpuTime(h.server.PID())
	if err != nil {
		return r, err
	}
	begun := time.Now()
	r.took = make([]time.Duration, len(h.phones))
	err = h.each(herdWorkers, func(i int) error {
		started := time.Now()
		h.phones[i].begin()
		at, err := h.phones[i].caughtUp(ctx, started)
		r.took[i] = at.Sub(begun)
		return err
	})
	return r, errors.Join(err, h.done(ctx, &r, before, begun))
}

// done adds what is known at a round's end.
func (h *herd) done(ctx context.Context, r *herdRound, before time.Duration, begun time.Time) error {
	last := slices.Index(r.took, slices.Max(r.took))
	slices.Sort(r.took)
	after, err := cpuTime(h.server.PID())
	if err != nil {
		return err
	}
	r.cpu = after - before
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.server.PID()))
	if err != nil {
		return err
	}
	r.peak = statusKB(status, "VmHWM:") << 10
	var all []time.Time
	var said []string // by the last
	for i, p := range h.phones {
		p.mu.Lock()
		if i == last {
			said = p.said
		}
		for _, at := range p.attempts {
			if !at.Before(begun) {
				all = append(all, at)
			}
		}
		r.told, r.early = r.told+p.told, r.early+p.early
		p.attempts, p.told, p.early, p.said = nil, 0, 0, nil
		p.mu.Unlock()
	}
	slices.SortFunc(all, time.Time.Compare)
	r.attempts = len(all)
	for i, from := range all {
		n, _ := slices.BinarySearchFunc(all, from.Add(time.Second), time.Time.Compare)
		r.most = max(r.most, n-i)
	}
	h.cfg.log("herd: %+v: the last after %v, half after %v; %d attempts, %d in one second, %d told to come later; server CPU %v, memory %d MiB; %d files open here",
		r.outage, r.last(), r.took[len(r.took)/2], r.attempts, r.most, r.told, r.cpu, r.peak>>20, openFiles())
	if ninth := r.took[len(r.took)*9/10]; r.last() > 2*ninth {
		h.cfg.log("herd: nine of ten were there after %v, since %s; the last says:\n\t%s", ninth, begun.Format("05.000"), strings.Join(said, "\n\t"))
	}
	return h.check(ctx)
}

// edits has one of the two who are never cut off write, some times a second, until somebody says so, and gives how long the other waited for each, sorted.
func edits[T any](ctx context.Context, h *herd, until <-chan T) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := h.reader.c.WatchAll(ctx)
	pace := time.NewTicker(50 * time.Millisecond)
	defer pace.Stop()
	var took []time.Duration
	for {
		select {
		case <-until:
			slices.Sort(took)
			return took, nil
		case <-pace.C:
		}
		begun := time.Now()
		if _, err := h.writer.c.Comment(ctx, h.writer.jobs[0], "still here"); err != nil {
			return nil, err
		}
		for ev := range heard {
			if ev.Kind == client.EventOffline {
				return nil, errors.New("one who was connected was thrown out")
			}
			if ev.Kind == client.EventChanged && ev.Remote > 0 {
				break
			}
		}
		took = append(took, time.Since(begun))
	}
}

// lose takes the server away from everybody, and gives it back.
func (h *herd) lose(ctx context.Context, o outage) (r herdRound, err error) {
	r.outage = o
	if !o.kill {
		for _, p := range []*herdPhone{h.writer, h.reader} {
			begun := time.Now()
			p.begin()
			defer p.end()
			if _, err := p.caughtUp(ctx, begun); err != nil {
				return r, err
			}
		}
		if r.calm, err = edits(ctx, h, time.After(herdCalm)); err != nil {
			return r, err
		}
	}
	gone := time.Now()
	if err := h.line.Cut(); err != nil {
		return r, err
	}
	if err := h.apart(ctx); err != nil {
		return r, err
	}
	if o.kill {
		h.server.Kill()
	}
	select {
	case <-time.After(time.Until(gone.Add(o.lasts))):
	case <-ctx.Done():
		return r, ctx.Err()
	}
	if o.kill {
		if err := h.server.Start(ctx); err != nil {
			return r, err
		}
	}
	before, err := cpuTime(h.server.PID())
	if err != nil {
		return r, err
	}
	back := time.Now()
	r.lasted = back.Sub(gone)
	if err := h.line.Heal(); err != nil {
		return r, err
	}
	r.took = make([]time.Duration, len(h.phones))
	all := make(chan struct{})
	var both errgroup.Group
	if !o.kill {
		both.Go(func() (err error) { r.beside, err = edits(ctx, h, all); return err })
	}
	both.Go(func() error {
		defer close(all)
		return h.each(len(h.phones), func(i int) error {
			at, err := h.phones[i].caughtUp(ctx, back)
			r.took[i] = at.Sub(back)
			return err
		})
	})
	err = both.Wait()
	return r, errors.Join(err, h.done(ctx, &r, before, back))
}

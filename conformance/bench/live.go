package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
)

// liveResult is what one system did with the live scenario: documents with one writer and some subscribers each.
type liveResult struct {
	light, heavy pacedResult
	perSecond    float64       // deliveries a second when writers send as fast as the window lets them
	cpuSaturated time.Duration // CPU per delivery then
}

// pacedResult is what a system did under a load that is the same for all.
type pacedResult struct {
	cpuPerDelivery time.Duration
	median, p99    time.Duration // from just before an edit's frame is sent until a subscriber has read it
}

// room is one document with its clients. sent[i] is when change i+1 left its writer, in nanoseconds since began.
type room struct {
	id      string
	history *light.History
	writer  *peer
	readers []*peer
	sent    []atomic.Int64
	slowest []atomic.Int64 // per reader: changes held
}

// live is the scenario. acks says what subscribers do behind a relay: answer as they answer a server, or stay silent.
type live struct {
	sys     *sut.Process
	cfg     config
	acks    bool
	began   time.Time
	rooms   []*room
	mu      sync.Mutex
	delays  []time.Duration
	arrived atomic.Int64
	moved   chan struct{}
}

func newDocID() string {
	var raw [16]byte
	_, _ = rand.Read(raw[:]) // never fails
	raw[6], raw[8] = raw[6]&0x0f|0x40, raw[8]&0x3f|0x80
	return crdt.DocID(raw).String()
}

func runLive(ctx context.Context, sys *sut.Process, cfg config, histories []*light.History, acks bool) (liveResult, error) {
	l := &live{sys: sys, cfg: cfg, acks: acks, began: time.Now(), moved: make(chan struct{}, 1)}
	defer l.close()
	for i := range cfg.liveDocs {
		if err := l.openRoom(ctx, i, histories[i]); err != nil {
			return liveResult{}, fmt.Errorf("opening document %d: %w", i, err)
		}
	}
	var res liveResult
	var err error
	if res.light, err = l.pacedLoad(ctx, cfg.rate); err != nil {
		return res, fmt.Errorf("light load: %w", err)
	}
	if res.heavy, err = l.pacedLoad(ctx, cfg.heavy); err != nil {
		return res, fmt.Errorf("heavy load: %w", err)
	}
	start := time.Now()
	cpu, err := l.measure(ctx, cfg.burst, func() error { return l.saturate(ctx, cfg.burst) })
	if err != nil {
		return res, fmt.Errorf("saturation: %w", err)
	}
	deliveries := cfg.burst * cfg.liveDocs * cfg.subscribers
	res.perSecond = float64(deliveries) / time.Since(start).Seconds()
	res.cpuSaturated = cpu / time.Duration(deliveries)
	return res, nil
}

// pacedLoad runs a load of so many edits a second over all documents.
func (l *live) pacedLoad(ctx context.Context, rate float64) (pacedResult, error) {
	perDoc := l.cfg.perDoc(rate)
	cpu, err := l.measure(ctx, perDoc, func() error { return l.paced(ctx, perDoc, rate) })
	if err != nil {
		return pacedResult{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.delays)
	return pacedResult{
		cpuPerDelivery: cpu / time.Duration(perDoc*l.cfg.liveDocs*l.cfg.subscribers),
		median:         l.delays[len(l.delays)/2], p99: l.delays[len(l.delays)*99/100],
	}, nil
}

func (l *live) openRoom(ctx context.Context, n int, h *light.History) error {
	r := &room{id: newDocID(), history: h, sent: make([]atomic.Int64, len(h.Changes)), slowest: make([]atomic.Int64, l.cfg.subscribers)}
	l.rooms = append(l.rooms, r)
	var err error
	if r.writer, err = dialPeer(ctx, l.sys, r.id, fmt.Sprintf("writer-%d", n), false); err != nil {
		return err
	}
	base := l.cfg.changes
	if l.sys.IsRelay {
		r.writer.silent = true
		r.writer.adopt(r.id, h, base)
		r.writer.start()
	} else {
		r.writer.start()
		if err := r.writer.open(r.id, h, base, false); err != nil {
			return err
		}
		if err := r.writer.wait(ctx, "first upload", acknowledged); err != nil {
			return err
		}
	}
	for i := range l.cfg.subscribers {
		p, err := dialPeer(ctx, l.sys, r.id, fmt.Sprintf("reader-%d-%d", n, i), false)
		if err != nil {
			return err
		}
		r.readers = append(r.readers, p)
		p.onAdvance = func(_ string, from, to int, at time.Time) { l.advance(r, i, from, to, at) }
		if l.sys.IsRelay {
			p.silent = !l.acks
			p.adopt(r.id, h, base)
			p.start()
			continue
		}
		p.start()
		if err := p.open(r.id, h, 0, false); err != nil {
			return err
		}
		if err := p.wait(ctx, "subscribing", holds(base)); err != nil {
			return err
		}
	}
	return nil
}

// advance books the changes that a reader has just got.
func (l *live) advance(r *room, reader, from, to int, at time.Time) {
	r.slowest[reader].Store(int64(to))
	if from < l.cfg.changes {
		return // the base, when subscribing
	}
	l.mu.Lock()
	for i := from; i < to; i++ {
		l.delays = append(l.delays, at.Sub(l.began)-time.Duration(r.sent[i].Load()))
	}
	l.mu.Unlock()
	l.arrived.Add(int64(to - from))
	select {
	case l.moved <- struct{}{}:
	default:
	}
}

// measure runs a load of n changes a document, waits until every reader has everything, and gives the CPU it took.
func (l *live) measure(ctx context.Context, n int, load func() error) (time.Duration, error) {
	l.mu.Lock()
	l.delays = l.delays[:0]
	l.mu.Unlock()
	want := l.arrived.Load() + int64(n*len(l.rooms)*l.cfg.subscribers)
	before, err := cpuTime(l.sys.PID())
	if err != nil {
		return 0, err
	}
	if err := load(); err != nil {
		return 0, err
	}
	limit := time.NewTimer(quietLimit)
	defer limit.Stop()
	for l.arrived.Load() < want {
		select {
		case <-l.moved:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-limit.C:
			return 0, fmt.Errorf("%d deliveries are missing: %w", want-l.arrived.Load(), l.firstError())
		}
	}
	after, err := cpuTime(l.sys.PID())
	return after - before, err
}

func (l *live) firstError() error {
	for _, r := range l.rooms {
		for _, p := range append([]*peer{r.writer}, r.readers...) {
			p.mu.Lock()
			err := p.err
			p.mu.Unlock()
			if err != nil {
				return err
			}
		}
	}
	return fmt.Errorf("no connection has failed")
}

// each runs a writer for every room at the same time and gives the first error.
func (l *live) each(write func(i int, r *room) error) error {
	errs := make(chan error, len(l.rooms))
	for i, r := range l.rooms {
		go func() { errs <- write(i, r) }()
	}
	var first error
	for range l.rooms {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (l *live) edit(r *room) error {
	return r.writer.push(r.id, func(held int, at time.Time) { r.sent[held-1].Store(int64(at.Sub(l.began))) })
}

// paced sends n changes a document at the rate that is the same for every system, documents evenly out of step.
func (l *live) paced(ctx context.Context, n int, rate float64) error {
	start := time.Now()
	interval := time.Duration(float64(l.cfg.liveDocs) / rate * float64(time.Second))
	return l.each(func(i int, r *room) error {
		next := start.Add(interval * time.Duration(i) / time.Duration(len(l.rooms)))
		for range n {
			if err := pauseUntil(ctx, next); err != nil {
				return err
			}
			if err := l.edit(r); err != nil {
				return err
			}
			next = next.Add(interval)
		}
		return nil
	})
}

// saturate sends n changes a document, each writer at most window changes ahead of its slowest reader.
func (l *live) saturate(ctx context.Context, n int) error {
	return l.each(func(_ int, r *room) error {
		for range n {
			for {
				slowest := r.slowest[0].Load()
				for i := range r.slowest {
					slowest = min(slowest, r.slowest[i].Load())
				}
				r.writer.mu.Lock()
				held, err := r.writer.replicas[r.id].Held, r.writer.err
				r.writer.mu.Unlock()
				if err != nil {
					return err
				}
				if int64(held)-slowest < int64(l.cfg.window) {
					break
				}
				if err := pauseUntil(ctx, time.Now().Add(200*time.Microsecond)); err != nil {
					return err
				}
			}
			if err := l.edit(r); err != nil {
				return err
			}
		}
		return nil
	})
}

func pauseUntil(ctx context.Context, at time.Time) error {
	timer := time.NewTimer(time.Until(at))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (l *live) close() {
	for _, r := range l.rooms {
		if r.writer != nil {
			r.writer.conn.Close()
		}
		for _, p := range r.readers {
			p.conn.Close()
		}
	}
}

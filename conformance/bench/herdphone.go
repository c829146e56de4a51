package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
)

// herdPhone is one real client in a folder of its own.
type herdPhone struct {
	c    *client.Client
	jobs []crdt.DocID
	stop func()        // nil: it is not connected
	wake chan struct{} // holds a token when synced is new

	mu       sync.Mutex
	synced   time.Time   // when it was last in step
	attempts []time.Time // to connect
	busy     time.Time   // when the server last said to come later, at least a second; zero: it has not since the last attempt
	told     int         // how often it did
	early    int         // attempts that were made all the same
	said     []string    // its log since the last outage, each line with when it was
}

// attempts is a log that notes when its phone tries to connect, and is told to come later.
type attempts struct{ p *herdPhone }

func (attempts) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelDebug }
func (a attempts) WithAttrs([]slog.Attr) slog.Handler         { return a }
func (a attempts) WithGroup(string) slog.Handler              { return a }
func (a attempts) Handle(_ context.Context, r slog.Record) error {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	line := r.Time.Format("05.000 ") + r.Message
	r.Attrs(func(at slog.Attr) bool { line += " " + at.String(); return true })
	a.p.said = append(a.p.said, line)
	switch r.Message {
	case "connecting":
		a.p.attempts = append(a.p.attempts, r.Time)
		if !a.p.busy.IsZero() && r.Time.Sub(a.p.busy) < time.Second {
			a.p.early++
		}
		a.p.busy = time.Time{}
	case "offline":
		r.Attrs(func(at slog.Attr) bool {
			if at.Key == "error" && strings.Contains(at.Value.String(), http.StatusText(http.StatusServiceUnavailable)) {
				a.p.busy = r.Time
				a.p.told++
			}
			return true
		})
	}
	return nil
}

// begin has a phone connected from now on, as an app that is open does.
func (p *herdPhone) begin() {
	ctx, cancel := context.WithCancel(context.Background())
	events := p.c.WatchAll(ctx)
	var running sync.WaitGroup
	running.Go(func() { _ = p.c.Run(ctx) }) // it ends when it is told to
	running.Go(func() {
		for ev := range events {
			if ev.Kind == client.EventSynced {
				p.mu.Lock()
				p.synced = time.Now()
				p.mu.Unlock()
				select {
				case p.wake <- struct{}{}:
				default:
				}
			}
		}
	})
	p.stop = func() { cancel(); running.Wait() }
}

func (p *herdPhone) end() {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
}

// caughtUp waits until a phone was in step after a moment.
func (p *herdPhone) caughtUp(ctx context.Context, since time.Time) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, herdPatience)
	defer cancel()
	for {
		p.mu.Lock()
		at := p.synced
		p.mu.Unlock()
		if at.After(since) {
			return at, nil
		}
		select {
		case <-p.wake:
		case <-ctx.Done():
			return time.Time{}, errors.New("a phone was not caught up in time")
		}
	}
}

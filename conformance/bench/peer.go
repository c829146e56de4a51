package main

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"fieldsync/conformance/internal/light"
	"fieldsync/conformance/internal/sut"
)

// quietLimit ends a wait in which nothing more comes: a watchdog, no part of any figure.
const quietLimit = 45 * time.Second

// peer is a light client with some documents on one connection, answering as a real client does.
type peer struct {
	conn *light.Conn
	// onAdvance is called, by the one reading goroutine and without the lock, when a document goes from one number of
	// held changes to a greater one.
	onAdvance func(doc string, from, to int, at time.Time)
	silent    bool // send no answers: behind a relay there is nobody to answer
	patience  time.Duration

	mu       sync.Mutex
	replicas map[string]*light.Replica
	changed  chan struct{}
	err      error
}

// dialPeer connects; room is where a relay forwards to, servers ignore it.
func dialPeer(ctx context.Context, p *sut.Process, room, id string, compress bool) (*peer, error) {
	url := p.URL("")
	if p.HasAuth {
		url = p.URL(sut.Dispatcher)
	}
	if p.IsRelay {
		url = sut.WebSocketURL(p.Addr, "/"+room, "")
	}
	conn, err := light.Dial(ctx, url, id, light.Options{Compress: compress, NoJoin: p.IsRelay})
	if err != nil {
		return nil, err
	}
	return &peer{conn: conn, patience: quietLimit, replicas: map[string]*light.Replica{}, changed: make(chan struct{}, 1)}, nil
}

// start reads until the connection ends.
func (p *peer) start() { go p.read() }

func (p *peer) read() {
	for {
		f, err := p.conn.Read()
		if err == nil {
			err = p.handle(f)
		}
		if err != nil {
			p.mu.Lock()
			p.err = err
			p.mu.Unlock()
			p.signal()
			return
		}
	}
}

func (p *peer) handle(f *light.Frame) error {
	if f.Type == "doc-unavailable" {
		return fmt.Errorf("document %s is unavailable", f.DocumentID)
	}
	if f.Type != "sync" && f.Type != "request" {
		return nil
	}
	at := time.Now()
	m, err := light.ParseSync(f.Data)
	if err != nil {
		return err
	}
	p.mu.Lock()
	r := p.replicas[f.DocumentID]
	if r == nil {
		p.mu.Unlock()
		return nil
	}
	before, server := r.Held, r.Server
	answer, ok := r.Receive(m)
	after := r.Held
	if r.Server != server {
		p.signal()
	}
	if ok && answer != nil && !p.silent {
		err = p.conn.SendSync("sync", f.DocumentID, answer)
	}
	p.mu.Unlock()
	if !ok {
		return fmt.Errorf("document %s: heads %x are not of its history", f.DocumentID, m.Heads)
	}
	if after > before && p.onAdvance != nil {
		p.onAdvance(f.DocumentID, before, after, at)
	}
	return err
}

func (p *peer) signal() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// open adds a document at its first held changes and says hello for it.
func (p *peer) open(id string, h *light.History, held int, known bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &light.Replica{ID: id, History: h, Held: held}
	p.replicas[id] = r
	kind, m := r.Hello(known)
	return p.conn.SendSync(kind, id, m)
}

// adopt adds a document that both sides hold, without a word: behind a relay.
func (p *peer) adopt(id string, h *light.History, held int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &light.Replica{ID: id, History: h, Held: held}
	r.Settle()
	p.replicas[id] = r
}

// push makes one edit; sending is told the new number of changes just before the frame leaves.
func (p *peer) push(id string, sending func(held int, at time.Time)) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.replicas[id]
	m := r.Push(1)
	if p.silent {
		r.Settle()
	}
	sending(r.Held, time.Now())
	return p.conn.SendSync("sync", id, m)
}

// wait returns when every document satisfies done.
func (p *peer) wait(ctx context.Context, what string, done func(*light.Replica) bool) error {
	limit := time.NewTimer(p.patience)
	defer limit.Stop()
	least := math.MaxInt
	for {
		p.mu.Lock()
		err, left := p.err, 0
		for _, r := range p.replicas {
			if !done(r) {
				left++
			}
		}
		p.mu.Unlock()
		switch {
		case err != nil:
			return err
		case left == 0:
			return nil
		}
		if left < least {
			least = left
			limit.Reset(p.patience)
		}
		select {
		case <-p.changed:
		case <-limit.C:
			return fmt.Errorf("%s: %d documents are not there yet, and none came for %v", what, left, p.patience)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// acknowledged holds when the server has said that it has all that the client has.
func acknowledged(r *light.Replica) bool { return r.Server >= r.Held }

// holds gives a condition: the client and the server both have n changes.
func holds(n int) func(*light.Replica) bool {
	return func(r *light.Replica) bool { return r.Held >= n && r.Server >= n }
}

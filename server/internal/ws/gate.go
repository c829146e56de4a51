package ws

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"time"

	"fieldsync/crdt/turnstile"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

const (
	// rest is how long a connection must have nothing to do until its place is another's.
	rest = 100 * time.Millisecond
	// firstWord is how long a connection keeps its place until its first frame: the round trip of a bad link.
	firstWord = time.Second
	// longestPlace ends the time in a place for those who never rest.
	longestPlace = 2 * time.Second
)

// gate lets so many connections catch up at a time (package turnstile). A connection has its place from before it is made until it first rests.
type gate struct {
	observe Observer

	mu     sync.Mutex
	line   *turnstile.Turnstile
	called map[*turnstile.Ticket]chan struct{} // those who wait; closed when it is their turn
	stop   <-chan struct{}
}

// enter waits for a place. Without one, later is after which time to ask again; 0: the request is over, or the server stops.
func (g *gate) enter(ctx context.Context, who string) (p *place, later time.Duration) {
	g.mu.Lock()
	ticket, later := g.line.Ask(time.Now(), who)
	if ticket == nil {
		g.mu.Unlock()
		g.observe.CatchUpSentAway()
		return nil, later
	}
	if ticket.Inside() {
		g.tell()
		g.mu.Unlock()
		return &place{g: g, ticket: ticket}, 0
	}
	turn := make(chan struct{})
	g.called[ticket] = turn
	g.tell()
	patience := time.NewTimer(ticket.Patience(time.Now()))
	g.mu.Unlock()
	defer patience.Stop()
	over := false
	select {
	case <-turn:
	case <-patience.C:
	case <-ctx.Done():
		over = true
	case <-g.stop:
		over = true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	later, waited := g.line.GiveUp(time.Now(), ticket)
	if !waited { // called, perhaps in the very moment in which the wait was over
		p = &place{g: g, ticket: ticket}
		if over {
			g.leave(ticket)
			return nil, 0
		}
		return p, 0
	}
	delete(g.called, ticket)
	g.tell()
	if over {
		return nil, 0
	}
	g.observe.CatchUpSentAway()
	return nil, later
}

// leave gives a place to the next; mu is held.
func (g *gate) leave(ticket *turnstile.Ticket) {
	if next := g.line.Done(time.Now(), ticket); next != nil {
		close(g.called[next])
		delete(g.called, next)
	}
	g.tell()
}

// tell tells the observer how many there are; mu is held.
func (g *gate) tell() { g.observe.CatchUps(g.line.Inside(), g.line.Waiting()) }

// place is a connection's place at the gate.
type place struct {
	g      *gate
	ticket *turnstile.Ticket

	mu    sync.Mutex
	timer *time.Timer
	until time.Time   // when it ends in any case
	busy  func() bool // whether the server has something to do for the connection
}

// hold keeps the place until the connection rests.
func (p *place) hold(busy func() bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy, p.until = busy, time.Now().Add(longestPlace)
	p.timer = time.AfterFunc(firstWord, p.look)
}

// stir says that a frame came; false: the place is another's already.
func (p *place) stir() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.timer != nil {
		p.timer.Reset(min(rest, max(0, time.Until(p.until))))
	}
	return p.timer != nil
}

// look leaves the place if the connection rests, or had it for long enough.
func (p *place) look() {
	p.mu.Lock()
	if p.timer != nil && p.busy() && time.Now().Before(p.until) {
		p.timer.Reset(min(rest, time.Until(p.until)))
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.leave()
}

// leave gives the place to the next. A second time it does nothing.
func (p *place) leave() {
	p.mu.Lock()
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	p.mu.Unlock()
	p.g.mu.Lock()
	defer p.g.mu.Unlock()
	p.g.leave(p.ticket)
}

// sendAway tells a client when to come back: by a Retry-After, or, as a page in a browser sees of a refused upgrade nothing at all, by a close.
func (h *Handler) sendAway(w http.ResponseWriter, r *http.Request, later time.Duration) {
	seconds := int((later + time.Second - 1) / time.Second)
	if r.Header.Get("Origin") == "" {
		w.Header().Set("Retry-After", strconv.Itoa(seconds))
		http.Error(w, "many come at once: your turn is later", http.StatusServiceUnavailable)
		return
	}
	socket, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it was answered
	}
	defer socket.Close()
	deadline := time.Now().Add(goodbye)
	if socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(wire.CloseTryAgainLater), wire.RetryAfter(seconds)), deadline) != nil {
		return
	}
	_ = socket.SetReadDeadline(deadline)
	for { // a socket that is closed with bytes unread is reset, and the page may then never read why
		if _, _, err := socket.NextReader(); err != nil {
			return
		}
	}
}

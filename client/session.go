package client

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"time"

	"fieldsync/client/internal/lane"
	"fieldsync/client/internal/link"
	"fieldsync/client/internal/netclass"
	"fieldsync/client/internal/service"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/crdt/wire"
)

// session is one connection to the server, from its handshake to its end, and what is known of the exchange on it. There is
// one at a time; those who need it share it (acquire, release).
type session struct {
	c    *Client
	conn *link.Conn
	link *drive.Link
	api  *service.Service

	mu       sync.Mutex
	changed  chan struct{} // closed, and made anew, whenever something below changes
	joined   bool
	compared bool
	held     map[crdt.DocID]crdt.Heads // what we hold: at the comparison, then as it becomes durable
	shared   map[crdt.DocID]crdt.Heads // what the server is known to hold as well
	open     map[crdt.DocID]struct{}   // documents whose exchange goes on
	refused  map[crdt.DocID]struct{}   // documents with changes that the server has refused for good
	aside    int                       // how many of those were taken out of their documents
	vanished int                       // how many changes went with them and were not made anew
	moves    map[crdt.DocID]int        // how often a document's changes were written under another actor
	absent   map[crdt.DocID]struct{}   // the server has none, or we may not know
	storage  crdt.StorageID            // the server's
	received int                       // changes from the server
	news     int                       // documents from the server
	synced   bool                      // what came before was reported
	moving   bool                      // that text moves was told
	events   int                       // changes and refusals that were heard of
	ended    bool
	err      error // why it ended, if not by us
}

// server is the principal behind a session: changes that arrive are attributed to it.
type server struct{ s *session }

// Author implements replica.Principal.
func (server) Author() history.Author { return "server" }

// acquire gives the session that is there, or dials one. release it.
func (c *Client) acquire(ctx context.Context) (*session, error) {
	c.connecting.Lock()
	defer c.connecting.Unlock()
	if s := c.share(); s != nil {
		return s, nil
	}
	a, at, err := c.signedIn()
	if err != nil {
		return nil, err
	}
	s := &session{c: c, conn: link.New(), api: service.New(at, a.Token), changed: make(chan struct{}),
		held: map[crdt.DocID]crdt.Heads{}, shared: map[crdt.DocID]crdt.Heads{}, open: map[crdt.DocID]struct{}{},
		refused: map[crdt.DocID]struct{}{}, moves: map[crdt.DocID]int{}, absent: map[crdt.DocID]struct{}{}}
	if err := c.open(ctx, s, at, a.Token); err != nil {
		return nil, err
	}
	pushed := c.pushes.list()
	for _, id := range pushed {
		c.drive.Subscribe(0, id) // asked for as soon as we have joined, before the comparison says what differs
	}
	c.writing.Add(1)
	go s.serve()
	if err := s.until(ctx, func() bool { return s.joined }); err != nil {
		c.release(ctx, s)
		return nil, err
	}
	c.net.mu.Lock()
	c.net.schedule.LetIn()
	c.net.mu.Unlock()
	signal(c.net.wake)
	for _, id := range pushed {
		c.drive.Subscribe(s.link.ID, id) // where the server compares nothing
	}
	c.tell(Event{Kind: EventOnline})
	c.meter(func(m *netclass.Meter) { m.Connected() })
	if s.isEnded() {
		c.meter(func(m *netclass.Meter) { m.Lost() })
	}
	c.writing.Go(s.measure)
	return s, nil
}

// open dials for a new session. The first words of the exchange go with the request, so they are made before: what changes here
// meanwhile is noted for the session that is to be (Client.opening).
func (c *Client) open(ctx context.Context, s *session, at *url.URL, token string) error {
	own, err := c.unshared()
	if err != nil {
		return err
	}
	asks := len(own) > 0
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return store.ErrClosed
	}
	c.opening = s
	c.mu.Unlock()
	s.conn.Prefer(func(doc string) bool { return c.statuses.urgent(doc) || c.pushes.has(doc) })
	s.conn.OnMoves(s.getsOn)
	s.api.CutWhen(func() bool { return c.net.gate.Held(lane.File{}) != "" })
	s.link = c.drive.ConnectTo(s.conn, server{s}, wire.ExtensionVersion, asks)
	err = s.conn.Dial(ctx, at, token)
	if err == nil && s.conn.Extensions == 0 { // not one of ours, or something in between hides it: by its answer to our join we shall see
		s.link.Closed()
		s.link = c.drive.ConnectTo(s.conn, server{s}, 0, asks)
	}
	c.mu.Lock()
	c.opening = nil
	closed := c.closed
	if err == nil && !closed {
		c.session, c.users = s, 1
		c.mu.Unlock()
		return nil
	}
	c.mu.Unlock()
	s.link.Closed()
	s.update(func() { s.ended = true })
	s.api.Close()
	switch {
	case err == nil:
		s.conn.Abort()
		return store.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return asOurs(err)
}

// share gives the session that is there and has not ended.
func (c *Client) share() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.session
	if s == nil || s.isEnded() {
		return nil
	}
	c.users++
	return s
}

func (s *session) isEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ended
}

// release ends the session when nobody needs it any more, and waits for its end; hardly, if the time of whoever releases it is over.
func (c *Client) release(ctx context.Context, s *session) {
	c.mu.Lock()
	last := c.session == s
	if last {
		c.users--
		if last = c.users == 0; last {
			c.session = nil
		}
	}
	c.mu.Unlock()
	if !last {
		return
	}
	patience := farewell
	if ctx.Err() != nil {
		patience = closing / 2
	}
	s.end(patience)
}

// farewell is how long an end waits until what is queued and the goodbye are over: a round trip of 2G, and more.
const farewell = 3 * time.Second

// end says goodbye and waits until the connection is gone, but not for longer than so: what the server has not got by then goes with the next one.
func (s *session) end(patience time.Duration) {
	s.conn.Close(replica.Close{Code: wire.CloseNormal, Reason: "done"})
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if s.until(ctx, func() bool { return s.ended }) != nil {
		s.conn.Abort()
		_ = s.until(context.Background(), func() bool { return s.ended })
	}
	s.api.Close()
}

func (s *session) serve() {
	defer s.c.writing.Done()
	err := s.conn.Serve(s.link)
	s.c.log.Info("connection ended", "error", err)
	s.update(func() { s.ended, s.err = true, err })
	if now := s.c.current(); now == s || now == nil {
		s.c.meter(func(m *netclass.Meter) { m.Lost() })
	}
	reason := ""
	if err != nil {
		reason = err.Error()
	}
	s.c.tell(Event{Kind: EventOffline, Reason: reason})
}

// busy tells whether text moves; mu is held.
func (s *session) busy() bool {
	return !s.ended && (!s.compared || len(s.open)+len(s.refused) > 0)
}

// update changes what is under mu, and wakes those who wait.
func (s *session) update(change func()) {
	s.mu.Lock()
	change()
	close(s.changed)
	s.changed = make(chan struct{})
	moves := s.busy()
	begins := moves && !s.moving && s.joined
	s.moving = s.moving && moves || begins
	s.c.net.gate.Text(moves)
	s.mu.Unlock()
	if begins {
		s.c.tell(Event{Kind: EventSyncing})
	}
}

// carries tells whether a message is on its way, as far as can be told here: one moved lately, or one of ours may still be in the buffers of the system and of
// the network, which on 2G take a quarter of a minute to empty.
func (s *session) carries() bool {
	s.mu.Lock()
	busy := s.busy()
	s.mu.Unlock()
	lately := s.c.stall / 2
	if busy {
		lately = 3 * s.c.stall
	}
	return time.Since(s.conn.Moved()) < lately
}

// getsOn has whoever waits for the exchange to go on see that it does: one message may take minutes.
func (s *session) getsOn() {
	s.mu.Lock()
	busy := s.busy()
	s.mu.Unlock()
	if busy {
		s.update(func() {})
	}
}

// until waits for a condition, which is called with mu held. The error says why it will not come: the end of the
// session or of ctx.
func (s *session) until(ctx context.Context, ok func() bool) error {
	for {
		s.mu.Lock()
		done, changed, ended := ok(), s.changed, s.ended
		s.mu.Unlock()
		switch {
		case done:
			return nil
		case ended:
			return s.failure()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// failure is why the session ended, in our callers' words.
func (s *session) failure() error {
	s.mu.Lock()
	err := s.err
	s.mu.Unlock()
	var closed *link.Closed
	if !errors.As(err, &closed) {
		if err == nil {
			return because(ErrOffline, errors.New("the connection was closed here"))
		}
		return asOurs(err)
	}
	switch closed.Code.Advice() {
	case wire.AdviceSignIn:
		return because(ErrSignIn, closed)
	case wire.AdviceStop:
		if closed.Code == wire.CloseForbidden {
			return because(ErrNotAllowed, closed)
		}
		return closed
	}
	return because(ErrOffline, closed)
}

// find asks the server for a document that is not here.
func (s *session) find(ctx context.Context, id crdt.DocID) error {
	s.update(func() {
		delete(s.absent, id)
		s.open[id] = struct{}{}
	})
	s.c.drive.Subscribe(s.link.ID, id)
	ctx, cancel := context.WithTimeout(ctx, s.c.stall)
	defer cancel()
	absent := false
	err := s.until(ctx, func() bool {
		_, absent = s.absent[id]
		return absent || len(s.held[id]) > 0
	})
	switch {
	case absent:
		return ErrNotFound
	case errors.Is(err, context.DeadlineExceeded):
		return because(ErrOffline, errors.New("the server does not answer"))
	}
	return err
}

// inventory is drive.Config.Inventory: everything here may be talked about with our server.
func (c *Client) inventory(p replica.Principal) ([]replica.Item, error) {
	var items []replica.Item
	held := map[crdt.DocID]crdt.Heads{}
	err := drive.Records(c.store, func(doc crdt.DocID, rec replica.Record) error {
		items = append(items, replica.Item{Doc: doc, Digest: replica.DigestHeads(rec.Heads)})
		held[doc] = rec.Heads
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("client: %w", err)
	}
	s := p.(server).s
	s.update(func() {
		for doc, heads := range held {
			if _, newer := s.held[doc]; !newer {
				s.held[doc] = heads
			}
		}
	})
	return replica.SortItems(items), nil
}

// onJoined is drive.Config.OnJoined.
func (c *Client) onJoined(j replica.Joined) {
	if s := c.noting(); s != nil {
		c.keepServer(j.Metadata.StorageID)
		s.update(func() { s.joined, s.storage = true, j.Metadata.StorageID })
	}
}

// onCompared is drive.Config.OnCompared: all documents but some few were found equal.
func (c *Client) onCompared(cmp replica.Compared) {
	s := c.noting()
	if s == nil {
		return
	}
	differ := make(map[crdt.DocID]struct{}, len(cmp.Differ))
	var urgent []string
	for _, doc := range cmp.Differ {
		differ[doc] = struct{}{}
		if c.statuses.has(doc) {
			urgent = append(urgent, doc.String())
		}
	}
	s.conn.Await(urgent)
	equal := map[crdt.DocID]crdt.Heads{}
	s.update(func() {
		s.compared = true
		for doc := range differ {
			s.open[doc] = struct{}{}
			s.settle(doc) // its exchange has begun already, and may be over
		}
		for doc, heads := range s.held {
			if _, ok := differ[doc]; !ok && s.shared[doc] == nil {
				equal[doc] = heads
				s.c.statusArrived(doc)
				s.c.pushes.done(doc)
			}
		}
	})
	c.keepEqual(s.storage, equal)
	c.listed(s, cmp)
}

// server is the storage that we talk to.
func (s *session) server() crdt.StorageID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.storage
}

// forget drops what is known of a document that is no more.
func (c *Client) forget(s *session, doc crdt.DocID) {
	c.mu.Lock()
	delete(c.recent, doc)
	c.mu.Unlock()
	c.note(store.Op{Key: store.Local(bookRow, doc[:])}, store.Op{Key: store.Local(bookEqual, doc[:])})
	if s != nil {
		s.update(func() {
			delete(s.held, doc)
			delete(s.open, doc)
			delete(s.shared, doc)
			s.events++
		})
	}
}

func (c *Client) current() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// noting is the session that has to hear what happens here: the current one, or one that is not open yet.
func (c *Client) noting() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.opening != nil {
		return c.opening
	}
	return c.session
}

// settle takes a document off the open ones if the server and we hold the same, durably here and there; mu is held.
func (s *session) settle(doc crdt.DocID) {
	held, ok := s.held[doc]
	_, absent := s.absent[doc]
	if ok && len(held) > 0 && held.Equal(s.shared[doc]) || absent {
		delete(s.open, doc)
		s.c.statusArrived(doc)
		s.c.pushes.done(doc)
	}
}

// onNotice is drive.Config.OnNotice. It must not block, nor ask the Drive.
func (c *Client) onNotice(doc crdt.DocID, n replica.Notice) {
	s := c.noting()
	switch n := n.(type) {
	case replica.Changed:
		if len(n.Heads) == 0 { // refused from the start, and taken out: there is no such document
			c.forget(s, doc)
			return
		}
		if !n.Local {
			c.noteOurs(func(other crdt.DocID) bool { return other == doc })
		}
		c.makeRow(doc)
		c.tell(Event{Kind: EventChanged, Doc: doc, Heads: n.Heads, Created: n.Created, from: n.From, to: n.To})
		if s != nil {
			s.update(func() {
				s.held[doc] = n.Heads
				s.events++
				if !n.Local {
					delete(s.absent, doc) // given to us since
					s.received += n.To - n.From
					if n.Created {
						s.news++
					}
				}
				s.open[doc] = struct{}{}
				s.settle(doc)
			})
		}
	case replica.Shared:
		c.mu.Lock()
		c.recent[doc] = n.Heads
		c.mu.Unlock()
		if s != nil {
			s.update(func() { s.shared[doc] = n.Heads; s.settle(doc) })
		}
	case replica.Unavailable:
		if s != nil {
			c.noteWithdrawn(s.server(), doc)
			s.update(func() { s.absent[doc] = struct{}{}; s.settle(doc) })
		}
	case replica.Refused:
		if n.Conn == 0 {
			return // our own Append, which answers its caller
		}
		if n.Author == (server{}).Author() {
			c.refusedByServer(s, doc, n.Refusal, n.Retry)
		}
	case replica.SnapshotFailed:
		c.log.Warn("snapshot failed", "doc", doc.String(), "error", n.Err.Error())
	}
}

// quiet waits until nothing of ours is unsent and nothing is missing here, as far as the documents go. ErrUnfinished where
// the server does not go on for a while, with stall; without it, it waits for as long as the session lasts.
func (s *session) quiet(ctx context.Context, stall time.Duration) error {
	for {
		s.mu.Lock()
		changed := s.changed // before we look: what happens meanwhile has us look again
		s.mu.Unlock()
		s.recoverRefused(ctx)
		s.mu.Lock()
		done, ended, n := s.compared && len(s.open)+len(s.refused) == 0, s.ended, len(s.open)
		s.mu.Unlock()
		switch {
		case done:
			return nil
		case ended:
			return s.failure()
		}
		if err := waitFor(ctx, changed, stall); err != nil {
			if errors.Is(err, errStalled) && s.carries() {
				continue
			}
			if errors.Is(err, errStalled) {
				return because(ErrUnfinished, fmt.Errorf("the server said nothing for %v about %d documents", stall, n))
			}
			return err
		}
	}
}

var errStalled = errors.New("client: stalled")

// waitFor waits for a channel; for at most so long, if d is not 0: then the answer is errStalled.
func waitFor(ctx context.Context, ready <-chan struct{}, d time.Duration) error {
	var late <-chan time.Time
	if d > 0 {
		timer := time.NewTimer(d)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-ready:
		return nil
	case <-late:
		return errStalled
	case <-ctx.Done():
		return ctx.Err()
	}
}

package replica

import (
	"cmp"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

// Hub owns the connections: who they are, and which documents each is subscribed to. It does not know the documents'
// contents. It is not safe for concurrent use.
type Hub struct {
	cfg   *Config
	conns map[ConnID]*conn
	names map[peerName]ConnID
	subs  map[crdt.DocID][]subscription
	// comparing are the connections with a catch-up that has not ended.
	comparing map[ConnID]*conn
	// pushes are the connections that are sent something without asking.
	pushes map[ConnID]*conn
	// waiting are the connections that have not joined, by the time at which they must have.
	waiting []deadline
}

type peerName struct {
	author string
	peer   crdt.PeerID
}

type deadline struct {
	at   time.Time
	conn ConnID
}

// conn is a connection as the hub sees it.
type conn struct {
	id        ConnID
	principal Principal
	naming    Naming
	dialed    bool
	asks      bool // Opened.Asks
	joined    bool
	remote    crdt.PeerID
	meta      wire.PeerMetadata
	docs      map[crdt.DocID]struct{}
	absent    []crdt.DocID // documents asked for that did not exist, oldest first
	catchup   *catchUp
	compared  int      // comparisons that the peer began
	pushing   *pushing // what the peer is sent without asking; nil: nothing
}

// subscription is a connection's interest in a document. synced with a digest: the peer is known to hold the state with this
// digest, although the document is not in memory.
type subscription struct {
	conn   ConnID
	synced bool
	digest Digest
	missed bool // it was told of the document before, and does not hold the state of now: we speak first
}

// maxAbsent bounds how many documents that do not exist a connection can wait for. The oldest are forgotten.
const maxAbsent = 1024

// NewHub makes a hub without a connection.
func NewHub(cfg *Config) *Hub {
	return &Hub{cfg: cfg, conns: map[ConnID]*conn{}, names: map[peerName]ConnID{}, subs: map[crdt.DocID][]subscription{},
		comparing: map[ConnID]*conn{}, pushes: map[ConnID]*conn{}}
}

// HubEvent is what happens to a Hub.
type HubEvent interface{ hubEvent() }

// Opened is a new connection. Its principal is known: nothing unauthenticated gets here.
type Opened struct {
	Conn      ConnID
	Principal Principal
	Dialed    bool // we called
	// Extensions is the version of our extension frames that one whom we called is known to take before it says so, or 0. Then catch-up
	// does not wait for its answer to our join, which saves a round trip.
	Extensions int
	// Asks says that we have changes to send to one whom we called: so of what differs we begin each conversation ourselves, in our order and
	// knowing what both hold. Else what differs may come without being asked for.
	Asks bool
}

// Framed is a frame that arrived on a connection.
type Framed struct {
	Conn  ConnID
	Frame wire.Frame
}

// Closed is the end of a connection.
type Closed struct{ Conn ConnID }

// Inventory answers a Compare: what we hold of what the connection may be told of, under the peer's names (Config.Naming), sorted by
// SortItems. The hub keeps it until the comparison ends.
type Inventory struct {
	Conn  ConnID
	Items []Item
}

// Subscribe has a document talked about with a connection: with all that have joined and that we dialed, if Conn is 0.
type Subscribe struct {
	Conn ConnID
	Doc  crdt.DocID
}

// HubTick lets time pass.
type HubTick struct{}

func (Opened) hubEvent()    {}
func (Framed) hubEvent()    {}
func (Closed) hubEvent()    {}
func (Inventory) hubEvent() {}
func (Subscribe) hubEvent() {}
func (HubTick) hubEvent()   {}

// DocEvent is an event for a document.
type DocEvent struct {
	Doc   crdt.DocID
	Event Event
	// IfOpen: only if the document is in memory; else what the hub remembers is enough.
	IfOpen bool
}

// Joined tells the caller that the handshake with a peer is over.
type Joined struct {
	Conn      ConnID
	Principal Principal
	Peer      crdt.PeerID
	Metadata  wire.PeerMetadata
}

// Compared tells the caller that a catch-up that we began has ended: all documents but those in Differ were found equal.
type Compared struct {
	Conn   ConnID
	Equal  int
	Differ []crdt.DocID
	// Unlisted are those of Differ that the other end has not in its inventory: it has none, or we may not know.
	Unlisted []crdt.DocID
}

// HubBatch is what a Hub wants done. Docs are to be handed to their documents in this order.
type HubBatch struct {
	Send     []Out
	Docs     []DocEvent
	Close    []Close
	Joined   []Joined
	Compare  []ConnID // wants an Inventory for these connections
	Compared []Compared
	Ignored  []string // frames that were passed over, by reason, for a counter
	// Gather are connections whose frames, those of Send among them, are to be gathered into one Bundle, and Release those of which what was
	// gathered is to be sent, after Send.
	Gather, Release []ConnID
}

// Step takes an event in.
func (h *Hub) Step(now time.Time, ev HubEvent) HubBatch {
	var b HubBatch
	switch ev := ev.(type) {
	case Opened:
		h.opened(now, ev, &b)
	case Framed:
		if c := h.conns[ev.Conn]; c != nil {
			h.framed(c, ev.Frame, &b)
		}
	case Closed:
		h.closed(ev.Conn, &b)
	case Inventory:
		if c := h.conns[ev.Conn]; c != nil {
			h.inventory(c, ev.Items, &b)
		}
	case Subscribe:
		h.subscribe(ev, &b)
	case Guessed:
		if c := h.conns[ev.Conn]; c != nil {
			h.guessed(c, ev, &b)
		}
	case HubTick:
		h.tick(now, &b)
	}
	return b
}

// Deadline is when the hub wants a HubTick.
func (h *Hub) Deadline() (time.Time, bool) {
	for len(h.waiting) > 0 {
		if c := h.conns[h.waiting[0].conn]; c != nil && !c.joined {
			return h.waiting[0].at, true
		}
		h.waiting = h.waiting[1:]
	}
	return time.Time{}, false
}

func (h *Hub) tick(now time.Time, b *HubBatch) {
	h.dropStale(now)
	h.tickPushes(b)
	for {
		at, ok := h.Deadline()
		if !ok || now.Before(at) {
			return
		}
		b.Close = append(b.Close, Close{Conn: h.waiting[0].conn, Code: wire.CloseJoinTimeout, Reason: "no join in time"})
		h.waiting = h.waiting[1:]
	}
}

// Principal is who is at the other end of a connection; nil if there is none.
func (h *Hub) Principal(id ConnID) Principal {
	if c := h.conns[id]; c != nil {
		return c.principal
	}
	return nil
}

// Reading tells whether a connection's comparison waits for our Inventory.
func (h *Hub) Reading(id ConnID) bool {
	c := h.conns[id]
	return c != nil && c.catchup != nil && !c.catchup.ready
}

// peerInfo is what a document needs to know of a connection.
func (h *Hub) peerInfo(c *conn, doc crdt.DocID) PeerInfo {
	p := PeerInfo{Conn: c.id, Doc: c.naming.Outer(doc), Local: h.cfg.PeerID, Remote: c.remote, Principal: c.principal, Dialed: c.dialed, Extensions: c.meta.Fieldsync}
	if c.meta.StorageID != "" && (c.meta.Ephemeral == nil || !*c.meta.Ephemeral) {
		p.Storage = string(c.meta.StorageID)
	}
	return p
}

// Joined are the connections that have joined and for whose principal the function says yes, in order.
func (h *Hub) Joined(want func(Principal) bool) []ConnID {
	var out []ConnID
	for id, c := range h.conns {
		if c.joined && want(c.principal) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// Attachments are the events with which a document that was just opened learns of its subscribers.
func (h *Hub) Attachments(doc crdt.DocID) []Attach {
	subs := h.subs[doc]
	out := make([]Attach, 0, len(subs))
	for _, s := range subs {
		if c := h.conns[s.conn]; c != nil {
			out = append(out, Attach{Peer: h.peerInfo(c, doc), Synced: s.synced, Digest: s.digest, Announce: s.missed})
		}
	}
	return out
}

// Retired remembers of a document that leaves memory which of its subscribers hold its state.
func (h *Hub) Retired(doc crdt.DocID, heads crdt.Heads, unsynced []ConnID) {
	digest := DigestHeads(heads)
	subs := h.subs[doc]
	for i := range subs {
		subs[i].missed = slices.Contains(unsynced, subs[i].conn)
		subs[i].synced, subs[i].digest = !subs[i].missed, digest
	}
	for _, c := range h.comparing {
		c.catchup.noteRetired(c.naming.Outer(doc), digest)
	}
	if len(heads) > 0 {
		return
	}
	for _, s := range slices.Clone(subs) {
		c := h.conns[s.conn]
		if c == nil || slices.Contains(c.absent, doc) {
			continue
		}
		if c.absent = append(c.absent, doc); len(c.absent) > maxAbsent {
			if h.stillAbsent(c, c.absent[0]) {
				h.forget(c, c.absent[0])
			}
			c.absent = c.absent[1:]
		}
	}
}

// stillAbsent tells whether a document that a connection waits for has not come into being since.
func (h *Hub) stillAbsent(c *conn, doc crdt.DocID) bool {
	subs := h.subs[doc]
	i, ok := slices.BinarySearchFunc(subs, c.id, compareSubscription)
	return ok && subs[i].missed && subs[i].digest == DigestHeads(nil)
}

// forget ends a connection's subscription.
func (h *Hub) forget(c *conn, doc crdt.DocID) {
	delete(c.docs, doc)
	subs := h.subs[doc]
	if i, ok := slices.BinarySearchFunc(subs, c.id, compareSubscription); ok {
		subs = slices.Delete(subs, i, i+1)
	}
	if len(subs) == 0 {
		delete(h.subs, doc)
	} else {
		h.subs[doc] = subs
	}
}

func compareSubscription(s subscription, c ConnID) int { return cmp.Compare(s.conn, c) }

// interest subscribes a connection; false if it was subscribed.
func (h *Hub) interest(c *conn, doc crdt.DocID) (*subscription, bool) {
	subs := h.subs[doc]
	i, ok := slices.BinarySearchFunc(subs, c.id, compareSubscription)
	if ok {
		return &subs[i], false
	}
	subs = slices.Insert(subs, i, subscription{conn: c.id})
	h.subs[doc] = subs
	if c.docs == nil {
		c.docs = map[crdt.DocID]struct{}{}
	}
	c.docs[doc] = struct{}{}
	return &subs[i], true
}

// attach subscribes a connection, and makes sure that an open document knows it.
func (h *Hub) attach(c *conn, doc crdt.DocID, announce bool, b *HubBatch) bool {
	if len(c.docs) >= h.cfg.maxDocs() {
		if _, ok := c.docs[doc]; !ok {
			b.Close = append(b.Close, Close{Conn: c.id, Code: wire.CloseTryAgainLater, Reason: "too many documents on one connection"})
			return false
		}
	}
	s, fresh := h.interest(c, doc)
	if fresh || announce {
		b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: Attach{Peer: h.peerInfo(c, doc), Synced: s.synced, Digest: s.digest, Announce: announce}})
	}
	return true
}

func (h *Hub) subscribe(ev Subscribe, b *HubBatch) {
	if ev.Conn != 0 {
		if c := h.conns[ev.Conn]; c != nil && c.joined {
			h.attach(c, ev.Doc, true, b)
		}
		return
	}
	for _, id := range h.dialedConns() {
		h.attach(h.conns[id], ev.Doc, true, b)
	}
	for _, c := range h.comparing {
		if c.dialed && !c.joined {
			c.catchup.late = append(c.catchup.late, ev.Doc)
		}
	}
}

func (h *Hub) dialedConns() []ConnID {
	var out []ConnID
	for id, c := range h.conns {
		if c.joined && c.dialed {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

func (h *Hub) closed(id ConnID, b *HubBatch) {
	c := h.conns[id]
	if c == nil {
		return
	}
	h.leave(c, b)
	delete(h.conns, id)
}

// leave takes a connection out of everything; it may join again.
func (h *Hub) leave(c *conn, b *HubBatch) {
	docs := make([]crdt.DocID, 0, len(c.docs))
	for doc := range c.docs {
		docs = append(docs, doc)
	}
	slices.SortFunc(docs, func(a, b crdt.DocID) int { return slices.Compare(a[:], b[:]) })
	for _, doc := range docs {
		h.forget(c, doc)
		b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: Detach{Conn: c.id}, IfOpen: true})
	}
	if c.joined {
		name := peerName{string(c.principal.Author()), c.remote}
		if h.names[name] == c.id {
			delete(h.names, name)
		}
	}
	c.docs, c.absent, c.joined = nil, nil, false
	h.setCatchUp(c, nil)
	h.endPush(c, b)
}

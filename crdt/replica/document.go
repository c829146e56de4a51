package replica

import (
	"bytes"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// Document is one document that is open: its changes, and the peers that talk about it. It is not safe for concurrent
// use; documents are independent of one another.
type Document struct {
	id     crdt.DocID
	called crdt.DocID // what peers call the document, as far as text is made
	text   string     // the text form of that, made when it is first sent
	cfg    *Config
	rec    Record

	maker Principal // who brought the first change, while it is not described

	graph    *history.History // nil until somebody needs more than the stored bytes; see load.go
	unbuilt  unbuiltDoc       // what graph is made of, until it is
	arrivals []int64          // when each change arrived here, ms since 1970, by index

	snapshot  []byte // document chunk of the first covered changes; nil: none
	covered   int
	firstTail uint64   // index of the first change behind the snapshot
	entries   []uint64 // indices of the entries that hold it and those behind it, ascending

	durable   int          // changes that are durable; those behind it are in the Persist that is out, or wait for the next
	writing   int          // changes that will be durable when the Persist that is out is; -1: none is out
	before    Record       // the record as it was before the Persist that is out
	pending   []Notice     // of the Persist that is out
	putting   *newSnapshot // the snapshot in the Persist that is out
	rewriting *rewriting   // the Discard in the Persist that is out, or about to go out
	held      bool         // frames wait for the Persist that is out

	peers       []*peer // ascending by connection
	appended    []localAppend
	discards    []Discard // that wait for the Persist that is out
	told        int       // refusals in this step
	dirty       bool      // something may have to be persisted or said
	building    bool
	stale       bool   // what is being built is of no use any more
	buildCovers int    // changes that the chunk being built is to hold
	finished    *Built // a chunk that waits for the Persist that is out
	tried       int    // changes at the last attempt to build a snapshot, so that a failure is not repeated at once
	declined    int    // changes when there was no time to build one for a peer that waits
	active      time.Time
	grown       time.Time // when changes last became durable
	corrupt     error
}

// peer is a connection as a document sees it.
type peer struct {
	PeerInfo
	access      Access
	state       *syncproto.Peer
	dirty       bool // Generate may have something to say
	talking     bool // has said something about this document, or we have
	unavailable bool // was told, or told us, that there is no such document
	shared      crdt.Heads
	saved       crdt.Heads // shared heads as they are stored
	unsaved     bool       // storing them failed: they go with the next write, or wait until the document is idle
	blind       blindPeer
	offered     crdt.Heads // what was last offered to a peer that had said that there is no such document
	overflowed  bool       // delivered changes before their dependencies, more than could wait
	contributed bool       // delivered changes that are not durable yet
	unwanted    refusedSet
	presence    map[string]uint64 // session -> greatest count seen
}

// localAppend is an Append whose changes are not durable yet.
type localAppend struct {
	token uint64
	upto  int // durable when this many changes are
}

// Open makes a document of what the store holds of it. The slices are kept.
func Open(id crdt.DocID, cfg *Config, s Loaded) (*Document, error) {
	d := &Document{id: id, cfg: cfg, writing: -1}
	return d, d.load(s)
}

// ID is the document's id.
func (d *Document) ID() crdt.DocID { return d.id }

// Exists tells whether the document has a change, durable or about to be.
func (d *Document) Exists() bool { return d.len() > 0 }

// Heads are the newest changes, those that are about to be durable included.
func (d *Document) Heads() crdt.Heads {
	if d.graph != nil {
		return d.graph.Heads()
	}
	return d.rec.Heads
}

// Meta is the record that Config.Describe made of the document.
func (d *Document) Meta() []byte { return d.rec.Meta }

// Creator is who delivered the first change.
func (d *Document) Creator() history.Author { return d.rec.Creator }

func (d *Document) len() int {
	if d.graph != nil {
		return d.graph.Len()
	}
	return d.unbuilt.len
}

// Step takes an event in. Its error means that what the store holds of the document cannot be read: the caller drops the
// document, and its peers.
func (d *Document) Step(now time.Time, ev Event) (Batch, error) {
	var b Batch
	d.told = 0
	if _, tick := ev.(Tick); !tick {
		d.active = now
	}
	switch ev := ev.(type) {
	case Attach:
		d.attach(ev, &b)
	case Detach:
		d.detach(ev.Conn)
	case Receive:
		if p := d.peer(ev.Conn); p != nil {
			d.receive(now, p, ev.Msg, &b)
		}
	case Relay:
		if p := d.peer(ev.Conn); p != nil {
			d.relay(p, ev.Msg, &b)
		}
	case PeerUnavailable:
		if p := d.peer(ev.Conn); p != nil {
			d.peerUnavailable(p, &b)
		}
	case PeerRefused:
		d.peerRefused(ev, &b)
	case Append:
		d.append(now, ev, &b)
	case Discard:
		d.discards = append(d.discards, ev)
	case Stored:
		if d.writing > d.durable {
			d.grown = now
		}
		d.stored(&b)
	case StoreFailed:
		d.storeFailed(ev.Err, &b)
	case Built:
		d.built(ev, &b)
	case Recheck:
		d.recheck(&b)
	case Tick:
		d.tick(now, ev, &b)
	}
	d.discardNext(&b)
	d.flush(now, &b)
	if d.writing < 0 && d.abandoned() {
		b.Retire = true
	}
	return b, d.corrupt
}

// abandoned tells whether there is nothing to keep in memory: no document, and nobody who is bringing it.
func (d *Document) abandoned() bool {
	if d.Exists() {
		return false
	}
	for _, p := range d.peers {
		if !p.unavailable {
			return false
		}
	}
	return true
}

// Deadline is when the document wants a Tick.
func (d *Document) Deadline() (time.Time, bool) {
	if d.writing >= 0 || d.building {
		return time.Time{}, false // their answer is an event, and makes a new deadline
	}
	at := d.active.Add(d.cfg.idleAfter())
	if quiet := d.grown.Add(d.cfg.quietAfter()); d.snapshotOpen() && quiet.Before(at) {
		at = quiet
	}
	return at, true
}

// tick makes the changes of a document that has become quiet a snapshot, if that pays, and lets one that was idle for long
// enough, or without whom there is more room, leave.
func (d *Document) tick(now time.Time, ev Tick, b *Batch) {
	if d.writing >= 0 || d.building {
		return
	}
	if d.snapshotOpen() && !now.Before(d.grown.Add(d.cfg.quietAfter())) {
		switch {
		case !d.wantSnapshot():
			d.tried = d.durable // not worth it with these
		case ev.Build:
			d.build(b)
			return
		case !ev.Crowded:
			return // its turn will come
		}
	}
	if !ev.Crowded && now.Before(d.active.Add(d.cfg.idleAfter())) {
		return
	}
	if d.retrySaving() {
		return
	}
	b.Retire = true
}

// Unsynced are the connections that are subscribed, but are not known to hold the current state. Whoever drops the
// document from memory remembers for the others that they do.
func (d *Document) Unsynced() []ConnID {
	var out []ConnID
	for _, p := range d.peers {
		if !d.settled(p) {
			out = append(out, p.Conn)
		}
	}
	return out
}

// inSync tells whether the peer said on this connection that it holds our state. What an earlier one left is no proof:
// the peer may have more since.
func (d *Document) inSync(p *peer) bool {
	_, heard := p.state.TheirHeads()
	return heard && d.sharesAll(p)
}

// settled tells whether, besides, the peer said that it holds no more than we do: there is nothing to say, and nothing to ask.
func (d *Document) settled(p *peer) bool {
	theirs, _ := p.state.TheirHeads()
	return d.inSync(p) && theirs.Equal(d.Heads())
}

// sharesAll tells whether the peer holds all that we hold, as far as we know; it may hold more.
func (d *Document) sharesAll(p *peer) bool {
	return !p.unavailable && p.shared.Equal(d.Heads()) && d.Exists()
}

func (d *Document) peer(c ConnID) *peer {
	i, ok := slices.BinarySearchFunc(d.peers, c, comparePeer)
	if !ok {
		return nil
	}
	return d.peers[i]
}

func comparePeer(p *peer, c ConnID) int {
	switch {
	case p.Conn < c:
		return -1
	case p.Conn > c:
		return 1
	default:
		return 0
	}
}

func (d *Document) attach(ev Attach, b *Batch) {
	i, ok := slices.BinarySearchFunc(d.peers, ev.Peer.Conn, comparePeer)
	if ok {
		p := d.peers[i]
		if ev.Guess != nil {
			d.guess(p, &ev, b)
		}
		if !ev.Announce || d.inSync(p) {
			return
		}
		if _, heard := p.state.TheirHeads(); ev.New && !heard && !p.talking && len(d.snapshot)+d.tailBytes() <= ev.Most {
			p.state.AssumeAt(d.view(), nil, true)
		}
		p.talking, p.dirty, d.dirty = true, true, true
		return
	}
	p := &peer{PeerInfo: ev.Peer, access: d.cfg.access(ev.Peer.Principal, d.id, d.rec.metaIf(d.Exists()))}
	p.state = syncproto.NewPeer(d.peerOptions(p))
	if saved := d.unbuilt.syncStates[p.Storage]; p.Storage != "" && saved != nil {
		if state, err := syncproto.Restore(saved, d.peerOptions(p)); err == nil {
			p.state, p.shared, p.saved = state, state.SharedHeads(), state.SharedHeads()
		}
	}
	switch {
	case ev.Synced && ev.Digest == DigestHeads(d.Heads()):
		p.state.AssumeSynced(d.view(), ev.Peer.Extensions > 0)
		p.shared, p.talking = d.Heads(), true
	case ev.Synced, ev.Announce:
		p.talking = true
		if d.Exists() || p.Dialed { // of what does not exist there is nothing to say: who asks for it again is answered as the first time
			p.dirty, d.dirty = true, true
		}
	}
	d.peers = slices.Insert(d.peers, i, p)
	if ev.Guess != nil {
		d.guess(p, &ev, b)
	}
}

func (d *Document) peerOptions(p *peer) syncproto.Options {
	// A peer that may not write is asked to send nothing; those that cannot read the flag are refused change by change.
	// Between our own ends documents travel whole, several times smaller; others stay with one chunk for each change.
	return syncproto.Options{ReadOnly: d.readOnly(p), AdvertiseV2: p.Extensions > 0}
}

func (d *Document) readOnly(p *peer) bool { return d.Exists() && !p.access.Has(AccessWrite) }

func (d *Document) detach(c ConnID) {
	i, ok := slices.BinarySearchFunc(d.peers, c, comparePeer)
	if !ok {
		return
	}
	author := d.peers[i].Principal.Author()
	d.peers = slices.Delete(d.peers, i, i+1)
	if d.graph == nil || d.graph.WaitingCount() == 0 || slices.ContainsFunc(d.peers, func(p *peer) bool { return p.Principal.Author() == author }) {
		return
	}
	// He sends them again when he comes back, if he still may; whoever was shut out has left nothing behind that would get in later.
	d.graph.ForgetWaitingOf(author)
}

// recheck decides each peer's access anew, and ends the stream of those who may not read any more.
func (d *Document) recheck(b *Batch) {
	for _, p := range d.peers {
		was := p.access
		p.access = d.cfg.access(p.Principal, d.id, d.rec.metaIf(d.Exists()))
		switch {
		case was == p.access:
		case was.Has(AccessRead) && !p.access.Has(AccessRead):
			d.sendUnavailable(p, b)
		case !was.Has(AccessRead) && p.access.Has(AccessRead) && p.unavailable:
			p.unavailable, p.talking, p.dirty, d.dirty = false, true, true, true
		}
		if readOnly := d.readOnly(p); readOnly != p.state.ReadOnly() {
			// What was refused may be welcome now, and the peer must hear that it may send.
			p.state.SetReadOnly(readOnly)
			p.unwanted = refusedSet{}
			p.dirty, d.dirty = true, true
		}
	}
}

// sendUnavailable tells a peer that there is no such document, whether there is none or it may not know.
func (d *Document) sendUnavailable(p *peer, b *Batch) {
	p.unavailable, p.dirty = true, false
	p.state.Reset()
	p.shared = nil
	b.Send = append(b.Send, Out{Conn: p.Conn, Frame: wire.DocUnavailable{Doc: p.Doc, Sender: p.Local, Target: p.Remote}})
}

// relay passes a presence message on to everybody else who reads the document.
func (d *Document) relay(from *peer, m *wire.Ephemeral, b *Batch) {
	if !from.access.Has(AccessRead) || d.durable == 0 || from.unavailable {
		return
	}
	if d.writing >= 0 && !bytes.Equal(d.before.Meta, d.rec.Meta) {
		return // who may read is about to change, or not: presence can do without this one
	}
	// All generations of clients send what they received back under its first sender's name; that is not theirs.
	if m.Sender != from.Remote || !from.seenPresence(m.Session, m.Count) {
		return
	}
	for _, p := range d.peers {
		if p == from || p.unavailable || !p.access.Has(AccessRead) {
			continue
		}
		copied := *m
		copied.Doc, copied.Target = p.Doc, p.Remote
		b.Send = append(b.Send, Out{Conn: p.Conn, Frame: copied, Droppable: true})
	}
}

// maxPresenceSessions bounds the sessions remembered for a connection; a client has one.
const maxPresenceSessions = 16

func (p *peer) seenPresence(session string, count uint64) bool {
	if last, ok := p.presence[session]; ok && count <= last {
		return false
	}
	if p.presence == nil || len(p.presence) >= maxPresenceSessions {
		p.presence = make(map[string]uint64, 1)
	}
	p.presence[session] = count
	return true
}

func (r *Record) metaIf(exists bool) []byte {
	if !exists {
		return nil
	}
	if r.Meta == nil {
		return []byte{}
	}
	return r.Meta
}

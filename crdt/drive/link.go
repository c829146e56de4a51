package drive

import (
	"slices"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"
)

// maxUnhandled bounds the bytes of a connection's frames that documents have not handled yet. Receive waits beyond it, so
// that a peer that sends faster than we work is slowed down by its socket. One frame is always taken.
const maxUnhandled = 1 << 20

// Link is a connection as the Drive sees it.
type Link struct {
	ID     replica.ConnID
	drive  *Drive
	conn   Conn
	in     wire.Codec // Receive's
	remote crdt.PeerID
	prefix []byte // of a sync frame to this peer; made when it has joined

	mu        sync.Mutex
	unhandled int
	room      sync.Cond
	closed    bool
	gathers   bool         // frames are gathered
	gathered  []wire.Frame // to be sent as one
	waiting   int          // their bytes
}

// maxGathered bounds what is gathered for a connection, in bytes: as much again is sent at once.
const maxGathered = 64 << 10

// Connect takes a connection in whose principal is known. dialed: we called. What arrives is handed to Receive; at the
// end Closed has to be called.
func (d *Drive) Connect(conn Conn, p replica.Principal, dialed bool) *Link {
	return d.connect(conn, replica.Opened{Principal: p, Dialed: dialed})
}

// ConnectTo is Connect for one who was dialed and has said already which version of our extension frames it takes (0: none), so that
// catch-up begins with the join. asks: there are changes to send (replica.Opened.Asks).
func (d *Drive) ConnectTo(conn Conn, p replica.Principal, extensions int, asks bool) *Link {
	return d.connect(conn, replica.Opened{Principal: p, Dialed: true, Extensions: extensions, Asks: asks})
}

func (d *Drive) connect(conn Conn, opened replica.Opened) *Link {
	l := &Link{ID: replica.ConnID(d.lastConn.Add(1)), drive: d, conn: conn}
	l.room.L = &l.mu
	d.hubMu.Lock()
	d.links[l.ID] = l
	d.hubMu.Unlock()
	opened.Conn = l.ID
	d.hubStep(opened)
	return l
}

// Receive takes a frame in. The bytes are the Drive's from then on. It blocks while too much of this connection's is unhandled. One
// goroutine at a time may call it. An error means that the peer sent what is no frame: the connection is to be closed
// with the code of the error's kind.
func (l *Link) Receive(data []byte) error {
	f, err := l.in.Decode(data)
	if err != nil {
		l.drive.obs.FrameIgnored("malformed")
		return err
	}
	if bundle, ok := f.(wire.Bundle); ok {
		return l.unbundle(bundle)
	}
	l.drive.obs.FrameIn(kindOf(f), len(data))
	if !l.acquire(len(data)) {
		return ErrClosed
	}
	l.drive.receive(l, f, len(data))
	return nil
}

// unbundle takes the frames of a bundle in, as if each had come by itself.
func (l *Link) unbundle(b wire.Bundle) error {
	for _, data := range b.Frames {
		if f, err := l.in.Decode(data); err == nil && isBundle(f) {
			l.drive.obs.FrameIgnored("malformed")
			return crdt.Errorf(crdt.KindInvalid, "drive: a bundle in a bundle")
		}
		if err := l.Receive(data); err != nil {
			return err
		}
	}
	return nil
}

func isBundle(f wire.Frame) bool { _, ok := f.(wire.Bundle); return ok }

func kindOf(f wire.Frame) string {
	switch f := f.(type) {
	case wire.Sync:
		if f.Request {
			return "request"
		}
		return "sync"
	case wire.Ephemeral:
		return "ephemeral"
	case wire.Join:
		return "join"
	case wire.Peer:
		return "peer"
	case wire.DocUnavailable:
		return "doc-unavailable"
	case wire.Refused:
		return "fieldsync-refused"
	case wire.CatchUp:
		return "fieldsync-catch-up"
	case wire.Bundle:
		return "fieldsync-bundle"
	case wire.Error:
		return "error"
	default:
		return "other"
	}
}

// Busy tells whether something that the peer has sent is being worked at: frames that documents have not handled, or a comparison whose inventory is
// being read. That it has not heard the answer, or that a write is not durable yet, is not counted.
func (l *Link) Busy() bool {
	l.mu.Lock()
	unhandled := l.unhandled
	l.mu.Unlock()
	if unhandled > 0 {
		return true
	}
	l.drive.hubMu.Lock()
	defer l.drive.hubMu.Unlock()
	return l.drive.hub.Reading(l.ID)
}

// Closed takes the connection out. It may be called more than once.
func (l *Link) Closed() {
	l.mu.Lock()
	was := l.closed
	l.closed = true
	l.room.Broadcast()
	l.mu.Unlock()
	if was {
		return
	}
	l.drive.hubStep(replica.Closed{Conn: l.ID})
	l.drive.hubMu.Lock()
	delete(l.drive.links, l.ID)
	l.drive.hubMu.Unlock()
}

func (l *Link) acquire(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.unhandled > 0 && l.unhandled+n > maxUnhandled && !l.closed {
		l.room.Wait()
	}
	l.unhandled += n
	return !l.closed
}

func (l *Link) giveBack(n int) {
	l.mu.Lock()
	l.unhandled -= n
	l.room.Signal()
	l.mu.Unlock()
}

// receive gives a frame to the hub, and what follows from it to the documents.
func (d *Drive) receive(l *Link, f wire.Frame, size int) {
	d.hubMu.Lock()
	b := d.hub.Step(time.Now(), replica.Framed{Conn: l.ID, Frame: f})
	credited, run := d.hubBatch(b, l, size)
	d.hubMu.Unlock()
	if !credited {
		l.giveBack(size)
	}
	d.afterHub(b)
	if run != nil {
		d.borrow(run)
	}
}

func (d *Drive) hubStep(ev replica.HubEvent) {
	d.hubMu.Lock()
	b := d.hub.Step(time.Now(), ev)
	_, run := d.hubBatch(b, nil, 0)
	d.hubMu.Unlock()
	d.afterHub(b)
	if run != nil {
		go d.run(run)
	}
}

// Subscribe has a document talked about: with one connection, or with conn 0 with all that we dialed.
func (d *Drive) Subscribe(conn replica.ConnID, doc crdt.DocID) {
	d.hubStep(replica.Subscribe{Conn: conn, Doc: doc})
}

// Joined are the connections that have joined and whose principal the function wants.
func (d *Drive) Joined(want func(replica.Principal) bool) []replica.ConnID {
	d.hubMu.Lock()
	defer d.hubMu.Unlock()
	return d.hub.Joined(want)
}

// hubBatch hands out what a step of the hub asks for, in its order; hubMu is held. It tells whether the link's credit went
// with an event, and gives the last document, if the caller has to see that somebody runs it.
func (d *Drive) hubBatch(b replica.HubBatch, l *Link, size int) (credited bool, run *openDoc) {
	for _, j := range b.Joined {
		if link := d.links[j.Conn]; link != nil {
			link.joined(d.cfg.Replica.PeerID, j.Peer)
		}
	}
	for _, conn := range b.Gather {
		if link := d.links[conn]; link != nil {
			link.gather()
		}
	}
	for _, o := range b.Send {
		d.sendTo(d.links[o.Conn], o)
	}
	for _, conn := range b.Release {
		if link := d.links[conn]; link != nil {
			link.sendGathered()
		}
	}
	for _, e := range b.Docs {
		it := item{ev: e.Event}
		if !credited && l != nil && !e.IfOpen {
			it.link, it.bytes, credited = l, size, true
		}
		od, err := d.enqueue(e.Doc, it, e.IfOpen)
		if err != nil && it.link != nil {
			it.link.giveBack(it.bytes)
		}
		if od != nil {
			if run != nil {
				go d.run(run)
			}
			run = od
		}
	}
	return credited, run
}

// afterHub does what must not be done under the hub's lock.
func (d *Drive) afterHub(b replica.HubBatch) {
	for _, c := range b.Close {
		d.closeConn(c)
	}
	for _, reason := range b.Ignored {
		d.obs.FrameIgnored(reason)
	}
	for _, j := range b.Joined {
		if d.cfg.OnJoined != nil {
			d.cfg.OnJoined(j)
		}
	}
	for _, c := range b.Compared {
		if d.cfg.OnCompared != nil {
			d.cfg.OnCompared(c)
		}
	}
	for _, conn := range b.Compare {
		d.compare(conn)
	}
}

// compare reads the inventory for a connection.
func (d *Drive) compare(conn replica.ConnID) {
	d.hubMu.Lock()
	p := d.hub.Principal(conn)
	d.hubMu.Unlock()
	if p == nil || !d.begin() {
		return
	}
	go func() {
		defer d.working.Done()
		var items []replica.Item
		if d.cfg.Inventory != nil {
			var err error
			if items, err = d.cfg.Inventory(p); err != nil {
				d.log.Error("could not read the inventory", "error", err.Error())
				d.closeConn(replica.Close{Conn: conn, Code: wire.CloseInternal, Reason: "storage fails"})
				return
			}
		}
		d.hubStep(replica.Inventory{Conn: conn, Items: items})
	}()
}

func (d *Drive) closeConn(c replica.Close) {
	d.hubMu.Lock()
	l := d.links[c.Conn]
	d.hubMu.Unlock()
	if l != nil {
		l.conn.Close(c)
	}
}

// deliver sends frames of documents.
func (d *Drive) deliver(out []replica.Out) {
	if len(out) == 0 {
		return
	}
	links := make([]*Link, len(out))
	d.hubMu.Lock()
	for i := range out {
		links[i] = d.links[out[i].Conn]
	}
	d.hubMu.Unlock()
	for i := range out {
		d.sendTo(links[i], out[i])
	}
}

func (l *Link) joined(local, remote crdt.PeerID) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.remote, l.prefix = remote, wire.AppendSyncPrefix(nil, local, remote, false)
}

func (d *Drive) sendTo(l *Link, o replica.Out) {
	if l == nil {
		return
	}
	var head []byte
	tail, kind := o.Shared, "sync"
	if o.Shared != nil {
		l.mu.Lock()
		head = l.prefix
		l.mu.Unlock()
	} else {
		head, kind = wire.Append(nil, o.Frame), kindOf(o.Frame)
	}
	if l.keep(head, tail) {
		d.obs.FrameOut(kind, len(head)+len(tail))
		return
	}
	if l.conn.Queue(head, tail, o.Droppable) {
		d.obs.FrameOut(kind, len(head)+len(tail))
	} else if o.Droppable {
		d.obs.FrameDropped()
	}
}

// gather has frames gathered from now on.
func (l *Link) gather() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.gathers = true
}

// keep puts a frame to those that are gathered; false: none are. What is over a bound ends the gathering.
func (l *Link) keep(head, tail []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.gathers {
		return false
	}
	size := len(head) + len(tail)
	if size+l.waiting > maxGathered || len(l.gathered) == wire.MaxBundle {
		l.release()
		return false
	}
	f, err := wire.Decode(slices.Concat(head, tail))
	if err != nil { // what we have just encoded
		l.release()
		return false
	}
	l.gathered, l.waiting = append(l.gathered, f), l.waiting+size
	return true
}

// sendGathered ends the gathering.
func (l *Link) sendGathered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.release()
}

// release sends what was gathered, before anything that comes after it; mu is held.
func (l *Link) release() {
	gathered := l.gathered
	l.gathers, l.gathered, l.waiting = false, nil, 0
	switch len(gathered) {
	case 0:
	case 1:
		l.conn.Queue(wire.Append(nil, gathered[0]), nil, false)
	default:
		b := wire.Bundle{Sender: l.drive.cfg.Replica.PeerID, Target: l.remote, Frames: make([][]byte, len(gathered))}
		for i, f := range gathered {
			b.Frames[i] = wire.AppendBundled(nil, f)
		}
		l.conn.Queue(wire.Append(nil, b), nil, false)
	}
}

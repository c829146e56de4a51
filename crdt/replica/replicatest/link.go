package replicatest

import (
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"
)

// maxQueued bounds what waits for a slow reader, in bytes. Beyond it the connection is closed; presence is dropped from
// half of it on.
const maxQueued = 2500

// end is one end of a connection: what its node sends waits here, and arrives at the other end in order.
type end struct {
	node   *Node // nil: the liar's
	liar   *liar
	id     replica.ConnID
	other  *end
	who    who // whom the node at this end sees
	remote crdt.PeerID

	queue  [][]byte
	queued int

	gathers  bool
	gathered [][]byte // to be sent as one

	moving bool
	slow   time.Duration // between two frames, for a reader that is slow
	closed bool
}

// connect joins a client with the server.
func (s *Sim) connect(c *Node) {
	a := &end{node: c, who: who{name: "server", all: true}}
	b := &end{node: s.server, who: c.who}
	s.pair(a, b)
	s.note("%s calls", c.name)
	c.dialed = a
	extensions := 0
	if !c.plain {
		extensions = s.rand.IntN(2)
	}
	c.hubStep(replica.Opened{Conn: a.id, Principal: a.who, Dialed: true, Extensions: extensions})
	s.server.hubStep(replica.Opened{Conn: b.id, Principal: b.who})
}

func (s *Sim) pair(a, b *end) {
	a.other, b.other = b, a
	for _, e := range []*end{a, b} {
		if n := e.node; n != nil {
			n.lastID++
			e.id = n.lastID
			n.ends[e.id] = e
		}
	}
}

// dial has a client call the server soon, if it wants to be connected.
func (n *Node) dial() {
	if n.dials || n.dialed != nil {
		return
	}
	n.dials = true
	n.later(n.sim.between(20, 900), func() {
		n.dials = false
		if !n.online || n.dialed != nil {
			return
		}
		if !n.sim.server.up {
			n.dial()
			return
		}
		n.sim.connect(n)
	})
}

func (e *end) name() string {
	if e.node == nil {
		return e.liar.who.name
	}
	return e.node.name
}

func (e *end) sim() *Sim {
	if e.node != nil {
		return e.node.sim
	}
	return e.liar.sim
}

func (e *end) joined(remote crdt.PeerID) { e.remote = remote }

// send encodes a frame as package drive does, and puts it into the queue.
func (n *Node) send(o replica.Out) {
	e := n.ends[o.Conn]
	if e == nil || e.closed {
		return
	}
	var data []byte
	if o.Shared != nil {
		data = append(wire.AppendSyncPrefix(nil, n.cfg.PeerID, e.remote, false), o.Shared...)
	} else {
		data = wire.Append(nil, o.Frame)
	}
	if o.Droppable && e.queued > maxQueued/2 {
		n.sim.stats.Dropped++
		return
	}
	f, err := wire.Decode(data)
	if err != nil {
		n.sim.broken("%s sends what is no frame: %v", n.name, err)
		return
	}
	if e.gathers {
		e.checkSent(f)
		e.gathered = append(e.gathered, wire.AppendBundled(nil, f))
		return
	}
	e.push(data, f)
	e.checkSent(f)
}

// release sends what was gathered, as one frame.
func (e *end) release() {
	frames := e.gathered
	e.gathers, e.gathered = false, nil
	if e.closed || len(frames) == 0 {
		return
	}
	b := wire.Bundle{Sender: e.node.cfg.PeerID, Target: e.remote, Frames: frames}
	e.push(wire.Append(nil, b), b)
	e.checkTakesExtensions()
	s := e.sim()
	s.stats.Bundled += len(frames)
	for _, data := range frames {
		if f, err := wire.Decode(data); err == nil {
			s.note("  %s", s.names.frame(f))
		}
	}
}

func (e *end) push(data []byte, f wire.Frame) {
	s := e.sim()
	s.stats.Frames++
	s.note("%s -> %s  %s", e.name(), e.other.name(), s.names.frame(f))
	e.queue = append(e.queue, data)
	e.queued += len(data)
	if e.queued > maxQueued && len(e.queue) > 1 {
		s.stats.Slow++
		s.note("%s reads too slowly", e.other.name())
		e.end()
		return
	}
	e.move()
}

// move plans the arrival of the first frame that waits.
func (e *end) move() {
	if e.moving || e.closed || len(e.queue) == 0 {
		return
	}
	e.moving = true
	s := e.sim()
	s.after(s.between(1, 40)+e.slow, func() {
		e.moving = false
		if e.closed {
			return
		}
		data := e.queue[0]
		e.queue = e.queue[1:]
		e.queued -= len(data)
		e.other.arrive(data)
		e.move()
	})
}

func (e *end) arrive(data []byte) {
	if e.node == nil {
		e.liar.hear(data)
		return
	}
	f, err := wire.Decode(data)
	if err != nil {
		e.sim().note("%s gets what is no frame", e.node.name)
		e.end()
		return
	}
	if b, ok := f.(wire.Bundle); ok {
		for _, data := range b.Frames {
			if !e.closed {
				e.arrive(data)
			}
		}
		return
	}
	if e.node.plain || e.other.node != nil && e.other.node.plain {
		f = withoutExtensions(f)
	}
	e.heard(f)
	e.node.hubStep(replica.Framed{Conn: e.id, Frame: f})
}

func withoutExtensions(f wire.Frame) wire.Frame {
	switch f := f.(type) {
	case wire.Join:
		f.Metadata.Fieldsync = 0
		return f
	case wire.Peer:
		f.Metadata.Fieldsync = 0
		return f
	}
	return f
}

// close ends a connection behind what was sent on it.
func (n *Node) close(c replica.Close) {
	e := n.ends[c.Conn]
	if e == nil || e.closed {
		return
	}
	n.sim.stats.Closed++
	n.sim.note("%s closes the connection to %s: %d %s", n.name, e.other.name(), c.Code, c.Reason)
	// What waits still arrives, before anything happens on the connection again.
	for len(e.queue) > 0 && !e.closed {
		data := e.queue[0]
		e.queue = e.queue[1:]
		e.queued -= len(data)
		e.other.arrive(data)
	}
	e.end()
}

// end ends a connection at both ends; what is on its way is lost.
func (e *end) end() {
	for _, x := range []*end{e, e.other} {
		x.cut()
	}
}

// cut ends a connection at this end, and has the other end notice.
func (e *end) cut() {
	if e.closed {
		return
	}
	s := e.sim()
	e.closed, e.queue = true, nil
	if !e.other.closed {
		s.after(s.between(0, 50), e.other.cut)
	}
	if e.node == nil {
		e.liar.lost()
		return
	}
	n := e.node
	delete(n.ends, e.id)
	if n.dialed == e {
		n.dialed = nil
	}
	if !n.up {
		return
	}
	n.hubStep(replica.Closed{Conn: e.id})
	if n.online {
		n.dial()
	}
}

// disconnect breaks a client's connection: what was on its way is lost.
func (n *Node) disconnect() {
	if e := n.dialed; e != nil {
		n.sim.note("the connection of %s breaks", n.name)
		e.end()
	}
}

// present sends a presence message about a document that the client holds.
func (n *Node) present(doc crdt.DocID) {
	e := n.dialed
	if e == nil || e.remote == "" {
		return
	}
	n.counts++
	f := wire.Ephemeral{Doc: doc, Sender: n.cfg.PeerID, Target: e.remote, Count: n.counts, Session: n.name, Data: []byte{0xf6}}
	e.push(wire.Append(nil, f), f)
}

func (s *Sim) node(name string) *Node {
	all := append([]*Node{s.server}, s.clients...)
	if i := slices.IndexFunc(all, func(n *Node) bool { return n.name == name }); i >= 0 {
		return all[i]
	}
	return nil
}

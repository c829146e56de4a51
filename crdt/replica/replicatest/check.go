package replicatest

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// checkSent looks at a frame at the moment a node sends it.
func (e *end) checkSent(f wire.Frame) {
	n, s := e.node, e.node.sim
	switch f := f.(type) {
	case wire.Sync:
		s.frames[pair{e.clientName(), f.Doc}]++
		m, err := syncproto.Decode(f.Data, syncproto.Limits{})
		if err != nil {
			s.broken("%s sends a message that cannot be read: %v", n.name, err)
			return
		}
		changes, _ := changesOf(&m)
		for _, h := range slices.Concat(m.Heads, changes) {
			if !n.durable[f.Doc][h] {
				s.broken("I1: %s tells %s of %s in %s, which is not durable", n.name, e.other.name(), s.names.change(h), s.names.doc(f.Doc))
			}
		}
		if n.server && len(m.Heads)+len(changes) > 0 {
			e.checkMayRead(f.Doc, m.Heads, changes)
		}
	case wire.CatchUp:
		e.checkTakesExtensions()
		for i := range f.Ranges {
			for _, it := range f.Ranges[i].Items {
				if n.server {
					e.checkInventoried(it.Doc)
				}
			}
		}
	case wire.Refused:
		s.frames[pair{e.clientName(), f.Doc}]++
		e.checkTakesExtensions()
	case wire.Ephemeral:
		if n.server {
			e.checkMayRead(f.Doc, nil, nil)
		}
		if f.Sender == e.remote && (s.liar == nil || !s.liar.alias) {
			s.broken("%s sends presence back to %s", n.name, f.Sender)
		}
	case wire.DocUnavailable:
		s.frames[pair{e.clientName(), f.Doc}]++
	}
}

// clientName is who is at the end of a connection that is not the server's.
func (e *end) clientName() string {
	if e.node.server {
		return e.other.name()
	}
	return e.node.name
}

// checkMayRead holds I4: by the record that is durable now. A peer may be told what it named itself.
func (e *end) checkMayRead(doc crdt.DocID, heads, changes []crdt.Hash) {
	n := e.node
	if n.recheckWaits(doc) {
		return // the end of the access has not got there yet
	}
	rec, ok := readRecord(n.store, doc)
	var meta []byte
	if ok {
		meta = metaOf(rec)
	}
	if n.cfg.Access(e.who, doc, meta).Has(replica.AccessRead) {
		return
	}
	if len(changes) == 0 && len(heads) > 0 && !slices.ContainsFunc(heads, func(h crdt.Hash) bool { return !e.other.knows(doc, h) }) {
		return
	}
	n.sim.broken("I4: %s may not read %s, and is told of it", e.other.name(), n.sim.names.doc(doc))
}

func (n *Node) recheckWaits(doc crdt.DocID) bool {
	od := n.open[doc]
	return od != nil && slices.ContainsFunc(od.queue, func(it item) bool { _, ok := it.ev.(replica.Recheck); return ok })
}

// knows tells whether whoever is at this end has a change.
func (e *end) knows(doc crdt.DocID, h crdt.Hash) bool {
	if e.node == nil {
		return e.liar.named[h]
	}
	return e.node.durable[doc][h]
}

// checkInventoried: what the server names in a comparison could be read when the inventory was made, a moment ago.
func (e *end) checkInventoried(doc crdt.DocID) {
	if _, ok := readRecord(e.node.store, doc); !ok {
		e.node.sim.broken("I1: the server names %s, which is not durable", e.node.sim.names.doc(doc))
	}
}

func (e *end) checkTakesExtensions() {
	if e.other.node != nil && e.other.node.plain {
		e.node.sim.broken("%s gets an extension frame", e.other.node.name)
	}
}

// heard looks at a frame that arrived: what the server names, a client may rely on.
func (e *end) heard(f wire.Frame) {
	m, ok := f.(wire.Sync)
	if !ok || e.node.server {
		return
	}
	msg, err := syncproto.Decode(m.Data, syncproto.Limits{})
	if err != nil {
		return
	}
	if e.node.acked[m.Doc] == nil {
		e.node.acked[m.Doc] = map[crdt.Hash]bool{}
	}
	for _, h := range msg.Heads {
		e.node.acked[m.Doc][h] = true
	}
}

// checkStore holds what a store gives after a crash against what was durable before.
func (n *Node) checkStore() {
	for _, doc := range n.sim.docs {
		h, ok := n.load(doc)
		if !ok {
			return
		}
		if h.Len() != len(n.durable[doc]) {
			n.sim.broken("I1: %s has %d changes of %s, %d were durable", n.name, h.Len(), n.sim.names.doc(doc), len(n.durable[doc]))
		}
		for i := range h.Len() {
			if !n.durable[doc][h.Hash(i)] {
				n.sim.broken("I1: %s has %s, which was not durable", n.name, n.sim.names.change(h.Hash(i)))
			}
		}
	}
}

// load reads a document from the store as a new process would.
func (n *Node) load(doc crdt.DocID) (*history.History, bool) {
	loaded, err := readDocument(n.store, doc)
	if err == nil {
		var d *replica.Document
		if d, err = replica.Open(doc, n.cfg, loaded); err == nil {
			var h *history.History
			if h, _, err = d.View(); err == nil {
				return h, true
			}
		}
	}
	n.sim.broken("I1: %s cannot read %s: %v", n.name, n.sim.names.doc(doc), err)
	return nil, false
}

// checkAcknowledged: what the server ever named to a client, it still has.
func (s *Sim) checkAcknowledged() {
	for _, c := range s.clients {
		for _, doc := range s.docs {
			for h := range c.acked[doc] { // any of them would do
				if !s.server.durable[doc][h] {
					s.broken("I1: the server told %s of a change of %s, and lost it", c.name, s.names.doc(doc))
					return
				}
			}
		}
	}
}

// checkConverged holds I3: all who may read a document hold what the server holds, and it shows the same.
func (s *Sim) checkConverged() {
	for _, doc := range s.docs {
		for _, c := range s.clients {
			s.checkGone(c, doc)
		}
		at, ok := s.server.load(doc)
		if !ok {
			return
		}
		rec, exists := readRecord(s.server.store, doc)
		for _, c := range s.clients {
			mine, ok := c.load(doc)
			if !ok {
				return
			}
			var meta []byte
			if exists {
				meta = metaOf(rec)
			}
			switch access := s.rules.access(c.who, doc, meta); {
			case !access.Has(replica.AccessRead):
				s.checkDelivered(c, doc, mine, access)
			case !mine.Heads().Equal(at.Heads()):
				s.broken("I3: %s of %s is at %s, the server at %s", s.names.doc(doc), c.name, s.names.list(mine.Heads()), s.names.list(at.Heads()))
			case view(mine) != view(at):
				s.broken("I3: %s shows something else to %s than to the server", s.names.doc(doc), c.name)
			}
		}
	}
}

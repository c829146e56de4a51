package replicatest

import (
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
)

// officeKey is the root's key that workers must not write to: the server refuses such a change for good. Those who made it
// take it out of their replica, and make anew what they have built on it.
const officeKey = "office"

// trespass makes a change that the server does not take from a worker.
func trespass(w *historytest.Writer) {
	w.Sketch(2)
	set(officeKey, format.UintValue(7))(w)
	w.Sketch(1)
}

func trespasses(a *history.Admission) bool {
	for i := range a.Change.Ops {
		if a.Path(i)[0].Key == officeKey {
			return true
		}
	}
	return false
}

// fate is what became of a change that a client has discarded.
type fate struct {
	dropped bool        // the server had refused it
	news    []crdt.Hash // the changes made of it
	lost    bool        // or some of it could not be made anew, as it worked on what is dropped
	moot    bool        // or was needed no more
}

// actorOf is who writes to a document at a node: each Discard begins another actor, which nobody has seen.
func (n *Node) actorOf(doc crdt.DocID) crdt.ActorID {
	actor := n.actor() + crdt.ActorID(strings.Repeat("'", n.generation[doc]))
	n.sim.names.nodes[actor] = n.name + strings.Repeat("'", n.generation[doc])
	return actor
}

// refused takes note of a server's word, and acts on it after a while.
func (n *Node) refused(doc crdt.DocID, r crdt.Refusal) {
	if r.Code != crdt.RefusedNotAllowed || r.Change == (crdt.Hash{}) {
		return
	}
	if n.bad[doc] == nil {
		n.bad[doc] = map[crdt.Hash]bool{}
	}
	n.bad[doc][r.Change] = true
	n.later(n.sim.between(5, 400), func() { n.discard(doc) })
}

// discard takes the refused changes out of a document.
func (n *Node) discard(doc crdt.DocID) {
	n.post(doc, item{look: func(od *openDoc) {
		h, _, err := od.doc.View()
		if err != nil {
			n.sim.broken("%s: %v", n.name, err)
			return
		}
		var drop []crdt.Hash
		for i := range h.Len() { // in their order, not the map's
			if n.bad[doc][h.Hash(i)] {
				drop = append(drop, h.Hash(i))
			}
		}
		if len(drop) == 0 || n.discarding[doc] {
			return
		}
		n.discarding[doc] = true
		n.generation[doc]++ // before anything is written under it
		r, err := h.Rebase(history.Rebase{Drop: drop, Own: n.who.Author(), Actor: n.actorOf(doc)})
		if err != nil {
			n.sim.broken("%s cannot rebase %s: %v", n.name, n.sim.names.doc(doc), err)
			return
		}
		n.token++
		ev := replica.Discard{Token: n.token, Author: n.who.Author(), Storage: n.sim.server.cfg.StorageID}
		fates := map[crdt.Hash]fate{}
		for _, g := range r.Gone {
			ev.Changes = append(ev.Changes, g.Hash)
			f := fate{dropped: g.Dropped, lost: len(g.Lost) > 0, moot: len(g.Moot) > 0}
			for _, x := range r.News {
				if x.From == g.Index {
					f.news = append(f.news, x.Hash)
				}
			}
			fates[g.Hash] = f
		}
		for _, x := range r.News {
			ev.News = append(ev.News, replica.Made{Raw: x.Raw, Arrived: od.doc.Arrived(x.From)})
			if head, err := format.DecodeHeader(x.Raw); err == nil {
				n.sim.names.learn(x.Hash, head.Actor, head.Seq)
			}
		}
		if n.fates[doc] == nil {
			n.fates[doc] = map[crdt.Hash]fate{}
		}
		for x, f := range fates {
			n.fates[doc][x] = f
		}
		if n.sim.faulty && !n.sim.calm && n.sim.chance(20) {
			n.sim.failFor(n, n.sim.between(10, 60))
		}
		n.sim.note("%s discards %s of %s, and makes %d changes anew", n.name, n.sim.names.list(ev.Changes), n.sim.names.doc(doc), len(ev.News))
		n.handle(od, item{ev: ev})
	}}, false)
}

// discarded hears how a Discard ended. What the store could not take is tried again; what came too late is looked at anew.
func (n *Node) discarded(doc crdt.DocID, err error) {
	n.discarding[doc] = false
	n.sim.note("%s: that is done with %s: %v", n.name, n.sim.names.doc(doc), err)
	if err == nil {
		n.sim.stats.Discards++
	} else {
		n.sim.stats.DiscardsFailed++
	}
	n.later(n.sim.between(5, 400), func() { n.discard(doc) })
}

// nowGone takes note of changes that a durable write has removed. Nothing that the server had acknowledged is among them.
func (n *Node) nowGone(doc crdt.DocID, gone []crdt.Hash) {
	for _, x := range gone {
		if n.acked[doc][x] || n.sim.server.durable[doc][x] {
			n.sim.broken("I7: %s discards %s, which the server holds", n.name, n.sim.names.change(x))
		}
		delete(n.durable[doc], x)
		if n.gone[doc] == nil {
			n.gone[doc] = map[crdt.Hash]bool{}
		}
		n.gone[doc][x] = true
	}
}

// checkGone holds I7: of what a client has taken out of a document, all has reached the server that the server takes, and that
// was not built on what it does not take. A change is never refused for another reason here.
func (s *Sim) checkGone(c *Node, doc crdt.DocID) {
	for x := range c.gone[doc] { // any of them would do
		f, known := c.fates[doc][x]
		if !known {
			s.broken("I7: %s lost %s without a word", c.name, s.names.change(x))
			return
		}
		if f.dropped || f.lost || f.moot {
			continue
		}
		if len(f.news) == 0 {
			s.broken("I7: nothing was made of %s, and nothing told", s.names.change(x))
		}
		for _, y := range f.news {
			if !s.server.durable[doc][y] && !c.gone[doc][y] {
				s.broken("I7: the server does not have %s, made of %s", s.names.change(y), s.names.change(x))
			}
		}
	}
	for x, f := range c.fates[doc] {
		if f.dropped && s.server.durable[doc][x] {
			s.broken("I4: the server has %s, which it refused", s.names.change(x))
		}
	}
}

// ownActor tells whether an actor is one of the node's.
func (n *Node) ownActor(a crdt.ActorID) bool {
	return strings.TrimRight(string(a), "'") == string(n.actor())
}

// workers are the clients that may trespass, and hear of it.
func (s *Sim) workers() []*Node {
	return slices.DeleteFunc(slices.Clone(s.clients), func(n *Node) bool { return n.who.all || n.plain })
}

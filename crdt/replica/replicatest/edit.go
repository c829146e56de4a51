package replicatest

import (
	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
)

// limits are history's defaults, but for a waiting room small enough to fill.
func limits() history.Limits {
	l := history.DefaultLimits()
	l.WaitingChanges = 16
	return l
}

// edit makes a change of a document at a node, which is created if it does not exist there and the node may.
func (n *Node) edit(doc crdt.DocID, create bool, write func(*historytest.Writer)) {
	if !n.up {
		return
	}
	n.post(doc, item{look: func(od *openDoc) {
		h, _, err := od.doc.View()
		if err != nil {
			n.sim.broken("%s: %v", n.name, err)
			return
		}
		if h.Len() == 0 && !create {
			return
		}
		w := n.writer(doc, h)
		write(w)
		c := w.Commit()
		n.sim.names.learn(c.Hash, c.Actor, c.Seq)
		n.sim.known[doc] = true
		n.sim.stats.Edits++
		n.sim.note("%s edits %s: %s", n.name, n.sim.names.doc(doc), n.sim.names.change(c.Hash))
		n.token++
		n.handle(od, item{ev: replica.Append{Token: n.token, Author: n.who.Author(), Raws: [][]byte{c.Raw}}})
		if h.Len() == 1 && !n.server {
			n.hubStep(replica.Subscribe{Doc: doc})
		}
	}}, false)
}

// writer gives the maker of changes for a document at exactly this history.
func (n *Node) writer(doc crdt.DocID, h *history.History) *historytest.Writer {
	w := n.writers[doc]
	if w != nil {
		for i, c := range w.Changes {
			if i >= h.Len() || h.Hash(i) != c.Hash {
				w = nil // changes were taken back
				break
			}
		}
	}
	if w == nil || w.Actor != n.actorOf(doc) {
		w = historytest.NewWriter(n.actorOf(doc), n.sim.rand)
		n.writers[doc] = w
	}
	for i := len(w.Changes); i < h.Len(); i++ {
		c, err := format.DecodeTrusted(h.Raw(i))
		if err != nil {
			n.sim.broken("%s: %v", n.name, err)
			return w
		}
		w.Apply(c)
	}
	return w
}

// scribble makes a change of anything.
func scribble(w *historytest.Writer) { w.Sketch(3) }

// assign makes a change that gives a job to a worker, or takes it away.
func assign(name string, yes bool) func(*historytest.Writer) {
	return func(w *historytest.Writer) { set(assignKey(name), format.BoolValue(yes))(w) }
}

// set makes a change of a key of the root.
func set(key string, v format.Value) func(*historytest.Writer) {
	return func(w *historytest.Writer) { w.Do(historytest.Op{Key: key, Action: format.ActionSet, Value: v}) }
}

func subscribe(doc crdt.DocID) replica.Subscribe { return replica.Subscribe{Doc: doc} }

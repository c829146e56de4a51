package replicatest

import (
	"encoding/binary"
	"fmt"
	"strings"

	"crypto/sha256"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
)

// view is what the maps of a document show: the visible operations under each key, by their ids.
func view(h *history.History) string {
	var b strings.Builder
	viewMap(&b, h, h.Root(), 0)
	return b.String()
}

func viewMap(b *strings.Builder, h *history.History, obj history.ObjID, depth int) {
	for key := range h.Keys(obj) {
		for _, op := range h.Get(obj, key) {
			fmt.Fprintf(b, "%*s%s %d@%s %d %d %x\n", depth, "", key, op.ID.Counter, op.ID.Actor, op.Action, op.Value.Type, op.Value.Raw)
			if op.Object != 0 {
				viewMap(b, h, op.Object, depth+1)
			}
		}
	}
}

// checkDelivered holds I7: who may deliver to a document, but not read it, has got rid of his own changes.
func (s *Sim) checkDelivered(c *Node, doc crdt.DocID, mine *history.History, access replica.Access) {
	if !access.Has(replica.AccessWrite) {
		return
	}
	for i := range mine.Len() {
		if h := mine.Hash(i); c.ownActor(mine.Actor(i)) && !s.server.durable[doc][h] {
			s.broken("I7: %s may still deliver to %s, and the server does not have %s", c.name, s.names.doc(doc), s.names.change(h))
			return
		}
	}
}

// docNumber makes a document's id of a number; their order is not that of the numbers.
func docNumber(i int) crdt.DocID {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i)))
	return crdt.DocID(sum[:16])
}

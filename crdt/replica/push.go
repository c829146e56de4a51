package replica

import (
	"maps"
	"slices"

	"fieldsync/crdt"
)

// What differs is sent without being asked for. From a sketch the side that was called knows its own documents that differ, and of the
// dialer's the keys, each of a document at some heads. For each of its documents it looks whether one of the keys is that of the
// document at earlier heads (Document.guess): then it knows what the dialer holds of it, and sends the rest. When all keys have found
// their document, the dialer holds nothing of the remaining ones, and gets them whole; else these conversations begin as any other. So each document
// that the answer lists is spoken about by the side that was called, and the dialer, who asked for that, asks for none.
//
// It is what the dialer would ask for, and what access allows for each document at the moment of sending. Nobody has asked for it, though, and nothing that is
// asked for meanwhile gets before it: so it is bounded in bytes, too. Each document has an equal share; of one that needs more the dialer is told that it differs, and asks.
const (
	maxPushed      = 64        // documents; of more the dialer asks itself
	maxPushedBytes = 128 << 10 // of changes: twenty seconds of 2G
	pushTicks      = 3         // after which nobody waits for a document any more that has not answered
)

// pushing is what is sent to a dialer without asking, until it is known of each document what the dialer holds.
type pushing struct {
	left  map[crdt.DocID]struct{} // documents that have not answered
	keys  map[uint64]struct{}     // of the dialer's that belong to no document yet
	rest  []crdt.DocID            // documents that none of the keys belongs to
	share int                     // bytes of changes for each document
	ticks int
}

// push begins it. What is sent meanwhile is gathered.
func (h *Hub) push(c *conn, docs []Item, keys map[uint64]struct{}, b *HubBatch) {
	u := &pushing{left: make(map[crdt.DocID]struct{}, len(docs)), keys: keys, share: maxPushedBytes / max(1, len(docs))}
	g := &Guess{Salt: c.catchup.whole, Keys: slices.Sorted(maps.Keys(keys))}
	for _, it := range docs {
		doc := c.naming.Inner(it.Doc)
		h.interest(c, doc)
		u.left[doc] = struct{}{}
		b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: Attach{Peer: h.peerInfo(c, doc), Guess: g, Most: u.share}})
	}
	h.endPush(c, b) // of an earlier comparison
	c.pushing, h.pushes[c.id] = u, c
	b.Gather = append(b.Gather, c.id)
}

// guessed takes a document's answer.
func (h *Hub) guessed(c *conn, ev Guessed, b *HubBatch) {
	u := c.pushing
	if u == nil {
		return
	}
	if _, ok := u.left[ev.Doc]; !ok {
		return
	}
	delete(u.left, ev.Doc)
	switch {
	case ev.Found:
		delete(u.keys, ev.Key)
	case !ev.Over:
		u.rest = append(u.rest, ev.Doc)
	}
	if len(u.left) == 0 {
		h.endPush(c, b)
	}
}

// tickPushes gives up on documents that do not answer in time.
func (h *Hub) tickPushes(b *HubBatch) {
	for _, id := range slices.Sorted(maps.Keys(h.pushes)) {
		c := h.pushes[id]
		if c.pushing.ticks++; c.pushing.ticks >= pushTicks {
			h.endPush(c, b)
		}
	}
}

// endPush sends what was gathered, and begins with the documents that are left: as new to the peer where it holds nothing else that we could not tell.
func (h *Hub) endPush(c *conn, b *HubBatch) {
	u := c.pushing
	if u == nil {
		return
	}
	c.pushing = nil
	delete(h.pushes, c.id)
	b.Release = append(b.Release, c.id)
	if !c.joined {
		return
	}
	slices.SortFunc(u.rest, func(a, b crdt.DocID) int { return slices.Compare(a[:], b[:]) })
	for _, doc := range u.rest {
		if _, ok := c.docs[doc]; ok {
			b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: Attach{Peer: h.peerInfo(c, doc), Announce: true, New: len(u.keys)+len(u.left) == 0, Most: u.share}})
		}
	}
}

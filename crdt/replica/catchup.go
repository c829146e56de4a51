package replica

import (
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

// Catch-up: after a reconnect the two ends find out which documents differ, without talking about each.
//
// Both have an inventory: the documents that may be talked about on this connection, each with the digest of its heads, in
// order of their ids. The one who dialed begins with one range over everything: the count and the digest of its items. The
// other answers each range: nothing, if its own items have the same digest; else its items, if they are few; else about
// splitWays smaller ranges, with their digests. The dialer compares, and answers each with its own: so both learn which
// ranges are equal. It ends with a frame without ranges. The bytes grow with the number of documents that differ
// times the logarithm of the number held; equal inventories cost one frame each way.
//
// Beside its first range the dialer sends a sketch of its inventory (sketch.go). If the other can read the difference
// from it, that ends the comparison with one frame each way as well: the answer has its items that differ, and the keys of the
// dialer's. Else it wants a longer sketch, or narrows ranges.
//
// Documents in equal ranges are subscribed to at both ends without another word. The dialer begins the conversation
// about the others.
const (
	splitWays = 16 // sub-ranges that a differing range is answered with; not more than fewItems
	fewItems  = 16 // a range with at most so many items is answered with them
	maxRounds = 64 // frames of one comparison; a frame narrows by splitWays, so a peer that needs more does not compare

	// maxComparisons is how often a peer may begin one on a connection: each reads the whole inventory. Once is enough.
	maxComparisons = 8
	// comparePatience is how long we hold an inventory for a peer that says nothing more; the longest frame takes four minutes on 2G.
	comparePatience = 5 * time.Minute
)

// catchUp is a comparison that is going on. Its documents have the peer's names, as those of all its frames.
type catchUp struct {
	items    []Item // nil until the Inventory is there
	ready    bool
	queued   *wire.CatchUp // arrived before the inventory
	rounds   int
	differ   []crdt.DocID
	unlisted []crdt.DocID            // of differ: the peer has not listed them
	silent   time.Time               // the first tick after the peer's last frame; zero: none was yet
	moved    map[crdt.DocID]struct{} // left memory since the inventory was asked for, in another state than it says
	whole    Digest                  // the dialer's, of all its items: the salt of the keys
	held     uint64                  // at the side that was called: how many items the dialer has
	sketch   []wire.Symbol           // at the side that was called: what has come of the peer's
	sketched int                     // at the dialer: symbols sent
	push     bool                    // at the side that was called: the dialer wants what differs without asking
	pushed   map[crdt.DocID]struct{} // at the dialer: differing documents that the other end begins with
	late     []crdt.DocID            // at the dialer: made since the inventory was asked for, before the peer joined
}

// setCatchUp begins a comparison, or ends it with nil.
func (h *Hub) setCatchUp(c *conn, u *catchUp) {
	c.catchup = u
	if u == nil {
		delete(h.comparing, c.id)
	} else {
		h.comparing[c.id] = c
	}
}

// dropStale gives up comparisons whose peer has fallen silent. It may begin anew.
func (h *Hub) dropStale(now time.Time) {
	for _, c := range h.comparing {
		u := c.catchup
		switch {
		case c.dialed:
		case u.silent.IsZero():
			u.silent = now
		case now.Sub(u.silent) >= comparePatience:
			h.setCatchUp(c, nil)
		}
	}
}

// noteRetired: what the inventory says of a document may be older than what the document was when it left memory. An open
// one is told of its new subscriber, and sees for itself.
func (u *catchUp) noteRetired(doc crdt.DocID, now Digest) {
	if u.ready {
		i, ok := slices.BinarySearchFunc(u.items, doc, compareItem)
		if !ok || u.items[i].Digest == now {
			return
		}
	}
	if u.moved == nil {
		u.moved = make(map[crdt.DocID]struct{}, 1)
	}
	u.moved[doc] = struct{}{}
}

// inventory begins a comparison, or goes on with one that the peer began.
func (h *Hub) inventory(c *conn, items []Item, b *HubBatch) {
	if c.catchup == nil {
		if !c.joined {
			return
		}
		// The peer does not compare: each document is talked about, if we are the one to begin.
		if c.dialed {
			for _, it := range items {
				h.attach(c, c.naming.Inner(it.Doc), true, b)
			}
		}
		return
	}
	c.catchup.items, c.catchup.ready = items, true
	if c.dialed {
		everything := rangeOf(crdt.DocID{}, crdt.DocID{}, items)
		c.catchup.whole = everything.Digest
		f := wire.CatchUp{Ranges: []wire.Range{everything}}
		if len(items) > 0 && !h.cfg.RangesOnly {
			f.Sketch, f.Push = c.catchup.more(sketchFirst), !c.asks
		}
		h.sendCatchUp(c, f, b)
		return
	}
	if f := c.catchup.queued; f != nil {
		c.catchup.queued = nil
		h.answerCatchUp(c, f, b)
	}
}

func (h *Hub) catchUpFrame(c *conn, f wire.CatchUp, b *HubBatch) {
	if c.catchup == nil {
		if c.dialed {
			b.Ignored = append(b.Ignored, "unexpected-catch-up")
			return
		}
		if c.compared++; c.compared > maxComparisons {
			h.protocolError(c, "compared too often", b)
			return
		}
		h.setCatchUp(c, &catchUp{queued: &f})
		b.Compare = append(b.Compare, c.id)
		return
	}
	if !c.catchup.ready {
		b.Ignored = append(b.Ignored, "unexpected-catch-up")
		return
	}
	c.catchup.silent = time.Time{}
	if c.catchup.rounds++; c.catchup.rounds > maxRounds {
		h.protocolError(c, "the comparison does not end", b)
		return
	}
	if c.dialed {
		h.continueCatchUp(c, f, b)
	} else {
		h.answerCatchUp(c, &f, b)
	}
}

// answerCatchUp is the side that was called: it narrows what differs.
func (h *Hub) answerCatchUp(c *conn, f *wire.CatchUp, b *HubBatch) {
	if f.Done {
		h.subscribeRest(c, b)
		return
	}
	if h.answerSketch(c, f, b) {
		return
	}
	var out []wire.Range
	budget := frameBudget{items: wire.MaxItems}
	for i := range f.Ranges {
		r := &f.Ranges[i]
		mine := within(c.catchup.items, r.From, r.To)
		switch {
		case r.HasItems:
			h.markEqual(c, mine, r.Items, b)
		case sameRange(r, mine):
			for _, it := range mine {
				h.markSynced(c, it, b)
			}
		default:
			out = budget.narrow(out, len(f.Ranges)-i-1, r.From, r.To, mine, r.Count == 0)
		}
	}
	h.sendCatchUp(c, wire.CatchUp{Ranges: out, Done: len(out) == 0}, b)
	if len(out) == 0 {
		h.subscribeRest(c, b)
	}
}

// subscribeRest ends a comparison at the side that was called: what was not found equal is subscribed to as well, so
// that the peer hears of the changes to come; it begins the conversation about what is there.
func (h *Hub) subscribeRest(c *conn, b *HubBatch) {
	for _, it := range c.catchup.items {
		doc := c.naming.Inner(it.Doc)
		if _, ok := c.docs[doc]; !ok {
			if len(c.docs) >= h.cfg.maxDocs() {
				break
			}
			h.interest(c, doc)
			b.Docs = append(b.Docs, DocEvent{Doc: doc, Event: Attach{Peer: h.peerInfo(c, doc)}, IfOpen: true})
		}
	}
	h.setCatchUp(c, nil)
}

// continueCatchUp is the side that dialed: it finds the documents that differ.
func (h *Hub) continueCatchUp(c *conn, f wire.CatchUp, b *HubBatch) {
	u := c.catchup
	if n := f.Want; n > 0 {
		if n <= uint64(u.sketched) || n > maxSketch {
			h.protocolError(c, "a sketch of no such length", b)
			return
		}
		h.sendCatchUp(c, wire.CatchUp{Sketch: u.more(int(n))}, b)
		return
	}
	if len(f.Mine)+len(f.Yours) > 0 {
		h.endSketch(c, &f, b)
		return
	}
	var out []wire.Range
	for i := range f.Ranges {
		r := &f.Ranges[i]
		mine := within(u.items, r.From, r.To)
		if r.HasItems {
			u.compareItems(mine, r.Items)
			h.markEqual(c, mine, r.Items, b)
			mr := rangeOf(r.From, r.To, mine)
			mr.Items, mr.HasItems = wireItems(mine), true
			out = append(out, mr)
			continue
		}
		if sameRange(r, mine) {
			for _, it := range mine {
				h.markSynced(c, it, b)
			}
		}
		out = append(out, rangeOf(r.From, r.To, mine))
	}
	if !f.Done && len(out) > 0 {
		h.sendCatchUp(c, wire.CatchUp{Ranges: out}, b)
		return
	}
	h.endCatchUp(c, b)
}

func (h *Hub) endCatchUp(c *conn, b *HubBatch) {
	u := c.catchup
	if u.rounds == 1 && len(u.differ) == 0 {
		// The whole was equal: nothing was narrowed.
		for _, it := range u.items {
			h.markSynced(c, it, b)
		}
	}
	h.setCatchUp(c, nil)
	for i, outer := range u.differ {
		_, pushed := u.pushed[outer]
		u.differ[i] = c.naming.Inner(outer)
		h.attach(c, u.differ[i], !pushed, b)
	}
	for i := range u.unlisted {
		u.unlisted[i] = c.naming.Inner(u.unlisted[i])
	}
	b.Compared = append(b.Compared, Compared{Conn: c.id, Equal: len(u.items) - len(u.differ), Differ: u.differ, Unlisted: u.unlisted})
}

func (h *Hub) sendCatchUp(c *conn, f wire.CatchUp, b *HubBatch) {
	f.Sender, f.Target = h.cfg.PeerID, c.remote
	b.Send = append(b.Send, Out{Conn: c.id, Frame: f})
}

// markSynced subscribes a connection that holds exactly this state. An open document is told, a closed one stays closed.
func (h *Hub) markSynced(c *conn, it Item, b *HubBatch) {
	if len(c.docs) >= h.cfg.maxDocs() {
		return
	}
	doc := c.naming.Inner(it.Doc)
	s, _ := h.interest(c, doc)
	s.synced, s.digest = true, it.Digest
	_, moved := c.catchup.moved[it.Doc] // then it has to be opened, to see what is new
	b.Docs = append(b.Docs, DocEvent{Doc: doc, IfOpen: !moved,
		Event: Attach{Peer: h.peerInfo(c, doc), Synced: true, Digest: it.Digest}})
}

// markEqual does that for the items that both have.
func (h *Hub) markEqual(c *conn, mine []Item, theirs []wire.Item, b *HubBatch) {
	for _, it := range mine {
		if i, ok := slices.BinarySearchFunc(theirs, it.Doc, compareWireItem); ok && theirs[i].Digest == it.Digest {
			h.markSynced(c, it, b)
		}
	}
}

// compareItems finds the documents that only one side has, or that have other digests.
func (u *catchUp) compareItems(mine []Item, theirs []wire.Item) {
	for _, it := range mine {
		i, listed := slices.BinarySearchFunc(theirs, it.Doc, compareWireItem)
		if !listed || theirs[i].Digest != it.Digest {
			u.differ = append(u.differ, it.Doc)
		}
		if !listed {
			u.unlisted = append(u.unlisted, it.Doc)
		}
	}
	for _, it := range theirs {
		if _, ok := slices.BinarySearchFunc(mine, it.Doc, compareItem); !ok {
			u.differ = append(u.differ, it.Doc)
		}
	}
}

func compareItem(a Item, doc crdt.DocID) int { return slices.Compare(a.Doc[:], doc[:]) }

func compareWireItem(a wire.Item, doc crdt.DocID) int { return slices.Compare(a.Doc[:], doc[:]) }

// within are the items of a range; items are in order.
func within(items []Item, from, to crdt.DocID) []Item {
	lo, _ := slices.BinarySearchFunc(items, from, compareItem)
	hi := len(items)
	if !to.IsZero() {
		hi, _ = slices.BinarySearchFunc(items, to, compareItem)
	}
	return items[lo:max(lo, hi)]
}

func sameRange(r *wire.Range, mine []Item) bool {
	return r.Count == uint64(len(mine)) && Digest(r.Digest) == digestItems(mine)
}

func rangeOf(from, to crdt.DocID, items []Item) wire.Range {
	return wire.Range{From: from, To: to, Count: uint64(len(items)), Digest: digestItems(items)}
}

func wireItems(items []Item) []wire.Item {
	out := make([]wire.Item, len(items))
	for i, it := range items {
		out[i] = wire.Item{Doc: it.Doc, Digest: it.Digest}
	}
	return out
}

// frameBudget keeps an answer within the limits of a frame.
type frameBudget struct{ items int }

// narrow answers a range that differs: with its items if they are few, or if the peer has nothing in it; else with smaller
// ranges. Where the frame has no room, keeping some for the ranges still to come, it repeats the range: the peer asks again.
func (f *frameBudget) narrow(out []wire.Range, toCome int, from, to crdt.DocID, mine []Item, theyHaveNone bool) []wire.Range {
	r := rangeOf(from, to, mine)
	limit := fewItems
	if theyHaveNone {
		limit = f.items
	}
	if len(mine) <= limit && len(mine) <= f.items {
		f.items -= len(mine)
		r.Items, r.HasItems = wireItems(mine), true
		return append(out, r)
	}
	if len(mine) < splitWays || len(out)+splitWays+toCome > wire.MaxRanges {
		return append(out, r)
	}
	for i := range splitWays {
		lo, hi := i*len(mine)/splitWays, (i+1)*len(mine)/splitWays
		start, end := from, to
		if i > 0 {
			start = mine[lo].Doc
		}
		if i < splitWays-1 {
			end = mine[hi].Doc
		}
		out = append(out, rangeOf(start, end, mine[lo:hi]))
	}
	return out
}

package replica

import (
	"slices"

	"fieldsync/crdt"
)

// Bounds of looking for the heads at which a peer is.
const (
	maxGuessed  = 128     // earlier heads that are looked at: a hash or two each
	maxGuessing = 1 << 16 // changes of a document that is looked at: their dependencies are counted
)

// guess finds out which of our earlier heads a comparison's keys have for this document: those are what the peer holds. It is told
// what came since, or, if that is too much to come unasked, that it did. A peer that has spoken already needs no guess.
func (d *Document) guess(p *peer, ev *Attach, b *Batch) {
	answer := Guessed{Conn: p.Conn, Doc: d.id}
	_, heard := p.state.TheirHeads()
	switch {
	case !d.Exists() || !p.access.Has(AccessRead): // since the inventory was read
		d.sendUnavailable(p, b)
		answer.Over = true
	case heard || p.talking:
		p.talking, p.dirty, d.dirty = true, true, true
		answer.Over = true
	default:
		var heads crdt.Heads
		if heads, answer.Key, answer.Found = d.earlier(p.Doc, ev.Guess); answer.Found {
			if d.bytesSince(heads) <= ev.Most {
				p.state.AssumeAt(d.view(), heads, true)
				p.shared = heads
			}
			p.talking, p.dirty, d.dirty = true, true, true
		}
	}
	b.Guessed = append(b.Guessed, answer)
}

// bytesSince is how much the changes are that came since our earlier heads.
func (d *Document) bytesSince(heads crdt.Heads) (n int) {
	if heads.Equal(d.Heads()) {
		return 0
	}
	h := d.history() // earlier had it
	for _, i := range h.Since(heads) {
		n += len(h.Raw(i))
	}
	return n
}

// earlier gives those of our heads, now or after some earlier change in the order of their arrival, whose key is among these.
func (d *Document) earlier(doc crdt.DocID, g *Guess) (heads crdt.Heads, key uint64, found bool) {
	matches := func(heads crdt.Heads) bool {
		key = keyOf(g.Salt, &Item{Doc: doc, Digest: DigestHeads(heads)})
		_, found = slices.BinarySearch(g.Keys, key)
		return found
	}
	if len(g.Keys) == 0 {
		return nil, 0, false
	}
	if heads = d.Heads(); matches(heads) {
		return heads, key, true
	}
	if d.len() > maxGuessing {
		return nil, 0, false
	}
	h := d.history()
	if h == nil {
		return nil, 0, false
	}
	after := make([]uint32, h.Len()) // how many changes depend on each, of those that are not taken away
	for i := range h.Len() {
		for _, dep := range h.Deps(i) {
			after[dep]++
		}
	}
	heads = slices.Clone(heads)
	for i := h.Len() - 1; i > 0 && i >= h.Len()-maxGuessed; i-- { // the last one is a head: nothing depends on it
		heads = slices.DeleteFunc(heads, func(x crdt.Hash) bool { return x == h.Hash(i) })
		for _, dep := range h.Deps(i) {
			if after[dep]--; after[dep] == 0 {
				heads = append(heads, h.Hash(int(dep)))
			}
		}
		slices.SortFunc(heads, crdt.CompareHash)
		if matches(heads) {
			return heads, key, true
		}
	}
	return nil, 0, false
}

package replica

import (
	"bytes"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// Late delivery: who may deliver to a document but not read it (was assigned once) is told nothing but what becomes of his
// own changes. We answer with those of the hashes that he named himself and that we hold, and ask for the others.

// blindPeer is what a peer that may not read has named.
type blindPeer struct {
	named   []crdt.Hash // as what it last shared with us; bounded by a message's limits
	brought []crdt.Hash // of what it has brought and we hold, what it has brought nothing after; at most maxBrought
	said    []byte      // our last answer
}

// maxBrought bounds what is noted of a peer that may not read. One device's changes come after one another.
const maxBrought = 64

// bring notes a change that a peer has brought, if we hold it: it was taken, or was here before. Of changes after it others may have been refused.
func (b *blindPeer) bring(h *history.History, x crdt.Hash) {
	i, ok := h.IndexOf(x)
	if !ok {
		return
	}
	b.brought = slices.DeleteFunc(b.brought, func(y crdt.Hash) bool {
		k, ok := h.IndexOf(y)
		return !ok || h.InPast(k, i)
	})
	b.brought = append(b.brought, x)
	if len(b.brought) > maxBrought {
		b.brought = slices.Delete(b.brought, 0, len(b.brought)-maxBrought)
	}
}

// brought notes a change that a peer has delivered.
func (p *peer) brought(h *history.History, x crdt.Hash) {
	if p.unavailable {
		p.blind.bring(h, x)
	}
}

func (b *blindPeer) note(m *syncproto.Message) {
	b.named = nil
	for i := range m.Have {
		b.named = append(b.named, m.Have[i].LastSync...)
	}
}

// sayBlind answers a peer that may deliver, but not read. The same is not said twice.
func (d *Document) sayBlind(p *peer, out *[]Out) {
	theirs, heard := p.state.TheirHeads()
	if !heard || !p.access.Has(AccessWrite) {
		return
	}
	g := d.view()
	m := syncproto.Message{Version: syncproto.V1}
	for _, h := range theirs {
		switch {
		case g.Has(h):
			m.Heads = append(m.Heads, h)
		case !g.IsWaiting(h) && !p.unwanted.has(h):
			m.Need = append(m.Need, h)
		}
	}
	if len(m.Heads) < len(theirs) {
		// What is refused is the last that he has: of that, we hold nothing to name. What he did before it we may hold.
		for _, x := range p.blind.brought {
			if g.Has(x) && !slices.Contains(m.Heads, x) {
				m.Heads = append(m.Heads, x)
			}
		}
		m.Heads = crdt.NewHeads(m.Heads...)
	}
	if len(m.Need) > 0 {
		known := slices.DeleteFunc(slices.Concat(m.Heads, p.blind.named), func(h crdt.Hash) bool { return !g.Has(h) })
		m.Have = []syncproto.Have{{LastSync: crdt.NewHeads(known...)}}
	}
	data := syncproto.Append(nil, &m)
	if bytes.Equal(data, p.blind.said) {
		return
	}
	p.blind.said = data
	*out = append(*out, Out{Conn: p.Conn, Frame: wire.Sync{Doc: p.Doc, Sender: p.Local, Target: p.Remote, Data: data}})
}

// peerUnavailable takes a peer's word that it has no such document for us. A server says that also when it ends our reading:
// what it does not hold yet of ours we still offer, once.
func (d *Document) peerUnavailable(p *peer, b *Batch) {
	all := d.sharesAll(p)
	p.unavailable = true
	b.Notify = append(b.Notify, Unavailable{Conn: p.Conn})
	if !all {
		d.tryAgain(p)
	}
}

// tryAgain speaks to a server that has told us that it has no such document, if there is more to offer than at that time.
func (d *Document) tryAgain(p *peer) {
	if !p.Dialed || !p.unavailable || !d.Exists() || d.Heads().Equal(p.offered) {
		return
	}
	p.offered = d.Heads()
	p.state.Reset()
	p.unavailable, p.talking, p.dirty, d.dirty = false, true, true, true
}

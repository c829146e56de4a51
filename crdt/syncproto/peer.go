package syncproto

import (
	"slices"

	"fieldsync/crdt"
)

// Options say how we present ourselves to a peer.
type Options struct {
	// AdvertiseV2 adds the flags section to each message. Cores since 0.5.4 then send version 2, whole document chunks
	// included. Without it they send one change chunk per entry, which is what a server that checks each change likes best.
	AdvertiseV2 bool
	// ReadOnly says that we take no changes; it implies AdvertiseV2. Cores before 0.9 send them all the same.
	ReadOnly bool
}

// Peer is what is kept about one peer and one document. It is made with NewPeer, or by Restore from an earlier session.
type Peer struct {
	opt Options

	// What the peer said.
	shared   crdt.Heads // changes that both sides hold: the peer named them, and we have them
	theirs   crdt.Heads // its heads in its last message
	heard    bool       // it said anything on this connection
	unknown  bool       // of theirs, at least one is not in our graph
	speaksV2 bool
	readOnly bool // it takes no changes
	need     []crdt.Hash
	have     []Have      // to be looked at by the next Generate; only where its heads are unknown, else they say it all
	asked    []crdt.Hash // need and have of its last message, which Unsay answers anew
	held     []Have

	// What we think it holds. The first `high` changes of the graph are there, or on their way, or its filter said so.
	high      int
	oriented  bool        // high means something: we looked at its heads or its filter
	extra     []crdt.Hash // known heads of it outside of the first `high`
	sent      spans       // changes sent that it did not confirm yet
	confirmed bool        // it named the very heads that we had sent: it takes our pushes in

	// What we said.
	spoke    bool
	flagged  bool // it was told once that we take no changes: only flags that say otherwise end that
	lastSent crdt.Heads
	lastNeed []crdt.Hash
	owed     bool // it delivered changes, and waits to hear that we hold them
	reset    bool // we answered an unknown last sync of it with a reset; once on a connection is enough, or it is no help

	// What it cost us, since Reset.
	top       int // greatest high ever
	repeats   int // changes sent again
	fruitless int // questions asked since the graph last grew
	askedAt   int // its length then
}

const (
	// maxSavedHeads bounds the shared heads kept. Any part of them is true, the newest say the most.
	maxSavedHeads = 256
	// maxFruitless bounds the questions that we ask a peer whose answers bring nothing. One lost to a filter's false
	// positive takes one each, and those are one in a hundred changes.
	maxFruitless = 64
	// maxNeed bounds what we ask for at once: 32 KiB of hashes. The rest is asked for when these have come.
	maxNeed = 1024
	// repeatSlack and repeatFactor bound the changes sent more than once to one peer on one connection. Filters hide one
	// change in a hundred, and a peer loses its data once; one that asks for more keeps us busy for nothing.
	repeatSlack  = 1024
	repeatFactor = 2
)

// NewPeer makes the state for a peer that nothing is known of.
func NewPeer(opt Options) *Peer { return &Peer{opt: opt} }

// Reset forgets all but the shared heads: the connection was replaced, and what was on its way may be lost.
func (p *Peer) Reset() { *p = Peer{opt: p.opt, shared: p.shared, flagged: p.flagged} }

// Unsay takes back all that was said to the peer, as it was not sent after all; what the peer has said stands, and its last message is
// answered anew. g may have lost changes since.
func (p *Peer) Unsay(g Graph) {
	heard, last := p.heard, Message{Version: V1, Heads: p.theirs, Need: p.asked, Have: p.held}
	speaksV2, readOnly := p.speaksV2, p.readOnly
	p.Reset()
	if !heard {
		return
	}
	p.speaksV2, p.readOnly = speaksV2, readOnly
	p.Receive(g, &last)
}

// Save gives what outlives a connection, the shared heads, as automerge's own encoded sync state.
func (p *Peer) Save() []byte {
	dst := make([]byte, 0, 2+len(p.shared)*len(crdt.Hash{}))
	return appendHashes(append(dst, savedState), p.shared)
}

// savedState is the first byte of an encoded sync state; it is the same as version 2's.
const savedState = 0x43

// Restore makes the state for a peer from what Save gave, or from another core's encoded sync state.
func Restore(data []byte, opt Options) (*Peer, error) {
	r := reader{rest: data}
	if b := r.byte("type"); r.err == nil && b != savedState {
		r.fail(crdt.RefusedUnsupported, "saved state of type %#02x", b)
	}
	hashes := r.hashes("shared heads", DefaultMaxHashes)
	if r.err != nil {
		return nil, r.err
	}
	return &Peer{opt: opt, shared: crdt.NewHeads(hashes...)}, nil
}

// ReadOnly tells whether we take no changes from the peer.
func (p *Peer) ReadOnly() bool { return p.opt.ReadOnly }

// SetReadOnly changes whether we take changes. The next Generate tells the peer.
func (p *Peer) SetReadOnly(readOnly bool) {
	p.flagged = p.flagged || p.opt.ReadOnly || readOnly
	p.opt.ReadOnly = readOnly
	p.spoke = false
}

// SharedHeads are changes that both sides hold. Not to be written to.
func (p *Peer) SharedHeads() crdt.Heads { return p.shared }

// TheirHeads are the peer's heads as it last said on this connection; false before it said anything. Not to be written to.
func (p *Peer) TheirHeads() (crdt.Heads, bool) { return p.theirs, p.heard }

// SpeaksV2 tells whether the peer showed that it reads version 2.
func (p *Peer) SpeaksV2() bool { return p.speaksV2 }

// TakesNoChanges tells whether the peer said that it is read-only.
func (p *Peer) TakesNoChanges() bool { return p.readOnly }

// Exhausted tells whether the peer made us repeat so much that we stopped: a defect, or an attack. It still gets what is new.
// The only cure is a new connection.
func (p *Peer) Exhausted(g Graph) bool { return p.repeats > repeatFactor*g.Len()+repeatSlack }

// Receive takes note of a message whose changes were offered to admission before. The peer keeps the message's Need; it
// copies what it needs of its Bloom filters.
func (p *Peer) Receive(g Graph, m *Message) {
	// Empty for the second time means that our push and its message crossed; empty after it had something, that it lost all.
	stillEmpty := p.heard && len(p.theirs) == 0 && len(m.Heads) == 0
	hadSome := len(p.theirs) > 0
	p.heard = true
	if m.Version == V2 || m.Flags.SpeaksV2() {
		p.speaksV2 = true
	}
	if m.Flags != nil {
		p.readOnly = m.Flags.Bits()&FlagReadOnly != 0
	}
	p.setTheirs(m.Heads)
	if len(p.theirs) == 0 && hadSome || isReset(m, stillEmpty) {
		p.forget()
	}
	p.unknown, p.extra = false, nil
	for _, h := range p.theirs {
		if i, ok := g.IndexOf(h); !ok {
			p.unknown = true
		} else if i >= p.high {
			p.extra = append(p.extra, h)
		}
	}
	p.need, p.have = m.Need, nil
	p.asked, p.held = m.Need, nil
	if p.unknown {
		p.confirmed = false
		p.addShared(g, slices.DeleteFunc(slices.Clone(p.theirs), func(h crdt.Hash) bool { return !g.Has(h) }))
		for i := range m.Have {
			p.have = append(p.have, Have{LastSync: m.Have[i].LastSync, Bloom: m.Have[i].Bloom.clone()})
		}
		p.held = p.have
		return
	}
	p.shared = p.theirs
	p.oriented = true
	if p.theirs.Equal(p.lastSent) && p.spoke {
		p.confirmed, p.sent = true, p.sent[:0]
	}
	p.owed = p.owed || len(m.Changes) > 0
	if !p.owed && p.theirs.Equal(g.Heads()) {
		p.lastSent = p.theirs // it told us; there is no need to tell it
	}
}

// setTheirs keeps the peer's heads, in memory that is there already if they are no news.
func (p *Peer) setTheirs(heads []crdt.Hash) {
	for _, same := range []crdt.Heads{p.lastSent, p.shared, p.theirs} {
		if slices.Equal(same, heads) {
			p.theirs = same
			return
		}
	}
	p.theirs = crdt.NewHeads(heads...)
}

// isReset tells a message that asks for everything from the start. Newer cores flag it; older ones send an empty filter
// behind no last sync, which a peer with changes would not send otherwise.
func isReset(m *Message, stillEmpty bool) bool {
	if m.Flags.Bits()&FlagSyncReset != 0 {
		return true
	}
	return !stillEmpty && len(m.Have) > 0 && len(m.Have[0].LastSync) == 0 && m.Have[0].Bloom.IsEmpty() &&
		len(m.Need) == 0 && len(m.Changes) == 0
}

// forget drops what we think the peer holds, beyond its heads.
func (p *Peer) forget() {
	p.high, p.oriented, p.confirmed = 0, false, false
	p.sent = nil
}

// addShared adds heads that both sides hold.
func (p *Peer) addShared(g Graph, known []crdt.Hash) {
	if len(known) == 0 {
		return
	}
	p.shared = crdt.NewHeads(append(slices.Clone(p.shared), known...)...)
	if len(p.shared) <= maxSavedHeads {
		return
	}
	newestFirst := func(a, b crdt.Hash) int {
		i, _ := g.IndexOf(a)
		j, _ := g.IndexOf(b)
		return j - i
	}
	slices.SortFunc(p.shared, newestFirst)
	p.shared = crdt.NewHeads(p.shared[:maxSavedHeads]...)
}

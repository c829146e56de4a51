package syncproto

import "fieldsync/crdt"

// AssumeAt takes note that the peer is known to hold exactly these heads of ours and what lies in their past, nothing if there are none, as if it had
// said so; the next Generate answers that, and takes for granted that the answer is taken in.
func (p *Peer) AssumeAt(g Graph, heads crdt.Heads, speaksV2 bool) {
	p.Receive(g, &Message{Version: V1, Heads: heads})
	p.speaksV2 = speaksV2
	p.confirmed = len(heads) > 0
}

// AssumeSynced takes note that the peer is known to hold exactly what we hold: the two compared their heads in another way.
// Nothing is said until something changes, and then the change alone. speaksV2 is what the peer showed elsewhere.
func (p *Peer) AssumeSynced(g Graph, speaksV2 bool) {
	heads := g.Heads()
	p.shared, p.theirs, p.lastSent = heads, heads, heads
	p.heard, p.spoke, p.oriented, p.confirmed = true, true, true, true
	p.high, p.top = g.Len(), g.Len()
	p.speaksV2 = speaksV2
}

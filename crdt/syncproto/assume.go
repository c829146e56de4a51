package syncproto

// AssumeSynced takes note that the peer is known to hold exactly what we hold: the two compared their heads in another way.
// Nothing is said until something changes, and then the change alone. speaksV2 is what the peer showed elsewhere.
func (p *Peer) AssumeSynced(g Graph, speaksV2 bool) {
	heads := g.Heads()
	p.shared, p.theirs, p.lastSent = heads, heads, heads
	p.heard, p.spoke, p.oriented, p.confirmed = true, true, true, true
	p.high, p.top = g.Len(), g.Len()
	p.speaksV2 = speaksV2
}

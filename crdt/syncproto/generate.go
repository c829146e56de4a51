package syncproto

import (
	"slices"

	"fieldsync/crdt"
)

// GenerateOptions are what the caller has at hand.
type GenerateOptions struct {
	// Fanout, if not nil, remembers what the document's other peers needed as well; see there.
	Fanout *Fanout
	// SnapshotCovers says that there is a verified document chunk of exactly the graph's first so many changes; 0 for none.
	SnapshotCovers int
	// SnapshotBytes is its length.
	SnapshotBytes int
	// Unwanted, if not nil, tells changes that the peer is not to be asked for: they were refused before.
	Unwanted func(crdt.Hash) bool
	// NoQuestions says that the peer is not to be asked for anything: it may not deliver changes.
	NoQuestions bool
}

// Generate decides what to say to the peer now. False: nothing; call again when the graph grew or a message was received.
// A plan counts as sent.
func (p *Peer) Generate(g Graph, opt GenerateOptions) (Plan, bool) {
	fan := opt.Fanout
	if fan == nil {
		fan = new(Fanout)
	}
	ours := fan.headsOf(g)
	plan := Plan{Version: V1, Heads: ours}
	if p.opt.AdvertiseV2 || p.opt.ReadOnly || p.flagged {
		plan.Flags = flagsNone
		if p.opt.ReadOnly {
			plan.Flags = flagsReadOnly
		}
	}
	if p.speaksV2 {
		plan.Version = V2
	}
	if !p.heard {
		if p.spoke && p.lastSent.Equal(ours) {
			return Plan{}, false
		}
		p.describe(g, fan, &plan)
		p.said(&plan)
		return plan, true
	}

	plan.Need = p.ask(g, &opt)
	if p.unknown && !p.reset && p.lostLastSync(g) {
		// The other side leans on changes that we do not have (any more). Say all that we hold; it will lean on that.
		p.reset, p.have = true, nil
		plan.Have, plan.Bloom = true, fan.since(g, nil)
		p.said(&plan)
		return plan, true
	}
	plan.Changes = p.choose(g, fan)

	news := !p.spoke || len(plan.Changes) > 0 || !p.lastSent.Equal(ours)
	if !news && !p.mayAsk(g, plan.Need) {
		return Plan{}, false
	}
	switch {
	case p.confirmed && len(plan.Need) == 0 && !p.readOnly:
		// It takes our pushes in, in their order: with this one it holds all that we hold. Whatever it has beyond is its own,
		// and it sends that and no echo. As this names our state alone, all subscribers get the same bytes.
		plan.Have, plan.LastSync = true, ours
	case len(p.theirs) == 0 && len(plan.Need) == 0:
		// It holds nothing, so there is nothing to ask for: have stays empty, which saves a newcomer a hash for each document.
	case slices.ContainsFunc(plan.Need, func(h crdt.Hash) bool { return !p.theirs.Contains(h) }):
		// Single changes are missing in between: have stays empty, which asks for these alone.
	default:
		p.describe(g, fan, &plan)
	}
	if plan.Version == V2 {
		plan.useSnapshot(g, opt)
	}
	p.said(&plan)
	return plan, true
}

// describe says what we hold: the shared heads, and a filter over what came after.
func (p *Peer) describe(g Graph, fan *Fanout, plan *Plan) {
	plan.Have = true
	plan.LastSync = p.shared
	if slices.ContainsFunc(p.shared, func(h crdt.Hash) bool { return !g.Has(h) }) { // restored, and we lost some
		plan.LastSync = slices.DeleteFunc(slices.Clone(p.shared), func(h crdt.Hash) bool { return !g.Has(h) })
	}
	plan.Bloom = fan.since(g, plan.LastSync)
}

func (p *Peer) said(plan *Plan) {
	p.spoke, p.owed = true, false
	p.lastSent = plan.Heads
	p.lastNeed = plan.Need
}

// ask gives what to ask the peer for: its heads that we do not know, and what changes wait for. A peer all of whose heads
// are here has nothing that we lack.
func (p *Peer) ask(g Graph, opt *GenerateOptions) []crdt.Hash {
	if !p.unknown {
		return nil
	}
	var need []crdt.Hash
	p.unknown = false
	for _, h := range p.theirs {
		if !g.Has(h) {
			p.unknown = true
			if !g.IsWaiting(h) && (opt.Unwanted == nil || !opt.Unwanted(h)) {
				need = append(need, h)
			}
		}
	}
	if !p.unknown { // they came from elsewhere meanwhile
		p.oriented, p.extra = true, p.theirs
		p.shared = p.theirs
		return nil
	}
	if opt.NoQuestions {
		return nil
	}
	need = append(need, g.WaitingFor()...)
	slices.SortFunc(need, crdt.CompareHash)
	need = slices.Compact(need)
	return need[:min(len(need), maxNeed)]
}

// mayAsk tells whether a question alone is worth a message: it is a new one, and the last ones were not all in vain.
func (p *Peer) mayAsk(g Graph, need []crdt.Hash) bool {
	if len(need) == 0 || slices.Equal(need, p.lastNeed) {
		return false
	}
	if n := g.Len(); n != p.askedAt {
		p.askedAt, p.fruitless = n, 0
	}
	p.fruitless++
	return p.fruitless <= maxFruitless
}

func (p *Peer) lostLastSync(g Graph) bool {
	return len(p.have) > 0 && slices.ContainsFunc(p.have[0].LastSync, func(h crdt.Hash) bool { return !g.Has(h) })
}

// choose gives the changes to send, ascending, and notes them as sent.
func (p *Peer) choose(g Graph, fan *Fanout) []int {
	need, have, n := p.need, p.have, g.Len()
	p.need, p.have = nil, nil
	p.high, p.top = min(p.high, n), min(p.top, n) // a truncated graph; see Graph
	if p.readOnly {
		return nil
	}
	var out []int
	switch {
	case p.unknown && len(have) > 0:
		out = p.notHeld(g, fan, have)
		p.oriented = true
	case p.oriented && p.high < n && len(p.extra) == 0:
		out = fan.span(p.high, n)
	case p.oriented && p.high < n:
		out = from(fan.since(g, p.extra), p.high)
	}
	shared := len(out) // out may be the fanout's: never written to
	if len(need) > 0 {
		out = p.withNeeded(g, out[:shared:shared], need)
	}
	out = p.withinBudget(out, n)
	if p.oriented {
		p.high, p.top, p.extra = n, max(p.top, n), nil
	}
	p.sent.add(out)
	return out
}

// notHeld gives what the peer does not hold, as its filters say, and all that depends on it.
func (p *Peer) notHeld(g Graph, fan *Fanout, have []Have) []int {
	base := slices.Clone(p.extra)
	for i := range have {
		base = append(base, have[i].LastSync...)
	}
	after := from(fan.since(g, base), p.high)
	if len(after) == 0 || !slices.ContainsFunc(have, func(h Have) bool { return !h.Bloom.IsEmpty() }) {
		return after
	}
	first := after[0]
	send := make([]bool, g.Len()-first)
	var out []int
	for _, i := range after {
		hash := g.Hash(i)
		missing := !slices.ContainsFunc(have, func(h Have) bool { return h.Bloom.Contains(hash) })
		for _, d := range g.Deps(i) {
			missing = missing || int(d) >= first && send[int(d)-first]
		}
		if missing {
			send[i-first] = true
			out = append(out, i)
		}
	}
	return out
}

// withNeeded adds what the peer asked for by name, but not what is on its way: both sides may have spoken at once. A peer
// that got it and asks all the same has refused it, and would again.
func (p *Peer) withNeeded(g Graph, out []int, need []crdt.Hash) []int {
	n := len(out)
	for _, h := range need {
		i, ok := g.IndexOf(h)
		if !ok || p.sent.contains(i) {
			continue
		}
		if _, found := slices.BinarySearch(out[:n], i); !found {
			out = append(out, i)
		}
	}
	if len(out) > n {
		p.confirmed = false // it lacks something, so it may not be able to take our next push in
		slices.Sort(out)
		out = slices.Compact(out)
	}
	return out
}

// withinBudget takes out what was sent before, once that has happened too often.
func (p *Peer) withinBudget(out []int, n int) []int {
	old, _ := slices.BinarySearch(out, p.top)
	if p.repeats+old > repeatFactor*n+repeatSlack {
		p.repeats = repeatFactor*n + repeatSlack + 1
		return out[old:]
	}
	p.repeats += old
	return out
}

// from gives the part of ascending indices that is not below low.
func from(indices []int, low int) []int {
	i, _ := slices.BinarySearch(indices, low)
	return indices[i:]
}

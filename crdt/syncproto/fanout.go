package syncproto

import (
	"slices"

	"fieldsync/crdt"
)

// Fanout is what the peers of one document share while one state of it goes out to all: each question to the graph is
// answered once, and equal plans are encoded once. Make one for each round, as it holds on to the frames; the zero value is
// ready. It notices by itself when the graph grew.
type Fanout struct {
	ready  bool
	length int // of the graph that the rest is about
	heads  crdt.Heads

	spanned []int // [spanFrom, spanTo)

	asked    crdt.Heads // the last question to Graph.Since
	answer   []int
	answered bool

	plan  Plan // the last one encoded
	frame []byte
}

func (f *Fanout) headsOf(g Graph) crdt.Heads {
	if n := g.Len(); n != f.length || !f.ready {
		*f = Fanout{ready: true, length: n, heads: g.Heads()}
	}
	return f.heads
}

// span gives all indices in [from, to).
func (f *Fanout) span(from, to int) []int {
	if len(f.spanned) == to-from && len(f.spanned) > 0 && f.spanned[0] == from {
		return f.spanned
	}
	out := make([]int, to-from)
	for i := range out {
		out[i] = from + i
	}
	f.spanned = out
	return out
}

func (f *Fanout) since(g Graph, known []crdt.Hash) []int {
	f.headsOf(g)
	if slices.Equal(known, f.heads) {
		return nil
	}
	if !f.answered || !slices.Equal(known, f.asked) {
		f.asked, f.answer, f.answered = slices.Clone(known), g.Since(known), true
	}
	return f.answer
}

// Encode is Plan.Encode, but gives the same bytes again for a plan that equals the last one. Nobody may write to them.
func (f *Fanout) Encode(g Graph, plan *Plan, snapshot []byte) []byte {
	f.headsOf(g)
	if f.frame == nil || !f.plan.Equal(plan) {
		f.plan, f.frame = *plan, plan.Encode(g, snapshot)
	}
	return f.frame
}

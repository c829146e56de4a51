package syncproto

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"fieldsync/crdt"
)

// testGraph is the simplest graph there is. A change's bytes are: number of dependencies, these, padding; its hash their
// SHA-256.
type testGraph struct {
	raw     [][]byte
	hashes  []crdt.Hash
	deps    [][]uint32
	index   map[crdt.Hash]int
	waiting map[crdt.Hash][]byte
	refuse  map[crdt.Hash]bool // changes that admission does not take
	twice   int                // changes that came although they were here
}

var _ Graph = (*testGraph)(nil)

func newTestGraph() *testGraph {
	return &testGraph{index: map[crdt.Hash]int{}, waiting: map[crdt.Hash][]byte{}, refuse: map[crdt.Hash]bool{}}
}

func testChange(deps []crdt.Hash, salt uint64) []byte {
	raw := appendHashes(nil, deps)
	return binary.LittleEndian.AppendUint64(raw, salt)
}

func depsOf(raw []byte) []crdt.Hash {
	r := reader{rest: raw}
	return r.hashes("deps", 1000)
}

// edit adds a change on top of the heads.
func (g *testGraph) edit(salt uint64) crdt.Hash {
	raw := testChange(g.Heads(), salt)
	g.admit(raw)
	return sha256.Sum256(raw)
}

func (g *testGraph) admit(raw []byte) {
	h := crdt.Hash(sha256.Sum256(raw))
	if g.Has(h) || g.IsWaiting(h) {
		g.twice++
		return
	}
	if g.refuse[h] {
		return
	}
	g.waiting[h] = slices.Clone(raw)
	for again := true; again; {
		again = false
		for _, h := range g.waitingInOrder() {
			raw := g.waiting[h]
			deps := depsOf(raw)
			if slices.ContainsFunc(deps, func(d crdt.Hash) bool { return !g.Has(d) }) {
				continue
			}
			delete(g.waiting, h)
			g.index[h] = len(g.hashes)
			g.hashes, g.raw = append(g.hashes, h), append(g.raw, raw)
			var is []uint32
			for _, d := range deps {
				is = append(is, uint32(g.index[d]))
			}
			g.deps = append(g.deps, is)
			again = true
		}
	}
}

func (g *testGraph) waitingInOrder() []crdt.Hash {
	var out []crdt.Hash
	for h := range g.waiting {
		out = append(out, h)
	}
	slices.SortFunc(out, crdt.CompareHash)
	return out
}

func (g *testGraph) Heads() crdt.Heads {
	covered := map[uint32]bool{}
	for _, ds := range g.deps {
		for _, d := range ds {
			covered[d] = true
		}
	}
	var heads []crdt.Hash
	for i, h := range g.hashes {
		if !covered[uint32(i)] {
			heads = append(heads, h)
		}
	}
	return crdt.NewHeads(heads...)
}

func (g *testGraph) Len() int                        { return len(g.hashes) }
func (g *testGraph) Has(h crdt.Hash) bool            { _, ok := g.index[h]; return ok }
func (g *testGraph) IndexOf(h crdt.Hash) (int, bool) { i, ok := g.index[h]; return i, ok }
func (g *testGraph) Hash(i int) crdt.Hash            { return g.hashes[i] }
func (g *testGraph) Raw(i int) []byte                { return g.raw[i] }
func (g *testGraph) Deps(i int) []uint32             { return g.deps[i] }
func (g *testGraph) IsWaiting(h crdt.Hash) bool      { _, ok := g.waiting[h]; return ok }

func (g *testGraph) Since(known []crdt.Hash) []int {
	past := make([]bool, g.Len())
	for _, h := range known {
		if i, ok := g.index[h]; ok {
			past[i] = true
		}
	}
	var out []int
	for i := g.Len() - 1; i >= 0; i-- {
		if !past[i] {
			out = append(out, i)
			continue
		}
		for _, d := range g.deps[i] {
			past[d] = true
		}
	}
	slices.Reverse(out)
	return out
}

func (g *testGraph) WaitingFor() []crdt.Hash {
	var out []crdt.Hash
	for _, raw := range g.waiting {
		for _, d := range depsOf(raw) {
			if !g.Has(d) && !g.IsWaiting(d) {
				out = append(out, d)
			}
		}
	}
	return crdt.NewHeads(out...)
}

// docMark begins the stand-in for a document chunk; no test change has 68 dependencies.
const docMark = "DOC."

// snapshot is that stand-in: the first n changes.
func (g *testGraph) snapshot(n int) []byte {
	return append([]byte(docMark), bytes.Join(g.raw[:n], nil)...)
}

// take admits what a message carries, both versions, and gives the number of changes.
func (g *testGraph) take(m *Message) int {
	n := 0
	for _, c := range m.Changes {
		rest := bytes.TrimPrefix(c, []byte(docMark))
		for ; len(rest) > 0; n++ {
			size := testSize(rest)
			g.admit(rest[:size])
			rest = rest[size:]
		}
	}
	return n
}

// testSize is the length of the test change at the front.
func testSize(b []byte) int {
	r := reader{rest: b}
	n := r.uleb("deps")
	return len(b) - len(r.rest) + int(n)*len(crdt.Hash{}) + 8
}

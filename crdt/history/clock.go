package history

import (
	"slices"

	"fieldsync/crdt"
)

// queue is a heap of changes to visit, the greatest index first: since dependencies have smaller indexes, each change
// comes up only after all its dependents, and equal entries come up together.
type queue []uint64

func (q *queue) push(x uint64) {
	s := append(*q, x)
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 2
		if s[up] >= s[i] {
			break
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
	*q = s
}

func (q *queue) pop() uint64 {
	s := *q
	top := s[0]
	last := len(s) - 1
	s[0] = s[last]
	s = s[:last]
	for i := 0; ; {
		kid := 2*i + 1
		if kid >= last {
			break
		}
		if kid+1 < last && s[kid+1] > s[kid] {
			kid++
		}
		if s[i] >= s[kid] {
			break
		}
		s[i], s[kid] = s[kid], s[i]
		i = kid
	}
	*q = s
	return top
}

// walkLimit is how many changes a walk may meet before a clock is cached. It grows with the number of actors, as clocks
// do: so caching costs at most 16 bytes a change, and computing a clock stays within a few times its own length per
// dependency, whatever graph a peer builds.
func (h *History) walkLimit() int { return 32 + len(h.actors)/4 }

// clockOf computes the clock of some changes: of each actor, by index, the greatest sequence number among them and all
// that they depend on. As each change depends on its actor's previous one, this says exactly what is in their past.
func (h *History) clockOf(of []uint32) []uint32 {
	clock := make([]uint32, len(h.actors))
	var buf [64]uint64
	q := queue(buf[:0])
	for _, i := range of {
		q.push(uint64(i))
	}
	for prev := ^uint64(0); len(q) > 0; {
		x := q.pop()
		if x == prev {
			continue
		}
		prev = x
		i := uint32(x)
		c := &h.changes[i]
		if cached, ok := h.clocks[i]; ok {
			for a, seq := range cached {
				clock[a] = max(clock[a], seq)
			}
			continue
		}
		clock[c.actor] = max(clock[c.actor], c.seq)
		for _, d := range h.Deps(int(i)) {
			q.push(uint64(d))
		}
	}
	return clock
}

// cacheClock notes how far a walk from the newest change reaches, and caches its clock if that is too far.
func (h *History) cacheClock(i uint32) {
	walk := 1
	for _, d := range h.Deps(int(i)) {
		walk += int(h.changes[d].walk)
	}
	if walk < min(h.walkLimit(), 1<<16) {
		h.changes[i].walk = uint16(walk)
		return
	}
	if h.clocks == nil {
		h.clocks = make(map[uint32][]uint32)
	}
	h.clocks[i] = h.clockOf([]uint32{i})
	h.changes[i].walk = 0
}

// coversHeads tells whether the dependencies, by index, name every head: then every change is in their past.
func (h *History) coversHeads(deps []uint32) bool {
	if len(deps) < len(h.heads) {
		return false
	}
	for _, i := range h.heads {
		if !slices.Contains(deps, i) {
			return false
		}
	}
	return true
}

// InPast tells whether change a is among the ancestors of change b, or is b.
func (h *History) InPast(a, b int) bool {
	if a >= b {
		return a == b
	}
	return h.clockOf([]uint32{uint32(b)})[h.changes[a].actor] >= h.changes[a].seq
}

// known marks an entry of the queue in Since whose change, and all that it depends on, the other side has. Of two entries
// for one change, the marked one comes up first.
const known = 1

// Since gives the indexes, ascending, of the changes that are neither among the known ones nor in their past. Unknown
// hashes are ignored. It costs as much as the difference is large, not the document.
func (h *History) Since(hashes []crdt.Hash) []int {
	var buf [64]uint64
	q := queue(buf[:0])
	have := make([]uint32, 0, 8)
	for k := range hashes {
		if i, ok := h.IndexOf(hashes[k]); ok {
			have = append(have, uint32(i))
		}
	}
	if len(have) == 0 {
		all := make([]int, len(h.changes))
		for i := range all {
			all[i] = i
		}
		return all
	}
	slices.Sort(have)
	have = slices.Compact(have)
	open := 0 // entries of the queue that are not marked as known
	for _, i := range h.heads {
		if _, found := slices.BinarySearch(have, i); !found {
			q.push(uint64(i) << 1)
			open++
		}
	}
	if open == 0 {
		return nil
	}
	for _, i := range have {
		q.push(uint64(i)<<1 | known)
	}
	var out []int
	last := -1
	for open > 0 {
		x := q.pop()
		i, mark := int(x>>1), x&known
		if mark == 0 {
			open--
		}
		if i == last {
			continue
		}
		last = i
		if mark == 0 {
			out = append(out, i)
		}
		for _, d := range h.Deps(i) {
			q.push(uint64(d)<<1 | mark)
			if mark == 0 {
				open++
			}
		}
	}
	slices.Reverse(out)
	return out
}

// Missing gives those of the hashes that were not admitted, in their order. Waiting changes count as missing.
func (h *History) Missing(hashes []crdt.Hash) []crdt.Hash {
	var out []crdt.Hash
	for k := range hashes {
		if !h.Has(hashes[k]) {
			out = append(out, hashes[k])
		}
	}
	return out
}

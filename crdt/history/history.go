package history

import (
	"hash/maphash"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Author is the principal who delivered a change, as the caller names principals. It says who vouches for a change;
// the change's actor is only a name that its writer chose.
type Author string

// change is what is kept of a change beside its bytes, 32 bytes.
type change struct {
	raw     uint32 // where its bytes begin in the arena; they end where the next one's begin
	op      uint32 // its first operation; they end likewise
	dep     uint32 // its first dependency; they end likewise
	startOp uint32
	seq     uint32
	actor   uint16
	author  uint16
	walk    uint16 // how many changes a walk from here to cached clocks meets, this one included; 0: its clock is cached
}

// actor is one writer. Only authors of changes are here: an operation can name no other actor (see checkOps).
type actor struct {
	id      crdt.ActorID
	first   uint16   // the author who delivered its first change
	changes []uint32 // its changes; the one with sequence number s stands at s-1
}

// History is one document's change graph. Changes are named by index, in the order of their admission: a change's
// dependencies always stand before it.
type History struct {
	limits Limits
	seed   maphash.Seed // keeps peers from choosing names that collide in our tables

	raw     []byte // the changes' chunks behind one another
	changes []change
	hashes  []crdt.Hash
	deps    []uint32
	byHash  table
	heads   []uint32 // ordered by hash

	actors  []actor
	byActor map[crdt.ActorID]uint16 // only once there are many
	authors []Author

	ops     []op
	keys    []byte   // the distinct map keys behind one another
	keyFrom []uint32 // where each begins
	byKey   table

	clocks  map[uint32][]uint32 // of some changes: the greatest sequence number of each actor in its past, itself included
	waiting *waitingRoom        // nil while nothing waits
	order   *order              // nil while no mark came
	index   *slotIndex          // nil while the document is small or nobody reads values
	seqs    *slotIndex          // likewise, of sequences

	amount format.Amount // of all changes

	crowd *crowd // nil while the document is small, or nobody wrote to it

	indexScans, seqsScans int // operations that were looked through one by one since they were made
}

// New makes the history of a document that has no change yet.
func New(limits Limits) *History {
	limits.Actors = min(limits.Actors, MaxActors)
	limits.Bytes = min(limits.Bytes, 1<<32-1)
	limits.Ops = min(limits.Ops, mostOps)
	return &History{limits: limits, seed: maphash.MakeSeed()}
}

// Len is the number of changes. Waiting ones are not counted.
func (h *History) Len() int { return len(h.changes) }

// NumOps is the number of operations, deletions included.
func (h *History) NumOps() int { return len(h.ops) }

// NumActors is the number of actors that wrote.
func (h *History) NumActors() int { return len(h.actors) }

// Bytes is the length of all changes, as canonical chunks.
func (h *History) Bytes() int { return len(h.raw) }

// MaxOp is the greatest counter of any operation; 0 in an empty document.
func (h *History) MaxOp() uint64 {
	most := uint32(0)
	for _, i := range h.heads { // greater than all that they depend on
		most = max(most, h.maxOp(i))
	}
	return uint64(most)
}

// Heads are the hashes of the changes that no other depends on. The slice is the caller's.
func (h *History) Heads() crdt.Heads {
	out := make(crdt.Heads, len(h.heads))
	for k, i := range h.heads {
		out[k] = h.hashes[i]
	}
	return out
}

// HeadsEqual tells whether the heads are these, without building them.
func (h *History) HeadsEqual(heads crdt.Heads) bool {
	return slices.EqualFunc(h.heads, heads, func(i uint32, x crdt.Hash) bool { return h.hashes[i] == x })
}

// Has tells whether a change was admitted. A waiting one was not.
func (h *History) Has(x crdt.Hash) bool {
	_, ok := h.IndexOf(x)
	return ok
}

// IndexOf gives the index of an admitted change.
func (h *History) IndexOf(x crdt.Hash) (int, bool) {
	i, ok := h.byHash.find(h.hashOf(x), func(i uint32) bool { return h.hashes[i] == x })
	return int(i), ok
}

// Hash is the hash of change i.
func (h *History) Hash(i int) crdt.Hash { return h.hashes[i] }

// Raw is change i as its canonical, uncompressed chunk. Nobody may write to it; it stays valid for ever.
func (h *History) Raw(i int) []byte {
	end := len(h.raw)
	if i+1 < len(h.changes) {
		end = int(h.changes[i+1].raw)
	}
	return h.raw[h.changes[i].raw:end:end]
}

// Deps are the indexes of the changes that change i depends on, in the order of their hashes. Nobody may write to it.
func (h *History) Deps(i int) []uint32 {
	end := len(h.deps)
	if i+1 < len(h.changes) {
		end = int(h.changes[i+1].dep)
	}
	return h.deps[h.changes[i].dep:end:end]
}

// Actor is the writer of change i.
func (h *History) Actor(i int) crdt.ActorID { return h.actors[h.changes[i].actor].id }

// Seq is the sequence number of change i among its actor's, beginning with 1.
func (h *History) Seq(i int) uint64 { return uint64(h.changes[i].seq) }

// StartOp is the counter of change i's first operation.
func (h *History) StartOp(i int) uint64 { return uint64(h.changes[i].startOp) }

// MaxOpOf is the counter of change i's last operation; StartOp(i)-1 where it has none.
func (h *History) MaxOpOf(i int) uint64 { return uint64(h.maxOp(uint32(i))) }

// NumOpsOf is the number of operations of change i.
func (h *History) NumOpsOf(i int) int { return int(h.opsEnd(uint32(i)) - h.changes[i].op) }

// Author is the principal who delivered change i first.
func (h *History) Author(i int) Author { return h.authors[h.changes[i].author] }

// Binding gives the author who delivered an actor's first change; false for an actor that never wrote. It enforces
// nothing: that is the policy's.
func (h *History) Binding(id crdt.ActorID) (Author, bool) {
	a, ok := h.findActor(id)
	if !ok {
		return "", false
	}
	return h.authors[h.actors[a].first], true
}

// NextSeq is the sequence number that an actor's next change must have.
func (h *History) NextSeq(id crdt.ActorID) uint64 {
	if a, ok := h.findActor(id); ok {
		return uint64(len(h.actors[a].changes)) + 1
	}
	return 1
}

func (h *History) maxOp(i uint32) uint32 {
	return h.changes[i].startOp + (h.opsEnd(i) - h.changes[i].op) - 1
}

// opsEnd is the index behind a change's last operation.
func (h *History) opsEnd(i uint32) uint32 {
	if int(i)+1 < len(h.changes) {
		return h.changes[i+1].op
	}
	return uint32(len(h.ops))
}

func (h *History) hashOf(x crdt.Hash) uint64 { return maphash.Bytes(h.seed, x[:8]) }

// manyActors is from when on actors are looked up in a map; below, comparing is as fast and takes no memory.
const manyActors = 16

func (h *History) findActor(id crdt.ActorID) (uint16, bool) {
	if h.byActor != nil {
		a, ok := h.byActor[id]
		return a, ok
	}
	for a := range h.actors {
		if h.actors[a].id == id {
			return uint16(a), true
		}
	}
	return 0, false
}

// addActor gives the index of an actor, a new one if need be. author is who delivers its change.
func (h *History) addActor(id crdt.ActorID, author uint16) uint16 {
	if a, ok := h.findActor(id); ok {
		return a
	}
	a := uint16(len(h.actors))
	h.actors = append(grow(h.actors, 1), actor{id: id, first: author})
	switch {
	case h.byActor != nil:
		h.byActor[id] = a
	case len(h.actors) > manyActors:
		h.byActor = make(map[crdt.ActorID]uint16, 2*manyActors)
		for i := range h.actors {
			h.byActor[h.actors[i].id] = uint16(i)
		}
	}
	return a
}

// findAuthor gives an author's index in the table; len(h.authors) for a new one. There are few: most documents have one
// to ten people, and the newest is looked at first.
func (h *History) findAuthor(author Author) int {
	for i := len(h.authors) - 1; i >= 0; i-- {
		if h.authors[i] == author {
			return i
		}
	}
	return len(h.authors)
}

// grow makes room for n more. It leaves less unused than append does, as most documents are small and stay as they are.
func grow[S ~[]E, E any](s S, n int) S {
	if len(s)+n <= cap(s) {
		return s
	}
	want := len(s) + n
	out := make(S, len(s), want+want/8)
	copy(out, s)
	return out
}

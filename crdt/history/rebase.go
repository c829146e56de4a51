package history

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Rebase says what is to be taken out of a history, and made anew.
type Rebase struct {
	// Drop are the changes to be taken out: a server has refused them for good. With them goes whatever was built on them.
	Drop []crdt.Hash
	// Move are changes whose work stays and only needs another actor, as when theirs belongs to somebody else at the server.
	Move []crdt.Hash
	// Own is whose changes are made anew where they built on those. What others built on them is lost.
	Own Author
	// Actor writes the new changes. It must not have written to the document. Where it is the old actor's id with something
	// behind it, the new changes win and lose against everybody else's as the old ones did.
	Actor crdt.ActorID
}

// Rebased is what stands in place of the changes that have to go.
type Rebased struct {
	Gone []Gone    // those changes, each of them, in the order of their admission
	News []Renewed // the changes made anew, in the order in which they are to be admitted behind all that stays
}

// Renewed is a change that was made anew.
type Renewed struct {
	Hash crdt.Hash
	Raw  []byte // a type 1 chunk, canonical, which admission takes
	From int    // index of the old change in the history that was rebased
}

// Gone is a change that has to go, and what is not made anew of it.
type Gone struct {
	Index   int // in the history that was rebased
	Hash    crdt.Hash
	Dropped bool   // it is one of Drop: nothing of it is made anew
	Moot    []int  // its operations, by number, that are needed no more: they deleted, or formatted, what is gone
	Lost    []Lost // in order
}

// Lost is an operation that could not be made anew: what it worked on came into being with a change that has to go.
type Lost struct {
	Op    int       // its number in its change
	Cause crdt.Hash // that change
}

// Rebase gives what is to stand in place of changes that have to go, and of those that build on them, directly or not. The
// history itself stays as it is.
//
// The changes of Own are made anew without the dropped ones, with the same operations under the same counters: what a
// dropped operation had overwritten or deleted, they overwrite themselves; what they inserted behind an element that a dropped
// change inserted, they insert behind what that one was inserted behind. A change of which operations in the middle are not
// made anew becomes several, so that the others keep their counters. A change that stood on nothing but dropped ones is lost
// with them: it would be the first of another document. Hashes that are not in the history are ignored.
//
// The outcome follows from the changes that have to go and their past alone: whatever else is admitted meanwhile does not
// alter it.
func (h *History) Rebase(r Rebase) (*Rebased, error) {
	if _, ok := h.findActor(r.Actor); ok || len(r.Actor) == 0 || len(r.Actor) > crdt.MaxActorID {
		return nil, crdt.Errorf(crdt.KindInternal, "rebase: the new actor has written to the document, or is none")
	}
	b := newRebaser(h, &r)
	first := slices.Index(b.gone, true)
	if first < 0 {
		return &b.out, nil
	}
	if err := b.begin(uint32(first)); err != nil {
		return nil, err
	}
	for i := first; i < len(h.changes); i++ {
		if b.gone[i] {
			if err := b.change(uint32(i)); err != nil {
				return nil, err
			}
		}
	}
	return &b.out, nil
}

// Without makes the history that is left when some changes are taken out, with which all that build on them have to go. Waiting
// changes stay, but for those that wait for one of these.
func (h *History) Without(gone func(i int) bool) (*History, error) {
	out, err := Load(h.limits, func(yield func(Stored, error) bool) {
		for i := range h.changes {
			if !gone(i) && !yield(Stored{Raw: h.Raw(i), Author: h.Author(i)}, nil) {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return out, h.rewait(out, func(d crdt.Hash) bool {
		i, ok := h.IndexOf(d)
		return ok && gone(i)
	})
}

// rewait puts the waiting changes into the waiting room of another history of the document, but for those that wait for
// what never comes.
func (h *History) rewait(out *History, never func(crdt.Hash) bool) error {
	if h.waiting == nil {
		return nil
	}
	left := map[crdt.Hash]bool{}
	for _, x := range h.waiting.inOrder() {
		c, err := format.DecodeTrusted(x.raw)
		if err != nil {
			return crdt.Errorf(crdt.KindInternal, "waiting change: %w", err)
		}
		if slices.ContainsFunc(c.Deps, func(d crdt.Hash) bool { return left[d] || never(d) }) {
			left[x.hash] = true
			continue
		}
		if refusal := out.wait(c, x.author, x.policy); refusal != nil {
			return refusal
		}
	}
	return nil
}

// rebaser makes the new changes, one old one after the other.
type rebaser struct {
	h, fresh *History // fresh is without what has to go, and grows by the new changes
	own      Author
	actor    crdt.ActorID
	out      Rebased

	gone    []bool // by index of the change
	dropped []bool
	cause   map[uint32]uint32   // of changes that have to go: the first that took them along, or themselves
	base    map[uint32][]uint32 // of those: what they stand on in fresh, by index: the change made of them, or what that depends on

	// Of operations from firstOp on, where the first of those changes begins: the counter that an operation has now; 0: it is not
	// made anew; or stays.
	firstOp uint32
	moved   []uint32
	// Of operations that are not made anew:
	opCause map[uint32]uint32   // the change that took them along
	before  map[uint32][]uint32 // the values that they had overwritten, as far as those are there
	behind  map[uint32]uint32   // of insertions: 1 + the element that is there which they were inserted behind; 0: the head
	deleted map[slot][]uint32   // those that delete a key

	run run
}

// stays marks an operation of a change that does not have to go.
const stays = ^uint32(0)

// slot is a key of a map of the history that is rebased.
type slot struct{ object, key uint32 }

// newRebaser finds what has to go.
func newRebaser(h *History, r *Rebase) *rebaser {
	b := &rebaser{h: h, own: r.Own, actor: r.Actor, gone: make([]bool, len(h.changes)), dropped: make([]bool, len(h.changes)),
		cause: map[uint32]uint32{}, base: map[uint32][]uint32{}, opCause: map[uint32]uint32{},
		before: map[uint32][]uint32{}, behind: map[uint32]uint32{}, deleted: map[slot][]uint32{}}
	for _, named := range [][]crdt.Hash{r.Drop, r.Move} {
		for _, x := range named {
			if i, ok := h.IndexOf(x); ok {
				b.gone[i], b.cause[uint32(i)] = true, uint32(i)
			}
		}
	}
	for _, x := range r.Drop {
		if i, ok := h.IndexOf(x); ok {
			b.dropped[i] = true
		}
	}
	for i := range h.changes {
		for _, d := range h.Deps(i) {
			if b.gone[d] && !b.gone[i] {
				b.gone[i], b.cause[uint32(i)] = true, b.cause[d]
			}
		}
	}
	return b
}

// begin makes what is left without them.
func (b *rebaser) begin(first uint32) (err error) {
	h := b.h
	b.firstOp = h.changes[first].op
	b.moved = make([]uint32, uint32(len(h.ops))-b.firstOp)
	for i := first; i < uint32(len(h.changes)); i++ {
		if !b.gone[i] {
			for at := h.changes[i].op; at < h.opsEnd(i); at++ {
				b.moved[at-b.firstOp] = stays
			}
		}
	}
	b.fresh, err = h.Without(func(i int) bool { return b.gone[i] })
	return err
}

// change deals with a change that has to go, after those that it depends on.
func (b *rebaser) change(i uint32) error {
	h := b.h
	c, err := format.DecodeTrusted(h.Raw(int(i)))
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "change %d: %w", i, err)
	}
	b.base[i] = b.standsOn(h.Deps(int(i)))
	b.out.Gone = append(b.out.Gone, Gone{Index: int(i), Hash: c.Hash, Dropped: b.dropped[i]})
	b.run = run{old: i, change: c, actors: h.actorsOf(c, nil), gone: &b.out.Gone[len(b.out.Gone)-1]}
	whole := b.dropped[i] || h.Author(int(i)) != b.own || len(b.base[i]) == 0 && len(h.Deps(int(i))) > 0
	for k := 0; k < len(c.Ops); k++ {
		switch {
		case whole:
			b.lose(k, b.cause[i])
		case c.Ops[k].Action == format.ActionMark: // and the next one is its end
			if err := b.mark(k); err != nil {
				return err
			}
			k++
		default:
			if err := b.op(k); err != nil {
				return err
			}
		}
	}
	if len(c.Ops) == 0 && !whole {
		return b.write(b.start(0)) // a merge, or a remark
	}
	return b.flush()
}

// standsOn gives what some changes of the old history are in fresh, without those that another one depends on.
func (b *rebaser) standsOn(deps []uint32) []uint32 {
	var out []uint32
	for _, d := range deps {
		if b.gone[d] {
			out = append(out, b.base[d]...)
		} else if i, ok := b.fresh.IndexOf(b.h.hashes[d]); ok {
			out = append(out, uint32(i))
		}
	}
	return b.fresh.newest(out)
}

// newest leaves out those of the changes that another one of them depends on.
func (h *History) newest(of []uint32) []uint32 {
	slices.Sort(of)
	of = slices.Compact(of)
	if len(of) < 2 {
		return of
	}
	var out []uint32
	var clock []uint32 // of those in out, which have greater indexes and so are in nobody's past
	for k := len(of) - 1; k >= 0; k-- {
		c := &h.changes[of[k]]
		if clock == nil || clock[c.actor] < c.seq {
			out = append(out, of[k])
			clock = h.clockOf(out)
		}
	}
	slices.Reverse(out)
	return out
}

package history

import (
	"iter"
	"math"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Stored is one change as it came from our own store.
type Stored struct {
	Raw    []byte // a change chunk, not deflated
	Author Author
}

// Load makes a history of changes that were admitted before, in the order of their admission. It checks that each fits
// into the graph and that its operations name what is there, but does not check again that its bytes are canonical. The
// changes' bytes are copied.
//
// An error means that the store is damaged; the history then holds the changes before the one that failed, and may be
// used as that.
func Load(limits Limits, changes iter.Seq2[Stored, error]) (*History, error) {
	h := New(limits)
	// What was admitted stays admitted, also where limits were lowered since.
	h.limits = Limits{Changes: 1<<32 - 1, Ops: mostOps, Bytes: 1<<32 - 1, Actors: MaxActors, Heads: 1<<32 - 1, Crowding: math.MaxInt, Weight: math.MaxInt}
	defer func() {
		h.limits = New(limits).limits
		h.Compact()
	}()
	for s, err := range changes {
		if err != nil {
			return h, err
		}
		if err := h.load(s); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (h *History) load(s Stored) error {
	c, err := format.DecodeTrusted(s.Raw)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "stored change %d: %w", len(h.changes), err)
	}
	if h.Has(c.Hash) {
		return nil
	}
	refusal := checkAlone(c)
	if refusal == nil {
		_, refusal = h.admit(c, s.Author, nil)
	}
	if refusal != nil {
		return crdt.Errorf(crdt.KindInternal, "stored change %d: %w", len(h.changes), refusal)
	}
	return nil
}

// Truncate takes back all changes but the first n, as when they could not be stored. Waiting changes stay. It costs as
// much as loading n changes.
func (h *History) Truncate(n int) error {
	if n < 0 || n > len(h.changes) {
		return crdt.Errorf(crdt.KindInternal, "cannot truncate a history of %d changes to %d", len(h.changes), n)
	}
	if n == len(h.changes) {
		return nil
	}
	old, err := Load(h.limits, func(yield func(Stored, error) bool) {
		for i := range n {
			if !yield(Stored{Raw: h.Raw(i), Author: h.Author(i)}, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	if err := h.rewait(old, func(crdt.Hash) bool { return false }); err != nil { // what they lack has changed
		return err
	}
	*h = *old
	return nil
}

// Compact gives back memory that was kept for growth.
func (h *History) Compact() {
	h.raw = clip(h.raw)
	h.changes = clip(h.changes)
	h.hashes = clip(h.hashes)
	h.deps = clip(h.deps)
	h.heads = clip(h.heads)
	h.actors = clip(h.actors)
	for i := range h.actors {
		h.actors[i].changes = clip(h.actors[i].changes)
	}
	h.authors = clip(h.authors)
	h.ops = clip(h.ops)
	h.keys = clip(h.keys)
	h.keyFrom = clip(h.keyFrom)
}

// clip copies a slice to one without room for growth, where that saves more than a sixteenth.
func clip[S ~[]E, E any](s S) S {
	if cap(s)-len(s) <= len(s)/16 {
		return s
	}
	return append(make(S, 0, len(s)), slices.Clip(s)...)
}

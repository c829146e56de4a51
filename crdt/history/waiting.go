package history

import (
	"cmp"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// waitingRoom holds changes whose dependencies are missing: as bytes, since decoded operations take many times as much.
type waitingRoom struct {
	changes map[crdt.Hash]*waiter
	blocked map[crdt.Hash][]*waiter // by each dependency that is not admitted
	share   map[Author]share
	total   share
	arrived uint64
}

type share struct{ count, bytes int }

type waiter struct {
	hash    crdt.Hash
	missing []crdt.Hash // dependencies that were not admitted when it came
	lacks   int         // how many of them still are not
	raw     []byte
	author  Author
	policy  Policy // of who delivered it: who delivers what it waits for may be somebody else
	order   uint64 // of arrival, so that nothing depends on the order of a map
}

func newWaitingRoom() *waitingRoom {
	return &waitingRoom{
		changes: make(map[crdt.Hash]*waiter), blocked: make(map[crdt.Hash][]*waiter), share: make(map[Author]share),
	}
}

// wait puts a change into the waiting room.
func (h *History) wait(c *format.Change, author Author, policy Policy) *crdt.Refusal {
	w := h.waiting
	if w == nil {
		w = newWaitingRoom()
	}
	mine := w.share[author]
	most := share{h.limits.WaitingChanges, h.limits.WaitingBytes}
	// One author alone may take half of the room, so that nobody keeps the others out.
	if w.total.count >= most.count || len(c.Raw) > most.bytes-w.total.bytes ||
		mine.count >= (most.count+1)/2 || len(c.Raw) > (most.bytes+1)/2-mine.bytes {
		return refuse(c, crdt.RefusedMissingDeps, "too many changes wait for their dependencies")
	}
	w.arrived++
	x := &waiter{hash: c.Hash, missing: h.Missing(c.Deps), raw: slices.Clone(c.Raw), author: author, policy: policy, order: w.arrived}
	x.lacks = len(x.missing)
	w.changes[x.hash] = x
	for _, d := range x.missing {
		w.blocked[d] = append(w.blocked[d], x)
	}
	w.account(x, 1)
	h.waiting = w
	return nil
}

func (w *waitingRoom) account(x *waiter, sign int) {
	w.total.count += sign
	w.total.bytes += sign * len(x.raw)
	s := w.share[x.author]
	s.count += sign
	s.bytes += sign * len(x.raw)
	if s.count == 0 {
		delete(w.share, x.author)
		return
	}
	w.share[x.author] = s
}

// remove takes a change out of the room.
func (w *waitingRoom) remove(x *waiter) {
	delete(w.changes, x.hash)
	w.account(x, -1)
	for _, d := range x.missing {
		if rest := slices.DeleteFunc(w.blocked[d], func(y *waiter) bool { return y == x }); len(rest) > 0 {
			w.blocked[d] = rest
		} else {
			delete(w.blocked, d)
		}
	}
}

// admitted gives, and takes out, the waiting changes that lacked only this dependency; in the order of their arrival.
func (w *waitingRoom) admitted(d crdt.Hash) []*waiter {
	var out []*waiter
	for _, x := range w.blocked[d] {
		if x.lacks--; x.lacks == 0 {
			out = append(out, x)
		}
	}
	delete(w.blocked, d)
	for _, x := range out {
		w.remove(x)
	}
	return out
}

// dropDependents takes out the waiting changes that depend on one that was refused, directly or not: they might wait for
// ever.
func (w *waitingRoom) dropDependents(of crdt.Hash) []*waiter {
	var out []*waiter
	for gone := []crdt.Hash{of}; len(gone) > 0; gone = gone[1:] {
		for _, x := range slices.Clone(w.blocked[gone[0]]) {
			w.remove(x)
			gone = append(gone, x.hash)
			out = append(out, x)
		}
	}
	return out
}

// WaitingCount is the number of changes that wait for dependencies.
func (h *History) WaitingCount() int {
	if h.waiting == nil {
		return 0
	}
	return h.waiting.total.count
}

// WaitingBytes is the length of those changes.
func (h *History) WaitingBytes() int {
	if h.waiting == nil {
		return 0
	}
	return h.waiting.total.bytes
}

// IsWaiting tells whether a change waits for dependencies.
func (h *History) IsWaiting(x crdt.Hash) bool {
	if h.waiting == nil {
		return false
	}
	_, ok := h.waiting.changes[x]
	return ok
}

// WaitingFor gives, sorted, the dependencies of waiting changes that are neither admitted nor waiting: what to ask for.
func (h *History) WaitingFor() []crdt.Hash {
	if h.waiting == nil {
		return nil
	}
	var out []crdt.Hash
	for d := range h.waiting.blocked {
		if !h.IsWaiting(d) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, crdt.CompareHash)
	return out
}

// Waiting gives the waiting changes' hashes and authors, in the order of their arrival.
func (h *History) Waiting() []WaitingChange {
	if h.waiting == nil {
		return nil
	}
	out := make([]WaitingChange, 0, len(h.waiting.changes))
	for _, x := range h.waiting.inOrder() {
		out = append(out, WaitingChange{Hash: x.hash, Author: x.author})
	}
	return out
}

// inOrder gives the waiters in the order of their arrival.
func (w *waitingRoom) inOrder() []*waiter {
	all := make([]*waiter, 0, len(w.changes))
	for _, x := range w.changes {
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b *waiter) int { return cmp.Compare(a.order, b.order) })
	return all
}

// WaitingChange is a change whose dependencies are missing.
type WaitingChange struct {
	Hash   crdt.Hash
	Author Author
}

// ForgetWaiting empties the waiting room, as before the document leaves memory: the senders will send those changes again.
func (h *History) ForgetWaiting() { h.waiting = nil }

// ForgetWaitingOf takes the changes of an author out of the waiting room.
func (h *History) ForgetWaitingOf(author Author) {
	if h.waiting == nil {
		return
	}
	for _, x := range h.waiting.inOrder() {
		if x.author == author {
			h.waiting.remove(x)
		}
	}
	if h.waiting.total.count == 0 {
		h.waiting = nil
	}
}

package history

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Policy decides whether a valid change may be admitted; nil admits. It runs last, on the history as it was before the
// change, and must not alter it. The Admission is valid until it returns. A change that waits for others keeps the policy with
// which it was delivered.
type Policy func(*Admission) *crdt.Refusal

// Result tells what became of a change, and of those that had waited for it.
type Result struct {
	Admitted  []int     // indexes, in the order of admission: the change itself, then what it freed from the waiting room
	Duplicate bool      // the change was here before, or waits already; nothing else happened
	Waiting   bool      // dependencies are missing; it is admitted once they come
	Refused   []Refused // changes that had waited and were refused when their turn came, or whose dependency was
}

// Refused is a change that left the waiting room without being admitted. Its author still has to be told.
type Refused struct {
	Refusal *crdt.Refusal
	Author  Author
}

// Admit checks a change, and appends it to the history if nothing speaks against it. The change must have come from
// format.DecodeChange; nothing of its memory is kept. author is who delivered it. policy may be nil.
//
// The error is a *crdt.Refusal: the change was not taken, and the history is exactly as it was.
func (h *History) Admit(c *format.Change, author Author, policy Policy) (Result, error) {
	if h.Has(c.Hash) {
		return Result{Duplicate: true}, nil
	}
	if h.IsWaiting(c.Hash) {
		return Result{Duplicate: true, Waiting: true}, nil
	}
	if refusal := checkAlone(c); refusal != nil {
		return Result{}, refusal
	}
	if c.Seq < h.NextSeq(c.Actor) { // waiting would not help
		return Result{}, refuse(c, crdt.RefusedBadSeq, "the actor has another change of this number")
	}
	for k := range c.Deps {
		if !h.Has(c.Deps[k]) {
			if refusal := h.wait(c, author, policy); refusal != nil {
				return Result{}, refusal
			}
			return Result{Waiting: true}, nil
		}
	}
	i, refusal := h.admit(c, author, policy)
	if refusal != nil {
		return Result{}, refusal
	}
	if h.waiting == nil {
		return Result{Admitted: []int{i}}, nil
	}
	res := Result{Admitted: []int{i}}
	for next := 0; next < len(res.Admitted) && h.waiting != nil; next++ {
		for _, x := range h.waiting.admitted(h.hashes[res.Admitted[next]]) {
			h.admitWaiter(x, &res)
		}
		if h.waiting.total.count == 0 {
			h.waiting = nil
		}
	}
	return res, nil
}

// admitWaiter admits or refuses a change that has left the waiting room.
func (h *History) admitWaiter(x *waiter, res *Result) {
	// It was decoded once, so this cannot fail but for a limit that differs: the caller's may be smaller, not greater.
	c, err := format.DecodeTrusted(x.raw)
	var refusal *crdt.Refusal
	if err != nil {
		refusal = &crdt.Refusal{Code: crdt.RefusedMalformed, Change: x.hash, Detail: err.Error()}
	} else {
		var i int
		if i, refusal = h.admit(c, x.author, x.policy); refusal == nil {
			res.Admitted = append(res.Admitted, i)
			return
		}
	}
	res.Refused = append(res.Refused, Refused{Refusal: refusal, Author: x.author})
	for _, y := range h.waiting.dropDependents(x.hash) {
		res.Refused = append(res.Refused, Refused{Author: y.author, Refusal: &crdt.Refusal{
			Code: crdt.RefusedMissingDeps, Change: y.hash, Detail: "a change that it depends on was refused"}})
	}
}

// admit checks and appends a change whose dependencies are here.
func (h *History) admit(c *format.Change, author Author, policy Policy) (int, *crdt.Refusal) {
	s := staged{change: c, author: author, keys: len(h.keyFrom)}
	s.deps = s.depsBuf[:0]
	for k := range c.Deps {
		i, ok := h.IndexOf(c.Deps[k])
		if !ok {
			return 0, refuse(c, crdt.RefusedMissingDeps, "a dependency is missing")
		}
		s.deps = append(s.deps, uint32(i))
	}
	refusal := h.checkGraph(&s)
	if refusal == nil {
		refusal = h.checkOps(&s)
		if refusal == nil && policy != nil {
			refusal = policy(&Admission{Change: c, Author: author, History: h, staged: &s})
		}
		if refusal == nil {
			refusal = h.checkCrowd(&s)
		}
		if refusal != nil {
			h.dropKeys(s.keys)
			h.order.cut(len(h.ops))
		}
	}
	if refusal != nil {
		if refusal.Change == (crdt.Hash{}) { // a policy need not fill it in
			refusal.Change = c.Hash
		}
		return 0, refusal
	}
	return h.commit(&s), nil
}

// commit appends a change that passed all checks.
func (h *History) commit(s *staged) int {
	c := s.change
	i := uint32(len(h.changes))
	author := h.findAuthor(s.author)
	if author == len(h.authors) {
		h.authors = append(grow(h.authors, 1), s.author)
	}
	a := h.addActor(c.Actor, uint16(author))
	h.changes = append(grow(h.changes, 1), change{
		raw: uint32(len(h.raw)), op: uint32(len(h.ops)), dep: uint32(len(h.deps)),
		startOp: uint32(c.StartOp), seq: uint32(c.Seq), actor: a, author: uint16(author),
	})
	h.raw = append(grow(h.raw, len(c.Raw)), c.Raw...)
	h.hashes = append(grow(h.hashes, 1), c.Hash)
	h.deps = append(grow(h.deps, len(s.deps)), s.deps...)
	h.byHash.add(i, func(i uint32) uint64 { return h.hashOf(h.hashes[i]) })
	h.actors[a].changes = append(grow(h.actors[a].changes, 1), i)
	h.amount.Add(c.Amount())
	h.ops = h.ops[:len(h.ops)+len(s.ops)] // checkOps has put them there
	for _, at := range s.hidden {
		h.ops[at].set(flagHidden)
	}
	h.heads = slices.DeleteFunc(h.heads, func(x uint32) bool { return slices.Contains(s.deps, x) })
	at, _ := slices.BinarySearchFunc(h.heads, c.Hash, func(x uint32, hash crdt.Hash) int {
		return crdt.CompareHash(h.hashes[x], hash)
	})
	h.heads = slices.Insert(grow(h.heads, 1), at, i)
	h.cacheClock(i)
	return int(i)
}

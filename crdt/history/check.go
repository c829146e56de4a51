package history

import (
	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// staged is a change between its checks and its admission: what the checks found, so that nothing is looked up twice.
// The operations stand behind the history's own, beyond its length, and new keys are already in the table.
type staged struct {
	change  *format.Change
	author  Author
	deps    []uint32 // indexes, in the order of the hashes
	actor   int      // index of the actor; -1 for a new one
	others  []uint16 // indexes of the change's other actors
	clock   []uint32 // of the dependencies; nil where they cover all heads
	keys    int      // number of keys before
	ops     []op
	hidden  []uint32 // operations that it overwrites
	depsBuf [8]uint32
	prevBuf [8]uint32
	actBuf  [8]uint16
}

// checkGraph checks a change whose dependencies are here: sequence number, first counter, limits.
func (h *History) checkGraph(s *staged) *crdt.Refusal {
	c := s.change
	if c.Seq != h.NextSeq(c.Actor) {
		return refuse(c, crdt.RefusedBadSeq, "not the actor's next change")
	}
	s.actor = -1
	if a, ok := h.findActor(c.Actor); ok {
		s.actor = int(a)
	} else if len(h.actors) >= h.limits.Actors {
		return refuse(c, crdt.RefusedDocumentTooBig, "too many actors")
	}
	if !h.coversHeads(s.deps) {
		s.clock = h.clockOf(s.deps)
		if s.actor >= 0 && uint64(s.clock[s.actor])+1 != c.Seq {
			return refuse(c, crdt.RefusedBadSeq, "does not depend on the actor's previous change")
		}
	}
	before := uint64(0)
	for _, d := range s.deps {
		before = max(before, uint64(h.maxOp(d)))
	}
	switch {
	case c.StartOp <= before:
		return refuse(c, crdt.RefusedBadStartOp, "not greater than the operations that it depends on")
	case c.StartOp > before+1+MaxOpGap:
		return refuse(c, crdt.RefusedBadStartOp, "too far beyond the operations that it depends on")
	case len(c.Ops) == 0 && c.StartOp != before+1:
		// A saved document keeps a change's last counter. Of one without operations, automerge 0.11 takes any but the
		// greatest that it depends on for operations that are lost, and does not load the document ("missing ops").
		return refuse(c, crdt.RefusedBadStartOp, "a change without operations has the counter next to those that it depends on")
	case len(h.changes) >= h.limits.Changes:
		return refuse(c, crdt.RefusedDocumentTooBig, "too many changes")
	case len(c.Ops) > h.limits.Ops-len(h.ops):
		return refuse(c, crdt.RefusedDocumentTooBig, "too many operations")
	case len(c.Raw) > h.limits.Bytes-len(h.raw):
		return refuse(c, crdt.RefusedDocumentTooBig, "too many bytes")
	case len(h.heads) >= h.limits.Heads && !h.mergesHead(s.deps):
		return refuse(c, crdt.RefusedDocumentTooBig, "too many heads")
	}
	return h.checkWeight(c)
}

// mergesHead tells whether one of the dependencies is a head, so that their number does not grow.
func (h *History) mergesHead(deps []uint32) bool {
	for _, i := range h.heads {
		for _, d := range deps {
			if d == i {
				return true
			}
		}
	}
	return false
}

// checkOps checks that each operation names only what stands in its causal past, and in the right place. It fills
// s.ops and s.hidden, and may add keys, which the caller drops on a refusal.
func (h *History) checkOps(s *staged) *crdt.Refusal {
	c := s.change
	s.others = s.actBuf[:0]
	for _, id := range c.Others {
		a, ok := h.findActor(id)
		if !ok {
			return refuse(c, crdt.RefusedBadActor, "names an actor that has not written")
		}
		s.others = append(s.others, a)
	}
	s.hidden = s.prevBuf[:0]
	h.ops = grow(h.ops, len(c.Ops))
	s.ops = h.ops[len(h.ops):len(h.ops):cap(h.ops)]
	var last located // consecutive operations mostly work on one object
	for i := range c.Ops {
		if code, detail := h.checkOp(s, i, &last); code != "" {
			return refuse(c, code, detail)
		}
	}
	return nil
}

// located is an object that was looked up.
type located struct {
	id     format.OpID
	object uint32
	action format.Action // that made it
}

func (h *History) checkOp(s *staged, i int, last *located) (crdt.RefusalCode, string) {
	o := &s.change.Ops[i]
	if o.Object.IsZero() {
		*last = located{}
	} else if o.Object != last.id {
		at, ok := h.inPast(s, o.Object)
		if !ok {
			return crdt.RefusedUnknownObject, "no such object in the change's past"
		}
		made := h.stagedOp(s, at).flags().action()
		if !isMake(made) {
			return crdt.RefusedUnknownObject, "the operation named as the object made none"
		}
		*last = located{id: o.Object, object: at + 1, action: made}
	}
	if o.InSeq != isSequence(last.action) { // the root's action is the zero value, a map
		return crdt.RefusedWrongType, "a map operation on a sequence, or the other way round"
	}
	if o.Action == format.ActionMark && last.action != format.ActionMakeText {
		// automerge 0.11 shows the ends of a mark as elements of a list, automerge 0.5 does not.
		return crdt.RefusedWrongType, "a mark in something else than a text"
	}
	rec := newOp(last.object, opFlags(o.Action))
	self := uint32(len(h.ops) + len(s.ops))
	switch {
	case !o.InSeq:
		rec.place = h.addKey(o.Key)
	case o.Elem.IsZero():
		rec.set(flagInSeq)
	default:
		rec.set(flagInSeq)
		at, ok := h.inPast(s, o.Elem)
		if !ok {
			return crdt.RefusedUnknownElement, "no such element in the change's past"
		}
		elem := h.stagedOp(s, at)
		if !elem.is(flagInsert) || elem.object() != rec.object() {
			return crdt.RefusedUnknownElement, "the element is no element of this object"
		}
		if !o.Insert && elem.flags().action() == format.ActionMark {
			return crdt.RefusedUnknownElement, "a mark holds no value"
		}
		rec.place = at + 1
	}
	if o.Insert {
		rec.set(flagInsert)
	}
	if o.Action == format.ActionSet {
		switch o.Value.Type {
		case format.ValueCounter:
			rec.set(flagCounter)
		case format.ValueTrue:
			rec.set(flagTrue)
		}
	}
	if o.Action == format.ActionMark && !o.HasMark {
		// The end must stand behind the beginning, else automerge 0.11 can save the document but not load it ("invalid mark
		// operation order"). Both have greater ids than all that was inserted behind the same elements before, so they
		// stand as those elements do; behind the same one, the end would come first.
		begin := s.ops[len(s.ops)-1].place // checkAlone has seen that it is there
		if begin == rec.place || !h.standsBefore(s, begin, rec.place) {
			return crdt.RefusedBadOperation, "a mark that ends before it begins"
		}
	}
	if isMake(o.Action) && h.depth(s, rec.object()) >= MaxDepth {
		return crdt.RefusedTooLarge, "objects nested too deep"
	}
	onCounter := false // whether the greatest predecessor, which is the value that its writer saw, is a counter
	for _, p := range o.Pred {
		at, ok := h.inPast(s, p)
		if !ok {
			return crdt.RefusedUnknownPred, "no such predecessor in the change's past"
		}
		pred := h.stagedOp(s, at)
		switch {
		case !pred.flags().holdsValue():
			return crdt.RefusedUnknownPred, "the predecessor holds no value"
		case pred.object() != rec.object() || pred.slot(at) != rec.slot(self):
			return crdt.RefusedUnknownPred, "the predecessor stands in another place"
		}
		onCounter = pred.is(flagCounter)
		if onCounter && o.Action == format.ActionIncrement {
			continue // does not hide it
		}
		s.hidden = append(s.hidden, at)
	}
	if o.Action == format.ActionIncrement && !onCounter {
		// Writers increment the value that wins, and name its rivals too. Where another value wins, automerge JS throws when it
		// applies the change ("cannot increment a non-numeric value").
		return crdt.RefusedUnknownPred, "an increment of something that is no counter"
	}
	s.ops = append(s.ops, rec)
	return "", ""
}

// stagedOp is an operation of the history or an earlier one of the change being checked.
func (h *History) stagedOp(s *staged, at uint32) *op {
	if n := uint32(len(h.ops)); at >= n {
		return &s.ops[at-n]
	}
	return &h.ops[at]
}

// inPast gives the index of an operation that stands in the past of the change being checked, its own earlier operations
// included.
func (h *History) inPast(s *staged, id format.OpID) (uint32, bool) {
	c := s.change
	a := s.actor
	if id.Actor == 0 {
		if id.Counter >= c.StartOp {
			if k := id.Counter - c.StartOp; k < uint64(len(s.ops)) {
				return uint32(len(h.ops)) + uint32(k), true
			}
			return 0, false
		}
		if a < 0 {
			return 0, false
		}
	} else {
		a = int(s.others[id.Actor-1])
	}
	at, in, ok := h.findOp(uint16(a), id.Counter)
	if !ok || (s.clock != nil && s.clock[a] < h.changes[in].seq) {
		return 0, false
	}
	return at, true
}

// depth is how many objects stand above an object's members: 1 in the root.
func (h *History) depth(s *staged, object uint32) int {
	n := 1
	for object != 0 && n <= MaxDepth {
		object = h.stagedOp(s, object-1).object()
		n++
	}
	return n
}

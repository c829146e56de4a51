package history

import (
	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

func refuse(c *format.Change, code crdt.RefusalCode, detail string) *crdt.Refusal {
	return &crdt.Refusal{Code: code, Change: c.Hash, Detail: detail}
}

// checkAlone checks what can be told of a change's operations without its document, beyond what format.DecodeChange did.
func checkAlone(c *format.Change) *crdt.Refusal {
	if c.Seq > 1 && len(c.Extra) > 0 && c.Extra[0]&0x7f == 1 {
		// Extra bytes that begin with the number 1 name the actor's author, and automerge 0.11 panics where one does not stand in
		// the actor's first change ("assertion failed: change.seq() == 1").
		return refuse(c, crdt.RefusedMalformed, "an author in another change than the actor's first")
	}
	for i := range c.Ops {
		o := &c.Ops[i]
		switch {
		case o.Insert && !o.InSeq: // format.DecodeTrusted does not look at that
			return refuse(c, crdt.RefusedBadOperation, "an insertion into a map")
		case o.InSeq && o.Object.IsZero():
			return refuse(c, crdt.RefusedWrongType, "a sequence operation on the root")
		case o.Action == format.ActionMakeTable:
			// automerge 0.11 applies a change that makes one, but panics when the table is read or written to ("Missing from
			// Index"). Nothing has made tables since automerge 1.0.
			return refuse(c, crdt.RefusedUnsupported, "tables, which today's cores cannot read")
		case !o.InSeq && o.Key == "__proto__":
			// automerge JS keeps maps in plain objects, and assigns this key like any other: that sets the object's prototype
			// instead. The next change below it throws, and so the document cannot be changed any more.
			return refuse(c, crdt.RefusedBadOperation, "the key __proto__")
		case o.Insert && len(o.Pred) != 0: // nothing can stand where a new element is made
			return refuse(c, crdt.RefusedBadOperation, "an insertion with predecessors")
		case o.Action == format.ActionIncrement && len(o.Pred) == 0:
			return refuse(c, crdt.RefusedBadOperation, "an increment of nothing")
		case o.InSeq && !o.Insert && len(o.Pred) == 0:
			// The element's insertion stays visible beside it, which no writer can bring about: they overwrite what they see.
			// automerge 0.11 panics when one of the two is deleted ("exposed value must record the value it replaces").
			return refuse(c, crdt.RefusedBadOperation, "a write to an element that overwrites nothing")
		case tooGreat(o):
			return refuse(c, crdt.RefusedBadOperation, "a counter or an increment that JavaScript cannot count with")
		case o.Action == format.ActionMark && !markPaired(c, i):
			return refuse(c, crdt.RefusedBadOperation, "a mark without its other end beside it")
		}
	}
	return nil
}

// A counter that leaves the integers that a float holds exactly becomes a BigInt in automerge JS, and the next increment
// throws when it is applied. As a document has at most 1<<22 operations by default, no sum of these gets there.
const (
	maxCounterValue = 1 << 52
	maxIncrement    = 1 << 30
)

// tooGreat tells whether an operation sets a counter to, or increments one by, too great a number.
func tooGreat(o *format.Op) bool {
	most := int64(maxCounterValue)
	switch {
	case o.Action == format.ActionIncrement:
		most = maxIncrement
	case o.Action != format.ActionSet || o.Value.Type != format.ValueCounter:
		return false
	}
	n, ok := o.Value.Int()
	return !ok || n > most || n < -most
}

// markPaired tells whether a mark's beginning is followed by its end, or the end follows the beginning. The cores know
// the beginning that an end belongs to only by its id, which is the one before (MarkStateMachine in marks.rs), and no
// writer makes one without the other.
func markPaired(c *format.Change, i int) bool {
	begin, end := i, i+1
	if !c.Ops[i].HasMark {
		begin, end = i-1, i
	}
	if begin < 0 || end >= len(c.Ops) {
		return false
	}
	b, e := &c.Ops[begin], &c.Ops[end]
	return b.Action == format.ActionMark && b.HasMark && e.Action == format.ActionMark && !e.HasMark && b.Object == e.Object
}

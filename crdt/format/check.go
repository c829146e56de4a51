package format

import (
	"unicode/utf8"

	"fieldsync/crdt"
)

// fault checks what a change means by itself, whether it was decoded or is about to be encoded: what the cores would
// drop, alter or trip over. What needs the document is checked by package history.
func (c *Change) fault(lim Limits) *crdt.Refusal {
	var usedBits [8]uint64 // on the stack for the actors of any usual change
	used := usedBits[:]
	if n := len(c.Others)/64 + 1; n > len(used) {
		used = make([]uint64, n)
	}
	for i := range c.Ops {
		op := &c.Ops[i]
		if why := op.fault(); why != "" {
			return refuse(crdt.RefusedBadOperation, why)
		}
		use := func(id OpID) { used[id.Actor>>6] |= 1 << (id.Actor & 63) }
		use(op.Object)
		use(op.Elem)
		for j, id := range op.Pred {
			use(id)
			if j > 0 && !c.lessID(op.Pred[j-1], id) {
				return refuse(crdt.RefusedNotCanonical, "predecessors are not sorted, or one stands twice")
			}
		}
	}
	for i := range c.Others {
		if k := i + 1; used[k>>6]&(1<<(k&63)) == 0 {
			return refuse(crdt.RefusedBadActor, "no operation uses one of the other actors")
		}
	}
	return nil
}

// lessID orders ids by counter, then by the actor's bytes.
func (c *Change) lessID(a, b OpID) bool {
	if a.Counter != b.Counter {
		return a.Counter < b.Counter
	}
	return a.Actor != b.Actor && c.ActorAt(a.Actor) < c.ActorAt(b.Actor)
}

// fault says what is wrong with an operation by itself; empty where nothing is.
//
// A document chunk has no room for everything that a change chunk can say: a deletion is kept only as the successor of
// what it deletes, a value only with a set, an increment or the beginning of a mark. What has no room there is lost when a core
// saves the document, and then the change's hash is another one.
func (op *Op) fault() string {
	if why := op.Value.fault(); why != "" {
		return "value: " + why
	}
	switch op.Action {
	case ActionMakeMap, ActionMakeList, ActionMakeText, ActionMakeTable:
		if !op.Value.IsNull() {
			return "a new object with a value"
		}
	case ActionDelete:
		if !op.Value.IsNull() {
			return "a deletion with a value"
		}
		if op.Insert {
			return "a deletion that inserts"
		}
		if len(op.Pred) == 0 {
			return "a deletion of nothing"
		}
	case ActionIncrement:
		if op.Value.Type != ValueInt {
			return "an increment that is not by an integer"
		}
		if op.Insert {
			return "an increment that inserts"
		}
	case ActionMark:
		if !op.InSeq || !op.Insert {
			return "a mark that is not inserted into a sequence"
		}
		if !op.HasMark && !op.Value.IsNull() {
			return "the end of a mark with a value"
		}
	}
	if op.Action != ActionMark && (op.Expand || op.HasMark) {
		return "only marks have a name and expand"
	}
	if op.Insert && !op.InSeq {
		return "an insertion into a map"
	}
	if !op.Insert && op.InSeq && op.Elem.IsZero() {
		return "the head of a sequence cannot be written"
	}
	return ""
}

// encodable checks what decoding ensures by construction.
func (c *Change) encodable(lim Limits) *crdt.Refusal {
	switch {
	case len(c.Others) > lim.Actors:
		return refuse(crdt.RefusedTooLarge, "more actors than allowed")
	case len(c.Deps) > lim.Deps:
		return refuse(crdt.RefusedTooLarge, "more dependencies than allowed")
	case len(c.Actor) == 0 || len(c.Actor) > crdt.MaxActorID:
		return refuse(crdt.RefusedBadActor, "the author's id is empty or too long")
	case c.Seq == 0 || c.Seq > maxSeq:
		return refuse(crdt.RefusedBadSeq, "sequence number out of range")
	case c.StartOp == 0 || c.StartOp > maxCounter || c.MaxOp() > maxCounter:
		return refuse(crdt.RefusedBadStartOp, "an operation's counter out of range")
	case c.Time > maxTime || c.Time < -maxTime:
		return refuse(crdt.RefusedMalformed, "time out of range")
	case !utf8.ValidString(c.Message):
		return refuse(crdt.RefusedMalformed, "message is not UTF-8")
	}
	for i, a := range c.Others {
		if len(a) == 0 || len(a) > crdt.MaxActorID || a == c.Actor || i > 0 && c.Others[i-1] >= a {
			return refuse(crdt.RefusedBadActor, "the other actors are not sorted, unique, of a permitted length and without the author")
		}
	}
	for i := 1; i < len(c.Deps); i++ {
		if crdt.CompareHash(c.Deps[i-1], c.Deps[i]) >= 0 {
			return refuse(crdt.RefusedNotCanonical, "dependencies are not sorted, or one stands twice")
		}
	}
	actors := uint32(len(c.Others) + 1)
	valid := func(id OpID) bool {
		return id.Counter <= maxCounter && id.Actor < actors && (id.Counter > 0 || id.Actor == 0)
	}
	for i := range c.Ops {
		op := &c.Ops[i]
		if !valid(op.Object) || !valid(op.Elem) || op.Action > ActionMark || op.InSeq && op.Key != "" || !op.InSeq && !op.Elem.IsZero() {
			return refuse(crdt.RefusedBadOperation, "object, key or action cannot be written")
		}
		if !utf8.ValidString(op.Key) || !utf8.ValidString(op.MarkName) || !op.HasMark && op.MarkName != "" {
			return refuse(crdt.RefusedBadOperation, "key or mark name cannot be written")
		}
		for _, id := range op.Pred {
			if !valid(id) || id.IsZero() {
				return refuse(crdt.RefusedBadOperation, "a predecessor cannot be written")
			}
		}
	}
	return nil
}

// fits checks the limits that depend on the size of the change's body.
func (c *Change) fits(lim Limits, body int) *crdt.Refusal {
	if body > lim.ChangeBytes {
		return refuse(crdt.RefusedTooLarge, "change over the limit of bytes")
	}
	most, preds := lim.ops(body), 0
	for i := range c.Ops {
		preds += len(c.Ops[i].Pred)
	}
	if len(c.Ops) > most || preds > most {
		return refuse(crdt.RefusedTooLarge, "more operations or predecessors than allowed")
	}
	return nil
}

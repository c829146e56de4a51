package history

import (
	"slices"

	"fieldsync/crdt/format"
)

// Admission is a change on the point of being admitted, for a Policy to look at: all checks have passed.
type Admission struct {
	Change  *format.Change
	Author  Author
	History *History // as it was before the change

	staged *staged
}

// Step is one step of a path from the root: a key of a map, or an element of a sequence.
type Step struct {
	Key   string
	Elem  OpID // of a sequence: the operation that inserted the element
	InSeq bool
}

// Path gives where operation i of the change writes: the way from the root to the object, then the key or the element
// itself. An insertion's last step is the new element. It is computed anew by each call.
func (a *Admission) Path(i int) []Step {
	h, s := a.History, a.staged
	var out []Step
	for at := uint32(len(h.ops) + i); ; {
		o := h.stagedOp(s, at)
		out = append(out, a.step(at, o))
		if o.object() == 0 {
			break
		}
		at = o.object() - 1
	}
	slices.Reverse(out)
	return out
}

func (a *Admission) step(at uint32, o *op) Step {
	if !o.is(flagInSeq) {
		return Step{Key: string(a.History.keyString(o.place))}
	}
	at = o.slot(at) - 1 // never the head: no operation writes there
	if n := uint32(len(a.History.ops)); at >= n {
		return Step{InSeq: true, Elem: OpID{Counter: a.Change.StartOp + uint64(at-n), Actor: a.Change.Actor}}
	}
	return Step{InSeq: true, Elem: a.History.idOf(at)}
}

// Object gives the object that operation i of the change writes to; false where the same change makes it.
func (a *Admission) Object(i int) (ObjID, bool) {
	obj := a.staged.ops[i].object()
	return ObjID(obj), int(obj) <= len(a.History.ops)
}

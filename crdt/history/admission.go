package history

import (
	"cmp"
	"slices"
	"strings"

	"fieldsync/crdt/format"
)

// Admission is a change on the point of being admitted, for a Policy to look at: all checks have passed.
//
// In it an ObjID may also name an object that the change itself makes. Such a one means nothing outside of the Admission.
type Admission struct {
	Change  *format.Change
	Author  Author
	History *History // as it was before the change

	staged   *staged
	byObject []uint32 // of the change's operations, by their object and then in order; nil until somebody asks
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

// Made is the object that operation i makes; only for one that makes one.
func (a *Admission) Made(i int) ObjID { return ObjID(len(a.History.ops) + i + 1) }

// MadeHere tells whether the change itself makes the object.
func (a *Admission) MadeHere(obj ObjID) bool { return int(obj) > len(a.History.ops) }

// Key is the key of a map that operation i writes to; nil for one in a sequence. Nobody may write to it.
func (a *Admission) Key(i int) []byte {
	if o := &a.staged.ops[i]; !o.is(flagInSeq) {
		return a.History.keyString(o.place)
	}
	return nil
}

// Holder gives the object that holds another one, and the key under which it does, or that it is an element of a sequence. Nothing
// holds the root.
func (a *Admission) Holder(obj ObjID) (holder ObjID, key []byte, inSeq bool) {
	if obj == 0 {
		return 0, nil, false
	}
	o := a.History.stagedOp(a.staged, uint32(obj-1))
	if o.is(flagInSeq) {
		return ObjID(o.object()), nil, true
	}
	return ObjID(o.object()), a.History.keyString(o.place), false
}

// InSequence tells whether operation i works on an element of a list or a text.
func (a *Admission) InSequence(i int) bool { return a.staged.ops[i].is(flagInSeq) }

// MakerOf is who delivered the change that makes the object, or that put there what Stands gave.
func (a *Admission) MakerOf(obj ObjID) Author {
	if a.MadeHere(obj) {
		return a.Author
	}
	return a.History.Author(int(a.History.changeOfOp(uint32(obj - 1))))
}

// Stands gives what stood in the map's place that operation i writes to before the change, also what its author did not know of.
// visit is told the operation that put it there, as MakerOf takes it.
func (a *Admission) Stands(i int, visit func(ObjID)) {
	h := a.History
	o := &a.staged.ops[i]
	if int(o.object()) > len(h.ops) || int(o.place) >= a.staged.keys { // the object, or the key, comes with the change
		return
	}
	for at := range h.inSlot(o.object(), o.place) {
		if x := &h.ops[at]; !x.is(flagHidden|flagInSeq) && x.flags().holdsValue() {
			visit(ObjID(at + 1))
		}
	}
}

// Place names the place in a map that operation i writes to: equal for operations of the change that write to the same one.
func (a *Admission) Place(i int) uint64 {
	o := &a.staged.ops[i]
	return uint64(o.object())<<32 | uint64(o.place)
}

// Knows tells whether change i is in the past of the change that is looked at.
func (a *Admission) Knows(i int) bool {
	s, c := a.staged, &a.History.changes[i]
	return s.clock == nil || s.clock[c.actor] >= c.seq
}

// OpsIn gives the operations of the change that work on an object, in order.
func (a *Admission) OpsIn(obj ObjID) []uint32 {
	ops := a.staged.ops
	if a.byObject == nil {
		a.byObject = make([]uint32, len(ops))
		for i := range a.byObject {
			a.byObject[i] = uint32(i)
		}
		slices.SortFunc(a.byObject, func(x, y uint32) int {
			return cmp.Or(cmp.Compare(ops[x].object(), ops[y].object()), cmp.Compare(x, y))
		})
	}
	find := func(o uint32) int {
		n, _ := slices.BinarySearchFunc(a.byObject, o, func(x, o uint32) int { return cmp.Compare(ops[x].object(), o) })
		return n
	}
	return a.byObject[find(uint32(obj)):find(uint32(obj)+1)]
}

// Text gives the characters of a text that the change itself makes and only adds strings to, as Automerge JS 3 writes every string;
// false for anything else, and where it has more than most elements.
func (a *Admission) Text(obj ObjID, most int) (string, bool) {
	n := uint32(len(a.History.ops))
	if !a.MadeHere(obj) || a.staged.ops[uint32(obj)-1-n].flags().action() != format.ActionMakeText {
		return "", false
	}
	adds := a.OpsIn(obj)
	if len(adds) > most {
		return "", false
	}
	list := make([]uint32, 0, len(adds)) // of what was inserted behind the same element the later stands first, as all ids are of one actor
	for _, i := range adds {
		o := &a.staged.ops[i]
		if !o.is(flagInsert) || a.Change.Ops[i].Action != format.ActionSet || a.Change.Ops[i].Value.Type != format.ValueString {
			return "", false
		}
		at := 0
		if o.place != 0 {
			at = slices.Index(list, o.place-1-n) + 1
		}
		list = slices.Insert(list, at, i)
	}
	var b strings.Builder
	for _, i := range list {
		b.Write(a.Change.Ops[i].Value.Raw)
	}
	return b.String(), true
}

package history

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Redo says which work is to be done once more, at the heads of now: what a server had refused, and takes now.
type Redo struct {
	Pieces  []Piece      // in the order in which the work was done
	Actor   crdt.ActorID // writes the change
	Time    int64        // seconds since 1970
	Message string
}

// Piece is a change, or some of its operations.
type Piece struct {
	Raw []byte // a type 1 chunk; it need not be of this history, but what it works on must
	Ops []int  // by number, ascending; nil: all
}

// Left is an operation that cannot be done again, because what it worked on is not there.
type Left struct{ Piece, Op int }

// Redo makes one change of the work, with the operations of the pieces on what stands in their places now: a value takes the place of
// what is to be seen there, text goes where it went. A map that was made where nothing stood, and where a map stands now,
// is that one. What is needed no more, as the deletion of what is gone, is passed over; what cannot be done is told.
// Nil where nothing is left to be done. The history stays as it is; admission takes the change.
func (h *History) Redo(r Redo) (raw []byte, left []Left, err error) {
	b := &redoer{h: h, actor: r.Actor, start: h.MaxOp() + 1, moved: map[OpID]OpID{}, made: map[OpID]format.Action{}, now: map[place][]standing{}}
	for p, piece := range r.Pieces {
		c, err := format.DecodeChange(piece.Raw, format.DefaultLimits())
		if err != nil {
			return nil, nil, err
		}
		for k := range c.Ops {
			if _, wanted := slices.BinarySearch(piece.Ops, k); piece.Ops != nil && !wanted {
				continue
			}
			if b.at = (Left{Piece: p, Op: k}); !b.op(c, k) {
				left = append(left, b.at)
			}
		}
	}
	raw, err = b.change(&r)
	if err == nil && raw != nil {
		err = h.would(raw)
	}
	if err == nil {
		return raw, left, nil
	}
	marks := b.dropMarks()
	if len(marks) == 0 {
		return nil, nil, err
	}
	if raw, err = b.change(&r); err == nil && raw != nil { // the ends of a mark had changed places
		err = h.would(raw)
	}
	return raw, append(left, marks...), err
}

// would tells why a change would not be admitted.
func (h *History) would(raw []byte) error {
	c, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		return err
	}
	like, err := h.Without(func(int) bool { return false })
	if err != nil {
		return err
	}
	_, err = like.Admit(c, "", nil)
	return err
}

// place is where values stand, by the ids of now.
type place struct {
	object, elem OpID
	key          string
	inSeq        bool
}

// standing is a value in a place.
type standing struct {
	id      OpID
	action  format.Action
	counter bool
}

// redoer makes the change.
type redoer struct {
	h     *History
	actor crdt.ActorID
	start uint64
	ops   []respelled
	at    Left                   // the operation that is being done
	from  []Left                 // of ops: whose work they are
	moved map[OpID]OpID          // what the pieces' own operations are now
	made  map[OpID]format.Action // objects of the change
	now   map[place][]standing   // of places that were written to or looked at, by ascending id
}

// op does one operation again; false: it cannot be done.
func (b *redoer) op(c *format.Change, k int) bool {
	o := &c.Ops[k]
	self := OpID{Counter: c.StartOp + uint64(k), Actor: c.Actor}
	spelled := func(id format.OpID) OpID {
		if id.IsZero() {
			return OpID{}
		}
		return OpID{Counter: id.Counter, Actor: c.ActorAt(id.Actor)}
	}
	n := respelled{op: o}
	var ok bool
	if n.object, ok = b.object(spelled(o.Object), o.InSeq); !ok {
		return false
	}
	if n.elem, ok = b.element(n.object, spelled(o.Elem)); !ok {
		return o.Action == format.ActionDelete && !o.Insert
	}
	if o.Insert {
		id := b.add(n, self)
		if o.Action != format.ActionMark {
			b.put(place{object: n.object, elem: id, inSeq: true}, id, o)
		}
		return true
	}
	at := place{object: n.object, elem: n.elem, key: o.Key, inSeq: o.InSeq}
	stand := b.standing(at)
	last := standing{}
	if len(stand) > 0 {
		last = stand[len(stand)-1]
	}
	switch {
	case o.Action == format.ActionDelete && len(stand) == 0:
		return true
	case o.Action == format.ActionIncrement && !last.counter, o.InSeq && len(stand) == 0:
		return false
	case o.Action == format.ActionMakeMap && !o.InSeq && len(o.Pred) == 0 && len(stand) > 0 && last.action == format.ActionMakeMap:
		b.moved[self] = last.id
		return true
	}
	for _, s := range stand {
		n.pred = append(n.pred, s.id)
	}
	id := b.add(n, self)
	if o.Action == format.ActionIncrement {
		b.now[at] = slices.DeleteFunc(slices.Clone(stand), func(s standing) bool { return !s.counter })
		return true
	}
	b.put(at, id, o)
	return true
}

func (b *redoer) add(n respelled, was OpID) OpID {
	id := OpID{Counter: b.start + uint64(len(b.ops)), Actor: b.actor}
	b.ops, b.from = append(b.ops, n), append(b.from, b.at)
	b.moved[was] = id
	if isMake(n.op.Action) {
		b.made[id] = n.op.Action
	}
	return id
}

// put notes what an operation has put into a place.
func (b *redoer) put(at place, id OpID, o *format.Op) {
	b.now[at] = nil
	if o.Action != format.ActionDelete {
		b.now[at] = []standing{{id: id, action: o.Action, counter: o.Action == format.ActionSet && o.Value.Type == format.ValueCounter}}
	}
}

// find gives an operation of the history.
func (b *redoer) find(id OpID) (at uint32, ok bool) {
	a, ok := b.h.findActor(id.Actor)
	if !ok {
		return 0, false
	}
	at, _, ok = b.h.findOp(a, id.Counter)
	return at, ok
}

// object gives the id of now of an object; false where there is none of that kind.
func (b *redoer) object(was OpID, sequence bool) (OpID, bool) {
	if was == (OpID{}) {
		return was, !sequence
	}
	if id, ok := b.moved[was]; ok {
		was = id
	}
	action, ok := b.made[was]
	if !ok {
		at, found := b.find(was)
		if !found {
			return OpID{}, false
		}
		action = b.h.ops[at].flags().action()
	}
	return was, isMake(action) && isSequence(action) == sequence
}

// element gives the id of now of an element of an object.
func (b *redoer) element(object, was OpID) (OpID, bool) {
	if was == (OpID{}) {
		return was, true
	}
	if id, ok := b.moved[was]; ok {
		return id, true
	}
	at, ok := b.find(was)
	if !ok || !b.h.ops[at].is(flagInsert) {
		return OpID{}, false
	}
	obj := b.h.ops[at].object()
	return was, obj != 0 && b.h.idOf(obj-1) == object
}

// standing gives the values in a place.
func (b *redoer) standing(at place) []standing {
	if s, ok := b.now[at]; ok {
		return s
	}
	var out []standing
	obj, known := ObjID(0), true
	if at.object != (OpID{}) {
		var i uint32
		i, known = b.find(at.object)
		obj = ObjID(i + 1)
	}
	if known {
		for _, i := range b.seen(obj, at) {
			o := &b.h.ops[i]
			out = append(out, standing{id: b.h.idOf(i), action: o.flags().action(), counter: o.is(flagCounter)})
		}
		slices.SortFunc(out, func(a, b standing) int { return a.id.Compare(b.id) })
	}
	b.now[at] = out
	return out
}

// seen gives the operations whose values are to be seen in a place of the history.
func (b *redoer) seen(obj ObjID, at place) []uint32 {
	if !at.inSeq {
		return b.h.at(obj, at.key)
	}
	elem, ok := b.find(at.elem)
	if !ok {
		return nil
	}
	var out []uint32
	for i := range b.h.inSequence(uint32(obj)) {
		if o := &b.h.ops[i]; !o.is(flagHidden) && o.flags().holdsValue() && o.slot(i) == elem+1 {
			out = append(out, i)
		}
	}
	return out
}

// dropMarks takes the marks out, and tells which these are. What was inserted behind one goes behind what that one was behind.
func (b *redoer) dropMarks() (left []Left) {
	old, from := b.ops, b.from
	b.ops, b.from = nil, nil
	now := map[OpID]OpID{}
	rename := func(id OpID) OpID {
		if to, ok := now[id]; ok {
			return to
		}
		return id
	}
	for i, n := range old {
		was := OpID{Counter: b.start + uint64(i), Actor: b.actor}
		n.object, n.elem = rename(n.object), rename(n.elem)
		if n.op.Action == format.ActionMark {
			left = append(left, from[i])
			now[was] = n.elem
			continue
		}
		n.pred = slices.Clone(n.pred)
		for j := range n.pred {
			n.pred[j] = rename(n.pred[j])
		}
		now[was] = OpID{Counter: b.start + uint64(len(b.ops)), Actor: b.actor}
		b.ops, b.from = append(b.ops, n), append(b.from, from[i])
	}
	return left
}

// change makes the change of the operations; nil: there are none.
func (b *redoer) change(r *Redo) ([]byte, error) {
	if len(b.ops) == 0 {
		return nil, nil
	}
	c := &format.Change{Actor: b.actor, Seq: b.h.NextSeq(b.actor), StartOp: b.start, Deps: b.h.Heads(), Time: r.Time, Message: r.Message}
	spell(c, b.ops)
	raw, _, err := format.EncodeChange(c)
	return raw, err
}

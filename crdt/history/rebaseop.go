package history

import (
	"slices"

	"fieldsync/crdt/format"
)

// run is the change that is being dealt with, and the operations behind one another that become the next new one.
type run struct {
	old    uint32
	change *format.Change
	actors []uint16
	gone   *Gone

	ops   []respelled
	first uint64 // the counter of the first of them
	last  uint32 // the index of the last of them in the old history
}

// respelled is an operation of a new change with its ids spelled out.
type respelled struct {
	op           *format.Op // the old one, for all but its ids
	object, elem OpID
	pred         []OpID
}

// at is the index of the run's old operation number k.
func (b *rebaser) at(k int) uint32 { return b.h.changes[b.run.old].op + uint32(k) }

// isLost tells whether an operation of the old history is not there any more.
func (b *rebaser) isLost(at uint32) bool { return at >= b.firstOp && b.moved[at-b.firstOp] == 0 }

// now is the id under which an operation of the old history is there, which must not be lost.
func (b *rebaser) now(at uint32) OpID {
	if at < b.firstOp || b.moved[at-b.firstOp] == stays {
		return b.h.idOf(at)
	}
	return OpID{Counter: uint64(b.moved[at-b.firstOp]), Actor: b.actor}
}

// lose notes that an operation is not made anew, because of a change that has to go.
func (b *rebaser) lose(k int, cause uint32) {
	b.forget(k, cause)
	if !b.run.gone.Dropped {
		b.run.gone.Lost = append(b.run.gone.Lost, Lost{Op: k, Cause: b.h.hashes[cause]})
	}
}

// moot notes that an operation is needed no more.
func (b *rebaser) moot(k int) {
	b.forget(k, b.cause[b.run.old])
	b.run.gone.Moot = append(b.run.gone.Moot, k)
}

// forget keeps of an operation that is not made anew what those need to know that build on it.
func (b *rebaser) forget(k int, cause uint32) {
	at := b.at(k)
	o := &b.h.ops[at]
	b.opCause[at] = cause
	if stood := b.stood(k); len(stood) > 0 {
		b.before[at] = stood
	}
	if o.is(flagInsert) {
		b.behind[at] = b.standing(o.place)
	} else if !o.is(flagInSeq) && o.flags().action() == format.ActionDelete {
		s := slot{o.object(), o.place}
		b.deleted[s] = append(b.deleted[s], at)
	}
}

// standing gives what is there of a place to insert behind, as op.place counts: itself, or what it was inserted behind.
func (b *rebaser) standing(place uint32) uint32 {
	if place != 0 && b.isLost(place-1) {
		return b.behind[place-1]
	}
	return place
}

// stood gives, by index, the values that operation k has overwritten, or would have, were it not for those that are lost.
func (b *rebaser) stood(k int) []uint32 {
	o := &b.run.change.Ops[k]
	var out []uint32
	for _, p := range o.Pred {
		at, ok := b.h.resolve(p, b.run.actors)
		switch {
		case !ok: // checkOps has found it
		case b.isLost(at):
			out = append(out, b.before[at]...)
		default:
			out = append(out, at)
		}
	}
	if !o.InSeq && o.Action != format.ActionIncrement {
		// Its writer saw nothing of what a lost operation had deleted.
		rec := &b.h.ops[b.at(k)]
		for _, at := range b.deleted[slot{rec.object(), rec.place}] {
			if in := b.h.changeOfOp(at); b.h.InPast(int(in), int(b.run.old)) {
				out = append(out, b.before[at]...)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// preds gives the predecessors that operation k has now, in their order.
func (b *rebaser) preds(k int) (ids []OpID, onCounter bool) {
	greatest := OpID{}
	for _, at := range b.stood(k) {
		id := b.now(at)
		if id.Compare(greatest) > 0 {
			greatest, onCounter = id, b.h.ops[at].is(flagCounter)
		}
		ids = append(ids, id)
	}
	slices.SortFunc(ids, OpID.Compare)
	return ids, onCounter
}

// op makes operation k anew, if what it works on is there.
func (b *rebaser) op(k int) error {
	o, rec := &b.run.change.Ops[k], &b.h.ops[b.at(k)]
	n := respelled{op: o}
	if obj := rec.object(); obj != 0 {
		if b.isLost(obj - 1) {
			b.lose(k, b.opCause[obj-1])
			return nil
		}
		n.object = b.now(obj - 1)
	}
	place := rec.place
	if o.InSeq && place != 0 && b.isLost(place-1) {
		switch {
		case o.Insert:
			place = b.standing(place)
		case o.Action == format.ActionDelete:
			b.moot(k)
			return nil
		default:
			b.lose(k, b.opCause[place-1])
			return nil
		}
	}
	if o.InSeq && place != 0 {
		n.elem = b.now(place - 1)
	}
	var onCounter bool
	n.pred, onCounter = b.preds(k)
	switch {
	case o.Action == format.ActionDelete && len(n.pred) == 0:
		b.moot(k)
		return nil
	case o.Action == format.ActionIncrement && !onCounter:
		b.lose(k, b.causeOfPreds(k))
		return nil
	}
	return b.add(k, n)
}

// causeOfPreds gives the change that took along a value which operation k worked on.
func (b *rebaser) causeOfPreds(k int) uint32 {
	for _, p := range slices.Backward(b.run.change.Ops[k].Pred) {
		if at, ok := b.h.resolve(p, b.run.actors); ok && b.isLost(at) {
			return b.opCause[at]
		}
	}
	return b.cause[b.run.old]
}

// mark makes a mark anew, the operations k and k+1: both, or none.
func (b *rebaser) mark(k int) error {
	begin, end := &b.h.ops[b.at(k)], &b.h.ops[b.at(k+1)]
	if b.isLost(begin.object() - 1) { // in a text, which is an object
		b.lose(k, b.opCause[begin.object()-1])
		b.lose(k+1, b.opCause[begin.object()-1])
		return nil
	}
	from, to := b.standing(begin.place), b.standing(end.place)
	onBegin := end.place == b.at(k)+1
	if onBegin {
		to = end.place
	} else if from != begin.place || to != end.place {
		if err := b.flush(); err != nil { // fresh knows now where both stand
			return err
		}
		switch f, t := b.placeInFresh(from), b.placeInFresh(to); {
		case f == t: // nothing is left of what it formatted
			b.moot(k)
			b.moot(k + 1)
			return nil
		case !b.fresh.standsBefore(&staged{}, f, t):
			b.lose(k, b.cause[b.run.old])
			b.lose(k+1, b.cause[b.run.old])
			return nil
		}
	}
	for j, place := range []uint32{from, to} {
		n := respelled{op: &b.run.change.Ops[k+j], object: b.now(begin.object() - 1)}
		if place != 0 {
			n.elem = b.now(place - 1)
		}
		if err := b.add(k+j, n); err != nil {
			return err
		}
	}
	return nil
}

// placeInFresh gives a place of the old history as fresh counts; its element must be there.
func (b *rebaser) placeInFresh(place uint32) uint32 {
	if place == 0 {
		return 0
	}
	id := b.now(place - 1)
	a, _ := b.fresh.findActor(id.Actor)
	at, _, _ := b.fresh.findOp(a, id.Counter)
	return at + 1
}

// add puts an operation into the run. Where operations between it and the last one are missing, another run begins.
func (b *rebaser) add(k int, n respelled) error {
	at := b.at(k)
	if len(b.run.ops) > 0 && b.run.last+1 != at {
		if err := b.flush(); err != nil {
			return err
		}
	}
	if len(b.run.ops) == 0 {
		b.run.first = b.start(b.run.change.StartOp + uint64(k))
	}
	b.moved[at-b.firstOp] = uint32(b.run.first) + uint32(len(b.run.ops))
	b.run.ops, b.run.last = append(b.run.ops, n), at
	return nil
}

package engine

/*
#include "glue.h"
*/
import "C"

import "fieldsync/crdt"

// Core 0.5.0 goes over a list's elements rightly, but where several values stand in one of them, in a list of more than some
// fifteen, it may count that element twice when it looks for an index: then it reads, and writes, a neighbour. So reading goes over
// the elements, and what is about to be written by index is compared with what stands there.

// ErrMiscounted is returned by a write by index to a list in which the core would have written to another element. Nothing was
// written; the list can still be written as a whole. Its kind is Unavailable.
var ErrMiscounted = crdt.Errorf(crdt.KindUnavailable, "engine: several values stand in one element of the list, and its elements cannot be told apart by index")

// element is the identity of a list's element: of the operation that is its value. The zero element stands for none.
type element struct {
	counter uint64
	actor   crdt.ActorID
}

// counted gives the element that the core takes for the one with this index.
func (d *Doc) counted(list *C.AMobjId, i C.size_t) (element, error) {
	return d.element(C.AMlistGet(d.am, list, i, nil))
}

// seen gives the element that stands at this index for whoever reads the list.
func (d *Doc) seen(list *C.AMobjId, i C.size_t) (element, error) {
	return d.element(C.AMlistRange(d.am, list, i, i+1, nil))
}

func (d *Doc) element(c *C.AMresult) (element, error) {
	r, err := internal(take(c))
	if err != nil {
		return element{}, err
	}
	defer r.free()
	var v C.fs_value
	if !r.next(d.am, &v) || v._type == C.AM_VAL_TYPE_VOID {
		return element{}, nil
	}
	return element{uint64(C.AMobjIdCounter(v.id)), crdt.ActorID(goString(C.AMactorIdBytes(C.AMobjIdActorId(v.id))))}, nil
}

// mustCount finds whether the core knows which element an index of a list means.
func (d *Doc) mustCount(parent node, at slot) error {
	if !at.inList {
		return nil
	}
	counted, err := d.counted(parent.v.id, at.pos)
	if err != nil {
		return err
	}
	seen, err := d.seen(parent.v.id, at.pos)
	if err == nil && counted != seen {
		err = ErrMiscounted
	}
	return err
}

// inserting runs a step that inserts an element, and finds whether it did so between the right ones.
func (d *Doc) inserting(parent node, at slot, insert func() error) error {
	id := parent.v.id
	var before, behind, nowBefore, nowBehind element
	var err error
	if at.pos > 0 {
		if before, err = d.seen(id, at.pos-1); err != nil {
			return err
		}
	}
	if behind, err = d.seen(id, at.pos); err != nil {
		return err
	}
	if err := insert(); err != nil {
		return err
	}
	if at.pos > 0 {
		if nowBefore, err = d.seen(id, at.pos-1); err != nil {
			return err
		}
	}
	if nowBehind, err = d.seen(id, at.pos+1); err != nil {
		return err
	}
	if nowBefore != before || nowBehind != behind {
		return ErrMiscounted
	}
	return nil
}

package engine

/*
#include "glue.h"
*/
import "C"

import (
	"errors"
	"math"

	"fieldsync/crdt"
)

// Tx is an open transaction. Its methods read and write the document with what the transaction did so far. A write checks its
// arguments wholly before it touches the document; after a write has failed, so does the whole transaction.
type Tx struct {
	d   *Doc
	err error // the first failed write
}

// write runs one step, unless the transaction is over or has failed.
func (tx *Tx) write(step func(d *Doc) error) error {
	if tx.d == nil {
		return ErrClosed
	}
	if tx.err == nil {
		tx.err = step(tx.d)
	}
	return tx.err
}

// Get is [Doc.Get] inside the transaction.
func (tx *Tx) Get(path ...any) (any, error) {
	if tx.d == nil {
		return nil, ErrClosed
	}
	return tx.d.get(path)
}

// Len is [Doc.Len] inside the transaction.
func (tx *Tx) Len(path ...any) (int, error) {
	if tx.d == nil {
		return 0, ErrClosed
	}
	return tx.d.length(path)
}

// Keys is [Doc.Keys] inside the transaction.
func (tx *Tx) Keys(path ...any) ([]string, error) {
	if tx.d == nil {
		return nil, ErrClosed
	}
	return tx.d.keys(path)
}

// Apply does the edits in order; see crdt.Edit for what each means.
func (tx *Tx) Apply(edits ...crdt.Edit) error {
	for _, e := range edits {
		var err error
		switch e.Kind {
		case crdt.EditSet:
			err = tx.Set(e.Path, e.Value)
		case crdt.EditDelete:
			err = tx.Delete(e.Path)
		case crdt.EditInsert:
			err = tx.Insert(e.Path, e.Value)
		case crdt.EditEnsureMap:
			err = tx.EnsureMap(e.Path)
		case crdt.EditSplice:
			err = tx.Splice(e.Path, e.Index, e.Delete, e.Text)
		case crdt.EditSetText:
			err = tx.SetText(e.Path, e.Text)
		case crdt.EditIncrement:
			err = tx.Increment(e.Path, e.Delta)
		default:
			err = tx.write(func(*Doc) error {
				return crdt.Errorf(crdt.KindInvalid, "engine: no edit of kind %d", e.Kind)
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Set writes a value (see crdt.Text for the types; plain int is taken for int64) under a map's key or over an existing list
// element. Text, []any and map[string]any become new objects: to change what stands there already, edit inside it, so that
// it merges with what others do. Setting a scalar that already stands there alone writes nothing.
func (tx *Tx) Set(path crdt.Path, value any) error {
	return tx.write(func(d *Doc) error { return d.put(path, value, false) })
}

// Insert writes a value as a new list element before the index that ends the path; an index equal to the length appends.
func (tx *Tx) Insert(path crdt.Path, value any) error {
	return tx.write(func(d *Doc) error { return d.put(path, value, true) })
}

// Delete takes away a map's key, present or not, or an existing list element.
func (tx *Tx) Delete(path crdt.Path) error {
	return tx.write(func(d *Doc) error {
		parent, slot, err := d.place(path, false)
		if err != nil {
			return err
		}
		defer parent.free()
		if err := d.mustCount(parent, slot); err != nil {
			return err
		}
		if slot.inList {
			return done(C.AMlistDelete(d.am, parent.v.id, slot.pos))
		}
		p, n := cbytes(slot.key)
		return done(C.fs_map_delete(d.am, parent.v.id, p, n))
	})
}

// EnsureMap makes an empty map at a path where nothing stands, and does nothing where a map does. Two people who do so at once
// make two maps, of which one is seen: make what must be shared when the document is made.
func (tx *Tx) EnsureMap(path crdt.Path) error {
	return tx.write(func(d *Doc) error {
		n, err := d.find(path)
		if errors.Is(err, ErrNotFound) {
			return d.put(path, map[string]any{}, false)
		}
		if err != nil {
			return err
		}
		defer n.free()
		if !n.isObject(C.AM_OBJ_TYPE_MAP) {
			return wrongType(path, "map")
		}
		return nil
	})
}

// Splice takes del characters out of the text at a path, from index on, and puts s in their place. Index and del count Unicode
// code points: an emoji outside the BMP is one, a letter with a combining accent two.
func (tx *Tx) Splice(path crdt.Path, index, del int, s string) error {
	return tx.write(func(d *Doc) error {
		n, err := d.text(path)
		if err != nil {
			return err
		}
		defer n.free()
		return d.splice(n, path, index, del, s)
	})
}

// SetText makes the text at a path read s, by one splice that leaves the common beginning and end alone. Where nothing or a
// plain string stands, as other clients may leave it, a text takes its place.
func (tx *Tx) SetText(path crdt.Path, s string) error {
	return tx.write(func(d *Doc) error {
		n, err := d.find(path)
		switch {
		case errors.Is(err, ErrNotFound):
			return d.put(path, crdt.Text(s), false)
		case err != nil:
			return err
		}
		defer n.free()
		if n.v._type == C.AM_VAL_TYPE_STR {
			return d.put(path, crdt.Text(s), false)
		}
		if !n.isObject(C.AM_OBJ_TYPE_TEXT) {
			return wrongType(path, "text")
		}
		was, err := d.textValue(n.v.id)
		if err != nil {
			return err
		}
		if err := checkCharacters(s); err != nil {
			return err
		}
		old, now := []rune(string(was)), []rune(s)
		if len(old) != d.size(n) { // an element of more or less than one character, as other clients may write
			return d.splice(n, path, 0, d.size(n), s)
		}
		head := 0
		for head < len(old) && head < len(now) && old[head] == now[head] {
			head++
		}
		tail := 0
		for tail < len(old)-head && tail < len(now)-head && old[len(old)-1-tail] == now[len(now)-1-tail] {
			tail++
		}
		return d.splice(n, path, head, len(old)-head-tail, string(now[head:len(now)-tail]))
	})
}

// Increment adds to the counter at a path.
func (tx *Tx) Increment(path crdt.Path, by int64) error {
	return tx.write(func(d *Doc) error {
		parent, slot, err := d.place(path, false)
		if err != nil {
			return err
		}
		defer parent.free()
		is, err := d.get(path)
		if err != nil {
			return err
		}
		n, ok := is.(crdt.Counter)
		if !ok {
			return wrongType(path, "counter")
		}
		if by > 0 && int64(n) > math.MaxInt64-by || by < 0 && int64(n) < math.MinInt64-by {
			return crdt.Errorf(crdt.KindInvalid, "engine: the counter at %s would overflow", path)
		}
		if err := d.mustCount(parent, slot); err != nil {
			return err
		}
		if slot.inList {
			return done(C.AMlistIncrement(d.am, parent.v.id, slot.pos, C.int64_t(by)))
		}
		p, l := cbytes(slot.key)
		return done(C.fs_map_increment(d.am, parent.v.id, p, l, C.int64_t(by)))
	})
}

// text finds a text object.
func (d *Doc) text(path crdt.Path) (node, error) {
	n, err := d.find(path)
	if err != nil {
		return node{}, err
	}
	if !n.isObject(C.AM_OBJ_TYPE_TEXT) {
		n.free()
		return node{}, wrongType(path, "text")
	}
	return n, nil
}

func (d *Doc) splice(n node, path crdt.Path, index, del int, s string) error {
	if err := checkCharacters(s); err != nil {
		return err
	}
	if size := d.size(n); index < 0 || index > size || del < 0 || del > size-index {
		return crdt.Errorf(crdt.KindConflict, "engine: characters %d to %d of the %d at %s", index, index+del, size, path)
	}
	if del == 0 && s == "" {
		return nil
	}
	p, l := cbytes(s)
	return done(C.fs_splice_text(d.am, n.v.id, C.size_t(index), C.size_t(del), p, l))
}

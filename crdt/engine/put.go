package engine

/*
#include "glue.h"
*/
import "C"

import (
	"math"
	"slices"
	"unicode/utf8"

	"fieldsync/crdt"
)

// MaxKey is the greatest length of a map key in bytes that we write. Keys are names and ids; the limit keeps a mistaken
// argument, a whole note for instance, from becoming one.
const MaxKey = 1024

// MaxText is how many bytes of text one write puts in: each character becomes an operation, and a change has at most
// format's Ops of them. It is refused beforehand, because a million take the core seconds.
const MaxText = 1 << 20

// slot is a place in an object that a value can be written to.
type slot struct {
	inList bool
	key    string
	pos    C.size_t
}

// place finds the object that a path's last step leads into, which the caller frees, and the slot there; insert allows the
// place behind a list's last element.
func (d *Doc) place(path crdt.Path, insert bool) (parent node, at slot, err error) {
	if len(path) == 0 {
		return node{}, slot{}, crdt.Errorf(crdt.KindInvalid, "engine: the root cannot be replaced")
	}
	if parent, err = d.find(path[:len(path)-1]); err != nil {
		return node{}, slot{}, err
	}
	if at, err = d.slot(parent, path, insert); err != nil {
		parent.free()
		return node{}, slot{}, err
	}
	return parent, at, nil
}

// slot checks the last step of a path against the object it leads into.
func (d *Doc) slot(parent node, path crdt.Path, insert bool) (slot, error) {
	switch s := path[len(path)-1].(type) {
	case string:
		if insert {
			return slot{}, crdt.Errorf(crdt.KindInvalid, "engine: insert needs a list index, not the key at %s", path)
		}
		if !parent.isObject(C.AM_OBJ_TYPE_MAP) {
			return slot{}, wrongType(path[:len(path)-1], "map")
		}
		return slot{key: s}, checkKey(s)
	case int:
		if !parent.isObject(C.AM_OBJ_TYPE_LIST) {
			return slot{}, wrongType(path[:len(path)-1], "list")
		}
		end := d.size(parent)
		if insert {
			end++
		}
		if s < 0 || s >= end {
			return slot{}, crdt.Errorf(crdt.KindConflict, "engine: %s is outside of the list", path)
		}
		return slot{inList: true, pos: C.size_t(s)}, nil
	default:
		return slot{}, crdt.Errorf(crdt.KindInvalid, "engine: a path has strings and ints, not %T", s)
	}
}

func checkKey(k string) error {
	if k == "" || len(k) > MaxKey || !utf8.ValidString(k) {
		return crdt.Errorf(crdt.KindInvalid, "engine: a key must be UTF-8 of 1 to %d bytes", MaxKey)
	}
	return nil
}

// put checks place and value, then writes the value with everything inside it.
func (d *Doc) put(path crdt.Path, value any, insert bool) error {
	parent, at, err := d.place(path, insert)
	if err != nil {
		return err
	}
	defer parent.free()
	if err := checkValue(value, len(path)); err != nil {
		return err
	}
	write := func() error { return d.putChecked(parent.v.id, at, insert, value) }
	if insert {
		return d.inserting(parent, at, write)
	}
	if err := d.mustCount(parent, at); err != nil {
		return err
	}
	return write()
}

// checkValue refuses what cannot be written, before anything is.
func checkValue(value any, depth int) error {
	switch value.(type) {
	case crdt.Text, []any, map[string]any:
		if depth >= MaxDepth {
			return crdt.Errorf(crdt.KindInvalid, "engine: nested deeper than %d objects", MaxDepth)
		}
	}
	switch v := value.(type) {
	case nil, bool, int, int64, uint64, []byte, crdt.Counter, crdt.Timestamp:
		return nil
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return crdt.Errorf(crdt.KindInvalid, "engine: %v is not a number that everyone can read", v)
		}
		return nil
	case string:
		return checkText(v)
	case crdt.Text:
		return checkCharacters(string(v))
	case []any:
		for _, e := range v {
			if err := checkValue(e, depth+1); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		for k, e := range v {
			if err := checkKey(k); err != nil {
				return err
			}
			if err := checkValue(e, depth+1); err != nil {
				return err
			}
		}
		return nil
	default:
		return crdt.Errorf(crdt.KindInvalid, "engine: a value of type %T cannot be written", value)
	}
}

func checkText(s string) error {
	if !utf8.ValidString(s) {
		return crdt.Errorf(crdt.KindInvalid, "engine: a string is not UTF-8")
	}
	return nil
}

// checkCharacters is checkText for what goes in character by character.
func checkCharacters(s string) error {
	if len(s) > MaxText {
		return crdt.Errorf(crdt.KindTooLarge, "engine: a text of %d bytes at once; the most is %d", len(s), MaxText)
	}
	return checkText(s)
}

// putChecked writes a value that checkValue has passed. Map keys are written in order, so that the same edit gives the
// same change.
func (d *Doc) putChecked(obj *C.AMobjId, at slot, insert bool, value any) error {
	switch v := value.(type) {
	case nil:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_NULL, 0, 0, nil)
	case bool:
		n := int64(0)
		if v {
			n = 1
		}
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_BOOL, n, 0, nil)
	case int:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_INT, int64(v), 0, nil)
	case int64:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_INT, v, 0, nil)
	case uint64:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_UINT, int64(v), 0, nil)
	case float64:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_F64, 0, v, nil)
	case crdt.Counter:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_COUNTER, int64(v), 0, nil)
	case crdt.Timestamp:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_TIMESTAMP, int64(v), 0, nil)
	case string:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_STR, 0, 0, []byte(v))
	case []byte:
		return d.putScalar(obj, at, insert, C.AM_VAL_TYPE_BYTES, 0, 0, v)
	case crdt.Text:
		n, err := d.putObject(obj, at, insert, C.AM_OBJ_TYPE_TEXT)
		if err != nil || v == "" {
			n.free()
			return err
		}
		defer n.free()
		p, l := cbytes(string(v))
		return done(C.fs_splice_text(d.am, n.v.id, 0, 0, p, l))
	case []any:
		n, err := d.putObject(obj, at, insert, C.AM_OBJ_TYPE_LIST)
		if err != nil {
			return err
		}
		defer n.free()
		for i, e := range v {
			if err := d.putChecked(n.v.id, slot{inList: true, pos: C.size_t(i)}, true, e); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		n, err := d.putObject(obj, at, insert, C.AM_OBJ_TYPE_MAP)
		if err != nil {
			return err
		}
		defer n.free()
		keys := make([]string, 0, len(v))
		for k := range v {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if err := d.putChecked(n.v.id, slot{key: k}, false, v[k]); err != nil {
				return err
			}
		}
		return nil
	}
	return crdt.Errorf(crdt.KindInternal, "engine: a value of type %T was checked and cannot be written", value)
}

func (d *Doc) putScalar(obj *C.AMobjId, at slot, insert bool, t C.AMvalType, num int64, f float64, b []byte) error {
	return done(d.rawPut(obj, at, insert, t, 0, num, f, b))
}

// putObject makes an empty object and gives its node, which the caller frees (also after an error).
func (d *Doc) putObject(obj *C.AMobjId, at slot, insert bool, t C.AMobjType) (node, error) {
	r, err := internal(take(d.rawPut(obj, at, insert, C.AM_VAL_TYPE_OBJ_TYPE, t, 0, 0, nil)))
	if err != nil {
		return node{}, err
	}
	n := node{r: r}
	if !r.next(d.am, &n.v) || n.v._type != C.AM_VAL_TYPE_OBJ_TYPE {
		return n, crdt.Errorf(crdt.KindInternal, "engine: no object was made")
	}
	return n, nil
}

func (d *Doc) rawPut(obj *C.AMobjId, at slot, insert bool, t C.AMvalType, o C.AMobjType, num int64, f float64, b []byte) *C.AMresult {
	p, n := cbytes(b)
	if at.inList {
		return C.fs_list_put(d.am, obj, at.pos, C.bool(insert), t, o, C.int64_t(num), C.double(f), p, n)
	}
	kp, kn := cbytes(at.key)
	return C.fs_map_put(d.am, obj, kp, kn, t, o, C.int64_t(num), C.double(f), p, n)
}

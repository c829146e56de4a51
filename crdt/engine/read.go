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

// MaxDepth is how many objects deep a value may be nested to be read or written. A peer may nest as deep as it has
// operations; what lies deeper reads as nil, so that such a document stays readable for everyone.
const MaxDepth = 64

// node is a value in the document. An object's id, like everything in v, lives until free.
type node struct {
	r *result // nil for the root
	v C.fs_value
}

func (n node) free() { n.r.free() }

func (n node) isObject(kind C.AMobjType) bool {
	return n.v._type == C.AM_VAL_TYPE_OBJ_TYPE && n.v.obj_type == kind
}

func rootNode() node {
	var n node
	n.v._type, n.v.obj_type = C.AM_VAL_TYPE_OBJ_TYPE, C.AM_OBJ_TYPE_MAP
	return n
}

// find walks a path. The caller frees the node.
func (d *Doc) find(path crdt.Path) (node, error) {
	if len(path) > MaxDepth {
		return node{}, crdt.Errorf(crdt.KindInvalid, "engine: a path of %d steps", len(path))
	}
	n := rootNode()
	for i, step := range path {
		r, err := d.walkStep(n, path[:i+1], step)
		n.free()
		if err != nil {
			return node{}, err
		}
		n = node{r: r}
		if !r.next(d.am, &n.v) || n.v._type == C.AM_VAL_TYPE_VOID {
			r.free()
			return node{}, notFound(path[:i+1])
		}
	}
	return n, nil
}

// getStep reads what stands under a key or index of an object: the winner, or all concurrent values, the winner last.
func (d *Doc) getStep(n node, at crdt.Path, step any, all bool) (*result, error) {
	switch s := step.(type) {
	case string:
		if !n.isObject(C.AM_OBJ_TYPE_MAP) {
			return nil, wrongType(at[:len(at)-1], "map")
		}
		if !utf8.ValidString(s) {
			return nil, crdt.Errorf(crdt.KindInvalid, "engine: the key at %q is not UTF-8", at.String())
		}
		p, l := cbytes(s)
		return internal(take(C.fs_map_get(d.am, n.v.id, p, l, C.bool(all))))
	case int:
		if !n.isObject(C.AM_OBJ_TYPE_LIST) {
			return nil, wrongType(at[:len(at)-1], "list")
		}
		if s < 0 || s >= d.size(n) {
			return nil, notFound(at)
		}
		if all {
			return internal(take(C.AMlistGetAll(d.am, n.v.id, C.size_t(s), nil)))
		}
		return internal(take(C.AMlistGet(d.am, n.v.id, C.size_t(s), nil)))
	default:
		return nil, crdt.Errorf(crdt.KindInvalid, "engine: a path has strings and ints, not %T", step)
	}
}

// walkStep is getStep for a walk along a path: of a list it takes the element that a reader of the whole list sees there,
// which is found by going over those before it. See count.go for why not by its index.
func (d *Doc) walkStep(n node, at crdt.Path, step any) (*result, error) {
	i, isIndex := step.(int)
	if !isIndex || !n.isObject(C.AM_OBJ_TYPE_LIST) || i < 0 || i >= d.size(n) {
		return d.getStep(n, at, step, false)
	}
	return internal(take(C.AMlistRange(d.am, n.v.id, C.size_t(i), C.size_t(i)+1, nil)))
}

func internal(r *result, err error) (*result, error) {
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: %w", err)
	}
	return r, nil
}

func notFound(at crdt.Path) error {
	return crdt.Errorf(crdt.KindNotFound, "%w: nothing at %s", ErrNotFound, at)
}

func wrongType(at crdt.Path, want string) error {
	return crdt.Errorf(crdt.KindConflict, "engine: what stands at %s is not a %s", at, want)
}

// size is the number of keys, elements or characters (code points) of an object.
func (d *Doc) size(n node) int {
	return int(C.AMobjSize(d.am, n.v.id, nil))
}

// value turns what the core gave into a Go value, with everything inside it.
func (d *Doc) value(v *C.fs_value, depth int) (any, error) {
	switch v._type {
	case C.AM_VAL_TYPE_BOOL:
		return v.num != 0, nil
	case C.AM_VAL_TYPE_INT:
		return int64(v.num), nil
	case C.AM_VAL_TYPE_UINT:
		return uint64(v.num), nil
	case C.AM_VAL_TYPE_F64:
		return float64(v.f64), nil
	case C.AM_VAL_TYPE_COUNTER:
		return crdt.Counter(v.num), nil
	case C.AM_VAL_TYPE_TIMESTAMP:
		return crdt.Timestamp(v.num), nil
	case C.AM_VAL_TYPE_STR:
		return goString(v.bytes), nil
	case C.AM_VAL_TYPE_BYTES:
		return goBytes(v.bytes), nil
	case C.AM_VAL_TYPE_UNKNOWN:
		return crdt.Unknown{Type: uint8(v.unknown_type), Raw: goBytes(v.bytes)}, nil
	case C.AM_VAL_TYPE_OBJ_TYPE:
		if depth >= MaxDepth {
			return nil, nil
		}
		switch v.obj_type {
		case C.AM_OBJ_TYPE_MAP:
			return d.mapValue(v.id, depth+1)
		case C.AM_OBJ_TYPE_LIST:
			return d.listValue(v.id, depth+1)
		case C.AM_OBJ_TYPE_TEXT:
			return d.textValue(v.id)
		}
	}
	return nil, nil
}

func (d *Doc) mapValue(id *C.AMobjId, depth int) (map[string]any, error) {
	r, err := internal(take(C.fs_map_range(d.am, id)))
	if err != nil {
		return nil, err
	}
	defer r.free()
	out := map[string]any{}
	var v C.fs_value
	for r.next(d.am, &v) {
		key := goString(v.key)
		if out[key], err = d.value(&v, depth); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *Doc) listValue(id *C.AMobjId, depth int) ([]any, error) {
	r, err := internal(take(C.AMlistRange(d.am, id, 0, math.MaxUint64, nil)))
	if err != nil {
		return nil, err
	}
	defer r.free()
	out := []any{}
	var v C.fs_value
	for r.next(d.am, &v) {
		x, err := d.value(&v, depth)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

func (d *Doc) textValue(id *C.AMobjId) (crdt.Text, error) {
	r, err := internal(take(C.AMtext(d.am, id, nil)))
	if err != nil {
		return "", err
	}
	defer r.free()
	var v C.fs_value
	r.next(d.am, &v)
	return crdt.Text(goString(v.bytes)), nil
}

func (d *Doc) get(path crdt.Path) (any, error) {
	n, err := d.find(path)
	if err != nil {
		return nil, err
	}
	defer n.free()
	return d.value(&n.v, len(path))
}

func (d *Doc) length(path crdt.Path) (int, error) {
	n, err := d.find(path)
	if err != nil {
		return 0, err
	}
	defer n.free()
	if n.v._type != C.AM_VAL_TYPE_OBJ_TYPE {
		return 0, wrongType(path, "map, list or text")
	}
	return d.size(n), nil
}

func (d *Doc) keys(path crdt.Path) ([]string, error) {
	n, err := d.find(path)
	if err != nil {
		return nil, err
	}
	defer n.free()
	if !n.isObject(C.AM_OBJ_TYPE_MAP) {
		return nil, wrongType(path, "map")
	}
	r, err := internal(take(C.fs_map_range(d.am, n.v.id)))
	if err != nil {
		return nil, err
	}
	defer r.free()
	out := []string{}
	var v C.fs_value
	for r.next(d.am, &v) {
		out = append(out, goString(v.key))
	}
	slices.Sort(out)
	return out, nil
}

// Get reads the value at a path (strings and ints), with everything inside it; see crdt.Text for the types.
// ErrNotFound where nothing stands there. Where several people wrote at once, it is the value that wins.
func (d *Doc) Get(path ...any) (any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil, ErrClosed
	}
	return d.get(path)
}

// Tree reads the whole document.
func (d *Doc) Tree() (map[string]any, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil, ErrClosed
	}
	return d.mapValue(nil, 1)
}

// Len is the number of keys of a map, of elements of a list, of code points of a text.
func (d *Doc) Len(path ...any) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return 0, ErrClosed
	}
	return d.length(path)
}

// Keys are the keys of the map at a path, sorted.
func (d *Doc) Keys(path ...any) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil, ErrClosed
	}
	return d.keys(path)
}

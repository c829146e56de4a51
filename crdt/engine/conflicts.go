package engine

/*
#include "glue.h"
*/
import "C"

import (
	"cmp"
	"slices"

	"fieldsync/crdt"
)

// Alternative is one of the values that were written to the same place without knowing of one another.
type Alternative = crdt.Alternative

// Clash is a place that holds more than one value. The first alternative is the one that Get shows.
type Clash = crdt.Clash

// Conflicts reads all values that stand at a path, the winner first. One value is no conflict; ErrNotFound where none stands there,
// ErrMiscounted where the core does not find them.
func (d *Doc) Conflicts(path ...any) ([]Alternative, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil, ErrClosed
	}
	if len(path) == 0 {
		return nil, crdt.Errorf(crdt.KindInvalid, "engine: the root has no alternatives")
	}
	n, err := d.find(path[:len(path)-1])
	if err != nil {
		return nil, err
	}
	defer n.free()
	all, err := d.alternatives(n, path)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, notFound(path)
	}
	if theirs, err := d.standAt(n, path[len(path)-1], all); err != nil || !theirs {
		return nil, cmp.Or(err, ErrMiscounted)
	}
	return all, nil
}

// standAt tells whether alternatives are those of this step, and not of a list's other element (count.go).
func (d *Doc) standAt(parent node, step any, all []Alternative) (bool, error) {
	i, isIndex := step.(int)
	if !isIndex {
		return true, nil
	}
	seen, err := d.seen(parent.v.id, C.size_t(i))
	return seen == element{all[0].Counter, all[0].Actor}, err
}

func (d *Doc) alternatives(parent node, path crdt.Path) ([]Alternative, error) {
	r, err := d.getStep(parent, path, path[len(path)-1], true)
	if err != nil {
		return nil, err
	}
	defer r.free()
	var out []Alternative
	var v C.fs_value
	for r.next(d.am, &v) {
		if v._type == C.AM_VAL_TYPE_VOID {
			continue
		}
		x, err := d.value(&v, len(path))
		if err != nil {
			return nil, err
		}
		out = append(out, Alternative{
			Counter: uint64(C.AMobjIdCounter(v.id)),
			Actor:   crdt.ActorID(goString(C.AMactorIdBytes(C.AMobjIdActorId(v.id)))),
			Value:   x,
		})
	}
	// The greatest Lamport timestamp wins; an increment moves no counter's own id.
	slices.SortFunc(out, func(a, b Alternative) int {
		return cmp.Or(cmp.Compare(b.Counter, a.Counter), cmp.Compare(b.Actor, a.Actor))
	})
	return out, nil
}

// Clashes finds every place in the document that holds more than one value, in the order of the paths. What stands
// inside a value that lost is not looked into. It costs a call into the core for each key and element: about what Tree costs, once more.
func (d *Doc) Clashes() ([]Clash, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil, ErrClosed
	}
	tree, err := d.mapValue(nil, 1)
	if err != nil {
		return nil, err
	}
	var out []Clash
	err = d.clashes(rootNode(), nil, tree, &out)
	return out, err
}

// clashes looks at every child of an object; the tree says which there are.
func (d *Doc) clashes(parent node, path crdt.Path, tree any, out *[]Clash) error {
	switch t := tree.(type) {
	case map[string]any:
		keys := make([]string, 0, len(t))
		for k := range t {
			keys = append(keys, k)
		}
		slices.Sort(keys)
		for _, k := range keys {
			if err := d.clashAt(parent, path.Join(k), t[k], out); err != nil {
				return err
			}
		}
	case []any:
		for i, x := range t {
			if err := d.clashAt(parent, path.Join(i), x, out); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Doc) clashAt(parent node, path crdt.Path, tree any, out *[]Clash) error {
	all, err := d.alternatives(parent, path)
	if err != nil {
		return err
	}
	if len(all) > 1 {
		theirs, err := d.standAt(parent, path[len(path)-1], all)
		if err != nil {
			return err
		}
		if theirs {
			*out = append(*out, Clash{Path: path, Alternatives: all})
		}
	}
	switch tree.(type) {
	case map[string]any, []any:
	default:
		return nil
	}
	r, err := d.getStep(parent, path, path[len(path)-1], false)
	if err != nil {
		return err
	}
	n := node{r: r}
	defer n.free()
	if !r.next(d.am, &n.v) {
		return nil
	}
	return d.clashes(n, path, tree, out)
}

package history

import (
	"cmp"
	"iter"
	"slices"

	"fieldsync/crdt/format"
)

// ObjID names an object of one history: an index, cheap to compare, and of no meaning outside. The root is 0. It stays
// valid until Truncate.
type ObjID uint32

// VisibleOp is an operation whose value can be seen: it was not overwritten or deleted.
type VisibleOp struct {
	ID     OpID
	Change int           // index of the change that holds it; Author of that index tells whose it is
	Action format.Action // a make action, or format.ActionSet
	Object ObjID         // what a make action made
	// Value is what a set operation set. Of a counter it is the value that it began with, without its increments.
	Value format.Value
}

// Root is the object that every document has, a map.
func (h *History) Root() ObjID { return 0 }

// Object gives the object that an operation made; false where there is no such operation, or it made none.
func (h *History) Object(id OpID) (ObjID, bool) {
	a, ok := h.findActor(id.Actor)
	if !ok {
		return 0, id == OpID{}
	}
	at, _, ok := h.findOp(a, id.Counter)
	if !ok || !isMake(h.ops[at].flags().action()) {
		return 0, false
	}
	return ObjID(at + 1), true
}

// Type is the action that makes objects of this one's type; ActionMakeMap for the root.
func (h *History) Type(obj ObjID) format.Action {
	if obj == 0 || int(obj) > len(h.ops) {
		return format.ActionMakeMap
	}
	return h.ops[obj-1].flags().action()
}

// Parent is the object that holds this one; false for the root.
func (h *History) Parent(obj ObjID) (ObjID, bool) {
	if obj == 0 || int(obj) > len(h.ops) {
		return 0, false
	}
	return ObjID(h.ops[obj-1].object()), true
}

// Path is the way from the root to an object; empty for the root. Objects that were deleted have one too.
func (h *History) Path(obj ObjID) []Step {
	var out []Step
	for obj != 0 && int(obj) <= len(h.ops) {
		o := &h.ops[obj-1]
		step := Step{InSeq: o.is(flagInSeq)}
		if step.InSeq {
			step.Elem = h.idOf(o.slot(uint32(obj-1)) - 1)
		} else {
			step.Key = string(h.keyString(o.place))
		}
		out = append(out, step)
		obj = ObjID(o.object())
	}
	slices.Reverse(out)
	return out
}

// Keys gives the keys of a map that have a visible value, sorted. For a sequence it gives none.
func (h *History) Keys(obj ObjID) iter.Seq[string] {
	return func(yield func(string) bool) {
		var keys []string
		for at := range h.inMap(uint32(obj)) {
			if o := &h.ops[at]; !o.is(flagHidden|flagInSeq) && o.flags().holdsValue() {
				keys = append(keys, string(h.keyString(o.place)))
			}
		}
		slices.Sort(keys)
		for _, k := range slices.Compact(keys) {
			if !yield(k) {
				return
			}
		}
	}
}

// Get gives the visible operations at a key of a map, by ascending id: the last one wins, and more than one is a conflict.
// It decodes the changes that hold the values.
func (h *History) Get(obj ObjID, key string) []VisibleOp {
	return h.visible(h.at(obj, key))
}

// GetObject gives the object that wins at a key; false where a value wins, or nothing is there.
func (h *History) GetObject(obj ObjID, key string) (ObjID, bool) {
	at := h.at(obj, key)
	if len(at) == 0 || !isMake(h.ops[at[len(at)-1]].flags().action()) {
		return 0, false
	}
	return ObjID(at[len(at)-1] + 1), true
}

// Lookup follows keys from the root through the maps that win there, and gives what is visible at the last key.
func (h *History) Lookup(path ...string) []VisibleOp {
	if len(path) == 0 {
		return nil
	}
	obj := h.Root()
	for _, key := range path[:len(path)-1] {
		next, ok := h.GetObject(obj, key)
		if !ok {
			return nil
		}
		obj = next
	}
	return h.Get(obj, path[len(path)-1])
}

// at gives the indexes of the visible operations at a key, by ascending id.
func (h *History) at(obj ObjID, key string) []uint32 {
	k, ok := h.findKey(key)
	if !ok {
		return nil
	}
	var out []uint32
	for i := range h.inSlot(uint32(obj), k) {
		if o := &h.ops[i]; !o.is(flagHidden|flagInSeq) && o.flags().holdsValue() {
			out = append(out, i)
		}
	}
	if len(out) > 1 {
		slices.SortFunc(out, func(a, b uint32) int { return h.idOf(a).Compare(h.idOf(b)) })
	}
	return out
}

// visible reads operations. It decodes each change once, as one change may have a million operations in one place.
func (h *History) visible(at []uint32) []VisibleOp {
	if len(at) == 0 {
		return nil
	}
	out := make([]VisibleOp, len(at))
	byIndex := make([]int, len(at))
	for k := range byIndex {
		byIndex[k] = k
	}
	slices.SortFunc(byIndex, func(a, b int) int { return cmp.Compare(at[a], at[b]) })
	var c *format.Change
	decoded := -1
	for _, k := range byIndex {
		i := at[k]
		in := h.changeOfOp(i)
		v := VisibleOp{ID: h.idOf(i), Change: int(in), Action: h.ops[i].flags().action()}
		if isMake(v.Action) {
			v.Object = ObjID(i + 1)
		} else {
			if decoded != int(in) {
				c, _ = format.DecodeTrusted(h.Raw(int(in))) // it was decoded before
				decoded = int(in)
			}
			if c != nil {
				v.Value = c.Ops[i-h.changes[in].op].Value
			}
		}
		out[k] = v
	}
	return out
}

// scanned is how many operations are looked through one by one rather than kept in an index: that takes some
// microseconds, and most documents are smaller. Where that is done again and again, so that it has cost as much as making the index, it is
// made: whoever has a change of a hundred bytes claim a million operations makes each look for what it is about.
const (
	scanned  = 2048
	scanning = 16 // looked at, for each operation, before that
)

// slotIndex holds the operations on maps that were there when it was made, ordered by object, key and index; or those on
// sequences, ordered by object and index. Newer ones are looked through, until there are so many that it is made anew.
type slotIndex struct {
	sorted []uint32
	upTo   int // operations before this one are covered
}

// indexed brings the index of the maps up to date, as far as it must be.
func (h *History) indexed() *slotIndex {
	h.index = h.reindexed(h.index, &h.indexScans, 0, func(a, b uint32) int {
		p, q := &h.ops[a], &h.ops[b]
		return cmp.Or(cmp.Compare(p.object(), q.object()), cmp.Compare(p.place, q.place), cmp.Compare(a, b))
	})
	return h.index
}

// reindexed gives an index of the operations that have this value of flagInSeq: the same one where few have come since.
func (h *History) reindexed(x *slotIndex, scans *int, inSeq opFlags, compare func(a, b uint32) int) *slotIndex {
	upTo := 0
	if x != nil {
		upTo = x.upTo
	}
	tail := len(h.ops) - upTo
	if *scans += tail; tail == 0 || tail <= scanned+upTo/4 && *scans <= scanning*(scanned+len(h.ops)) {
		return x
	}
	*scans = 0
	y := &slotIndex{upTo: len(h.ops)}
	n := 0
	for i := upTo; i < len(h.ops); i++ {
		if h.ops[i].flags()&flagInSeq == inSeq {
			n++
		}
	}
	if x != nil {
		y.sorted = append(make([]uint32, 0, len(x.sorted)+n), x.sorted...)
	} else {
		y.sorted = make([]uint32, 0, n)
	}
	for i := upTo; i < len(h.ops); i++ {
		if h.ops[i].flags()&flagInSeq == inSeq {
			y.sorted = append(y.sorted, uint32(i))
		}
	}
	slices.SortFunc(y.sorted, compare)
	return y
}

// inMap gives the indexes of the operations on a map, and maybe, for a sequence, some on that.
func (h *History) inMap(obj uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		from := 0
		if x := h.indexed(); x != nil {
			from = x.upTo
			n, _ := slices.BinarySearchFunc(x.sorted, obj, func(i, obj uint32) int { return cmp.Compare(h.ops[i].object(), obj) })
			for ; n < len(x.sorted) && h.ops[x.sorted[n]].object() == obj; n++ {
				if !yield(x.sorted[n]) {
					return
				}
			}
		}
		for i := from; i < len(h.ops); i++ {
			if h.ops[i].object() == obj && !yield(uint32(i)) {
				return
			}
		}
	}
}

// inSlot gives the indexes of the operations at a key of a map.
func (h *History) inSlot(obj, key uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		from := 0
		if x := h.indexed(); x != nil {
			from = x.upTo
			n, _ := slices.BinarySearchFunc(x.sorted, key, func(i, key uint32) int {
				return cmp.Or(cmp.Compare(h.ops[i].object(), obj), cmp.Compare(h.ops[i].place, key))
			})
			for ; n < len(x.sorted); n++ {
				i := x.sorted[n]
				if h.ops[i].object() != obj || h.ops[i].place != key {
					break
				}
				if !yield(i) {
					return
				}
			}
		}
		for i := from; i < len(h.ops); i++ {
			if o := &h.ops[i]; o.object() == obj && o.place == key && !yield(uint32(i)) {
				return
			}
		}
	}
}

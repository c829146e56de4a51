package history

import (
	"slices"

	"fieldsync/crdt/format"
)

// What follows is known of operations without decoding a change, so that whoever decides on every change may ask for it.

// Written is an operation that wrote to a key of a map.
type Written struct {
	ID     OpID
	Change int           // index of the change that holds it
	Action format.Action // ActionDelete and ActionIncrement too
	Object ObjID         // what a make action made; 0: none
	True   bool          // it sets true
}

// Ever gives all operations that wrote to a key of a map, in the order of their admission: also those that were overwritten since.
func (h *History) Ever(obj ObjID, key string) (out []Written) {
	for _, i := range h.everAt(obj, key) {
		out = append(out, h.written(i))
	}
	return out
}

// Stand gives those of them that can be seen, by ascending id: the last one wins.
func (h *History) Stand(obj ObjID, key string) (out []Written) {
	for _, i := range h.at(obj, key) {
		out = append(out, h.written(i))
	}
	return out
}

func (h *History) everAt(obj ObjID, key string) (out []uint32) {
	k, ok := h.findKey(key)
	if !ok {
		return nil
	}
	for i := range h.inSlot(uint32(obj), k) {
		if !h.ops[i].is(flagInSeq) {
			out = append(out, i)
		}
	}
	slices.Sort(out)
	return out
}

func (h *History) written(i uint32) Written {
	w := Written{ID: h.idOf(i), Change: int(h.changeOfOp(i)), Action: h.ops[i].flags().action(), True: h.ops[i].is(flagTrue)}
	if isMake(w.Action) {
		w.Object = ObjID(i + 1)
	}
	return w
}

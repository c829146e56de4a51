package history

import "slices"

// Touches tells whether one of the changes with the indices from to to-1 writes to the map: at one of the keys, or at any
// if none is given. It costs a look at each of their operations.
func (h *History) Touches(from, to int, obj ObjID, keys ...string) bool {
	if from >= to || to > len(h.changes) {
		return false
	}
	for i, end := h.changes[from].op, h.opsEnd(uint32(to-1)); i < end; i++ {
		o := &h.ops[i]
		if o.object() != uint32(obj) || o.is(flagInSeq) {
			continue
		}
		if len(keys) == 0 || slices.Contains(keys, string(h.keyString(o.place))) {
			return true
		}
	}
	return false
}

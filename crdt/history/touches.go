package history

import "slices"

// TouchesUnder tells whether one of the changes with the indices from to to-1 writes to one of the root's keys, or to anything that
// stands under one. It costs a look at each of their operations.
func (h *History) TouchesUnder(from, to int, keys ...string) bool {
	if from >= to || to > len(h.changes) {
		return false
	}
	last := uint32(0) // consecutive operations mostly work on one object
	for i, end := h.changes[from].op, h.opsEnd(uint32(to-1)); i < end; i++ {
		if obj := h.ops[i].object(); obj != 0 && obj == last {
			continue
		} else {
			last = obj
		}
		at := i
		for h.ops[at].object() != 0 {
			at = h.ops[at].object() - 1
		}
		if slices.Contains(keys, string(h.keyString(h.ops[at].place))) {
			return true
		}
	}
	return false
}

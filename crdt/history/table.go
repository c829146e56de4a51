package history

// table finds an index by the hash of what stands there: open addressing with linear probing over 32-bit numbers, which
// takes a sixth of a map's memory. It holds no keys; the caller compares.
type table struct {
	cells []uint32 // index+1, 0 where free; the length is a power of two
	used  int
}

// find gives the index whose thing has this hash, and for which same is true.
func (t *table) find(hash uint64, same func(i uint32) bool) (uint32, bool) {
	if len(t.cells) == 0 {
		return 0, false
	}
	mask := uint64(len(t.cells) - 1)
	for c := hash & mask; t.cells[c] != 0; c = (c + 1) & mask {
		if i := t.cells[c] - 1; same(i) {
			return i, true
		}
	}
	return 0, false
}

// add puts an index that is not there yet. hashOf gives the hash of what stands at an index, for when the table grows.
func (t *table) add(i uint32, hashOf func(i uint32) uint64) {
	if 4*(t.used+1) > 3*len(t.cells) {
		old := t.cells
		t.cells = make([]uint32, max(8, 2*len(old)))
		for _, c := range old {
			if c != 0 {
				t.put(c, hashOf(c-1))
			}
		}
	}
	t.put(i+1, hashOf(i))
	t.used++
}

func (t *table) put(cell uint32, hash uint64) {
	mask := uint64(len(t.cells) - 1)
	c := hash & mask
	for t.cells[c] != 0 {
		c = (c + 1) & mask
	}
	t.cells[c] = cell
}

// drop takes out an index. What stands behind it in a run of cells moves up where it may, so that no search ends early.
func (t *table) drop(i uint32, hashOf func(i uint32) uint64) {
	mask := uint64(len(t.cells) - 1)
	gap := hashOf(i) & mask
	for t.cells[gap] != i+1 {
		gap = (gap + 1) & mask
	}
	for c := (gap + 1) & mask; t.cells[c] != 0; c = (c + 1) & mask {
		home := hashOf(t.cells[c]-1) & mask
		if (c-home)&mask >= (c-gap)&mask { // its own place is not behind the gap
			t.cells[gap] = t.cells[c]
			gap = c
		}
	}
	t.cells[gap] = 0
	t.used--
}

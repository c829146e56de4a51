package history

// table finds an index by the hash of what stands there: open addressing with linear probing over small numbers, which
// takes a tenth of a map's memory. It holds no keys; the caller compares.
type table struct {
	small []uint16 // index+1, 0 where free, for as long as that fits; the length is a power of two
	large []uint32 // the same afterwards
	used  int
}

func (t *table) size() int { return len(t.small) + len(t.large) }

func (t *table) at(cell uint64) uint32 {
	if t.large != nil {
		return t.large[cell]
	}
	return uint32(t.small[cell])
}

func (t *table) set(cell uint64, x uint32) {
	if t.large != nil {
		t.large[cell] = x
		return
	}
	t.small[cell] = uint16(x)
}

// find gives the index whose thing has this hash, and for which same is true.
func (t *table) find(hash uint64, same func(i uint32) bool) (uint32, bool) {
	if t.size() == 0 {
		return 0, false
	}
	mask := uint64(t.size() - 1)
	for c := hash & mask; t.at(c) != 0; c = (c + 1) & mask {
		if i := t.at(c) - 1; same(i) {
			return i, true
		}
	}
	return 0, false
}

// add puts an index that is not there yet; all smaller ones are there. hashOf gives the hash of what stands at an index, for
// when the table grows.
func (t *table) add(i uint32, hashOf func(i uint32) uint64) {
	if 4*(t.used+1) > 3*t.size() {
		n := max(8, 2*t.size())
		old := *t
		*t = table{used: old.used}
		if n > 1<<15 { // numbers stay below the number of cells
			t.large = make([]uint32, n)
		} else {
			t.small = make([]uint16, n)
		}
		for c := range old.size() {
			if x := old.at(uint64(c)); x != 0 {
				t.put(x, hashOf(x-1))
			}
		}
	}
	t.put(i+1, hashOf(i))
	t.used++
}

func (t *table) put(x uint32, hash uint64) {
	mask := uint64(t.size() - 1)
	c := hash & mask
	for t.at(c) != 0 {
		c = (c + 1) & mask
	}
	t.set(c, x)
}

// drop takes out the greatest index. What stands behind it in a run of cells moves up where it may, so that no search ends
// early.
func (t *table) drop(i uint32, hashOf func(i uint32) uint64) {
	mask := uint64(t.size() - 1)
	gap := hashOf(i) & mask
	for t.at(gap) != i+1 {
		gap = (gap + 1) & mask
	}
	for c := (gap + 1) & mask; t.at(c) != 0; c = (c + 1) & mask {
		home := hashOf(t.at(c)-1) & mask
		if (c-home)&mask >= (c-gap)&mask { // its own place is not behind the gap
			t.set(gap, t.at(c))
			gap = c
		}
	}
	t.set(gap, 0)
	t.used--
}

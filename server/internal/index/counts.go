package index

import (
	"encoding/binary"
	"errors"

	"fieldsync/crdt/store"
)

// counts are how many rows there are under a value, by status. They choose the range that a page is read from, and answer
// totals. They change in the same write as the rows that they count.
type counts [statusBytes]uint64

func (c *counts) of(statuses []byte) uint64 {
	sum := uint64(0)
	for _, s := range statuses {
		sum += c[s]
	}
	return sum
}

func (c *counts) encode() []byte {
	if *c == (counts{}) {
		return nil // a delete
	}
	b := make([]byte, 0, 2*statusBytes)
	for _, n := range c {
		b = binary.AppendUvarint(b, n)
	}
	return b
}

func readCounts(r store.Reader, key []byte) (counts, error) {
	var c counts
	b, err := r.Get(key)
	if errors.Is(err, store.ErrNotFound) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	return decodeCounts(b)
}

func decodeCounts(b []byte) (counts, error) {
	var c counts
	for i := range c {
		n, used := binary.Uvarint(b)
		if used <= 0 {
			return c, errHeader
		}
		c[i], b = n, b[used:]
	}
	if len(b) > 0 {
		return c, errHeader
	}
	return c, nil
}

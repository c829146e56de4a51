package crdt

import (
	"bytes"
	"slices"
	"strings"
)

// Heads are the hashes of a document's newest changes: those that no other change depends on. They are sorted and
// without duplicates; equal heads mean equal sets of changes. The empty value is the document without a change.
type Heads []Hash

// NewHeads makes heads of hashes in any order. The slice is copied.
func NewHeads(hashes ...Hash) Heads {
	h := slices.Clone(hashes)
	slices.SortFunc(h, CompareHash)
	return slices.Compact(h)
}

// CompareHash orders hashes by their bytes.
func CompareHash(a, b Hash) int { return bytes.Compare(a[:], b[:]) }

// Equal tells whether both name the same state.
func (h Heads) Equal(other Heads) bool { return slices.Equal(h, other) }

// Contains tells whether the hash is one of the heads.
func (h Heads) Contains(x Hash) bool {
	_, found := slices.BinarySearchFunc(h, x, CompareHash)
	return found
}

// Bytes are the hashes behind one another, in order.
func (h Heads) Bytes() []byte {
	out := make([]byte, 0, len(h)*len(Hash{}))
	for i := range h {
		out = append(out, h[i][:]...)
	}
	return out
}

// String is the hashes in hexadecimal with commas between.
func (h Heads) String() string {
	parts := make([]string, len(h))
	for i := range h {
		parts[i] = h[i].String()
	}
	return strings.Join(parts, ",")
}

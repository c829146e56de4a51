package replica

import (
	"bytes"
	"crypto/sha256"
	"slices"

	"fieldsync/crdt"
)

// Digest stands for the heads of a document in a comparison: the first 16 bytes of the SHA-256 of the heads in order.
type Digest [16]byte

// DigestHeads makes the digest of heads.
func DigestHeads(h crdt.Heads) Digest {
	sum := sha256.Sum256(h.Bytes())
	return Digest(sum[:16])
}

// Item is a document and the digest of its heads.
type Item struct {
	Doc    crdt.DocID
	Digest Digest
}

// SortItems orders items by document, and removes duplicates.
func SortItems(items []Item) []Item {
	slices.SortFunc(items, func(a, b Item) int { return bytes.Compare(a.Doc[:], b.Doc[:]) })
	return slices.CompactFunc(items, func(a, b Item) bool { return a.Doc == b.Doc })
}

// digestItems stands for a run of items: their count goes beside it.
func digestItems(items []Item) Digest {
	h := sha256.New()
	for i := range items {
		h.Write(items[i].Doc[:])
		h.Write(items[i].Digest[:])
	}
	return Digest(h.Sum(nil)[:16])
}

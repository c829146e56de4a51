package history

import (
	"math"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// What a document weighs is about how much memory it takes in the core of package engine with its values read, in bytes. Measured: a
// character 0.5 KB, a value 0.5 KB and as much again when read, an empty object 1.1 KB and 1.2 KB when read, bytes four times.
// A core that keeps its documents in columns needs a hundredth of it.
const (
	weightDoc    = 128 << 10
	weightOp     = 512
	weightObject = 2048 // with the operation that makes it
	weightDelete = 64
	weightByte   = 4

	// MaxWeight is the greatest weight of a document: two million characters, as many as a document chunk may hold, or half a million
	// objects. A job weighs a megabyte or two.
	MaxWeight = 1 << 30

	// Run lengths make a hundred bytes claim 262,144 objects. So a document may weigh no more than its bytes bear out, a character's two
	// times, but for what is free: 131,072 characters, or 32,768 objects.
	freeWeight    = 64 << 20
	weightPerByte = 1 << 10
)

// Weight tells how much memory a document of so much takes, in bytes.
func Weight(a format.Amount) int {
	return weightDoc + (a.Ops-a.Objects-a.Deletes)*weightOp + a.Objects*weightObject + a.Deletes*weightDelete + a.Bytes*weightByte
}

// Weight is what the document weighs.
func (h *History) Weight() int { return Weight(h.amount) }

// checkWeight checks that a change does not make the document too large to be loaded. A change that makes nothing that is kept, as one that only
// deletes, is always light enough.
func (h *History) checkWeight(c *format.Change) *crdt.Refusal {
	if h.limits.Weight == math.MaxInt {
		return nil
	}
	more := c.Amount()
	all := h.amount
	all.Add(more)
	switch w := Weight(all); {
	case w > h.limits.Weight:
		return refuse(c, crdt.RefusedDocumentTooBig, "the document would hold more than can be loaded")
	case w > freeWeight+all.Bytes*weightPerByte && more.Ops > more.Deletes:
		return refuse(c, crdt.RefusedDocumentTooBig, "more objects and values than its bytes bear out")
	}
	return nil
}

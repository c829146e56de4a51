package format

// Counters live in 31 bits. The Rust cores refuse a change whose first counter is over 32 bits (verify_ops), and keep
// operation ids in 32 bits, signed in some columns; a counter that they would truncate breaks a document for ever.
const (
	maxCounter = 1<<31 - 1
	maxSeq     = 1<<31 - 1
)

// Limits bounds what a decoder accepts and how much it allocates. A field's zero means that nothing is allowed of it:
// begin with DefaultLimits.
type Limits struct {
	ChangeBytes    int // a change chunk, inflated
	DocumentBytes  int // a document chunk as it stands, and any chunk that Split walks over
	InflatedBytes  int // all columns of a document chunk, inflated; also all its changes, rebuilt
	Ops            int // operations in a change; also the operations that those overwrite, summed
	FreeOps        int // operations that a change of any size may hold: run lengths make few bytes of many operations
	OpsPerByte     int // operations that each byte allows beyond FreeOps
	Actors         int // actors that a change names
	Deps           int // dependencies of a change
	DocumentActors int // actors of a document chunk
	DocumentHeads  int // heads of a document chunk
	Changes        int // changes in a document chunk
	DocumentDeps   int // dependencies of all changes in a document chunk
	DocumentOps    int // operations in a document chunk, deletions included
}

// DefaultLimits are the limits that the server and the client use.
func DefaultLimits() Limits {
	return Limits{
		ChangeBytes:    16 << 20, // one large value, such as a pasted picture, in a document of another application
		DocumentBytes:  64 << 20, // the greatest frame that we read
		InflatedBytes:  256 << 20,
		Ops:            1 << 20, // a megabyte of text pasted at once
		FreeOps:        1 << 18, // deleting a text of 256 Ki characters takes 40 bytes, and about 50 MB of our memory for a moment
		OpsPerByte:     1,       // an inserted character takes a byte at least
		Actors:         1 << 12, // each browser tab and each phone is one; a merge of all rarely names more than it overwrites
		Deps:           1 << 12, // as many as there can be concurrent authors
		DocumentActors: 1 << 16,
		DocumentHeads:  1 << 12,
		Changes:        1 << 20,
		DocumentDeps:   1 << 21,
		DocumentOps:    1 << 22,
	}
}

// rows is how many operations some bytes may expand to.
func (l Limits) rows(bytes, most int) int {
	if bytes > most { // keeps the product below from overflowing
		bytes = most
	}
	return min(most, l.FreeOps+bytes*l.OpsPerByte)
}

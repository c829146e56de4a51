package format

// Counters live in 31 bits. The Rust cores refuse a change whose first counter is over 32 bits (verify_ops), and keep
// operation ids in 32 bits, signed in some columns; a counter that they would truncate breaks a document for ever.
const (
	maxCounter = 1<<31 - 1
	maxSeq     = 1<<31 - 1
)

// maxTime bounds a change's time, in seconds either way from 1970. The cores write times as differences that saturate at
// 64 bits, so that two extreme ones cannot be saved and loaded again; and JavaScript holds 53 bits.
const maxTime = 1 << 53

// Limits bounds what a decoder accepts and how much it allocates. A field's zero means that nothing is allowed of it:
// begin with DefaultLimits.
//
// Run lengths and DEFLATE make a few bytes stand for a great many. So what comes out is bounded twice: by itself, and in
// proportion to what came in, beyond an amount that is free. A hostile peer must send as much as it makes us allocate,
// up to a constant factor.
type Limits struct {
	ChangeBytes   int // a change chunk, inflated
	DocumentBytes int // a document chunk as it stands, and any chunk that Split walks over
	Actors        int // actors that a change names beside its author
	Deps          int // dependencies of a change

	Ops        int // operations in a change; also the operations that those overwrite, summed
	FreeOps    int // operations in a change of any size
	OpsPerByte int // operations for each byte of a change beyond FreeOps

	DocumentActors     int // actors of a document chunk
	DocumentHeads      int // heads of a document chunk
	DocumentOps        int // operations in a document chunk; also their successors, summed
	DocumentOpsPerByte int // operations for each byte of a document chunk beyond FreeOps
	Changes            int // changes in a document chunk
	FreeChanges        int // changes in a document chunk of any size
	ChangesPerByte     int // changes for each byte of a document chunk beyond FreeChanges
	DepsPerChange      int // dependencies in a document chunk, on average

	InflatedBytes int // all columns of a document chunk, inflated; also all its changes, rebuilt
	FreeBytes     int // inflated bytes of a document chunk of any size
	BytesPerByte  int // inflated bytes for each byte of a document chunk beyond FreeBytes
}

// DefaultLimits are the limits that the server and the client use.
func DefaultLimits() Limits {
	return Limits{
		ChangeBytes:   16 << 20, // one large value, such as a picture pasted into a document of another application
		DocumentBytes: 64 << 20, // the greatest frame that is read from a network
		Actors:        1 << 12,  // each browser tab and each phone is one; a change rarely overwrites more than a few
		Deps:          1 << 12,  // as many as there are concurrent authors

		Ops:        1 << 20, // a megabyte of text pasted at once
		FreeOps:    1 << 18, // deleting a text of 262,144 characters takes 40 bytes of theirs, and 50 MB of ours for a moment
		OpsPerByte: 1,       // an inserted character is a byte at least

		DocumentActors:     1 << 16, // a core counts them in 32 bits, some tables in 16
		DocumentHeads:      1 << 12, // as Deps: a change made now would depend on all
		DocumentOps:        1 << 21, // about 400 MB while it is decoded
		DocumentOpsPerByte: 16,      // measured: 0.5 for typed text, 2 for a text that was deleted
		Changes:            1 << 19, // a job has tens to thousands
		FreeChanges:        1 << 16, // 25 MB when rebuilt
		ChangesPerByte:     1,       // measured: 0.03; 1 where they all look alike
		DepsPerChange:      4,       // measured: 1 to 1.5

		InflatedBytes: 256 << 20, // four of the greatest document chunks
		FreeBytes:     16 << 20,
		BytesPerByte:  256, // measured: 6 for changes rebuilt, 20 for dull text inflated; DEFLATE reaches 1,032
	}
}

// within is how much may come out of so many bytes.
func within(most, free, perByte, bytes int) int {
	if perByte > 0 && bytes > most/perByte {
		return most // the product would be over it, or overflow
	}
	return min(most, free+bytes*perByte)
}

// ops is how many operations, or predecessors, a change body of so many bytes may hold.
func (l Limits) ops(bytes int) int { return within(l.Ops, l.FreeOps, l.OpsPerByte, bytes) }

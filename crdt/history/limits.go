package history

// Limits bounds one document. A zero field allows nothing of it: begin with DefaultLimits.
type Limits struct {
	Changes int // changes in the document
	Ops     int // operations in the document, deletions included
	Bytes   int // bytes of its changes, each as the canonical uncompressed chunk
	Actors  int // actors that ever wrote; at most MaxActors
	Heads   int // changes that no other depends on
	// Crowding bounds what a document costs to load: see MaxCrowding.
	Crowding int
	// Weight bounds the memory that it takes to be loaded: see MaxWeight.
	Weight int

	WaitingChanges int // changes that wait for dependencies
	WaitingBytes   int // bytes of those
}

// Limits of one document that callers may lower, not raise by much: an index into any of these must fit its field.
const (
	defaultChanges = 1 << 20  // a keystroke each for 20 working years of one person; a job has some hundreds
	defaultOps     = 1 << 22  // 50 MB of index; the format's limit for one document chunk as well
	defaultBytes   = 64 << 20 // the greatest frame that we read, so that any document can be sent as a whole

	// MaxActors is the greatest number of actors a document may have: actor indexes are kept in 16 bits. Each browser tab
	// that wrote is one.
	MaxActors = 1<<16 - 1

	// Heads stand in every sync message. So many people do not write at once, and whoever merges makes one of all.
	defaultHeads = 1 << 12

	defaultWaitingChanges = 1 << 12 // a phone that was away for weeks and sends its changes in reverse
	defaultWaitingBytes   = 4 << 20
)

// What holds for any document, because of the cores.
const (
	// MaxOpGap is how far a change's first counter may lie beyond the greatest one that it depends on. Writers leave a
	// gap only when they write at older heads of a document, and it is then at most what the document has grown since.
	// Without a bound one change could use up all counters, and nobody could write to the document again.
	MaxOpGap = 1 << 22

	// MaxDepth is how deep objects may be nested, the root counted. The cores walk documents recursively: one that is
	// thousands deep overflows their stack. Package engine reads no deeper than this either, and people's documents are less
	// than ten deep.
	MaxDepth = 64
)

// DefaultLimits are the limits that the server and the client use.
func DefaultLimits() Limits {
	return Limits{
		Changes: defaultChanges, Ops: defaultOps, Bytes: defaultBytes, Actors: MaxActors, Heads: defaultHeads, Crowding: MaxCrowding, Weight: MaxWeight,
		WaitingChanges: defaultWaitingChanges, WaitingBytes: defaultWaitingBytes,
	}
}

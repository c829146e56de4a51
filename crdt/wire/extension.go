package wire

import "fieldsync/crdt"

// Refused tells a peer that a change it sent, or a whole message of changes, was not taken. The document is as it was.
// Extension: send it only to a peer whose metadata has Fieldsync >= 1.
type Refused struct {
	Doc            crdt.DocID
	Sender, Target crdt.PeerID
	Code           crdt.RefusalCode
	Change         crdt.Hash // the change; zero where it could not be told
	Detail         string    // for a developer's eyes, at most MaxMessage bytes
	Retry          bool      // sending the same again later may succeed
}

// CatchUp compares which documents the two ends hold at which heads, so that a reconnect with nothing changed costs one
// frame each way. The document ids are cut into ranges; a range whose digest is equal at both ends is done, one that differs is
// answered by smaller ranges or by its items. A sketch beside the first range tells few differences at once.
// Extension: send it only to a peer whose metadata has Fieldsync >= 1.
type CatchUp struct {
	Sender, Target crdt.PeerID
	Ranges         []Range
	Sketch         []Symbol // of all that the sender holds; goes on where its last frame's ended
	Want           uint64   // how many symbols the sender wants to have in all, as it could not read those it has
	Mine           []Item   // in answer to a sketch that was read: documents that the target has not, or at other heads
	Yours          []uint64 // likewise: keys of the documents that the sender has not, or at other heads
	Done           bool     // the sender has nothing more to compare
	// Push, beside a first sketch, says that the sender reads bundles and wants to be sent what differs without asking; in the answer, that
	// the sender begins the conversation about each document of Mine.
	Push bool
}

// Bundle is several frames in one message, in their order: small ones cost less so, and compress together.
// Extension: send it only to a peer that has said Push.
type Bundle struct {
	Sender, Target crdt.PeerID
	Frames         [][]byte // each a whole frame, and no bundle; after Decode they are part of the input
}

// Symbol is a cell of a sketch: the exclusive or of the keys of some documents and of their checks, and how many they are
// modulo 65536. Package replica says which.
type Symbol struct {
	Keys  uint64
	Check uint32
	Count uint16
}

// symbolSize and keySize are lengths on the wire.
const (
	symbolSize = 8 + 4 + 2
	keySize    = 8
)

// Range is a run of document ids with what the sender holds in it.
type Range struct {
	From, To crdt.DocID // From inclusive, To exclusive; the zero To is the end
	Count    uint64     // how many documents the sender has in the range
	Digest   [16]byte   // over (id, heads) of those documents
	Items    []Item     // the documents themselves, if HasItems
	HasItems bool
}

// Item is one document with the digest of its heads.
type Item struct {
	Doc    crdt.DocID
	Digest [16]byte
}

// itemSize is the length of one item on the wire.
const itemSize = 16 + 16

func (Refused) frame() {}
func (CatchUp) frame() {}
func (Bundle) frame()  {}

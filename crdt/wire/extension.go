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
// answered by smaller ranges or by its items.
// Extension: send it only to a peer whose metadata has Fieldsync >= 1.
type CatchUp struct {
	Sender, Target crdt.PeerID
	Ranges         []Range
	Done           bool // the sender has nothing more to compare
}

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

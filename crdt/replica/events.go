package replica

import (
	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/wire"
)

// Event is what happens to a Document.
type Event interface{ event() }

// PeerInfo is what a document needs to know of a connection.
type PeerInfo struct {
	Conn       ConnID
	Doc        crdt.DocID  // what the peer calls the document (Config.Naming)
	Local      crdt.PeerID // our name on this connection
	Remote     crdt.PeerID // the peer's
	Principal  Principal
	Storage    string // the peer's storage id, "" if it has none
	Extensions int    // the version of fieldsync's own frames that it understands, 0: none
	Dialed     bool   // we called them: they are the server, and we ask
}

// Attach subscribes a connection. Synced says that Digest was compared, and the peer held exactly that state: nothing is
// said if it still is ours. Else, with Announce, the document begins the conversation.
type Attach struct {
	Peer     PeerInfo
	Synced   bool
	Digest   Digest
	Announce bool
	// Guess has the document find out at which of its earlier heads the peer is, and tell the peer what came since. The answer is a Guessed in the Batch;
	// where it finds out nothing it waits for another Attach. Nil: not.
	Guess *Guess
	// New, with Announce, says that the peer holds nothing of the document, as far as it has not said otherwise.
	New bool
	// Most is how many bytes of changes may be sent because of Guess or New, before the peer has said a word. Of more it is told that they are there, and asks.
	Most int
}

// Guess is what a comparison has told of a peer's documents: keys of some of its items, one of which may be this document's.
type Guess struct {
	Salt Digest // of the keys
	Keys []uint64
}

// Detach ends a connection's subscription.
type Detach struct{ Conn ConnID }

// Receive is a sync message from a connection that is attached.
type Receive struct {
	Conn ConnID
	Msg  *wire.Sync
}

// PeerUnavailable is a peer's word that it has no such document for us.
type PeerUnavailable struct{ Conn ConnID }

// Relay is a presence message from a connection that is attached.
type Relay struct {
	Conn ConnID
	Msg  *wire.Ephemeral
}

// PeerRefused is a peer's word that it did not take a change of ours.
type PeerRefused struct {
	Conn ConnID
	Msg  *wire.Refused
}

// Append brings changes that were made here: type 1 chunks, in order. They are all taken, or none is.
type Append struct {
	Token  uint64 // comes back in Appended
	Author history.Author
	// Principal is asked for in Config.Access and Policy; nil: everything is allowed.
	Principal Principal
	Raws      [][]byte
	// If are the heads that the document must have, those that are about to be durable included: otherwise the answer is
	// ErrHeadsDiffer. Nil: whatever it has.
	If crdt.Heads
}

// ErrHeadsDiffer answers an Append whose If are not the document's heads.
var ErrHeadsDiffer = crdt.Errorf(crdt.KindConflict, "the document has changed since")

// Discard takes changes that were made here out of the document, because a peer has refused them for good, and puts others in
// their place (history.Rebase makes them): in one write, or not at all. The answer is Discarded. It is crdt.KindConflict, and nothing
// is done, where another change was built on one of them that is not named, where the storage is known to hold one of them, where
// one is not durable yet, or where only some of them are here. Where none of them is, it was done before, and is answered so. Where no
// change is left, so is no document.
//
// What follows from a record (drive.Config.Index) is not taken back: a replica that keeps such lists discards nothing.
type Discard struct {
	Token   uint64         // comes back in Discarded
	Author  history.Author // whose changes these are
	Storage string         // of the peer that refused: what is shared with it is not discarded
	Changes []crdt.Hash
	News    []Made
}

// Stored says that the last Persist is durable.
type Stored struct{}

// StoreFailed says that nothing of the last Persist was written.
type StoreFailed struct{ Err error }

// Built is the answer to Build.
type Built struct {
	Chunk []byte
	Err   error
}

// Recheck has every peer's access decided anew: a principal changed.
type Recheck struct{}

// Tick lets time pass: deadlines are looked at.
type Tick struct {
	// Crowded says that memory is wanted: a document with which nothing is under way leaves before it was idle for long.
	Crowded bool
	// Build lets the document ask for the building of a snapshot. The caller gives it to some at a time: building takes a
	// thousand times as long as most events, and memory.
	Build bool
}

// Looked says that the caller has read the document: it was of use now.
type Looked struct{}

func (Attach) event()          {}
func (Detach) event()          {}
func (Receive) event()         {}
func (PeerUnavailable) event() {}
func (Relay) event()           {}
func (PeerRefused) event()     {}
func (Append) event()          {}
func (Discard) event()         {}
func (Stored) event()          {}
func (StoreFailed) event()     {}
func (Built) event()           {}
func (Recheck) event()         {}
func (Tick) event()            {}
func (Looked) event()          {}

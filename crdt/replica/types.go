package replica

import (
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/wire"
)

// ConnID names a connection of this process. The caller chooses it and never uses it twice.
type ConnID uint64

// Principal is whoever stands behind a connection, as far as the core needs to know: the name under which changes
// are attributed. The caller's own type behind it comes back in Config.Access.
type Principal interface {
	Author() history.Author
}

// Access is what a principal may do with a document.
type Access uint8

const (
	AccessRead   Access = 1 << iota // see the document and what changes in it
	AccessWrite                     // deliver changes
	AccessCreate                    // deliver the first changes of a document that does not exist
)

// Has tells whether all of want is allowed.
func (a Access) Has(want Access) bool { return a&want == want }

// Config is what Hub and Document have in common. It is read only, and shared.
type Config struct {
	// PeerID is our name on every connection.
	PeerID crdt.PeerID
	// StorageID is our storage's name; clients keep their sync state for us under it. Empty: we are ephemeral.
	StorageID string
	// Access decides what a principal may do with a document. meta is the document's record as Describe wrote it; nil for
	// a document that does not exist. It must be pure. Nil: everything is allowed (a phone's own replica).
	Access func(p Principal, doc crdt.DocID, meta []byte) Access
	// Policy makes the admission policy for changes that a principal delivers to a document with this record. It must be
	// pure. Nil, or a nil result: none.
	Policy func(p Principal, doc crdt.DocID, meta []byte) history.Policy
	// Describe derives the document's record after changes were admitted, those with indices from on; it is stored with
	// them. prev is nil for a new document, whose first change came from creator. It must be pure. Nil: no record.
	Describe func(doc crdt.DocID, prev []byte, h *history.History, from int, creator Creator) []byte
	// History bounds a document.
	History history.Limits
	// IdleAfter is how long a document that nobody talks about stays in memory. 0: 30 seconds.
	IdleAfter time.Duration
	// QuietAfter is how long after its last change a document is made a snapshot, if that pays: it is what a newcomer gets. 0:
	// 3 seconds.
	QuietAfter time.Duration
	// JoinTimeout is how long a connection may take until its join. 0: 10 seconds.
	JoinTimeout time.Duration
	// KeepSyncStates makes a document store what it shares with peers that have a storage id: a phone knows then,
	// without a network, what the server has.
	KeepSyncStates bool
	// Naming says how a principal's connections call documents. It must be pure, and is asked once for each connection. Nil, or a nil
	// result: as we do.
	Naming func(p Principal) Naming
	// MaxDocsPerConn bounds the documents that one connection is subscribed to. 0: 100,000.
	MaxDocsPerConn int
	// RangesOnly has us begin comparisons without a sketch, as clients do that know none. For simulations.
	RangesOnly bool
}

// Naming is how the peer of a connection calls documents: Outer gives its name of a document of ours, Inner ours of one of its. They
// are the inverse of each other, and pure. Frames and inventories have the peer's names; everything else, Access, Policy and the store
// among it, has ours.
type Naming interface {
	Inner(outer crdt.DocID) crdt.DocID
	Outer(inner crdt.DocID) crdt.DocID
}

// sameNames is the Naming of peers that call documents as we do.
type sameNames struct{}

func (sameNames) Inner(doc crdt.DocID) crdt.DocID { return doc }
func (sameNames) Outer(doc crdt.DocID) crdt.DocID { return doc }

// naming asks Config.Naming.
func (c *Config) naming(p Principal) Naming {
	if c.Naming != nil {
		if n := c.Naming(p); n != nil {
			return n
		}
	}
	return sameNames{}
}

// Creator is who brought a document's first change. The principal is nil where it was made here by nobody in particular, and for a
// document that is not new.
type Creator struct {
	Author    history.Author
	Principal Principal
}

func (c *Config) idleAfter() time.Duration { return orDefault(c.IdleAfter, 30*time.Second) }

func (c *Config) quietAfter() time.Duration { return orDefault(c.QuietAfter, 3*time.Second) }

func (c *Config) joinTimeout() time.Duration { return orDefault(c.JoinTimeout, 10*time.Second) }

func (c *Config) maxDocs() int { return orDefault(c.MaxDocsPerConn, 100_000) }

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// access asks Config.Access.
func (c *Config) access(p Principal, doc crdt.DocID, meta []byte) Access {
	if c.Access == nil {
		return AccessRead | AccessWrite | AccessCreate
	}
	return c.Access(p, doc, meta)
}

// Out is a frame for a connection. Frame is set, or Shared is: then the frame is a sync message whose suffix, the same
// for many connections, is in Shared, and the caller puts the connection's own prefix before it.
type Out struct {
	Conn      ConnID
	Frame     wire.Frame
	Shared    []byte
	Droppable bool // may be left out for a peer that reads too slowly (presence)
}

// Close asks for the end of a connection, after what was sent to it before.
type Close struct {
	Conn   ConnID
	Code   wire.CloseCode
	Reason string
}

// StoreOp is one thing to store of a document.
type StoreOp interface{ storeOp() }

// PutRecord stores the document's record, encoded.
type PutRecord struct {
	Value []byte
	// Meta is the part of it that Config.Describe made, and Before what it was; nil: the document is new.
	Before, Meta []byte
	// From and To are the indices of the changes that become durable with it: From to To-1. There may be none.
	From, To int
}

// PutChange stores an entry of one change, or of several with consecutive indices, under the first one's index; DecodeEntry
// reads it.
type PutChange struct {
	Index uint64
	Value []byte
}

// PutSnapshot stores the snapshot entry and removes the entries with the changes From to To-1, which it holds.
type PutSnapshot struct {
	Value    []byte
	From, To uint64
	Entries  []uint64 // the indices of those entries
}

// PutActor stores who first delivered an actor's changes.
type PutActor struct {
	Actor  crdt.ActorID
	Author history.Author
}

// PutSyncState stores what is shared with a peer's storage.
type PutSyncState struct {
	Storage string
	Value   []byte
}

// DropChanges removes entries, and the snapshot if that is said, in the same write in which other entries take their place.
type DropChanges struct {
	Entries  []uint64 // their indices
	Snapshot bool
	Gone     []crdt.Hash // the changes that none of the others holds
}

// DropActor removes who first delivered an actor's changes, of which none is left.
type DropActor struct{ Actor crdt.ActorID }

// DropRecord removes the record of a document of which no change is left.
type DropRecord struct{}

// DropSyncState removes what was shared with a peer's storage.
type DropSyncState struct{ Storage string }

func (DropChanges) storeOp()   {}
func (DropActor) storeOp()     {}
func (DropRecord) storeOp()    {}
func (DropSyncState) storeOp() {}
func (PutRecord) storeOp()     {}
func (PutChange) storeOp()     {}
func (PutSnapshot) storeOp()   {}
func (PutActor) storeOp()      {}
func (PutSyncState) storeOp()  {}

// Notice tells the caller what happened. Notices in a Batch are about what is durable.
type Notice interface{ notice() }

// Changed says that the document has new heads, durable. Changes are the admitted ones in order of admission: the
// indices From to To-1 of its history.
type Changed struct {
	Heads       crdt.Heads
	From, To    int
	Created     bool
	Meta        []byte
	MetaChanged bool
	Local       bool // every one of them by Append
}

// Refused says that something of a peer's, or of an Append, was not taken.
type Refused struct {
	Conn    ConnID // 0 for an Append
	Author  history.Author
	Refusal crdt.Refusal
	Retry   bool // a peer said that it may take the same later
	// More is 0 for a refusal that is told by itself. Else it is how many of this code the notice stands for: a message with
	// very many is not told one by one.
	More int
}

// Appended answers an Append: after its changes are durable, or with why they are not taken.
type Appended struct {
	Token uint64
	Err   error
}

// Discarded answers a Discard: after it is durable, or with why nothing was done.
type Discarded struct {
	Token uint64
	Err   error
}

// Shared says that what a peer holds of the document, as far as we know, has changed, or that it has confirmed what an earlier
// connection had left.
type Shared struct {
	Conn  ConnID
	Heads crdt.Heads // what we and the peer are known to hold both
	Same  bool       // these are our heads: the peer has everything
}

// Unavailable says that the peer does not have the document, or may not tell.
type Unavailable struct{ Conn ConnID }

// SnapshotFailed says that a document chunk could not be built, or does not hold what it should. The changes stay.
type SnapshotFailed struct{ Err error }

func (SnapshotFailed) notice() {}
func (Changed) notice()        {}
func (Refused) notice()        {}
func (Appended) notice()       {}
func (Discarded) notice()      {}
func (Shared) notice()         {}
func (Unavailable) notice()    {}

// Build asks for a document chunk that holds exactly the changes of Raws; the answer is the event Built.
type Build struct{ Raws [][]byte }

// Guessed answers the Guess in an Attach, as an event for the Hub, after what is to be sent: its key, if one was this document's.
type Guessed struct {
	Conn  ConnID
	Doc   crdt.DocID
	Key   uint64
	Found bool
	// Over says that the document needs no other Attach, although none was: it says something of itself, or cannot.
	Over bool
}

func (Guessed) hubEvent() {}

// Batch is what a Document wants done.
type Batch struct {
	Persist []StoreOp // one atomic, durable write; the answer is Stored or StoreFailed
	Send    []Out     // may leave at once
	After   []Out     // may leave when Persist is durable, through Document.Release; never if it fails
	Notify  []Notice
	Close   []Close
	Build   *Build // nil: none
	Guessed []Guessed
	Retire  bool // nothing goes on here: drop the document from memory unless an event waits
}

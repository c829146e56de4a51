package wire

import "fieldsync/crdt"

// ProtocolVersion is the only version of the automerge-repo protocol that exists.
const ProtocolVersion = "1"

// ExtensionVersion is the version of our extension frames that this package speaks (PeerMetadata.Fieldsync).
const ExtensionVersion = 1

// ExtensionHeader is the header of the answer that opens the WebSocket in which a server of ours says ExtensionVersion, in
// decimal: so a client that can read it need not wait for the peer frame.
const ExtensionHeader = "Fieldsync-Extensions"

// UnsupportedVersion is the text of the error frame that answers a join without a version that we speak. Clients compare it.
const UnsupportedVersion = "unsupported protocol version"

// Frame is one message of the protocol. The concrete types are those of this file and of extension.go, as values; no other
// package can add one.
type Frame interface{ frame() }

// PeerMetadata is what a peer says of itself in join and peer.
type PeerMetadata struct {
	StorageID crdt.StorageID // the peer's storage; empty where it has none
	Ephemeral *bool          // whether that storage is lost with the peer; nil where it does not say
	Fieldsync int            // version of our extension frames that the peer takes; 0: none, send it no such frame
}

// Join is the first frame of a client.
type Join struct {
	Sender   crdt.PeerID // never empty
	Metadata PeerMetadata
	Versions []string // protocol versions offered; Decode gives {"1"} where the peer names none
}

// Peer is the server's answer to a join; the connection is open from then on.
type Peer struct {
	Sender, Target crdt.PeerID
	Version        string // the version chosen; Decode gives "1" where the peer names none
	Metadata       PeerMetadata
}

// Error tells why the sender is about to close the connection. Clients log it.
type Error struct {
	Message        string
	Sender, Target crdt.PeerID // may be empty
}

// Leave announces that the sender goes away.
type Leave struct{ Sender crdt.PeerID }

// Sync carries one Automerge sync message.
type Sync struct {
	Request        bool // type "request": the sender has nothing of the document and wants to know whether we do
	Doc            crdt.DocID
	Sender, Target crdt.PeerID
	Data           []byte // never empty; after Decode it is part of the input
}

// DocUnavailable says that the sender has no such document, or that the receiver may not know of it.
type DocUnavailable struct {
	Doc            crdt.DocID
	Sender, Target crdt.PeerID
}

// Ephemeral is a message to the other readers of a document that is not kept. (Sender, Session, Count) names it; a relay
// keeps these three, so Sender is the author, not the neighbour.
type Ephemeral struct {
	Doc            crdt.DocID
	Sender, Target crdt.PeerID
	Count          uint64 // rises within a session; at most MaxNumber
	Session        string
	Data           []byte // never empty; JavaScript peers expect one CBOR value in it (WellFormed); part of the input
}

// RemoteSubscriptionChange asks for, or no longer for, news of the heads that other storages hold.
type RemoteSubscriptionChange struct {
	Sender, Target crdt.PeerID
	Add, Remove    []crdt.StorageID
}

// RemoteHeadsChanged tells which heads of a document other storages hold.
type RemoteHeadsChanged struct {
	Doc            crdt.DocID
	Sender, Target crdt.PeerID
	NewHeads       map[crdt.StorageID]RemoteHeads
}

// RemoteHeads are the heads that a storage had at a time.
type RemoteHeads struct {
	Heads     crdt.Heads
	Timestamp uint64 // milliseconds since 1970 by that peer's clock; fractions are cut off
}

// Unknown is a well-formed frame of a type that this package does not know. The receiver skips it. Append writes nothing.
type Unknown struct{ Type string }

func (Join) frame()                     {}
func (Peer) frame()                     {}
func (Error) frame()                    {}
func (Leave) frame()                    {}
func (Sync) frame()                     {}
func (DocUnavailable) frame()           {}
func (Ephemeral) frame()                {}
func (RemoteSubscriptionChange) frame() {}
func (RemoteHeadsChanged) frame()       {}
func (Unknown) frame()                  {}

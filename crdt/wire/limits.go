package wire

// Limits on what a peer may send. Decode refuses what is over one of them with crdt.KindTooLarge, before anything is
// allocated for it. Each is far above what today's clients send, and low enough that a frame at every limit at once costs
// no more than a small multiple of its own bytes.
const (
	// MaxFrame is the greatest frame in bytes; set it as the socket's read limit too. A frame carries at most one
	// document: 5,000 changes of a job are about 1 MB raw. Sixteen MiB leaves room for ten times that, and a connection
	// cannot make the server hold more than that for one read.
	MaxFrame = 16 << 20

	// MaxDepth is the greatest nesting of arrays, maps and tags. The protocol's own frames need four; the rest is room for
	// fields that we do not know. It bounds the recursion of the reader.
	MaxDepth = 16

	// MaxFields is the greatest number of entries of a frame's map and of peerMetadata. The largest frame of today has seven.
	MaxFields = 64

	// MaxTypeName is the greatest length of the type's name in bytes; the longest known one has 26.
	MaxTypeName = 64

	// MaxVersions is how many protocol versions a join may offer, and MaxVersionName how long each may be. There is one, "1".
	MaxVersions    = 16
	MaxVersionName = 32

	// MaxStorageID is the greatest length of a storage id in bytes. They are UUIDs in text, 36 bytes.
	MaxStorageID = 256

	// MaxSessionID is the greatest length of an ephemeral session's id in bytes. They are UUIDs or shorter random text.
	MaxSessionID = 256

	// MaxMessage is the greatest length of an error's text and of a refusal's detail in bytes. Append cuts longer ones.
	MaxMessage = 1024

	// MaxEphemeral is the greatest ephemeral payload in bytes. Presence is some hundreds; the payload is copied to every
	// other reader of the document, so it is bounded more tightly than a frame.
	MaxEphemeral = 1 << 20

	// MaxSubscriptions is how many storage ids a remote-subscription-change may add, and how many it may remove.
	MaxSubscriptions = 1024

	// MaxRemoteStorages is how many storage ids a remote-heads-changed may name, and MaxRemoteHeads how many heads all
	// of them may have together: each head costs a checksum of two SHA-256.
	MaxRemoteStorages = 256
	MaxRemoteHeads    = 1024

	// MaxCodeName is the greatest length of a refusal's code in bytes.
	MaxCodeName = 64

	// MaxRanges and MaxItems bound a catch-up frame: its ranges, and the items of all of them together. 65,536 items are
	// 2 MiB; whoever has more documents splits them into ranges first.
	MaxRanges = 1024
	MaxItems  = 1 << 16

	// MaxSymbols and MaxKeys bound its sketch and the keys that were read from one.
	MaxSymbols = 4096
	MaxKeys    = 4096

	// MaxBundle is how many frames a bundle may hold.
	MaxBundle = 256

	// MaxNumber is the greatest number of any field: the greatest that a JavaScript number counts to without a gap.
	MaxNumber = 1<<53 - 1
)

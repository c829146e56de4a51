// Package wire is the automerge-repo WebSocket protocol, version "1", as its clients really speak it, with our extension
// frames. It is pure: bytes to frames and frames to bytes. Who may send what when is the replica's business.
//
// # Framing
//
// One binary WebSocket message is one CBOR map (RFC 8949), at most MaxFrame bytes. A text message is a protocol error.
// Every map has "type"; the type decides which other keys count:
//
//	type                        keys
//	join                        senderId, peerMetadata?, supportedProtocolVersions? (absent: ["1"])
//	peer                        senderId, targetId, peerMetadata?, selectedProtocolVersion? (absent: "1")
//	error                       message?, senderId?, targetId?
//	leave                       senderId
//	request, sync               documentId, senderId, targetId, data (not empty)
//	doc-unavailable             documentId, senderId, targetId
//	ephemeral                   documentId, senderId, targetId, count, sessionId, data (not empty)
//	remote-subscription-change  senderId, targetId, add? [storage id], remove? [storage id]
//	remote-heads-changed        documentId, senderId, targetId, newHeads? {storage id: {heads: [head], timestamp: ms}}
//	fieldsync-refused           documentId, senderId, targetId, code, change? (32 bytes), detail?, retry?
//	fieldsync-catch-up          senderId, targetId, r? (ranges), k? (sketch), m? (symbols wanted), i? (items), y? (keys), d? (done), p? (push)
//	fieldsync-bundle            senderId, targetId, f ([frame])
//
// senderId, targetId, sessionId and storage ids are text that the peers choose; documentId is base58check of 16 bytes, heads
// are base58check of 32 bytes; peerMetadata is {storageId? text, isEphemeral? bool, fieldsync? number}. An optional key may be
// absent, null or undefined.
//
// # A conversation
//
// The client sends join; the server answers peer, or error ("unsupported protocol version") and closes. Then both send
// the other frames in any order. A request is a sync whose sender has nothing of the document and waits for sync or
// doc-unavailable. Frames of an unknown type are skipped. When a connection ends, all that is per connection ends with it.
//
// # What Decode takes
//
// Maps, arrays in any length form; keys in any order; unknown keys with any well-formed value; numbers as integers or as
// floats of any width, if they are whole and at most 2^53-1 (cbor-x writes those above 32 bits as float64); a byte string
// with tag 64 (cbor-x writes it unless told not to); documentId also as 16 bytes or as a legacy UUID; "metadata" for
// "peerMetadata" (samod); a missing targetId (JavaScript peers never look at it).
//
// # What Decode refuses
//
// All that is over a limit of limits.go; bytes behind the map; a known key that comes twice (peers disagree on which
// one counts); text that is not UTF-8; strings in pieces where the value matters (cbor-x does not read them either); reserved
// CBOR; a missing key, or one of the wrong type, of a known frame; a document id or head whose checksum is wrong.
//
// # What Append writes
//
// Definite lengths in their shortest form, keys in a fixed order, optional keys only where they say something. All known
// clients read that. Equal frames give equal bytes.
//
// # Extension frames
//
// A peer that announces fieldsync >= 1 in its peerMetadata is sent fieldsync-refused and fieldsync-catch-up, no other peer
// is: 2.x of automerge-repo logs unknown types loudly. In catch-up, r is an array of ranges [from, to, count, digest, items]: from and to are 16
// bytes or an empty byte string (the zero id; as "to" it is the end), digest is 16 bytes, items is null or one byte string of
// 32-byte records (16 of the document id, 16 of the digest of its heads); i is one byte string of such records; k is one of
// 14-byte symbols (8 of keys, 4 of checks, 2 of count), y one of 8-byte keys, all big-endian; m is a number. f is
// an array of byte strings, each a frame and no bundle; only who has said p is sent one.
//
// # Closing
//
// closecode.go has the WebSocket close codes and what each asks of the peer.
package wire

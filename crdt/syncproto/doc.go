// Package syncproto is the Automerge sync protocol: the messages of versions 1 and 2, their Bloom filters, and the state
// kept for each peer of each document. It is pure: bytes and a change graph in, bytes out; no socket, no clock.
//
// # A message
//
//	42 | 43                          version 1 or 2
//	n, n x 32 bytes                  heads: the sender's newest changes
//	n, n x 32 bytes                  need: changes that the sender asks for by name
//	n, n x (hashes, length, bloom)   have: what the sender holds, so that the rest can be sent
//	n, n x (length, bytes)           changes: one change chunk each in version 1; one run of chunks in version 2
//	n, n bytes                       flags, may be absent: 02 says "I read version 2", 80|bits are FlagBits
//
// Counts and lengths are unsigned LEB128 in the shortest form. Cores up to 0.5.3 (automerge-go) ignore what follows the
// changes; 0.5.4 to 0.8 write "02 01 02", a list of the versions that they read; newer ones write "02 02 80|bits".
//
// # What a caller does
//
// For each message that arrives: Decode it, offer its Changes to admission, then Peer.Receive it. For each peer, whenever
// the document may have changed or a message was received: Peer.Generate, and if there is something to say, encode the
// plan and send it. The transport keeps messages of one connection in order; a plan that was generated is sent, or the
// peer is Reset. After a reconnect: Reset. Nothing is generated before what it reveals is durable.
//
// # How it decides
//
// The reference implementation remembers the hash of every change sent. A Peer remembers heads instead: its belief, the
// heads of what the peer holds once everything sent has arrived. What to push is then "all that is not in the past of the
// belief", the same for all subscribers that are up to date, and the state of a peer stays some hundred bytes. A message is
// sent only if it says something that the last one did not (heads, changes, a question), so no exchange can go on for ever,
// whatever the other side answers.
package syncproto

// Package replica is the core of fieldsync without its input and output: what a server, and what a phone, does with
// connections and documents. Two state machines make it up. A Hub owns the connections: handshake, routing, who is
// subscribed to what, catch-up. A Document owns one document: its history, its snapshot, the peers that talk about it.
// Both are functions of their state, the time that is handed in and an event: Step returns what is to be done, and the
// caller (package drive, or a simulation) does it.
//
// The order of effects is written in the output. Of a Batch, Send may leave at once; Persist has to be made durable as
// a whole; After may leave only when it is (invariant I1), and the caller then reports Stored, or StoreFailed, and
// throws After away. A document has one Persist out at a time; what arrives meanwhile is admitted and goes into the next.
//
// Bytes from peers are admitted by package history before anything else sees them (invariant I2). What a peer may do
// is asked from Config.Access for every message, with the document's record of the moment (invariant I4).
//
// The package is pure: no network, no files, no clock, no goroutine, and no order that depends on a map's.
package replica

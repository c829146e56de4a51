// Package format reads and writes Automerge's binary format: chunks, change chunks and their columns, and document
// chunks, from which it gives back the changes that the document was saved from, each with the hash it had.
//
// It is pure and holds no state. Everything that it reads may come from a hostile peer: each decoder checks before it
// allocates, obeys a Limits, never panics, and answers with a *crdt.Refusal. What it accepts is canonical: encoding a
// decoded change again gives the same bytes. That is what keeps the Rust cores able to save and load a document that
// holds the change, because they rebuild each change, and its hash, from the decoded operations.
//
// A decoded Change shares the memory of its Raw bytes. Callers hand over the input: nobody may write to it afterwards.
//
// The layout (all integers are LEB128 in their shortest form):
//
//	chunk    = 85 6f 4a 83 | checksum 4 | type 1 | length | body
//	change   = deps | actor | seq | startOp | time | message | other actors | column metadata | columns | extra bytes
//	document = actors | heads | change column metadata | op column metadata | change columns | op columns | head indexes
//
// A chunk's hash is the SHA-256 of type, length and body; its checksum is the hash's first four bytes. A deflated change
// (type 2) has the hash and checksum of the change inside it.
package format

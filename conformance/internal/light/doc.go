// Package light is a light client of the automerge-repo protocol: it speaks the wire properly and does no CRDT work.
//
// It serves the bench, where the client must cost next to nothing so that the server is what is measured, and the tests
// that send what no real client sends. A document is a linear history of changes that were made beforehand by a real
// Automerge (History): so what a peer holds is a number, and heads are looked up instead of computed. The codec here
// is written apart from the project's own, on purpose: a fault in one does not hide behind the same fault in the other.
//
// That a real automerge-repo client receives what this one pushes is tested in conformance/bench.
package light

// Package author is a client of the sync protocol that writes: it makes changes of its own, takes in those of others,
// and knows of each change whether the server has said that it holds it. Other than package light's, its documents
// branch and merge. It reads changes by crdt/format, and does no more CRDT work than a document's graph needs.
//
// The tests of durability and of hostile input are made of it: a Copy is what a client has of a document, a Client is a
// connection with several of them.
package author

// Package sut starts the systems under test as processes of their own on loopback: our fieldsyncd, the reference
// server from npm, and relays that only forward frames. Tests and the bench get one handle for all of them: where it
// listens, its process id, how to stop it, kill it and start it again on the same address and data.
//
// Nothing outside conformance imports it.
package sut

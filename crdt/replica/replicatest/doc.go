// Package replicatest runs a server and its clients as one deterministic program: replicas of package replica, stores that
// lose what was not synced, connections that break, peers that lie. There is one heap of events, a virtual clock and one
// seeded source of randomness; there is no goroutine, and nothing depends on a map's order. So the same seed gives the same
// trace, byte for byte, and a failure can be run again alone.
//
// A Sim does what package drive does with a Batch, and looks at each step for what must hold: a node says nothing of a
// document that is not durable with it, a peer that may not read is told nothing of it, and at the end, when faults have
// ended, all who may read a document hold the same changes, after a bounded number of frames.
package replicatest

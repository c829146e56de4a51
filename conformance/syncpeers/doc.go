// Package syncpeers lets crdt/syncproto, over a real change graph, talk with the sync protocol of other implementations:
// automerge-go in this process, and automerge JS 3.5.0 and 2.2.9 in a node process.
package syncpeers

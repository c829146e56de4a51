// Package ws carries the sync protocol over WebSockets: it upgrades requests whose principal is known, hands frames to
// crdt/drive, and queues what drive has to say, bounded in bytes for each connection. It touches the network and the
// clock, no document and no store.
//
// A connection that nothing happens on costs one goroutine that waits for its next byte. A goroutine writes only while
// something is queued; pings come from one goroutine for all.
package ws

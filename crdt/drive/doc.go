// Package drive runs the core of package replica: it reads documents from a store and keeps those open that are in use,
// hands events to hub and documents, makes their Persist durable, and passes frames to connections. Documents run in
// parallel; each is worked on by one goroutine at a time, and by none while nothing happens to it.
//
// Server and client use it alike. It may touch the clock and goroutines, and bytes only through store.Store and Conn.
package drive

// Command bench measures fieldsyncd, the reference server from npm and bare WebSocket relays under the same light clients,
// in one run on one machine, and writes the table into docs/PERFORMANCE.md. Read the ratios: machines differ.
//
//	go run ./conformance/bench                     everything, table between the markers of docs/PERFORMANCE.md
//	go run ./conformance/bench -out ""             table to standard output only
//	go run ./conformance/bench -parts 2g           reconnects over an emulated 2G link only
//	go run ./conformance/bench -parts herd         a thousand real clients lose one server, and come back
//	go run ./conformance/bench -systems reference  some systems only (fieldsyncd, reference, relay-node, relay-go)
//
// FIELDSYNCD names the server binary; without it, it is built.
//
// The clients speak the protocol byte by byte but do no CRDT work (conformance/internal/light): changes were made
// beforehand by automerge 3.x. CPU is the server process's own (user and system time of all its threads), so the load
// generator's share does not enter; the systems take turns, and medians over the turns are what the table shows.
package main

// Package interop runs unmodified clients of others against a server: automerge-repo 2.5.6 on automerge 3.x and 2.0.7 on
// 2.2.x, from npm, alone and mixed, and automerge-go, which speaks only version 1 of the sync messages.
//
// The clients are Node programs in this folder (run.mjs, cases.mjs, peer.mjs; package.json and its lock pin every
// version; gen20 and gen25 hold one generation each). The Go tests start the server, are the network between it and the
// clients, pull its plug, and turn the programs' reports into test results.
//
// FIELDSYNCD names a server binary to test instead of building one. FIELDSYNC_INTEROP_TARGET=reference runs the same
// cases against automerge-repo's own server, to tell a fault of the cases from a fault of ours; it loses what it
// acknowledged when it is killed, so that case fails there.
package interop

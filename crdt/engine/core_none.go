//go:build !automerge_own && (!cgo || android || ios || !(linux || darwin) || !(amd64 || arm64))

package engine

// There is no core for this platform: this does not compile, and says so.
import _ "fieldsync/crdt/engine/nocore"

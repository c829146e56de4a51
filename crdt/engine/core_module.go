//go:build !automerge_own && cgo && !android && !ios && (linux || darwin) && (amd64 || arm64)

package engine

// The core's static library: automerge-go's linker flags bring it in, its Go code is not called.
import _ "github.com/automerge/automerge-go"

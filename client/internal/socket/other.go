//go:build !(linux || darwin || ios || android)

package socket

import "syscall"

// Control does nothing: this system has no such bound.
func Control(string, string, syscall.RawConn) error { return nil }

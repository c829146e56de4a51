//go:build linux || darwin || ios || android

package socket

import (
	"runtime"
	"syscall"
)

// notSent is how many bytes may wait in the system that were not sent once, at most. What was sent and not acknowledged does not count: a fast
// link over a long way is as fast as ever.
const notSent = 32 << 10

// Control is a net.Dialer's. What the system does not know is left as it is.
func Control(_, _ string, raw syscall.RawConn) error {
	option := 0x19 // TCP_NOTSENT_LOWAT, which package syscall does not name
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		option = 0x201
	}
	return raw.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, option, notSent) })
}

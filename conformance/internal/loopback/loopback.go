// Package loopback gives test servers and proxies addresses that nobody else gets. A port of 127.0.0.1 that is free now is handed by the kernel to whoever asks
// next, be it the proxy of the same test, which would then forward to itself; so would the port of a server that is down for a moment. Of the
// loopback network's other sixteen million addresses nobody is given a port who has not asked for that address.
package loopback

import (
	"math/rand/v2"
	"net"
	"sync/atomic"
)

// last is where this process is in the loopback network. Others begin elsewhere, by chance.
var last = func() *atomic.Uint32 {
	var n atomic.Uint32
	n.Store(rand.Uint32())
	return &n
}()

// Host is a loopback address for one server or proxy alone; 127.0.0.1 where the system has no other.
func Host() string {
	n := last.Add(1)
	host := net.IPv4(127, byte(1+n>>16%254), byte(n>>8), byte(n)).String()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0")) //nolint:noctx // at once
	if err != nil {
		return "127.0.0.1"
	}
	_ = l.Close()
	return host
}

// Free is a host of its own with the port 0, for whoever listens himself.
func Free() string { return net.JoinHostPort(Host(), "0") }

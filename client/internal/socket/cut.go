package socket

import "net"

// Cuttable is a connection of which Close throws away what is not sent yet, when cut says so.
type Cuttable struct {
	net.Conn
	Cut func() bool
}

// Close implements net.Conn.
func (c *Cuttable) Close() error {
	if tcp, ok := c.Conn.(*net.TCPConn); ok && c.Cut() {
		_ = tcp.SetLinger(0)
	}
	return c.Conn.Close()
}

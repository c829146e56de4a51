package ws

import (
	"bufio"
	"net"
	"net/http"
)

// corkingWriter hands a corkedConn to whoever hijacks the request's connection.
type corkingWriter struct {
	http.ResponseWriter
	conn *corkedConn
}

// Hijack implements http.Hijacker.
func (w *corkingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	under, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.conn = &corkedConn{Conn: under}
	return w.conn, rw, nil
}

// corkedConn gathers small writes into one while it is corked. One goroutine writes.
type corkedConn struct {
	net.Conn
	corked bool
	buf    []byte
}

// corkBytes is when a corked connection writes all the same.
const corkBytes = 16 << 10

func (c *corkedConn) cork() { c.corked = true }

func (c *corkedConn) uncork() error {
	c.corked = false
	return c.flush()
}

func (c *corkedConn) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.buf)
	c.buf = nil
	return err
}

// Write implements net.Conn.
func (c *corkedConn) Write(b []byte) (int, error) {
	if !c.corked {
		return c.Conn.Write(b)
	}
	if len(c.buf)+len(b) > corkBytes {
		if err := c.flush(); err != nil {
			return 0, err
		}
		if len(b) >= corkBytes {
			return c.Conn.Write(b)
		}
	}
	c.buf = append(c.buf, b...)
	return len(b), nil
}

package slowlink

import (
	"context"

	"io"
	"log"
	"net"
	"sync"
	"time"
)

// conn is a client's connection, seen through the line: what it reads has crossed it, what is written will.
type conn struct {
	net.Conn
	link *Link
	gone chan struct{}
	once sync.Once

	in, out *crossing
	head    []byte // of what was read, and is wanted; of the one reader

	mu         sync.Mutex
	kind       Kind  // of the request that is under way; empty: none
	unassigned int64 // bytes that came before it was known what for
}

type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// adopt takes a connection onto the link; nil where there is none.
func (k *Link) adopt(raw net.Conn) *conn {
	if tcp, ok := raw.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(16 << 10) // what waits for the line waits at the client, as it would for a radio
	}
	c := &conn{Conn: raw, link: k, gone: make(chan struct{})}
	class := k.Class()
	opened := time.Now().Add(class.RoundTrip)
	c.in, c.out = newCrossing(c, &k.up, opened), newCrossing(c, &k.down, opened)
	k.mu.Lock()
	if k.closed || k.class.Down {
		k.mu.Unlock()
		_ = raw.Close()
		return nil
	}
	k.conns[c] = struct{}{}
	k.made++
	k.mu.Unlock()
	go c.receive()
	go c.send()
	return c
}

// begin says what the request is for whose head was read.
func (c *conn) begin(kind Kind) {
	c.mu.Lock()
	n := c.unassigned
	c.kind, c.unassigned = kind, 0
	c.mu.Unlock()
	c.link.count(kind, n, 0)
}

// finish says that the request is answered.
func (c *conn) finish() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kind = ""
}

func (c *conn) cameUp(n int) {
	c.mu.Lock()
	kind := c.kind
	if kind == "" {
		c.unassigned += int64(n)
	}
	c.mu.Unlock()
	if kind != "" {
		c.link.count(kind, int64(n), 0)
	}
}

func (c *conn) cameDown(n int) {
	c.mu.Lock()
	kind := c.kind
	c.mu.Unlock()
	if kind == "" {
		kind = KindOther // an answer of the proxy's own server, to what is no request
	}
	c.link.count(kind, 0, int64(n))
}

func (k *Link) count(kind Kind, up, down int64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := k.counts[kind]
	n.Up, n.Down = n.Up+up, n.Down+down
	k.counts[kind] = n
}

// receive takes what the client sends onto the line.
func (c *conn) receive() {
	defer c.in.end()
	for {
		class, _ := c.link.state()
		b := make([]byte, class.packet())
		n, err := c.Conn.Read(b)
		if n > 0 && !c.in.put(b[:n]) || err != nil {
			return
		}
	}
}

// send gives the client what has crossed the line, and ends the connection when the last of it has.
func (c *conn) send() {
	for {
		b, err := c.out.take()
		if err != nil {
			c.over(func() { _ = c.Conn.Close() })
			return
		}
		if _, err := c.Conn.Write(b); err != nil {
			c.reset()
			return
		}
	}
}

// Read implements net.Conn.
func (c *conn) Read(p []byte) (int, error) {
	if len(c.head) == 0 {
		b, err := c.in.take()
		if err != nil {
			return 0, err
		}
		c.head = b
		c.cameUp(len(b))
	}
	n := copy(p, c.head)
	c.head = c.head[n:]
	return n, nil
}

// Write implements net.Conn.
func (c *conn) Write(p []byte) (int, error) {
	for n := 0; n < len(p); {
		class, _ := c.link.state()
		size := min(class.packet(), len(p)-n)
		c.cameDown(size)
		if !c.out.put(append([]byte(nil), p[n:n+size]...)) {
			return n, net.ErrClosed
		}
		n += size
	}
	return len(p), nil
}

// SetReadDeadline implements net.Conn. One in the past ends the waiting reader, which is how an http.Server stops to look whether
// the client has left; others are not needed where a line may be as slow as it likes.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.interrupt(!t.IsZero() && !t.After(time.Now()))
	return nil
}

// SetWriteDeadline implements net.Conn, and does nothing.
func (*conn) SetWriteDeadline(time.Time) error { return nil }

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// Close implements net.Conn: what was written still crosses.
func (c *conn) Close() error { c.out.end(); return nil }

// reset ends the connection with an RST, so that what is on its way is lost, as with a radio link.
func (c *conn) reset() {
	c.over(func() {
		if tcp, ok := c.Conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
		_ = c.Conn.Close()
	})
}

func (c *conn) over(how func()) {
	c.once.Do(func() {
		how()
		close(c.gone)
		c.link.mu.Lock()
		delete(c.link.conns, c)
		c.link.mu.Unlock()
	})
}

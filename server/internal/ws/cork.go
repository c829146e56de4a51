package ws

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
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
	w.conn = newCorkedConn(under)
	return w.conn, rw, nil
}

// corkedConn gathers small writes into one while it is corked. One goroutine corks, writes and flushes at a time; beside
// it only gorilla writes, from the reading goroutine: the close frame for a peer that breaks the protocol.
type corkedConn struct {
	net.Conn
	raw     syscall.RawConn           // nil: the connection has no file descriptor of its own (TLS)
	hurried atomic.Pointer[time.Time] // the deadline that hurry has set; nil: none

	mu     sync.Mutex // held while the socket takes a write, which the write deadline bounds
	corked bool
	buf    []byte
	timed  bool // a write deadline stands, of a write that is over
}

// corkBytes is when a corked connection writes all the same.
const corkBytes = 16 << 10

func newCorkedConn(under net.Conn) *corkedConn {
	c := &corkedConn{Conn: under}
	if sc, ok := under.(syscall.Conn); ok {
		c.raw, _ = sc.SyscallConn()
	}
	return c
}

func (c *corkedConn) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = true
}

// tryCork corks without waiting; false: the socket is taking a write. While it is corked nobody's write waits for the socket.
func (c *corkedConn) tryCork() bool {
	if !c.mu.TryLock() {
		return false
	}
	defer c.mu.Unlock()
	c.corked = true
	return true
}

// uncork writes what was gathered, waiting for the socket for up to writeTimeout.
func (c *corkedConn) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	return c.flush()
}

// direct tells whether tryFlush works here.
func (c *corkedConn) direct() bool { return c.raw != nil }

// tryFlush ends what tryCork began: it writes what was gathered as far as the socket takes it at once. left: the rest stays.
func (c *corkedConn) tryFlush() (left bool, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	if c.timed { // once it has passed, also a write that does not wait would fail
		c.timed = false
		c.setDeadline(time.Time{})
	}
	var n int
	var failed error
	err = c.raw.Write(func(fd uintptr) bool {
		n, failed = syscall.Write(int(fd), c.buf)
		return true // do not wait
	})
	switch {
	case err != nil:
		return false, err
	case errors.Is(failed, syscall.EAGAIN), errors.Is(failed, syscall.EINTR):
		n = 0
	case failed != nil:
		return false, failed
	}
	if n < len(c.buf) {
		c.buf = c.buf[n:]
		return true, nil
	}
	c.buf = nil
	return false, nil
}

// flush writes what was gathered; mu is held.
func (c *corkedConn) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	c.patience()
	_, err := c.Conn.Write(c.buf)
	c.buf = nil
	return err
}

// patience gives the socket its time for the next write; mu is held.
func (c *corkedConn) patience() {
	c.timed = true
	c.setDeadline(time.Now().Add(writeTimeout))
}

// setDeadline bounds the next write, unless hurry has done so; hurry does not wait for mu, so it may come in between.
func (c *corkedConn) setDeadline(at time.Time) {
	if c.hurried.Load() == nil {
		_ = c.Conn.SetWriteDeadline(at)
	}
	if hurried := c.hurried.Load(); hurried != nil {
		_ = c.Conn.SetWriteDeadline(*hurried)
	}
}

// hurry ends the patience, also with a write that is under way.
func (c *corkedConn) hurry(d time.Duration) {
	at := time.Now().Add(d)
	c.hurried.Store(&at)
	_ = c.Conn.SetWriteDeadline(at)
}

// SetWriteDeadline implements net.Conn: it does nothing, as gorilla sets one for each frame, which costs a timer. Flushing
// sets its own.
func (c *corkedConn) SetWriteDeadline(time.Time) error { return nil }

// Write implements net.Conn.
func (c *corkedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.corked || len(c.buf)+len(b) > corkBytes { // what was gathered goes first
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	if !c.corked || len(b) > corkBytes {
		c.patience()
		return c.Conn.Write(b)
	}
	c.buf = append(c.buf, b...)
	return len(b), nil
}

package link

import (
	"io"
	"time"
)

// OnMoves has it told, about once a second, that a part of a message was sent or has come: on 2G one message may take minutes. It must not block.
func (c *Conn) OnMoves(told func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.moves = told
}

// Moved is when a part of a message was last taken by the system to be sent, or came; the zero time: none was.
func (c *Conn) Moved() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.moved
}

// move notes that a part of a message was sent, or has come.
func (c *Conn) move(came bool) {
	now := time.Now()
	c.mu.Lock()
	c.moved = now
	told := c.moves
	due := now.Sub(c.told) >= moveEvery
	if due {
		c.told = now
	}
	c.mu.Unlock()
	if !due {
		return
	}
	if came {
		c.alive() // not silent, though no message is over
	}
	if told != nil {
		told()
	}
}

// listening reads a message that comes.
type listening struct {
	r io.Reader
	c *Conn
}

// Read implements io.Reader.
func (l *listening) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	if n > 0 {
		l.c.move(true)
	}
	return n, err
}

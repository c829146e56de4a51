package link

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"fieldsync/crdt"

	"github.com/gorilla/websocket"
)

const (
	// busyBytes of frames during a ping are traffic of its own.
	busyBytes = 1 << 10
	// measureFrom is the size of a frame from which the time that it took to arrive says what the link carries.
	measureFrom = 16 << 10
)

// Ping asks the other side for a sign of life, and gives how long it took. n pings are sent, each of size bytes, at most 125; the time is from the
// first to the answer to the last. busy: something else of ours was sent meanwhile, or waited. The error is ctx's, or KindUnavailable where the
// connection ended.
func (c *Conn) Ping(ctx context.Context, n, size int) (took time.Duration, busy bool, err error) {
	name := rand.Text()[:4] // of some few that are on their way
	name += strings.Repeat(".", max(0, size-len(name)))
	answered := make(chan struct{})
	c.mu.Lock()
	c.pings[name] = answered
	before, waits := c.written, c.bytes
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		delete(c.pings, name)
		c.mu.Unlock()
	}()
	until, ok := ctx.Deadline()
	if !ok {
		until = time.Now().Add(writeTimeout)
	}
	begun := time.Now()
	filler := []byte(strings.Repeat(".", size))
	for range n - 1 {
		if err := c.socket.WriteControl(websocket.PingMessage, filler, until); err != nil {
			return 0, false, crdt.Errorf(crdt.KindUnavailable, "%w", err)
		}
	}
	if err := c.socket.WriteControl(websocket.PingMessage, []byte(name), until); err != nil {
		return 0, false, crdt.Errorf(crdt.KindUnavailable, "%w", err)
	}
	select {
	case <-answered:
	case <-c.closed:
		return 0, false, crdt.Errorf(crdt.KindUnavailable, "the connection broke")
	case <-ctx.Done():
		return 0, false, ctx.Err()
	}
	took = time.Since(begun)
	c.mu.Lock()
	defer c.mu.Unlock()
	return took, waits > busyBytes || c.written-before > busyBytes, nil
}

// pong is heard.
func (c *Conn) pong(data string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if answered, ok := c.pings[data]; ok {
		delete(c.pings, data)
		close(answered)
	}
}

// OnArrived has large frames told, with the time that they took to come. It must not block.
func (c *Conn) OnArrived(told func(bytes int64, took time.Duration)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.arrived = told
}

// measure tells of a frame that has come.
func (c *Conn) measure(bytes int64, took time.Duration) {
	c.mu.Lock()
	told := c.arrived
	c.mu.Unlock()
	// What came at once waited inside the system.
	if told != nil && bytes >= measureFrom && took >= 100*time.Millisecond {
		told(bytes, took)
	}
}

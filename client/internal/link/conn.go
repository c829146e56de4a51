package link

import (
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

// Bounds of a connection.
const (
	// maxQueue is how many bytes may wait to be sent: four of the largest frames. A first sync of a long time offline queues
	// what it has at once; beyond the bound the connection ends, and the next one goes on with what the server lacks still.
	maxQueue = 4 * wire.MaxFrame
	// droppableBytes waiting mean that the line is slow: presence is left out then.
	droppableBytes = 256 << 10
	// compressFrom is the size in bytes from which deflate gains anything.
	compressFrom = 512
	pingEvery    = 25 * time.Second // below the minute after which middle boxes forget a connection
	silence      = 65 * time.Second // two pings and a half without a word: the line is dead
	writeTimeout = 60 * time.Second // for one piece of a message; 2G moves about 4 KiB/s
	pieceBytes   = 8 << 10          // of a message that are written at once
	moveEvery    = time.Second      // how often it is told that a message moves
	closeTimeout = 2 * time.Second  // for the other side's answer to our close
)

// Conn is one WebSocket to a server. New makes it; from then on it takes frames, which wait for its Dial.
type Conn struct {
	Extensions int // version of our extension frames that the server says it takes as it opens the connection; 0: it says nothing

	socket *websocket.Conn // set once by Dial, under mu
	begun  chan struct{}   // closed when the frames that go with Dial's request are queued, or none will be
	closed chan struct{}   // at the end of Serve

	mu      sync.Mutex
	queue   []message
	bytes   int // of what waits, and of what is being written
	writing bool
	closing *replica.Close
	ended   bool
	written int64                    // bytes, in all
	pings   map[string]chan struct{} // by what they carry; closed by their pong
	urgent  func(doc string) bool
	awaited map[string]struct{} // documents before which only urgent ones are sent
	awaits  *time.Timer         // ends that; nil: there was none to await
	arrived func(bytes int64, took time.Duration)
	moves   func()
	told    time.Time // when moves was last called
	moved   time.Time // when a part of a message last was sent, or came
}

type message struct{ head, tail []byte }

func (m message) size() int { return len(m.head) + len(m.tail) }

var _ drive.Conn = (*Conn)(nil)

// New makes a connection that is not open yet.
func New() *Conn {
	return &Conn{begun: make(chan struct{}), closed: make(chan struct{}), pings: map[string]chan struct{}{}}
}

// prepare has a socket's control messages answered.
func (c *Conn) prepare(socket *websocket.Conn) {
	socket.SetReadLimit(wire.MaxFrame)
	alive := func() { c.alive() }
	_ = socket.SetReadDeadline(time.Now().Add(silence))
	socket.SetPongHandler(func(data string) error { alive(); c.pong(data); return nil })
	answer := socket.PingHandler()
	socket.SetPingHandler(func(data string) error { alive(); return answer(data) })
}

func (c *Conn) alive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == nil { // else the deadline of the close stands
		_ = c.socket.SetReadDeadline(time.Now().Add(silence))
	}
}

// Serve hands what arrives to the link until the connection ends, and tells how: *Closed where the server closed it, nil
// where we did, else what failed. It takes the link out of its Drive.
func (c *Conn) Serve(l *drive.Link) error {
	go c.ping()
	err := c.read(l)
	l.Closed()
	c.mu.Lock()
	c.ended = true
	ours := c.closing
	c.queue = nil
	c.mu.Unlock()
	close(c.closed)
	_ = c.socket.Close()
	var theirs *websocket.CloseError
	switch {
	case ours != nil && ours.Code == wire.CloseNormal:
		return nil
	case ours != nil:
		return &Closed{Code: ours.Code, Reason: ours.Reason}
	case errors.As(err, &theirs) && theirs.Code != websocket.CloseAbnormalClosure: // that one is made up where nothing was said
		return &Closed{Code: wire.CloseCode(theirs.Code), Reason: theirs.Text}
	}
	return crdt.Errorf(crdt.KindUnavailable, "the connection broke")
}

func (c *Conn) read(l *drive.Link) error {
	for {
		kind, r, err := c.socket.NextReader()
		if err != nil {
			return err
		}
		if kind != websocket.BinaryMessage {
			c.Close(replica.Close{Code: wire.CloseUnsupportedData, Reason: "only binary messages"})
			continue
		}
		begun := time.Now()
		data, err := io.ReadAll(io.LimitReader(&listening{r, c}, wire.MaxFrame+1)) // the socket's limit counts compressed bytes
		if err != nil {
			return err
		}
		c.measure(int64(len(data)), time.Since(begun))
		if len(data) > wire.MaxFrame {
			c.Close(replica.Close{Code: wire.CloseTooBig, Reason: "the message is too big"})
			return crdt.Errorf(crdt.KindTooLarge, "a frame of more than %d bytes", wire.MaxFrame)
		}
		c.alive()
		if err := l.Receive(data); err != nil {
			c.Close(replica.Close{Code: wire.CloseFor(crdt.KindOf(err)), Reason: "the frame could not be read"})
			return err
		}
	}
}

func (c *Conn) ping() {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.closed:
			return
		case <-tick.C:
			_ = c.socket.WriteControl(websocket.PingMessage, nil, time.Now().Add(pingEvery))
		}
	}
}

// Queue implements drive.Conn.
func (c *Conn) Queue(head, tail []byte, droppable bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := len(head) + len(tail)
	switch {
	case c.ended || c.closing != nil:
		return false
	case droppable && c.bytes > droppableBytes:
		return false
	case c.bytes > 0 && c.bytes+size > maxQueue:
		c.queue = nil
		c.close(replica.Close{Code: wire.CloseSlowReader, Reason: "too much waits to be sent"})
		return false
	}
	m := message{head, tail}
	c.queue = append(c.queue, m)
	c.bytes += size
	if len(c.awaited) > 0 {
		delete(c.awaited, docOf(m))
	}
	if c.socket == nil {
		if len(c.queue) == wire.EarlyFrames {
			close(c.begun)
		}
		return true
	}
	c.wake()
	return true
}

// Close implements drive.Conn.
func (c *Conn) Close(cl replica.Close) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.close(cl)
}

// close asks for the end after what is queued; mu is held.
func (c *Conn) close(cl replica.Close) {
	if c.closing != nil || c.ended {
		return
	}
	c.closing, c.awaited = &cl, nil
	if c.socket == nil {
		if len(c.queue) < wire.EarlyFrames {
			close(c.begun)
		}
		return
	}
	c.wake()
}

// wake sees that somebody writes, to the socket that is there; mu is held.
func (c *Conn) wake() {
	if !c.writing {
		c.writing = true
		go c.write()
	}
}

// Closed is closed when the connection has ended.
func (c *Conn) Closed() <-chan struct{} { return c.closed }

// Abort ends a connection that was dialed at once, without a word.
func (c *Conn) Abort() { _ = c.socket.Close() }

// write sends what is queued, the most urgent first, then what a Close asks for; then it ends, until there is more.
func (c *Conn) write() {
	for {
		c.mu.Lock()
		closing := c.closing
		m, some := c.next()
		if !some {
			c.writing = closing != nil // who closes is the last to write
		}
		c.mu.Unlock()
		if !some {
			if closing != nil {
				c.sayGoodbye(closing)
			}
			return
		}
		if err := c.send(m); err != nil {
			_ = c.socket.Close() // the reading side notices, and ends the connection
			return
		}
		c.mu.Lock()
		c.bytes -= m.size()
		c.written += int64(m.size())
		c.mu.Unlock()
	}
}

func (c *Conn) send(m message) error {
	c.socket.EnableWriteCompression(len(m.head)+len(m.tail) >= compressFrom)
	w, err := c.socket.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{m.head, m.tail} {
		for piece := range slices.Chunk(part, pieceBytes) {
			if err := c.socket.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
				return err
			}
			if _, err := w.Write(piece); err != nil {
				return err
			}
			c.move(false)
		}
	}
	if err := c.socket.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	return w.Close()
}

func (c *Conn) sayGoodbye(cl *replica.Close) {
	until := time.Now().Add(closeTimeout)
	_ = c.socket.SetReadDeadline(until)
	_ = c.socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(cl.Code), cl.Reason), until)
}

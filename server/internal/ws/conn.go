package ws

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

// conn is one WebSocket: what is read goes to its link, what drive queues is written.
type conn struct {
	h      *Handler
	socket *websocket.Conn
	net    *corkedConn
	link   *drive.Link
	place  *place        // among those who catch up, as long as reading goes on
	code   atomic.Uint32 // the close code that we sent, 0: none yet

	lastAlive time.Time // when the read deadline was last set; the reading goroutine's

	mu      sync.Mutex
	queue   []message
	bytes   int  // of what is queued, what is being written included
	writing bool // a goroutine writes
	closing *replica.Close
	ended   bool        // nothing is taken any more
	expiry  *time.Timer // closes the connection when its credential expires; nil: nothing does
}

// message is a data message, or a control message if control is set.
type message struct {
	head, tail []byte
	control    int // websocket.PingMessage, websocket.PongMessage; 0: data
}

var _ drive.Conn = (*conn)(nil)

func newConn(h *Handler, socket *websocket.Conn, under *corkedConn) *conn {
	c := &conn{h: h, socket: socket, net: under}
	socket.SetReadLimit(wire.MaxFrame)
	_ = socket.SetCompressionLevel(compressLevel) // refuses only levels that there are not
	c.alive()
	// One goroutine writes: answers to control messages go through the queue like everything else.
	socket.SetPingHandler(func(data string) error {
		c.alive()
		c.queueControl(websocket.PongMessage, []byte(data))
		return nil
	})
	socket.SetPongHandler(func(string) error { c.alive(); return nil })
	socket.SetCloseHandler(func(code int, _ string) error {
		c.Close(replica.Close{Code: wire.CloseCode(code), Reason: ""})
		return nil
	})
	return c
}

// alive gives the peer another while to say something.
func (c *conn) alive() {
	now := time.Now()
	if now.Sub(c.lastAlive) < c.h.opt.PingEvery/8 {
		return // setting a deadline costs as much as reading a frame
	}
	c.mu.Lock()
	defer c.mu.Unlock() // a close that comes now sets its deadline after this one
	if c.closing != nil {
		return // it has until the deadline that the close has set
	}
	c.lastAlive = now
	_ = c.socket.SetReadDeadline(now.Add(c.h.opt.PingEvery * 5 / 2))
}

// read hands frames to the link until the connection ends: first those that came with the request, then what is read.
func (c *conn) read(early [][]byte) {
	catchingUp := true
	for {
		var data []byte
		var err error
		if len(early) > 0 {
			data, early = early[0], early[1:]
		} else {
			data, err = c.readMessage()
		}
		if err != nil {
			c.refuse(err, closeFor(err), "the message could not be read")
			break
		}
		if c.leaving() {
			continue // whoever is told to go, for a token that was revoked perhaps, delivers nothing more
		}
		if err := c.link.Receive(data); err != nil {
			c.refuse(err, wire.CloseFor(crdt.KindOf(err)), "the frame could not be read")
			break
		}
		if catchingUp {
			catchingUp = c.place.stir()
		}
	}
	c.place.leave()
	c.finish()
}

// working tells whether there is something to do for the connection: of what it has sent, or for it to read.
func (c *conn) working() bool {
	c.mu.Lock()
	queued := c.writing || len(c.queue) > 0
	c.mu.Unlock()
	return queued || c.link.Busy()
}

func (c *conn) leaving() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != nil
}

// goodbye is how long a peer has to hear a close and to answer it.
const goodbye = time.Second

// refuse closes the connection to a peer that sent what cannot be read, unless it is closing or broken anyway. It takes what the
// peer is still sending: a socket that is closed with bytes unread is reset, and the peer may then never read why.
func (c *conn) refuse(why error, code wire.CloseCode, reason string) {
	var ended *websocket.CloseError
	var broken net.Error
	if errors.As(why, &ended) || errors.As(why, &broken) {
		return // nothing more comes
	}
	c.Close(replica.Close{Code: code, Reason: reason})
	_ = c.net.SetReadDeadline(time.Now().Add(goodbye))
	_, _ = io.Copy(io.Discard, c.net)
}

var (
	errTooBig = errors.New("the message is too big")
	errText   = errors.New("only binary messages")
)

// closeFor gives the code for a message that could not be read.
func closeFor(err error) wire.CloseCode {
	switch {
	case errors.Is(err, errTooBig), errors.Is(err, websocket.ErrReadLimit):
		return wire.CloseTooBig
	case errors.Is(err, errText):
		return wire.CloseUnsupportedData
	default:
		return wire.CloseProtocolError
	}
}

// readMessage reads one binary message, bounded also where it was compressed.
func (c *conn) readMessage() ([]byte, error) {
	kind, r, err := c.socket.NextReader()
	if err != nil {
		return nil, err
	}
	if kind != websocket.BinaryMessage {
		return nil, errText
	}
	data, err := io.ReadAll(io.LimitReader(r, wire.MaxFrame+1))
	if err != nil {
		return nil, err
	}
	if len(data) > wire.MaxFrame {
		return nil, errTooBig
	}
	c.alive()
	return data, nil
}

// finish ends the connection: nothing more is read. A close that was asked for is sent first, in bounded time.
func (c *conn) finish() {
	c.link.Closed()
	c.mu.Lock()
	if c.closing == nil {
		c.closing = &replica.Close{Code: wire.CloseCode(websocket.CloseAbnormalClosure)}
	}
	c.ended = true
	if !c.writing {
		c.writing = true
		go c.write()
	}
	c.mu.Unlock()
}

// Queue implements drive.Conn.
func (c *conn) Queue(head, tail []byte, droppable bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	size := len(head) + len(tail)
	switch {
	case c.ended || c.closing != nil:
		return false
	case droppable && c.bytes > droppableBytes:
		return false
	case c.bytes > 0 && c.bytes+size > c.h.opt.QueueBytes:
		c.overflow()
		return false
	}
	m := message{head: head, tail: tail}
	if size > directBytes || c.writing || len(c.queue) > 0 || !c.net.direct() || !c.net.tryCork() {
		c.push(m)
		return true
	}
	c.writing = true
	c.mu.Unlock()
	c.sendNow(m)
	c.mu.Lock()
	return true
}

// directBytes is the length up to which a message is written by whoever has it to send, if the socket takes it at once: waking
// a goroutine would cost more than the system call.
const directBytes = 4 << 10

// sendNow writes a message without waiting for the socket; what it does not take is left to a goroutine. The caller has set
// c.writing, and has corked: whoever queues may hold a lock that all connections need, so nothing here waits for the socket.
func (c *conn) sendNow(m message) {
	left := false
	err := c.sendOne(m)
	if err == nil {
		left, err = c.net.tryFlush()
	}
	if err != nil {
		c.broken()
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if left || len(c.queue) > 0 || c.closing != nil {
		go c.write()
		return
	}
	c.writing = false
}

// push queues a message and sees that somebody writes; mu is held.
func (c *conn) push(m message) {
	c.queue = append(c.queue, m)
	c.bytes += len(m.head) + len(m.tail)
	if !c.writing {
		c.writing = true
		go c.write()
	}
}

// overflow gives up on a peer that does not read; mu is held.
func (c *conn) overflow() {
	c.h.opt.Observe.SendQueueOverflowed()
	c.queue, c.bytes = nil, 0
	c.closing = &replica.Close{Code: wire.CloseSlowReader, Reason: errSlow.Error()}
	// The goroutine that writes is stuck in the socket: it gets a moment, so that a peer that begins to read hears why.
	c.net.hurry(goodbye)
	_ = c.net.SetReadDeadline(time.Now().Add(2 * goodbye))
	if !c.writing {
		c.writing = true
		go c.write()
	}
}

func (c *conn) queueControl(kind int, data []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, m := range c.queue {
		if m.control == kind { // one waits: a peer cannot make us queue pongs without end, and is answered the latest of his pings
			c.bytes += len(data) - len(m.head)
			c.queue[i].head = data
			return
		}
	}
	if !c.ended && c.closing == nil {
		c.push(message{control: kind, head: data})
	}
}

// expire closes the connection at a time; zero: not.
func (c *conn) expire(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expiry != nil {
		c.expiry.Stop()
		c.expiry = nil
	}
	if !at.IsZero() {
		c.expiry = time.AfterFunc(time.Until(at), func() {
			c.Close(replica.Close{Code: wire.CloseUnauthenticated, Reason: "the session has expired"})
		})
	}
}

func (c *conn) ping() { c.queueControl(websocket.PingMessage, nil) }

// Close implements drive.Conn.
func (c *conn) Close(cl replica.Close) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing != nil || c.ended {
		return
	}
	c.closing = &cl
	if !c.writing {
		c.writing = true
		go c.write()
	}
}

// write sends what is queued, then what a Close asks for; then it ends, until there is more.
func (c *conn) write() {
	if err := c.net.uncork(); err != nil { // what sendNow left
		c.broken()
		return
	}
	for {
		c.mu.Lock()
		batch := c.queue
		c.queue = nil
		if len(batch) == 0 {
			closing := c.closing
			c.writing = closing != nil // who closes is the last to write
			c.mu.Unlock()
			if closing != nil {
				c.sendClose(closing)
			}
			return
		}
		c.mu.Unlock()
		err := c.send(batch)
		c.mu.Lock()
		for _, m := range batch {
			c.bytes -= len(m.head) + len(m.tail)
		}
		c.bytes = max(c.bytes, 0)
		c.mu.Unlock()
		if err != nil {
			c.broken()
			return
		}
	}
}

// broken ends the connection after a write failed.
func (c *conn) broken() {
	_ = c.socket.Close() // the reading goroutine notices, and finishes
	c.mu.Lock()
	c.queue, c.writing = nil, false
	ended := c.ended
	c.mu.Unlock()
	if ended {
		c.gone()
	}
}

// send writes messages with as few system calls as the socket's buffers allow.
func (c *conn) send(batch []message) error {
	c.net.cork()
	for _, m := range batch {
		if err := c.sendOne(m); err != nil {
			return err
		}
	}
	return c.net.uncork()
}

func (c *conn) sendOne(m message) error {
	if m.control != 0 {
		return c.socket.WriteControl(m.control, m.head, time.Now().Add(writeTimeout))
	}
	c.socket.EnableWriteCompression(len(m.head)+len(m.tail) >= compressFrom)
	w, err := c.socket.NextWriter(websocket.BinaryMessage)
	if err != nil {
		return err
	}
	if _, err = w.Write(m.head); err == nil {
		_, err = w.Write(m.tail)
	}
	if err != nil {
		return err
	}
	return w.Close()
}

// sendClose says goodbye, and gives the peer a moment to answer. Called a second time, after reading has ended, it is the end.
func (c *conn) sendClose(cl *replica.Close) {
	if c.code.CompareAndSwap(0, uint32(cl.Code)) && cl.Code != websocket.CloseAbnormalClosure {
		code := int(cl.Code)
		if code == websocket.CloseNoStatusReceived {
			code = websocket.CloseNormalClosure
		}
		c.net.hurry(goodbye)
		_ = c.socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, cl.Reason), time.Now().Add(goodbye))
		_ = c.socket.SetReadDeadline(time.Now().Add(goodbye))
	}
	c.mu.Lock()
	ended := c.ended
	c.writing = false
	c.mu.Unlock()
	if ended {
		c.gone()
	}
}

// gone is the end. It comes once: after reading has ended, by whoever writes last.
func (c *conn) gone() {
	_ = c.socket.Close()
	c.mu.Lock()
	if c.closing != nil { // the peer took no more bytes, so it did not hear why; whoever counts does
		c.code.CompareAndSwap(0, uint32(c.closing.Code))
	}
	c.mu.Unlock()
	c.h.remove(c, uint16(c.code.Load()))
}

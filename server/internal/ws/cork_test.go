package ws

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Beside us gorilla writes, the close frame for a peer that breaks the protocol, and waits for the socket. Whoever queues a
// message meanwhile may hold the hub's lock: he must not wait with it.
func TestQueueDoesNotWaitForAWriteThatIsUnderWay(t *testing.T) {
	w := newWorld(t, nil)
	defer w.end()
	c := w.dialLoopback(w.listen())
	server := w.opened()
	w.until("the join is answered", func() bool { return !busy(server) })
	server.net.mu.Lock() // as such a write does
	over := sync.OnceFunc(server.net.mu.Unlock)
	defer over()
	queued := make(chan bool, 1)
	go func() { queued <- server.Queue(nil, numbered(0, 100), false) }()
	w.until("the message is queued", func() bool { return len(queued) == 1 })
	if !<-queued || !server.Queue(nil, numbered(1, 100), false) {
		t.Error("a message was not taken")
	}
	over()
	wantNumbered(t, c, 0, 100)
	wantNumbered(t, c, 1, 100)
}

// deadlines notes the write deadline of a socket; before setting the first one it does what meanwhile says.
type deadlines struct {
	net.Conn
	meanwhile func()
	at        time.Time
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	if f := d.meanwhile; f != nil {
		d.meanwhile = nil
		f()
	}
	d.at = at
	return nil
}

// A reader that is cut for being slow has a second, also when the cut comes while a write is given its half a minute.
func TestHurryingAWriteThatIsAboutToBeginIsNotUndoneByIt(t *testing.T) {
	socket := &deadlines{}
	c := newCorkedConn(socket)
	socket.meanwhile = func() { c.hurry(goodbye) }
	c.patience()
	if left := time.Until(socket.at); left > goodbye {
		t.Errorf("the write may take %v", left)
	}
	c.patience()
	if left := time.Until(socket.at); left > goodbye {
		t.Errorf("the next write may take %v", left)
	}
}

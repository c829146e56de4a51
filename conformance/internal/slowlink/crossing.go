package slowlink

import (
	"io"
	"os"
	"sync"
	"time"
)

// inFlight is how many packets of a connection may be between the ends: more than any class holds.
const inFlight = 128

// crossing is one direction of a connection: a queue of what is on its way.
type crossing struct {
	c       *conn
	line    *line
	packets chan packet
	last    time.Time // when the packet before is there: none overtakes another

	mu       sync.Mutex
	ending   chan struct{} // closed: nothing more is put
	ended    bool
	stop     chan struct{} // closed: whoever waits to take shall stop
	stopping bool
}

type packet struct {
	data  []byte
	there time.Time
}

func newCrossing(c *conn, l *line, opened time.Time) *crossing {
	return &crossing{c: c, line: l, packets: make(chan packet, inFlight), last: opened, ending: make(chan struct{}), stop: make(chan struct{})}
}

// put gives a packet to the line, and waits while the wire is busy. It tells whether the connection is still there.
func (x *crossing) put(data []byte) bool {
	for {
		class, changed := x.c.link.state()
		if !class.Stalled {
			sent, there := x.line.carry(class, len(data), time.Now())
			if there.Before(x.last) {
				there = x.last
			}
			x.last = there
			select {
			case x.packets <- packet{data, there}:
				return x.wait(sent, nil)
			case <-x.c.gone:
				return false
			}
		}
		select {
		case <-changed:
		case <-x.c.gone:
			return false
		}
	}
}

// take waits for the next packet to be there.
func (x *crossing) take() ([]byte, error) {
	x.mu.Lock()
	stop := x.stop
	x.mu.Unlock()
	var p packet
	select {
	case p = <-x.packets:
	default:
		select {
		case p = <-x.packets:
		case <-x.ending:
			select {
			case p = <-x.packets:
			default:
				return nil, io.EOF
			}
		case <-stop:
			return nil, os.ErrDeadlineExceeded
		case <-x.c.gone:
			return nil, io.ErrUnexpectedEOF
		}
	}
	for {
		class, changed := x.c.link.state()
		if !class.Stalled {
			break
		}
		if !x.wait(time.Time{}, changed) {
			return nil, io.ErrUnexpectedEOF
		}
	}
	if !x.wait(p.there, nil) {
		return nil, io.ErrUnexpectedEOF
	}
	return p.data, nil
}

// wait waits until a time, or for a channel. It tells whether the connection is still there.
func (x *crossing) wait(until time.Time, ready <-chan struct{}) bool {
	var timer <-chan time.Time
	if ready == nil {
		d := time.Until(until)
		if d < tick/2 { // the wire's book keeps what is not waited for
			return true
		}
		t := time.NewTimer(d)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-timer:
	case <-ready:
	case <-x.c.gone:
		return false
	}
	return true
}

// end says that nothing more will be put.
func (x *crossing) end() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !x.ended {
		x.ended = true
		close(x.ending)
	}
}

// interrupt ends the wait of whoever takes, or lets waiting be again.
func (x *crossing) interrupt(on bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case on && !x.stopping:
		close(x.stop)
	case !on && x.stopping:
		x.stop = make(chan struct{})
	}
	x.stopping = on
}

package link

import (
	"bytes"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/wire"

	"github.com/gorilla/websocket"
)

// frame is a sync frame as drive gives it to a Conn, in two parts.
func frame(id crdt.DocID, n byte) message {
	return message{wire.AppendSyncPrefix(nil, "phone", "server", false), wire.AppendSyncSuffix(nil, id, []byte{n})}
}

func TestStatusesGoBeforeTextAndEachDocumentInItsOrder(t *testing.T) {
	text, status := crdt.DocID{1}, crdt.DocID{2}
	c := &Conn{urgent: func(doc string) bool { return doc == status.String() }}
	c.queue = []message{frame(text, 1), frame(text, 2), frame(status, 3), frame(text, 4), frame(status, 5)}
	var got []byte
	for len(c.queue) > 0 {
		m, _ := c.next()
		got = append(got, m.tail[len(m.tail)-1])
	}
	if !slices.Equal(got, []byte{3, 5, 1, 2, 4}) {
		t.Errorf("sent in the order %v", got)
	}
}

func TestWhatIsNotUrgentWaitsForAStatusThatIsAboutToBeSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text, status, other := crdt.DocID{1}, crdt.DocID{2}, crdt.DocID{3}
		c := New()
		c.socket, c.writing = new(websocket.Conn), true // it is open, and the test is what writes
		c.Prefer(func(doc string) bool { return doc == status.String() || doc == other.String() })
		c.Await([]string{status.String()})
		queue := func(m message) { c.Queue(m.head, m.tail, false) }
		sent := func() byte {
			c.mu.Lock()
			defer c.mu.Unlock()
			m, ok := c.next()
			if !ok {
				return 0
			}
			return m.tail[len(m.tail)-1]
		}
		queue(frame(text, 1))
		if n := sent(); n != 0 {
			t.Errorf("%d went first", n)
		}
		queue(frame(other, 2)) // it need not wait, and is not what is waited for
		if a, b := sent(), sent(); a != 2 || b != 0 {
			t.Errorf("%d, %d went", a, b)
		}
		queue(frame(status, 3))
		if a, b := sent(), sent(); a != 3 || b != 1 {
			t.Errorf("%d, %d went, want the status and then the text", a, b)
		}

		c.Await([]string{status.String()}) // which never has anything to say
		queue(frame(text, 4))
		time.Sleep(awaitAtMost - 1)
		if n := sent(); n != 0 {
			t.Errorf("%d went too soon", n)
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if n := sent(); n != 4 {
			t.Errorf("%d went, want the text", n)
		}
	})
}

func TestAGoodbyeWaitsForNothing(t *testing.T) {
	status := crdt.DocID{2}
	c := New()
	c.Prefer(func(doc string) bool { return doc == status.String() })
	c.Await([]string{status.String()})
	m := frame(crdt.DocID{1}, 1)
	c.Queue(m.head, m.tail, false)
	c.Close(replica.Close{Code: wire.CloseNormal})
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.next(); !ok {
		t.Error("the text stays")
	}
}

func TestNothingGoesBeforeAFrameOfNoDocument(t *testing.T) {
	status := crdt.DocID{2}
	c := &Conn{urgent: func(doc string) bool { return doc == status.String() }}
	hello := new(wire.Codec).Append(nil, wire.Join{Sender: "phone"})
	c.queue = []message{{head: hello}, frame(status, 1)}
	if m, _ := c.next(); !bytes.Equal(m.head, hello) {
		t.Error("a status went before the handshake")
	}
}

func TestTheDocumentOfAFrameIsFound(t *testing.T) {
	id := crdt.DocID{9, 8, 7}
	if got := docOf(frame(id, 1)); got != id.String() {
		t.Errorf("in parts: %q", got)
	}
	whole := new(wire.Codec).Append(nil, wire.Sync{Sender: "phone", Target: "server", Doc: id, Data: []byte("x")})
	if got := docOf(message{head: whole}); got != id.String() {
		t.Errorf("in one: %q", got)
	}
	for _, m := range []message{{}, {tail: nameOfDoc}, {tail: append(bytes.Clone(nameOfDoc), 0x78)}, {tail: append(bytes.Clone(nameOfDoc), 0x78, 200, 'x')}, {tail: append(bytes.Clone(nameOfDoc), 0xff, 1)}} {
		if got := docOf(m); got != "" {
			t.Errorf("%x: %q", m, got)
		}
	}
}

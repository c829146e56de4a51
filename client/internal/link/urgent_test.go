package link

import (
	"bytes"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"
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
		m := c.next()
		got = append(got, m.tail[len(m.tail)-1])
	}
	if !slices.Equal(got, []byte{3, 5, 1, 2, 4}) {
		t.Errorf("sent in the order %v", got)
	}
}

func TestNothingGoesBeforeAFrameOfNoDocument(t *testing.T) {
	status := crdt.DocID{2}
	c := &Conn{urgent: func(doc string) bool { return doc == status.String() }}
	hello := new(wire.Codec).Append(nil, wire.Join{Sender: "phone"})
	c.queue = []message{{head: hello}, frame(status, 1)}
	if m := c.next(); !bytes.Equal(m.head, hello) {
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

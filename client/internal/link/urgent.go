package link

import (
	"bytes"
	"slices"
)

// Prefer has frames of some documents go before all others that wait. Frames of one document keep their order, and so do those of
// none, before which nothing goes. It is called with a document's id as it stands in a frame, and must not block.
func (c *Conn) Prefer(urgent func(doc string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.urgent = urgent
}

// next takes the message that is sent next off the queue, which is not empty; mu is held.
func (c *Conn) next() message {
	i := 0
	if c.urgent != nil && len(c.queue) > 1 {
		for j, m := range c.queue {
			doc := docOf(m)
			if doc == "" { // a handshake, a comparison: it stays where it is
				break
			}
			if c.urgent(doc) {
				i = j
				break
			}
		}
	}
	m := c.queue[i]
	c.queue = slices.Delete(c.queue, i, i+1)
	return m
}

// nameOfDoc is how CBOR writes the key that a document's id follows.
var nameOfDoc = []byte("\x6adocumentId")

// docOf is the document that a sync frame is about, as its text; empty: none.
func docOf(m message) string {
	if i := bytes.Index(m.head, nameOfDoc); i >= 0 {
		return textAt(m.head[i+len(nameOfDoc):])
	}
	if bytes.HasPrefix(m.tail, nameOfDoc) { // of what is shared by all peers, it is the beginning
		return textAt(m.tail[len(nameOfDoc):])
	}
	return ""
}

// textAt reads a short CBOR text.
func textAt(b []byte) string {
	if len(b) < 2 {
		return ""
	}
	n, from := int(b[0])-0x60, 1
	if b[0] == 0x78 {
		n, from = int(b[1]), 2
	}
	if n < 0 || n > 0xff || b[0] > 0x78 || from+n > len(b) {
		return ""
	}
	return string(b[from : from+n])
}

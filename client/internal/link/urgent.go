package link

import (
	"bytes"
	"slices"
	"time"
)

// awaitAtMost bounds Await: a line that is fast has brought the word long before, and one that is slow is not left idle for longer.
const awaitAtMost = time.Second

// Prefer has frames of some documents go before all others that wait. Frames of one document keep their order, and so do those of
// none, before which nothing goes. It is called with a document's id as it stands in a frame, and must not block.
func (c *Conn) Prefer(urgent func(doc string) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.urgent = urgent
}

// Await has frames of documents that are not urgent wait until each of these, which are, has one to send, as it is about to: what is queued sooner by
// chance would fill the buffers of the system, and on a slow line be before it for many seconds. It takes ids as they stand in frames.
func (c *Conn) Await(docs []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(docs) == 0 || c.closing != nil || c.ended {
		return
	}
	if c.awaits == nil {
		c.awaits = time.AfterFunc(awaitAtMost, c.awaitNoMore)
	} else {
		c.awaits.Reset(awaitAtMost)
	}
	c.awaited = map[string]struct{}{}
	for _, doc := range docs {
		if !slices.ContainsFunc(c.queue, func(m message) bool { return docOf(m) == doc }) {
			c.awaited[doc] = struct{}{}
		}
	}
}

func (c *Conn) awaitNoMore() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.awaited = nil
	if len(c.queue) > 0 && c.socket != nil {
		c.wake()
	}
}

// next takes the message that is sent next off the queue; false: nothing is to be sent now. mu is held.
func (c *Conn) next() (message, bool) {
	if len(c.queue) == 0 {
		return message{}, false
	}
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
	if len(c.awaited) > 0 {
		if doc := docOf(m); doc != "" && !c.urgent(doc) {
			return message{}, false
		}
	}
	c.queue = slices.Delete(c.queue, i, i+1)
	return m, true
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

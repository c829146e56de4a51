package wire

import (
	"bytes"

	"fieldsync/crdt"
)

// Codec decodes and encodes the frames of one connection. It remembers the text forms of the documents last seen (a
// text form costs a base58 conversion and two SHA-256) and the peers' names, which are the same in nearly every frame.
//
// Decode and the Append methods use separate memory: one goroutine may decode while another encodes. Two may not do the same
// at once. The zero value is ready; its tables (3 and 4 KiB) are made when the first document comes by.
type Codec struct {
	in             *[cacheSize]docText // by the text's last bytes
	out            *[cacheSize]docText // by the id
	sender, target crdt.PeerID         // of the last frame decoded
}

// cacheSize is how many documents each table of a Codec holds. Each slot holds one document, the last one that came to it: no
// order to keep, nothing to grow. A connection is busy with a handful of documents at a time; a peer that picks its ids to
// collide slows down only its own connection, to the speed without a table.
const cacheSize = 64

// docText pairs an id with its text form.
type docText struct {
	id   crdt.DocID
	n    uint8 // length of the text; 0: the slot is empty
	text [maxDocText]byte
}

// maxDocText is the longest base58 form of 20 bytes.
const maxDocText = 28

// Decode reads one frame as the function Decode does.
func (c *Codec) Decode(data []byte) (Frame, error) { return decode(c, data) }

// Append writes one frame as the function Append does.
func (c *Codec) Append(dst []byte, f Frame) []byte { return appendFrame(c, dst, f) }

// AppendSyncSuffix writes the shared part of a sync frame as the function AppendSyncSuffix does.
func (c *Codec) AppendSyncSuffix(dst []byte, doc crdt.DocID, data []byte) []byte {
	return appendSyncSuffix(c, dst, doc, data)
}

// parseDoc reads a document id's text, through the table if there is a Codec.
func (c *Codec) parseDoc(text []byte) (crdt.DocID, error) {
	if c == nil || len(text) > maxDocText || len(text) < 2 {
		return crdt.ParseDocID(string(text))
	}
	if c.in == nil {
		c.in = new([cacheSize]docText)
	}
	// The text ends in the checksum: its last characters are as good as a hash.
	slot := &c.in[(uint(text[len(text)-1])*58+uint(text[len(text)-2]))%cacheSize]
	if int(slot.n) == len(text) && bytes.Equal(slot.text[:slot.n], text) {
		return slot.id, nil
	}
	id, err := crdt.ParseDocID(string(text))
	if err == nil {
		slot.set(id, text)
	}
	return id, err
}

// appendDoc writes a document id's text form, through the table if there is a Codec.
func (c *Codec) appendDoc(dst []byte, id crdt.DocID) []byte {
	if c == nil {
		return appendText(dst, id.String())
	}
	if c.out == nil {
		c.out = new([cacheSize]docText)
	}
	slot := &c.out[id[15]%cacheSize]
	if slot.n == 0 || slot.id != id {
		text := id.String()
		if len(text) > maxDocText {
			return appendText(dst, text)
		}
		slot.set(id, []byte(text))
	}
	return append(appendHead(dst, majorText, uint64(slot.n)), slot.text[:slot.n]...)
}

func (s *docText) set(id crdt.DocID, text []byte) {
	s.id, s.n = id, uint8(len(text))
	copy(s.text[:], text)
}

// peerID makes a peer id of its bytes, without a copy if it equals the last one in the slot.
func peerID(last *crdt.PeerID, b []byte) crdt.PeerID {
	if string(*last) != string(b) {
		*last = crdt.PeerID(b)
	}
	return *last
}

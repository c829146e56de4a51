package hostile_test

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"encoding/binary"

	"fieldsync/crdt/format"
)

// Types of chunks.
const (
	typeDocument = 0
	typeChange   = 1
	typeDeflated = 2
	typeBundle   = 3
)

// Column specifications of a change: id<<4 | type.
const (
	colObjActor  = 0<<4 | 1
	colObjCtr    = 0<<4 | 2
	colKeyStr    = 1<<4 | 5
	colInsert    = 3<<4 | 4
	colAction    = 4<<4 | 2
	colValMeta   = 5<<4 | 6
	colPredNum   = 7 << 4 // type 0
	colPredActor = 7<<4 | 1
	colPredCtr   = 7<<4 | 3
	deflateBit   = 1 << 3
)

func uleb(b []byte, n uint64) []byte { return binary.AppendUvarint(b, n) }

// leb appends a positive number as signed LEB128.
func leb(b []byte, n uint64) []byte {
	for n >= 0x40 {
		b = append(b, byte(n)|0x80)
		n >>= 7
	}
	return append(b, byte(n))
}

// chunk puts a chunk together, with a right length and checksum.
func chunk(kind byte, body []byte) []byte {
	hashed := append(uleb([]byte{kind}, uint64(len(body))), body...)
	sum := sha256.Sum256(hashed)
	return append(append([]byte{0x85, 0x6f, 0x4a, 0x83}, sum[:4]...), hashed...)
}

// deflatedChunk puts a deflated change together; its checksum is that of the change inside.
func deflatedChunk(body []byte) []byte {
	inner, packed := chunk(typeChange, body), pack(body)
	return append(append(append(bytes.Clone(inner[:8]), typeDeflated), uleb(nil, uint64(len(packed)))...), packed...)
}

// pack is raw DEFLATE.
func pack(b []byte) []byte {
	var out bytes.Buffer
	w, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		panic(err)
	}
	_, _ = w.Write(b) // to memory
	_ = w.Close()
	return out.Bytes()
}

type column struct {
	spec uint64
	data []byte
}

// header is a change's body up to its columns.
func header(c *format.Change) []byte {
	b := uleb(nil, uint64(len(c.Deps)))
	for _, d := range c.Deps {
		b = append(b, d[:]...)
	}
	b = append(uleb(b, uint64(len(c.Actor))), c.Actor...)
	b = uleb(uleb(b, c.Seq), c.StartOp)
	b = append(leb(b, uint64(c.Time)), 0)
	b = uleb(b, uint64(len(c.Others)))
	for _, a := range c.Others {
		b = append(uleb(b, uint64(len(a))), a...)
	}
	return b
}

// columns appends columns to a header.
func columns(head []byte, cols ...column) []byte {
	b := uleb(head, uint64(len(cols)))
	for _, c := range cols {
		b = uleb(uleb(b, c.spec), uint64(len(c.data)))
	}
	for _, c := range cols {
		b = append(b, c.data...)
	}
	return b
}

// setTwo are the columns of two operations that set the keys a and b of the root to null.
func setTwo() []column {
	return []column{
		{colKeyStr, []byte{0x7e, 1, 'a', 1, 'b'}}, {colInsert, []byte{2}}, {colAction, []byte{2, 1}}, {colValMeta, []byte{2, 0}},
		{colPredNum, []byte{2, 0}},
	}
}

// with replaces a column, or puts it in its place; nil data takes it out.
func with(cols []column, spec uint64, data []byte) []column {
	var out []column
	placed := data == nil
	for _, c := range cols {
		if !placed && c.spec >= spec {
			out = append(out, column{spec, data})
			placed = true
		}
		if c.spec != spec {
			out = append(out, c)
		}
	}
	if !placed {
		out = append(out, column{spec, data})
	}
	return out
}

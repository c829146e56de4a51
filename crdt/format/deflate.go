package format

import (
	"bytes"
	"compress/flate"
	"crypto/sha256"
	"io"
	"sync"

	"fieldsync/crdt"
)

// inflaters keeps decompressors, of 40 KB each, for the next chunk. It holds no data between uses.
var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

// appendInflated appends the raw DEFLATE stream's content, of at most so many bytes. Bytes behind the stream's end, or a
// stream that does not end, are malformed. Memory grows with what really comes out.
func appendInflated(dst, packed []byte, most int) ([]byte, *crdt.Refusal) {
	src := bytes.NewReader(packed)
	zr := inflaters.Get().(io.ReadCloser)
	defer func() {
		_ = zr.(flate.Resetter).Reset(bytes.NewReader(nil), nil) // drops the input
		inflaters.Put(zr)
	}()
	if err := zr.(flate.Resetter).Reset(src, nil); err != nil {
		return dst, refuse(crdt.RefusedMalformed, "compressed data: cannot begin")
	}
	start := len(dst)
	for {
		if len(dst) == cap(dst) {
			grow := max(512, min(len(dst)-start, 1<<20)+3*len(packed))
			dst = append(dst, make([]byte, min(grow, most+1))...)[:len(dst)]
		}
		n, err := zr.Read(dst[len(dst):cap(dst)])
		dst = dst[:len(dst)+n]
		if len(dst)-start > most {
			return dst, refuse(crdt.RefusedTooLarge, "inflated data over the limit of bytes")
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return dst, refuse(crdt.RefusedMalformed, "compressed data is broken")
		}
	}
	if src.Len() > 0 {
		return dst, refuse(crdt.RefusedMalformed, "bytes behind the compressed data")
	}
	return dst, nil
}

// Inflate gives the type 1 chunk that a deflated change chunk stands for, and its hash, verified against the checksum. It
// does not look into the change.
func Inflate(raw []byte, lim Limits) ([]byte, crdt.Hash, error) {
	c, err := oneChunk(raw, lim.ChangeBytes)
	if err != nil {
		return nil, crdt.Hash{}, err
	}
	if c.Type != ChunkDeflated {
		return nil, crdt.Hash{}, refuse(crdt.RefusedUnsupported, "not a deflated change")
	}
	c, err = inflateChange(c, lim)
	return c.Raw, c.Hash, err
}

// inflateChange gives the change chunk that a deflated one stands for.
func inflateChange(c Chunk, lim Limits) (Chunk, error) {
	// The header's size depends on the body's: leave room for the longest, and put it right before the body.
	const room = hashedFrom + 1 + 10
	buf, err := appendInflated(make([]byte, room, room+4*len(c.Body)), c.Body, lim.ChangeBytes)
	if err != nil {
		return Chunk{}, err
	}
	var head [room]byte
	h := append(head[:0], magic[:]...)
	h = append(h, c.Raw[len(magic):hashedFrom]...)
	h = appendULEB(append(h, byte(ChunkChange)), uint64(len(buf)-room))
	from := room - len(h)
	copy(buf[from:], h)
	out := Chunk{Type: ChunkChange, Raw: buf[from:len(buf):len(buf)], Body: buf[room:len(buf):len(buf)]}
	out.Hash = sha256.Sum256(out.Raw[hashedFrom:])
	if !bytes.Equal(out.Hash[:4], out.Raw[len(magic):hashedFrom]) {
		return Chunk{}, refuse(crdt.RefusedBadChecksum, "deflated change's checksum does not match")
	}
	return out, nil
}

// deflateFrom is the size in bytes above which the Rust cores compress a change (DEFLATE_MIN_SIZE).
const deflateFrom = 256

// Deflate gives the deflated form of a change chunk if that is smaller, else the chunk itself. Store and hash the chunk
// itself: only a frame on its way gains from this.
func Deflate(raw []byte) []byte {
	c, err := nextChunk(raw, len(raw))
	if err != nil || c.Type != ChunkChange || len(raw) <= deflateFrom {
		return raw
	}
	var packed bytes.Buffer
	zw, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return raw
	}
	if _, err := zw.Write(c.Body); err != nil {
		return raw
	}
	if err := zw.Close(); err != nil {
		return raw
	}
	out := append(make([]byte, 0, packed.Len()+hashedFrom+11), raw[:hashedFrom]...)
	out = appendULEB(append(out, byte(ChunkDeflated)), uint64(packed.Len()))
	out = append(out, packed.Bytes()...)
	if len(out) >= len(raw) {
		return raw
	}
	return out
}

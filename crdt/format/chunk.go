package format

import (
	"bytes"
	"crypto/sha256"
	"iter"

	"fieldsync/crdt"
)

// ChunkType says what a chunk's body is.
type ChunkType uint8

const (
	ChunkDocument ChunkType = 0 // a whole document, its changes merged into columns
	ChunkChange   ChunkType = 1 // one change
	ChunkDeflated ChunkType = 2 // one change, its body compressed with raw DEFLATE
	ChunkBundle   ChunkType = 3 // several changes; experimental in newer cores, refused here
)

var magic = [4]byte{0x85, 0x6f, 0x4a, 0x83}

// hashedFrom is where the hashed bytes of a chunk begin: behind magic and checksum.
const hashedFrom = len(magic) + 4

// Chunk is one chunk, undecoded. It shares the memory that it was split from.
type Chunk struct {
	Type ChunkType
	Hash crdt.Hash // verified against the checksum; zero for ChunkDeflated, whose hash is that of the inflated change
	Body []byte
	Raw  []byte // the chunk from its magic on
}

// Split walks over chunks that stand behind one another, as in a stored file or a sync message of version 2, and verifies
// magic, length and checksum of each; a deflated chunk's checksum can only be verified by decoding it. It ends with the
// first error, a *crdt.Refusal; what was there before stays valid. It allocates nothing.
func Split(data []byte, lim Limits) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		for len(data) > 0 {
			c, err := nextChunk(data, lim.DocumentBytes)
			if err != nil {
				yield(Chunk{}, err)
				return
			}
			if !yield(c, nil) {
				return
			}
			data = data[len(c.Raw):]
		}
	}
}

// nextChunk reads the chunk at the front.
func nextChunk(data []byte, most int) (Chunk, error) {
	if len(data) < hashedFrom+2 {
		return Chunk{}, refuse(crdt.RefusedMalformed, "chunk cut off")
	}
	if !bytes.Equal(data[:len(magic)], magic[:]) {
		return Chunk{}, refuse(crdt.RefusedMalformed, "chunk does not begin with the magic bytes")
	}
	c := Chunk{Type: ChunkType(data[hashedFrom])}
	cur := cursor{b: data, pos: hashedFrom + 1}
	n := cur.uleb()
	if cur.fail == "" && n > uint64(most) {
		return Chunk{}, refuse(crdt.RefusedTooLarge, "chunk over the limit of bytes")
	}
	c.Body = cur.take(n)
	if cur.fail != "" {
		return Chunk{}, refuse(crdt.RefusedMalformed, "chunk length: "+cur.fail)
	}
	c.Raw = data[:cur.pos:cur.pos]
	if c.Type != ChunkDeflated {
		c.Hash = sha256.Sum256(c.Raw[hashedFrom:])
		if !bytes.Equal(c.Hash[:4], data[len(magic):hashedFrom]) {
			return Chunk{}, refuse(crdt.RefusedBadChecksum, "chunk checksum does not match")
		}
	}
	return c, nil
}

// oneChunk reads a chunk that has nothing behind it.
func oneChunk(raw []byte, most int) (Chunk, error) {
	c, err := nextChunk(raw, most)
	if err != nil {
		return Chunk{}, err
	}
	if len(c.Raw) != len(raw) {
		return Chunk{}, refuse(crdt.RefusedMalformed, "bytes behind the chunk")
	}
	return c, nil
}

// appendChunk appends a chunk with its body, and gives its hash.
func appendChunk(dst []byte, t ChunkType, body []byte) ([]byte, crdt.Hash) {
	start := len(dst)
	dst = append(dst, magic[:]...)
	dst = append(dst, 0, 0, 0, 0, byte(t))
	dst = appendULEB(dst, uint64(len(body)))
	dst = append(dst, body...)
	hash := crdt.Hash(sha256.Sum256(dst[start+hashedFrom:]))
	copy(dst[start+len(magic):], hash[:4])
	return dst, hash
}

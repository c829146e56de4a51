package mark

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"

	"github.com/minio/highwayhash"

	"fieldsync/blobs"
)

// Block is the length of a block in bytes; a file's last one may be shorter. One is held in memory for each reader.
const Block = 512 << 10

// Size is the length of a mark in bytes. A file of 4 GiB has 128 KiB of them.
const Size = highwayhash.Size128

// Secret is the server's. Who has it can forge marks.
type Secret [32]byte

// Count is how many blocks a file of a size has.
func Count(size int64) int64 { return (size + Block - 1) / Block }

// marker makes the marks of the bytes that are written to it.
type marker struct {
	sum   hash.Hash
	block int64 // number of the block that is being filled
	have  int   // bytes of it
	marks []byte
}

// newMarker begins with a block of a file.
func (s Secret) newMarker(ref blobs.Ref, block int64) (*marker, error) {
	name := ref.Sum()
	key := hmac.New(sha256.New, s[:])
	key.Write([]byte("fieldsync block marks 1\n"))
	key.Write(name[:])
	sum, err := highwayhash.New128(key.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("mark: %w", err)
	}
	return &marker{sum: sum, block: block}, nil
}

// Write never fails.
func (m *marker) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		n := min(len(rest), Block-m.have)
		m.sum.Write(rest[:n])
		m.have, rest = m.have+n, rest[n:]
		if m.have == Block {
			m.end()
		}
	}
	return len(p), nil
}

func (m *marker) end() {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], uint64(m.block)) //nolint:gosec // never negative
	m.sum.Write(number[:])
	m.marks = m.sum.Sum(m.marks)
	m.sum.Reset()
	m.block, m.have = m.block+1, 0
}

// all gives the marks; a last block that is not full ends with it.
func (m *marker) all() []byte {
	if m.have > 0 {
		m.end()
	}
	return m.marks
}

// right tells whether a whole block is the one that has this mark.
func (m *marker) right(number int64, block, mark []byte) bool {
	m.block, m.have, m.marks = number, 0, m.marks[:0]
	m.sum.Reset()
	_, _ = m.Write(block)
	return hmac.Equal(m.all(), mark)
}

package syncproto

import (
	"encoding/binary"

	"fieldsync/crdt"
)

// The parameters that every known core builds with: one false positive in a hundred. Others are read, within limits.
const (
	bloomBitsPerEntry = 10
	bloomProbes       = 7
)

// maxBloomBytes keeps bit positions, and the sum of two, within 32 bits. Limits.BloomBytes is meant to be far below.
const maxBloomBytes = 1 << 27

// Bloom is a filter over change hashes. What was added is always found; about one in a hundred others seems to be, too.
// The zero value holds nothing.
//
// A decoded filter shares the memory that it was decoded from.
type Bloom struct {
	entries      uint32
	bitsPerEntry uint32
	probes       uint32
	bits         []byte
}

// NewBloom makes an empty filter with room for n entries.
func NewBloom(n int) Bloom {
	if n == 0 {
		return Bloom{}
	}
	return Bloom{
		entries: uint32(n), bitsPerEntry: bloomBitsPerEntry, probes: bloomProbes,
		bits: make([]byte, bloomBytes(uint32(n), bloomBitsPerEntry)),
	}
}

// IsEmpty tells whether nothing was added.
func (b *Bloom) IsEmpty() bool { return b.entries == 0 }

// Add puts a hash in. The filter must have room, and its memory must not be shared.
func (b *Bloom) Add(h crdt.Hash) {
	at := newProbe(h, len(b.bits))
	for range b.probes {
		b.bits[at.x>>3] |= 1 << (at.x & 7)
		at.next()
	}
}

// Contains tells whether the hash seems to be in.
func (b *Bloom) Contains(h crdt.Hash) bool {
	if b.entries == 0 {
		return false
	}
	at := newProbe(h, len(b.bits))
	for range b.probes {
		if b.bits[at.x>>3]&(1<<(at.x&7)) == 0 {
			return false
		}
		at.next()
	}
	return true
}

// probe walks the bit positions of one hash by triple hashing over its first twelve bytes.
type probe struct{ x, y, z, modulo uint32 }

func newProbe(h crdt.Hash, size int) probe {
	m := uint32(size) * 8
	return probe{
		x:      binary.LittleEndian.Uint32(h[0:]) % m,
		y:      binary.LittleEndian.Uint32(h[4:]) % m,
		z:      binary.LittleEndian.Uint32(h[8:]) % m,
		modulo: m,
	}
}

func (p *probe) next() {
	p.x = (p.x + p.y) % p.modulo
	p.y = (p.y + p.z) % p.modulo
}

// bloomBytes is the size of the bit array.
func bloomBytes(entries, bitsPerEntry uint32) int {
	return int((uint64(entries)*uint64(bitsPerEntry) + 7) / 8)
}

// DecodeBloom reads the encoded form: no bytes at all for the empty filter, else the number of entries, bits for each,
// probes (unsigned LEB128), and the bits. Other lengths than these numbers say, and numbers that divide by zero or burn time
// where they are used, are refused: cores panic on some of them.
func DecodeBloom(data []byte) (Bloom, error) {
	if len(data) == 0 {
		return Bloom{}, nil
	}
	r := reader{rest: data}
	if len(data) > maxBloomBytes {
		r.fail(crdt.RefusedTooLarge, "bloom filter of %d bytes", len(data))
		return Bloom{}, r.err
	}
	entries, perEntry, probes := r.uleb("bloom entries"), r.uleb("bloom bits per entry"), r.uleb("bloom probes")
	switch {
	case r.err != nil:
		return Bloom{}, r.err
	case entries == 0 || perEntry == 0 || probes == 0:
		r.fail(crdt.RefusedMalformed, "bloom filter of %d entries, %d bits each, %d probes", entries, perEntry, probes)
	case perEntry > MaxBloomBitsPerEntry || probes > MaxBloomProbes:
		r.fail(crdt.RefusedTooLarge, "bloom filter of %d bits per entry, %d probes", perEntry, probes)
	case entries > uint64(len(data))*8 || bloomBytes(uint32(entries), uint32(perEntry)) != len(r.rest):
		r.fail(crdt.RefusedMalformed, "bloom filter of %d entries, %d bits each, in %d bytes", entries, perEntry, len(r.rest))
	}
	if r.err != nil {
		return Bloom{}, r.err
	}
	return Bloom{entries: uint32(entries), bitsPerEntry: uint32(perEntry), probes: uint32(probes), bits: r.rest}, nil
}

// Append writes the encoded form.
func (b *Bloom) Append(dst []byte) []byte {
	if b.entries == 0 {
		return dst
	}
	dst = appendUleb(dst, uint64(b.entries))
	dst = appendUleb(dst, uint64(b.bitsPerEntry))
	dst = appendUleb(dst, uint64(b.probes))
	return append(dst, b.bits...)
}

// EncodedLen is how many bytes Append writes.
func (b *Bloom) EncodedLen() int {
	if b.entries == 0 {
		return 0
	}
	return ulebLen(uint64(b.entries)) + ulebLen(uint64(b.bitsPerEntry)) + ulebLen(uint64(b.probes)) + len(b.bits)
}

// clone copies the filter out of the memory that it was decoded from.
func (b *Bloom) clone() Bloom {
	c := *b
	c.bits = append([]byte(nil), b.bits...)
	return c
}

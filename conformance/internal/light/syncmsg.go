package light

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Hash names a change.
type Hash = [32]byte

// Have says what a peer holds: everything up to LastSync, and probably what is in the Bloom filter.
type Have struct {
	LastSync []Hash
	Bloom    []byte
}

// SyncMessage is an Automerge sync message. Flags is nil if the section is absent; a peer that sends one understands V2.
type SyncMessage struct {
	V2      bool
	Heads   []Hash
	Need    []Hash
	Have    []Have
	Changes [][]byte // V1: a change each; V2: at most one, any chunks behind one another
	Flags   []byte
}

// modernFlags is what automerge 3.x sends: SUPPORTS_SYNC_RESET, and with it that V2 is understood.
var modernFlags = []byte{0x02, 0x84}

// Append encodes the message behind b.
func (m *SyncMessage) Append(b []byte) []byte {
	b = append(b, 0x42)
	if m.V2 {
		b[len(b)-1] = 0x43
	}
	b = appendHashes(b, m.Heads)
	b = appendHashes(b, m.Need)
	b = binary.AppendUvarint(b, uint64(len(m.Have)))
	for _, h := range m.Have {
		b = appendHashes(b, h.LastSync)
		b = appendBytes(b, h.Bloom)
	}
	b = binary.AppendUvarint(b, uint64(len(m.Changes)))
	for _, c := range m.Changes {
		b = appendBytes(b, c)
	}
	if m.Flags != nil {
		b = appendBytes(b, m.Flags)
	}
	return b
}

func appendHashes(b []byte, hs []Hash) []byte {
	b = binary.AppendUvarint(b, uint64(len(hs)))
	for i := range hs {
		b = append(b, hs[i][:]...)
	}
	return b
}

func appendBytes(b, data []byte) []byte {
	return append(binary.AppendUvarint(b, uint64(len(data))), data...)
}

// ParseSync decodes a sync message; the parts share data's memory.
func ParseSync(data []byte) (*SyncMessage, error) {
	r := reader{b: data}
	var m SyncMessage
	switch v := r.byte(); v {
	case 0x42:
	case 0x43:
		m.V2 = true
	default:
		return nil, fmt.Errorf("sync message begins with %#x", v)
	}
	m.Heads, m.Need = r.hashes(), r.hashes()
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		m.Have = append(m.Have, Have{LastSync: r.hashes(), Bloom: r.bytes()})
	}
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		m.Changes = append(m.Changes, r.bytes())
	}
	if r.err == nil && len(r.b) > 0 {
		m.Flags = r.bytes()
	}
	return &m, r.err
}

type reader struct {
	b   []byte
	err error
}

var errShort = errors.New("sync message is cut short")

func (r *reader) take(n uint64) []byte {
	if r.err != nil || n > uint64(len(r.b)) {
		r.err = errShort
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.err = errShort
		return 0
	}
	r.take(uint64(n))
	return v
}

func (r *reader) bytes() []byte { return r.take(r.uint()) }

func (r *reader) hashes() []Hash {
	var out []Hash
	for n := r.uint(); n > 0 && r.err == nil; n-- {
		if b := r.take(32); b != nil {
			out = append(out, Hash(b))
		}
	}
	return out
}

// Bloom filter as Automerge builds it: ten bits and seven probes an entry.
const (
	bloomBits   = 10
	bloomProbes = 7
)

func makeBloom(hashes []Hash) []byte {
	if len(hashes) == 0 {
		return nil
	}
	bits := make([]byte, (len(hashes)*bloomBits+7)/8)
	for _, h := range hashes {
		probe(h, uint32(len(bits))*8, bloomProbes, func(p uint32) bool {
			bits[p>>3] |= 1 << (p & 7)
			return true
		})
	}
	b := binary.AppendUvarint(nil, uint64(len(hashes)))
	b = append(b, bloomBits, bloomProbes)
	return append(b, bits...)
}

func bloomHolds(bloom []byte, h Hash) bool {
	r := reader{b: bloom}
	entries, perEntry, probes := r.uint(), r.uint(), r.uint()
	if r.err != nil || entries == 0 || perEntry == 0 || len(r.b) == 0 {
		return false
	}
	return probe(h, uint32(len(r.b))*8, probes, func(p uint32) bool { return r.b[p>>3]>>(p&7)&1 == 1 })
}

func probe(h Hash, modulo uint32, probes uint64, visit func(uint32) bool) bool {
	x := binary.LittleEndian.Uint32(h[0:]) % modulo
	y := binary.LittleEndian.Uint32(h[4:]) % modulo
	z := binary.LittleEndian.Uint32(h[8:]) % modulo
	for range probes {
		if !visit(x) {
			return false
		}
		x = (x + y) % modulo
		y = (y + z) % modulo
	}
	return true
}

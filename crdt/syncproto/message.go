package syncproto

import (
	"bytes"

	"fieldsync/crdt"
)

// Version is the format of a message's changes.
type Version uint8

const (
	V1 Version = 1 // every entry of Changes is one change chunk
	V2 Version = 2 // Changes has at most one entry: any chunks, one behind the other
)

// The first byte of a message.
const (
	typeV1 = 0x42
	typeV2 = 0x43
)

// Message is one sync message.
type Message struct {
	Version Version
	Heads   []crdt.Hash // the sender's heads, sorted
	Need    []crdt.Hash // what the sender asks for by name, sorted
	Have    []Have      // what the sender holds. Empty: send only what I need
	Changes [][]byte    // chunks; see Version
	Flags   *Flags      // nil: none were sent
}

// Have says what the sender of a message holds: LastSync with all of its past, and what the filter contains.
type Have struct {
	LastSync []crdt.Hash
	Bloom    Bloom
}

// FlagBits are the low seven bits of the flags byte.
type FlagBits uint8

const (
	FlagSyncReset         FlagBits = 1 << 0 // forget what you think you sent to me
	FlagReadOnly          FlagBits = 1 << 1 // I take no changes: send none
	FlagSupportsSyncReset FlagBits = 1 << 2 // I understand FlagSyncReset
)

// Flags is the section behind the changes, kept as it came: unknown entries stay.
type Flags struct {
	Raw []byte // each byte a message version that the sender reads, or 80|FlagBits
}

// NewFlags makes the section as today's cores write it: version 2, and the bits.
func NewFlags(bits FlagBits) *Flags { return &Flags{Raw: []byte{byte(V2), 0x80 | byte(bits)}} }

// SpeaksV2 tells whether the sender reads version 2.
func (f *Flags) SpeaksV2() bool { return f != nil && bytes.IndexByte(f.Raw, byte(V2)) >= 0 }

// Bits are the flags set; none where the section or the flags byte is missing.
func (f *Flags) Bits() FlagBits {
	var bits FlagBits
	if f != nil {
		for _, b := range f.Raw {
			if b >= 0x80 {
				bits |= FlagBits(b & 0x7f)
			}
		}
	}
	return bits
}

// Decode reads a message. Changes, Bloom filters and flags share the memory of data. Bytes behind the flags are ignored, as
// every core does. A failure is a *crdt.Refusal; nothing is allocated that data could not fill.
func Decode(data []byte, lim Limits) (Message, error) {
	lim = lim.withDefaults()
	var m Message
	r := reader{rest: data}
	if len(data) > lim.Message {
		r.fail(crdt.RefusedTooLarge, "%d bytes, the limit is %d", len(data), lim.Message)
		return Message{}, r.err
	}
	switch b := r.byte("version"); {
	case r.err != nil:
	case b == typeV1:
		m.Version = V1
	case b == typeV2:
		m.Version = V2
	default:
		r.fail(crdt.RefusedUnsupported, "type %#02x", b)
	}
	m.Heads = r.hashes("heads", lim.Hashes)
	m.Need = r.hashes("needed hashes", lim.Hashes)
	if n := r.count("have entries", 2, lim.Have); n > 0 {
		m.Have = make([]Have, n)
		for i := range m.Have {
			m.Have[i] = r.have(lim)
		}
	}
	if n := r.count("changes", 1, lim.Changes); n > 0 {
		m.Changes = make([][]byte, n)
		for i := range m.Changes {
			m.Changes[i] = r.bytes("bytes of a change", lim.Message)
		}
	}
	if len(r.rest) > 0 {
		m.Flags = &Flags{Raw: r.bytes("flags", MaxFlagBytes)}
	}
	if r.err != nil {
		return Message{}, r.err
	}
	return m, nil
}

func (r *reader) have(lim Limits) Have {
	h := Have{LastSync: r.hashes("hashes of the last sync", lim.Hashes)}
	raw := r.bytes("bytes of a bloom filter", lim.BloomBytes)
	if r.err != nil {
		return Have{}
	}
	bloom, err := DecodeBloom(raw)
	if err != nil {
		r.err, r.rest = err.(*crdt.Refusal), nil //nolint:errorlint // DecodeBloom fails with nothing else
	}
	h.Bloom = bloom
	return h
}

// Append writes the message behind dst.
func Append(dst []byte, m *Message) []byte {
	dst = appendPrefix(dst, m.Version, m.Heads, m.Need)
	dst = appendUleb(dst, uint64(len(m.Have)))
	for i := range m.Have {
		h := &m.Have[i]
		dst = appendHashes(dst, h.LastSync)
		dst = appendUleb(dst, uint64(h.Bloom.EncodedLen()))
		dst = h.Bloom.Append(dst)
	}
	dst = appendUleb(dst, uint64(len(m.Changes)))
	for _, c := range m.Changes {
		dst = appendUleb(dst, uint64(len(c)))
		dst = append(dst, c...)
	}
	if m.Flags != nil {
		dst = appendFlags(dst, m.Flags.Raw)
	}
	return dst
}

func appendPrefix(dst []byte, v Version, heads, need []crdt.Hash) []byte {
	if v == V2 {
		dst = append(dst, typeV2)
	} else {
		dst = append(dst, typeV1)
	}
	dst = appendHashes(dst, heads)
	return appendHashes(dst, need)
}

func appendFlags(dst, raw []byte) []byte {
	dst = appendUleb(dst, uint64(len(raw)))
	return append(dst, raw...)
}

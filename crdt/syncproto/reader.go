package syncproto

import (
	"fmt"

	"fieldsync/crdt"
)

// reader takes a message apart. The first failure sticks, and every later read gives nothing.
type reader struct {
	rest []byte
	err  *crdt.Refusal
}

func (r *reader) fail(code crdt.RefusalCode, format string, args ...any) {
	if r.err == nil {
		r.err = &crdt.Refusal{Code: code, Detail: "sync message: " + fmt.Sprintf(format, args...)}
		r.rest = nil
	}
}

func (r *reader) byte(what string) byte {
	if len(r.rest) == 0 {
		r.fail(crdt.RefusedMalformed, "%s is missing", what)
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// uleb reads an unsigned LEB128 number in its shortest form.
func (r *reader) uleb(what string) uint64 {
	var v uint64
	for i := 0; i < len(r.rest); i++ {
		b := r.rest[i]
		if i == 9 && b > 1 || i > 9 {
			r.fail(crdt.RefusedMalformed, "%s is over 64 bits", what)
			return 0
		}
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			if b == 0 && i > 0 {
				r.fail(crdt.RefusedMalformed, "%s is not in its shortest form", what)
				return 0
			}
			r.rest = r.rest[i+1:]
			return v
		}
	}
	r.fail(crdt.RefusedMalformed, "%s is cut off", what)
	return 0
}

// count reads how many entries follow, each of at least size bytes, and refuses what cannot be there or is over the limit,
// so that the caller may allocate.
func (r *reader) count(what string, size, limit int) int {
	n := r.uleb(what)
	if r.err != nil {
		return 0
	}
	if n > uint64(len(r.rest)/size) {
		r.fail(crdt.RefusedMalformed, "%d %s do not fit into %d bytes", n, what, len(r.rest))
		return 0
	}
	if n > uint64(limit) {
		r.fail(crdt.RefusedTooLarge, "%d %s, the limit is %d", n, what, limit)
		return 0
	}
	return int(n)
}

// bytes reads a length and gives that many bytes of the input, not copied.
func (r *reader) bytes(what string, limit int) []byte {
	n := r.count(what, 1, limit)
	out := r.rest[:n:n]
	r.rest = r.rest[n:]
	return out
}

func (r *reader) hashes(what string, limit int) []crdt.Hash {
	n := r.count(what, len(crdt.Hash{}), limit)
	if n == 0 {
		return nil
	}
	out := make([]crdt.Hash, n)
	for i := range out {
		out[i] = crdt.Hash(r.rest)
		r.rest = r.rest[len(out[i]):]
	}
	return out
}

func appendHashes(dst []byte, hashes []crdt.Hash) []byte {
	dst = appendUleb(dst, uint64(len(hashes)))
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}

func appendUleb(dst []byte, v uint64) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// ulebLen is how many bytes appendUleb writes.
func ulebLen(v uint64) int {
	n := 1
	for v >= 0x80 {
		v >>= 7
		n++
	}
	return n
}

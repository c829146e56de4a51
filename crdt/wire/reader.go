package wire

import (
	"encoding/binary"
	"math"
	"unicode/utf8"

	"fieldsync/crdt"
)

// CBOR major types (RFC 8949 section 3.1).
const (
	majorUint   = 0
	majorNint   = 1
	majorBytes  = 2
	majorText   = 3
	majorArray  = 4
	majorMap    = 5
	majorTag    = 6
	majorSimple = 7
)

// Single bytes of CBOR that are asked for by value.
const (
	cborFalse     = 0xf4
	cborTrue      = 0xf5
	cborNull      = 0xf6
	cborUndefined = 0xf7
	cborBreak     = 0xff
	// tagUint8Array marks a byte string as a Uint8Array; cbor-x writes it unless told not to.
	tagUint8Array = 64
)

// reader walks over CBOR without copying. Nothing it returns is allocated; slices are part of b.
type reader struct {
	b   []byte
	pos int
}

func (r *reader) malformed(what string) error {
	return crdt.Errorf(crdt.KindInvalid, "wire: %s at byte %d", what, r.pos)
}

// head reads the initial byte and its argument. indef says that the argument is "indefinite length" (or, for major type
// 7, a break). For floats arg is the raw bits and info their width.
func (r *reader) head() (major, info byte, arg uint64, indef bool, err error) {
	if r.pos >= len(r.b) {
		return 0, 0, 0, false, r.malformed("truncated")
	}
	first := r.b[r.pos]
	major, info = first>>5, first&0x1f
	rest := r.b[r.pos+1:]
	switch {
	case info < 24:
		r.pos++
		return major, info, uint64(info), false, nil
	case info == 24 && len(rest) >= 1:
		r.pos += 2
		return major, info, uint64(rest[0]), false, nil
	case info == 25 && len(rest) >= 2:
		r.pos += 3
		return major, info, uint64(binary.BigEndian.Uint16(rest)), false, nil
	case info == 26 && len(rest) >= 4:
		r.pos += 5
		return major, info, uint64(binary.BigEndian.Uint32(rest)), false, nil
	case info == 27 && len(rest) >= 8:
		r.pos += 9
		return major, info, binary.BigEndian.Uint64(rest), false, nil
	case info < 28:
		return 0, 0, 0, false, r.malformed("truncated")
	case info == 31 && major != majorUint && major != majorNint && major != majorTag:
		r.pos++
		return major, info, 0, true, nil
	}
	return 0, 0, 0, false, r.malformed("reserved initial byte")
}

// take gives the next n bytes. The count is compared before it is converted: it may be any 64-bit number.
func (r *reader) take(n uint64) ([]byte, error) {
	if n > uint64(len(r.b)-r.pos) {
		return nil, r.malformed("truncated string")
	}
	out := r.b[r.pos : r.pos+int(n) : r.pos+int(n)]
	r.pos += int(n)
	return out, nil
}

// skip walks over one value of any kind and checks that it is well-formed, its text UTF-8 and its nesting within depth.
func (r *reader) skip(depth int) error {
	major, info, arg, indef, err := r.head()
	if err != nil {
		return err
	}
	switch major {
	case majorBytes, majorText:
		if indef {
			return r.skipChunks(major)
		}
		s, err := r.take(arg)
		if err == nil && major == majorText && !utf8.Valid(s) {
			return r.malformed("text that is not UTF-8")
		}
		return err
	case majorArray, majorMap:
		if depth == 0 {
			return crdt.Errorf(crdt.KindTooLarge, "wire: nested more than %d deep", MaxDepth)
		}
		it := items{left: arg, indef: indef}
		for {
			more, err := r.next(&it)
			if err != nil || !more {
				return err
			}
			if err := r.skip(depth - 1); err != nil {
				return err
			}
			if major == majorMap {
				if err := r.skip(depth - 1); err != nil {
					return err
				}
			}
		}
	case majorTag:
		if depth == 0 {
			return crdt.Errorf(crdt.KindTooLarge, "wire: nested more than %d deep", MaxDepth)
		}
		return r.skip(depth - 1)
	case majorSimple:
		if indef {
			return r.malformed("break outside a container")
		}
		if info == 24 && arg < 32 {
			return r.malformed("reserved simple value")
		}
	}
	return nil
}

// skipChunks walks over the rest of an indefinite-length string: definite strings of the same kind up to a break.
func (r *reader) skipChunks(want byte) error {
	for {
		major, _, arg, indef, err := r.head()
		if err != nil {
			return err
		}
		if indef && major == majorSimple {
			return nil
		}
		if indef || major != want {
			return r.malformed("chunk of another kind in a string")
		}
		s, err := r.take(arg)
		if err != nil {
			return err
		}
		if want == majorText && !utf8.Valid(s) {
			return r.malformed("text that is not UTF-8")
		}
	}
}

// items counts the entries of an array or map that are still to come.
type items struct {
	left  uint64
	indef bool
}

// next tells whether another entry follows, and consumes the break behind the last one. A count that lies ends in
// "truncated" after at most as many steps as there are bytes, because every entry has one.
func (r *reader) next(it *items) (bool, error) {
	if !it.indef {
		if it.left == 0 {
			return false, nil
		}
		it.left--
		return true, nil
	}
	if r.pos >= len(r.b) {
		return false, r.malformed("truncated")
	}
	if r.b[r.pos] == cborBreak {
		r.pos++
		return false, nil
	}
	return true, nil
}

// The typed reads below are for fields: they stand on bytes that skip has already found well-formed.

// enter reads the head of an array or map. max is checked for the definite form here, for the other by the caller's count.
func (r *reader) enter(want byte, most int, what string) (items, error) {
	major, _, arg, indef, err := r.head()
	if err != nil {
		return items{}, err
	}
	if major != want {
		return items{}, wrongType(what)
	}
	if arg > uint64(most) {
		return items{}, tooLong(what, most)
	}
	return items{left: arg, indef: indef}, nil
}

// text reads a text string of at most that many bytes.
func (r *reader) text(most int, what string) ([]byte, error) { return r.str(majorText, most, what) }

// bytes reads a byte string of at most that many bytes, with or without the tag that marks a Uint8Array.
func (r *reader) bytes(most int, what string) ([]byte, error) {
	start := r.pos
	if major, _, arg, _, err := r.head(); err != nil || major != majorTag || arg != tagUint8Array {
		r.pos = start
	}
	return r.str(majorBytes, most, what)
}

// str reads a string in one piece. The indefinite form is refused: cbor-x does not read it either.
func (r *reader) str(want byte, most int, what string) ([]byte, error) {
	major, _, arg, indef, err := r.head()
	if err != nil {
		return nil, err
	}
	if major != want || indef {
		return nil, wrongType(what)
	}
	if arg > uint64(most) {
		return nil, tooLong(what, most)
	}
	return r.take(arg)
}

// boolean reads true or false.
func (r *reader) boolean(what string) (bool, error) {
	if r.pos < len(r.b) {
		switch r.b[r.pos] {
		case cborTrue, cborFalse:
			r.pos++
			return r.b[r.pos-1] == cborTrue, nil
		}
	}
	return false, wrongType(what)
}

// number reads an integer from 0 to MaxNumber, also one that is written as a float. truncate allows a fraction.
func (r *reader) number(truncate bool, what string) (uint64, error) {
	major, info, arg, indef, err := r.head()
	if err != nil {
		return 0, err
	}
	var f float64
	switch {
	case major == majorUint:
		if arg > MaxNumber {
			return 0, crdt.Errorf(crdt.KindInvalid, "wire: %s is not a number up to 2^53", what)
		}
		return arg, nil
	case major == majorSimple && !indef && info == 25:
		f = halfToFloat(uint16(arg))
	case major == majorSimple && !indef && info == 26:
		f = float64(math.Float32frombits(uint32(arg)))
	case major == majorSimple && !indef && info == 27:
		f = math.Float64frombits(arg)
	default:
		return 0, wrongType(what)
	}
	if truncate {
		f = math.Trunc(f)
	}
	// NaN fails both comparisons.
	if !(f >= 0 && f <= MaxNumber) || f != math.Trunc(f) {
		return 0, crdt.Errorf(crdt.KindInvalid, "wire: %s is not a whole number from 0 to 2^53", what)
	}
	return uint64(f), nil
}

// halfToFloat widens an IEEE 754 half (RFC 8949 appendix D).
func halfToFloat(h uint16) float64 {
	exp, mant := int(h>>10&0x1f), float64(h&0x3ff)
	var f float64
	switch exp {
	case 0:
		f = math.Ldexp(mant, -24)
	case 31:
		if f = math.Inf(1); mant != 0 {
			f = math.NaN()
		}
	default:
		f = math.Ldexp(mant+1024, exp-25)
	}
	if h&0x8000 != 0 {
		return -f
	}
	return f
}

func wrongType(what string) error {
	return crdt.Errorf(crdt.KindInvalid, "wire: %s has the wrong type", what)
}

func tooLong(what string, most int) error {
	return crdt.Errorf(crdt.KindTooLarge, "wire: %s is over its limit of %d", what, most)
}

// WellFormed tells whether b is exactly one CBOR value within MaxDepth. JavaScript peers throw on an ephemeral payload that
// is not; whoever relays between peers asks this first.
func WellFormed(b []byte) bool {
	r := reader{b: b}
	return r.skip(MaxDepth) == nil && r.pos == len(b)
}

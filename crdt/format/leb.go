package format

// appendULEB appends an unsigned LEB128 in its shortest form.
func appendULEB(b []byte, v uint64) []byte {
	for v >= 0x80 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v))
}

// appendLEB appends a signed LEB128 in its shortest form.
func appendLEB(b []byte, v int64) []byte {
	for v < -64 || v > 63 {
		b = append(b, byte(v)|0x80)
		v >>= 7
	}
	return append(b, byte(v)&0x7f)
}

// cursor reads bytes from the front. After its first failure it stays failed and reads zeros, so that a caller may read
// several things and look once; loops must look at each round.
type cursor struct {
	b    []byte
	pos  int
	fail string // why, for a Refusal's detail
}

func (c *cursor) done() bool { return c.pos >= len(c.b) }
func (c *cursor) rest() int  { return len(c.b) - c.pos }

func (c *cursor) broken(why string) {
	if c.fail == "" {
		c.fail = why
	}
	c.pos = len(c.b)
}

// next gives an integer's next byte.
func (c *cursor) next() (x byte, ok bool) {
	if c.pos >= len(c.b) {
		c.broken("integer cut off")
		return 0, false
	}
	x = c.b[c.pos]
	c.pos++
	return x, true
}

func (c *cursor) uleb() uint64 {
	if c.pos < len(c.b) {
		if x := c.b[c.pos]; x < 0x80 {
			c.pos++
			return uint64(x)
		}
	}
	return c.longULEB()
}

func (c *cursor) longULEB() uint64 {
	var v uint64
	for shift := uint(0); ; shift += 7 {
		x, ok := c.next()
		if !ok {
			return 0
		}
		if shift == 63 && x > 1 {
			c.broken("integer over 64 bits")
			return 0
		}
		v |= uint64(x&0x7f) << shift
		if x < 0x80 {
			if x == 0 && shift > 0 {
				c.broken("integer not in its shortest form")
				return 0
			}
			return v
		}
	}
}

func (c *cursor) leb() int64 {
	if c.pos < len(c.b) {
		if x := c.b[c.pos]; x < 0x80 {
			c.pos++
			return int64(x<<1) << 56 >> 57
		}
	}
	return c.longLEB()
}

func (c *cursor) longLEB() int64 {
	var v int64
	var before byte
	for shift := uint(0); ; shift += 7 {
		x, ok := c.next()
		if !ok {
			return 0
		}
		if shift == 63 && x != 0 && x != 0x7f {
			c.broken("integer over 64 bits")
			return 0
		}
		v |= int64(x&0x7f) << shift
		if x < 0x80 {
			if shift > 0 && (x == 0 && before&0x40 == 0 || x == 0x7f && before&0x40 != 0) {
				c.broken("integer not in its shortest form")
				return 0
			}
			if shift < 57 && x&0x40 != 0 {
				v |= -1 << (shift + 7)
			}
			return v
		}
		before = x
	}
}

// take gives the next n bytes, capped so that appending to them does not write over what follows.
func (c *cursor) take(n uint64) []byte {
	if n > uint64(c.rest()) {
		c.broken("longer than what is there")
		return nil
	}
	from := c.pos
	c.pos += int(n)
	return c.b[from:c.pos:c.pos]
}

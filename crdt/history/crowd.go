package history

import (
	"math"

	"fieldsync/crdt"
)

// What a document costs to load. Automerge before 3.0, the core of package engine with it, passes by all operations in a place, those that
// were overwritten too, for each new one there: the work goes with the square of their number, at 30 ns a step. A change of a hundred bytes
// may put 262,144 into one place, which took the core an hour.
const (
	// MaxCrowding is how many such steps a document may take, four seconds: 16,000 writes to one field.
	MaxCrowding = 1 << 27

	// crowded is from how many operations on a place takes no more once the document has come to MaxCrowding. Who writes to other
	// places goes on.
	crowded = 32

	// crowdFrom is from how many operations on they are counted: a document that has fewer cannot come to it.
	crowdFrom = 1 << 13
)

// crowd counts operations by their place, in a table that is too small for all: it may count some for others of the same line, never too
// few.
type crowd struct {
	lines []uint32 // a power of two of them
	steps int
	upTo  int // operations before this one are counted
}

func newCrowd(ops int) *crowd {
	n := 1 << 10
	for 4*n < ops {
		n *= 2
	}
	return &crowd{lines: make([]uint32, n)}
}

// line is where an operation is counted. One that makes an element is alone in it.
func (c *crowd) line(o *op) (*uint32, bool) {
	if o.is(flagInsert) {
		return nil, false
	}
	x := (uint64(o.object())<<32 | uint64(o.place)) * 0x9e3779b97f4a7c15
	return &c.lines[x>>32&uint64(len(c.lines)-1)], true
}

// add counts an operation, and gives how many there were in its line.
func (c *crowd) add(o *op) int {
	n, ok := c.line(o)
	if !ok {
		return 0
	}
	was := int(*n)
	*n++
	c.steps += was
	return was
}

func (c *crowd) remove(o *op) {
	if n, ok := c.line(o); ok {
		*n--
		c.steps -= int(*n)
	}
}

// checkCrowd checks that a change does not make the document too slow to load, and counts it; drop takes that back.
func (h *History) checkCrowd(s *staged) *crdt.Refusal {
	all := len(h.ops) + len(s.ops)
	if all < crowdFrom || h.limits.Crowding == math.MaxInt {
		return nil
	}
	if c := h.crowd; c == nil || c.upTo != len(h.ops) || len(c.lines) < all/8 {
		h.crowd = newCrowd(all)
		for i := range h.ops {
			h.crowd.add(&h.ops[i])
		}
	}
	c := h.crowd
	for i := range s.ops {
		if n := c.add(&s.ops[i]); n >= crowded && c.steps > h.limits.Crowding {
			for k := range i + 1 {
				c.remove(&s.ops[k])
			}
			c.upTo = len(h.ops)
			return refuse(s.change, crdt.RefusedDocumentTooBig, "too many operations in one place")
		}
	}
	c.upTo = all
	return nil
}

package history

// order tells which of two elements of a sequence stands first. Elements form a tree: each was inserted behind another one,
// or at the head, and what was inserted behind the same one stands by descending id. The tree is walked in logarithmic
// time by a second pointer of each element that jumps far up (Myers 1983, "An applicative random-access stack").
//
// Only marks need it (see checkOp), so it is made with a document's first mark. It numbers elements as op.place does.
type order struct {
	depth []uint32
	jump  []uint32
}

// orderOf gives the order, brought up to the operations checked so far.
func (h *History) orderOf(s *staged) *order {
	if h.order == nil {
		h.order = &order{depth: []uint32{0}, jump: []uint32{0}}
	}
	r := h.order
	n := len(h.ops) + len(s.ops) + 1
	r.depth, r.jump = grow(r.depth, n-len(r.depth)), grow(r.jump, n-len(r.jump))
	for i := len(r.depth); i < n; i++ {
		o := h.stagedOp(s, uint32(i-1))
		depth, jump := uint32(0), uint32(0)
		if o.is(flagInsert) {
			depth, jump = r.depth[o.place]+1, o.place
			if j := r.jump[o.place]; r.depth[o.place]-r.depth[j] == r.depth[j]-r.depth[r.jump[j]] {
				jump = r.jump[j]
			}
		}
		r.depth, r.jump = append(r.depth, depth), append(r.jump, jump)
	}
	return r
}

// cut forgets operations that were not admitted.
func (r *order) cut(ops int) {
	if r != nil && len(r.depth) > ops+1 {
		r.depth, r.jump = r.depth[:ops+1], r.jump[:ops+1]
	}
}

// standsBefore tells whether element a stands before element b of the same sequence; the head is before all.
func (h *History) standsBefore(s *staged, a, b uint32) bool {
	r := h.orderOf(s)
	up := func(x uint32) uint32 { return h.stagedOp(s, x-1).place }
	lift := func(x, depth uint32) uint32 {
		for r.depth[x] > depth {
			if j := r.jump[x]; r.depth[j] >= depth {
				x = j
			} else {
				x = up(x)
			}
		}
		return x
	}
	x, y := lift(a, r.depth[b]), lift(b, r.depth[a])
	if x == y { // one was inserted behind the other, directly or not
		return r.depth[a] < r.depth[b]
	}
	for up(x) != up(y) {
		if r.jump[x] != r.jump[y] {
			x, y = r.jump[x], r.jump[y]
		} else {
			x, y = up(x), up(y)
		}
	}
	return h.stagedID(s, x-1).Compare(h.stagedID(s, y-1)) > 0
}

// stagedID is the id of an operation of the history, or of the change being checked.
func (h *History) stagedID(s *staged, at uint32) OpID {
	if n := uint32(len(h.ops)); at >= n {
		return OpID{Counter: s.change.StartOp + uint64(at-n), Actor: s.change.Actor}
	}
	return h.idOf(at)
}

package syncproto

// spans is a set of indices, as ranges in the order in which they were added. It forgets the oldest when it is full.
type spans []span

type span struct{ from, to uint32 } // to is exclusive

// maxSpans bounds the set: pushes go on where the last one ended, so one or two ranges are usual.
const maxSpans = 64

// add puts ascending indices in.
func (s *spans) add(indices []int) {
	for _, i := range indices {
		x := uint32(i)
		if n := len(*s); n > 0 && (*s)[n-1].to == x {
			(*s)[n-1].to++
			continue
		}
		if len(*s) == maxSpans {
			copy(*s, (*s)[1:])
			*s = (*s)[:maxSpans-1]
		}
		*s = append(*s, span{x, x + 1})
	}
}

func (s spans) contains(i int) bool {
	for _, r := range s {
		if uint32(i) >= r.from && uint32(i) < r.to {
			return true
		}
	}
	return false
}

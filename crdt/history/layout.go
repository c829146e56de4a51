package history

import (
	"math/bits"
	"strings"
	"unicode/utf8"

	"fieldsync/crdt/format"
)

// Layout knows where the elements of a sequence stand: their indexes, which for a text count characters (Unicode code points),
// as the engine's do. Making one costs a look at every element that the sequence ever had; afterwards it answers, and follows
// a change, in logarithmic time for each element.
type Layout struct {
	v     *View
	obj   ObjID
	s     *sequence
	text  bool
	shown []uint32 // 1 + the operation that each element shows, by rank; 0: it is not there
	width []uint32 // of each element
	sums  []uint32 // a Fenwick tree over the widths: entry k, from 1, is the sum of the k&-k widths that end with the k-th
	total uint32
}

// Layout lays a sequence out.
func (v *View) Layout(obj ObjID) *Layout {
	s := v.r.sequence(obj)
	n := len(s.elems)
	l := &Layout{v: v, obj: obj, s: s, text: isText(v.r.h, obj), shown: make([]uint32, n), width: make([]uint32, n), sums: make([]uint32, n+1)}
	for k := range n {
		l.shown[k], l.width[k] = l.look(v, k)
		l.total += l.width[k]
	}
	copy(l.sums[1:], l.width)
	for k := 1; k <= n; k++ {
		if up := k + k&-k; up <= n {
			l.sums[up] += l.sums[k]
		}
	}
	return l
}

func isText(h *History, obj ObjID) bool { return h.Type(obj) == format.ActionMakeText }

// look finds what an element shows, and how wide that is.
func (l *Layout) look(v *View, rank int) (shown, width uint32) {
	at, in, ok := v.shows(l.s, rank)
	if !ok {
		return 0, 0
	}
	if !l.text {
		return at + 1, 1
	}
	return at + 1, uint32(utf8.RuneCountInString(v.r.character(at, in)))
}

// Len is the length of the sequence.
func (l *Layout) Len() int { return int(l.total) }

// Index is how much stands before an element, whether it is there itself or not.
func (l *Layout) Index(e ElemID) int {
	sum := uint32(0)
	for k := l.s.rankOf(e); k > 0; k -= k & -k {
		sum += l.sums[k]
	}
	return int(sum)
}

// Rank orders the elements that a sequence ever had as the document does.
func (l *Layout) Rank(e ElemID) int { return l.s.rankOf(e) }

// Shown tells whether an element is there, and its characters, if the sequence is a text.
func (l *Layout) Shown(e ElemID) (string, bool) {
	k := l.s.rankOf(e)
	return l.shows(k), l.shown[k] != 0
}

func (l *Layout) shows(rank int) string {
	if l.shown[rank] == 0 || !l.text {
		return ""
	}
	at := l.shown[rank] - 1
	return l.v.r.character(at, l.v.r.h.changeOfOp(at))
}

// Move lays the sequence out as another view of the same replay shows it. It costs as much as the changes between the two views
// are long, but no more than a new layout.
func (l *Layout) Move(v *View) {
	if v == l.v {
		return
	}
	elems, ok := l.between(v)
	if !ok {
		*l = *v.Layout(l.obj)
		return
	}
	l.v = v
	for _, k := range elems {
		shown, width := l.look(v, k)
		grown := width - l.width[k] // wraps around, as the sums do
		l.shown[k], l.width[k] = shown, width
		if grown == 0 {
			continue
		}
		l.total += grown
		for k++; k < len(l.sums); k += k & -k {
			l.sums[k] += grown
		}
	}
}

// between gives the elements, by rank, that changes write to which one of the views has and the other has not; false where it
// is better to look at all.
func (l *Layout) between(v *View) ([]int, bool) {
	h := v.r.h
	if v.r != l.v.r || v.clock == nil || l.v.clock == nil {
		return nil, false
	}
	var out []int
	left := len(l.width)/4 + 64
	for a := range h.actors {
		from, to := l.v.clock[a], v.clock[a]
		for seq := min(from, to); seq < max(from, to); seq++ {
			i := h.actors[a].changes[seq]
			begin, end := h.changes[i].op, h.opsEnd(i)
			if left -= 1 + int(end-begin); left < 0 {
				return nil, false
			}
			v.r.work += 1 + int(end-begin)
			for ; begin < end; begin++ {
				if o := &h.ops[begin]; o.object() == uint32(l.obj) && o.is(flagInSeq) {
					out = append(out, l.s.rankOf(ElemID(o.slot(begin))))
				}
			}
		}
	}
	return out, true
}

// Slice gives the characters of a text from one index to before another. It costs as many steps as there are characters, times
// the logarithm of the number of elements.
func (l *Layout) Slice(from, to int) string {
	from, to = max(from, 0), min(to, l.Len())
	var b strings.Builder
	for from < to {
		rank, begin := l.find(from)
		text := []rune(l.shows(rank))
		text = text[from-begin : min(len(text), to-begin)]
		b.WriteString(string(text))
		from += len(text)
		l.v.r.work++
	}
	return b.String()
}

// find gives the element in which an index lies, by rank, and the index at which it begins.
func (l *Layout) find(index int) (rank, begin int) {
	sum := uint32(0)
	for step := 1 << (bits.Len(uint(len(l.width))) - 1); step > 0; step /= 2 {
		if k := rank + step; k < len(l.sums) && sum+l.sums[k] <= uint32(index) {
			rank, sum = k, sum+l.sums[k]
		}
	}
	return rank, int(sum)
}

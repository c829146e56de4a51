package job

import (
	"cmp"
	"slices"
)

// list is a map of entries keyed by id, which people see as a list: how to handle its entries.
type list[T any] struct {
	key   string
	keys  []string // the names in an entry's JSON form, uuid aside
	of    func(b *body) *[]T
	id    func(e *T) *string
	pos   func(e *T) *float64
	same  func(a, b *T) bool // tells whether an entry without an id means this one
	parse func(f *form, at string, m map[string]any, cur, into *T)
	value func(e *T) map[string]any // of a new entry, position aside
	edits func(p spot, old, now *T)
}

// write gives the edits that lead from one list to another. Entries are matched by id; only what differs in them is written, so that
// what others write beside it, and what a later version keeps there, stays.
func (l list[T]) write(p spot, was, shall *body) {
	old, now := *l.of(was), slices.Clone(*l.of(shall))
	index := make(map[string]int, len(old))
	for i := range old {
		index[*l.id(&old[i])] = i
	}
	l.arrange(old, now, index)
	in, isMap := p.sub(l.key)
	if !isMap {
		all := make(map[string]any, len(now))
		for i := range now {
			all[*l.id(&now[i])] = l.whole(&now[i])
		}
		if len(now) > 0 {
			p.set(l.key, all)
		}
		return
	}
	stays := make(map[string]bool, len(now))
	for i := range now {
		stays[*l.id(&now[i])] = true
	}
	for i := range old {
		if id := *l.id(&old[i]); !stays[id] {
			in.drop(id)
		}
	}
	for i := range now {
		id := *l.id(&now[i])
		j, known := index[id]
		one, isMap := in.sub(id)
		if !known || !isMap {
			in.set(id, l.whole(&now[i]))
			continue
		}
		l.edits(one, &old[j], &now[i])
		one.number(KeyPosition, *l.pos(&old[j]), *l.pos(&now[i]))
	}
}

func (l list[T]) whole(e *T) map[string]any {
	m := l.value(e)
	m[KeyPosition] = numberValue(*l.pos(e))
	return m
}

// arrange gives the entries of a new list positions by which they stand in its order. As many as possible keep the one they have.
func (l list[T]) arrange(old, now []T, index map[string]int) {
	rank := make([]int, len(now)) // where it stood in the old list; -1 for a new one
	for i := range now {
		rank[i] = -1
		if j, known := index[*l.id(&now[i])]; known {
			rank[i] = j
			*l.pos(&now[i]) = *l.pos(&old[j])
		}
	}
	keeps := increasing(rank)
	for i := 0; i < len(now); {
		if keeps[i] {
			i++
			continue
		}
		end := i
		for end < len(now) && !keeps[end] {
			end++
		}
		for k := i; k < end; k++ {
			*l.pos(&now[k]) = l.between(now, i, end, k)
		}
		i = end
	}
	inOrder := slices.IsSortedFunc(now, func(a, b T) int {
		return cmp.Or(cmp.Compare(*l.pos(&a), *l.pos(&b)), cmp.Compare(*l.id(&a), *l.id(&b)))
	})
	if !inOrder { // no room between two neighbours
		for i := range now {
			*l.pos(&now[i]) = float64(i + 1)
		}
	}
}

// between is the position of the entry k of those from i to end, which stand between two that keep theirs.
func (l list[T]) between(now []T, i, end, k int) float64 {
	switch {
	case i == 0 && end == len(now):
		return float64(k + 1)
	case i == 0:
		return *l.pos(&now[end]) - float64(end-k)
	case end == len(now):
		return *l.pos(&now[i-1]) + float64(k-i+1)
	}
	a, b := *l.pos(&now[i-1]), *l.pos(&now[end])
	return a + (b-a)*float64(k-i+1)/float64(end-i+1)
}

// increasing marks a longest strictly increasing part of the numbers, leaving out the negative ones.
func increasing(numbers []int) []bool {
	var ends []int // ends[n] is where the part of length n+1 ends that ends with the least number
	before := make([]int, len(numbers))
	for i, number := range numbers {
		if number < 0 {
			continue
		}
		n, _ := slices.BinarySearchFunc(ends, number, func(at, number int) int { return cmp.Compare(numbers[at], number) })
		before[i] = -1
		if n > 0 {
			before[i] = ends[n-1]
		}
		if n == len(ends) {
			ends = append(ends, i)
		}
		ends[n] = i
	}
	out := make([]bool, len(numbers))
	if len(ends) > 0 {
		for i := ends[len(ends)-1]; i >= 0; i = before[i] {
			out[i] = true
		}
	}
	return out
}

package notify

import (
	"container/heap"
	"time"
)

// agenda says when to look at what, each thing once. Not safe for concurrent use.
type agenda[K comparable] struct {
	items []entry[K]
	at    map[K]int // index in items
}

type entry[K comparable] struct {
	key K
	due time.Time
}

// set puts a thing on the agenda, or moves it.
func (a *agenda[K]) set(key K, due time.Time) {
	if a.at == nil {
		a.at = map[K]int{}
	}
	if i, ok := a.at[key]; ok {
		a.items[i].due = due
		heap.Fix(a, i)
		return
	}
	heap.Push(a, entry[K]{key, due})
}

// add is set for what does not stand there.
func (a *agenda[K]) add(key K, due time.Time) {
	if _, ok := a.at[key]; !ok {
		a.set(key, due)
	}
}

// advance is set for what does not stand there, or later.
func (a *agenda[K]) advance(key K, due time.Time) {
	if i, ok := a.at[key]; !ok || due.Before(a.items[i].due) {
		a.set(key, due)
	}
}

func (a *agenda[K]) drop(key K) {
	if i, ok := a.at[key]; ok {
		heap.Remove(a, i)
	}
}

// next gives what is due first, and when; false: nothing stands there.
func (a *agenda[K]) next() (K, time.Time, bool) {
	if len(a.items) == 0 {
		var none K
		return none, time.Time{}, false
	}
	return a.items[0].key, a.items[0].due, true
}

// Len, Less, Swap, Push and Pop are heap.Interface's.
func (a *agenda[K]) Len() int           { return len(a.items) }
func (a *agenda[K]) Less(i, j int) bool { return a.items[i].due.Before(a.items[j].due) }
func (a *agenda[K]) Swap(i, j int) {
	a.items[i], a.items[j] = a.items[j], a.items[i]
	a.at[a.items[i].key], a.at[a.items[j].key] = i, j
}
func (a *agenda[K]) Push(x any) {
	e := x.(entry[K]) //nolint:forcetypeassert,errcheck // heap gives back what it was given
	a.at[e.key] = len(a.items)
	a.items = append(a.items, e)
}
func (a *agenda[K]) Pop() any {
	e := a.items[len(a.items)-1]
	a.items = a.items[:len(a.items)-1]
	delete(a.at, e.key)
	return e
}

package index

import (
	"container/heap"
	"sync"
	"time"

	"fieldsync/crdt"
)

// maxQueued bounds the documents that wait for their rows: 48 bytes each. What comes above it is found again by comparing
// all records with the rows.
const maxQueued = 50_000

// queue holds the documents whose rows have to be made, each once, and gives each when it is due. A document that is worked at
// waits until that is done, so that its rows follow one another.
type queue struct {
	max      int // maxQueued; fewer in tests
	mu       sync.Mutex
	waiting  map[crdt.DocID]*item
	due      dueHeap
	working  map[crdt.DocID]item
	again    map[crdt.DocID]item // of those worked at: what waits behind
	closed   bool
	overflow bool
	less     sync.Cond // something was taken or done, or it was closed
	wake     chan struct{}
}

// item is a document that waits.
type item struct {
	doc   crdt.DocID
	since time.Time // when the first change came that its row does not know
	due   time.Time
	tries int // how often it could not be read
	at    int // in the heap
}

func newQueue() *queue {
	q := &queue{max: maxQueued, waiting: map[crdt.DocID]*item{}, working: map[crdt.DocID]item{}, again: map[crdt.DocID]item{}, wake: make(chan struct{}, 1)}
	q.less.L = &q.mu
	return q
}

// offer adds a document unless it waits already. It never blocks; a full queue remembers that it has missed something.
func (q *queue) offer(it item) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.waiting)+len(q.again) >= q.max && q.waiting[it.doc] == nil {
		q.overflow = true
		return
	}
	q.add(it)
}

// push adds a document, after waiting until fewer than room wait.
func (q *queue) push(it item, room int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) >= room && !q.closed {
		q.less.Wait()
	}
	q.add(it)
}

func (q *queue) add(it item) {
	if q.closed || q.waiting[it.doc] != nil {
		return
	}
	if _, worked := q.working[it.doc]; worked {
		if _, there := q.again[it.doc]; !there {
			q.again[it.doc] = it
		}
		return
	}
	q.waiting[it.doc] = &it
	heap.Push(&q.due, &it)
	if it.at == 0 {
		q.ring()
	}
}

func (q *queue) ring() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// take gives a document that is due. Where none is, it gives after how long one will be; a negative duration: none waits.
func (q *queue) take(now time.Time) (item, time.Duration, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.due) == 0 {
		return item{}, -1, false
	}
	first := q.due[0]
	if wait := first.due.Sub(now); wait > 0 {
		return item{}, wait, false
	}
	heap.Pop(&q.due)
	delete(q.waiting, first.doc)
	q.working[first.doc] = *first
	q.less.Broadcast()
	if len(q.due) > 0 {
		q.ring() // for another goroutine that takes
	}
	return *first, 0, true
}

// done ends the work at a document.
func (q *queue) done(doc crdt.DocID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.working, doc)
	if it, ok := q.again[doc]; ok {
		delete(q.again, doc)
		q.add(it)
	}
	q.less.Broadcast()
}

// missed tells whether something was not taken since it was last asked.
func (q *queue) missed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	m := q.overflow
	q.overflow = false
	return m
}

// miss remembers that something was not taken.
func (q *queue) miss() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.overflow = true
}

// waits counts what waits.
func (q *queue) waits() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// len counts what waits or is worked at, and gives since when the oldest one does; zero: nothing does.
func (q *queue) len() (n int, oldest time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	see := func(it *item) {
		if oldest.IsZero() || it.since.Before(oldest) {
			oldest = it.since
		}
	}
	for _, it := range q.waiting {
		see(it)
	}
	for _, it := range q.working {
		see(&it)
	}
	return len(q.waiting) + len(q.working), oldest
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.less.Broadcast()
}

type dueHeap []*item

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i]; h[i].at, h[j].at = i, j }
func (h *dueHeap) Push(x any) {
	it, _ := x.(*item)
	it.at = len(*h)
	*h = append(*h, it)
}

func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	it := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return it
}

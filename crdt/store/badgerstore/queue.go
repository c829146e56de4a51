package badgerstore

import (
	"sync"

	"fieldsync/crdt/store"
)

// batch is one Submit.
type batch struct {
	ops   []store.Op
	done  func(error)
	bytes int64 // keys and values
}

// queue is what was submitted and not yet taken by the committer, in order and bounded.
type queue struct {
	mu      sync.Mutex
	room    sync.Cond // something was taken, or the queue was closed
	work    sync.Cond // something was put, or the queue was closed
	waiting []batch
	bytes   int64
	closed  bool
}

func newQueue() *queue {
	q := new(queue)
	q.room.L, q.work.L = &q.mu, &q.mu
	return q
}

// put queues a batch, and waits for room before. It is false, and the batch is not queued, where the queue is closed.
func (q *queue) put(b batch) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.closed && len(q.waiting) > 0 && (len(q.waiting) >= maxQueued || q.bytes+b.bytes > maxQueuedBytes) {
		q.room.Wait()
	}
	if q.closed {
		return false
	}
	q.waiting = append(q.waiting, b)
	q.bytes += b.bytes
	q.work.Signal()
	return true
}

// take appends the next batches to group: at least one, more while they fit. It waits for the first, and gives none only
// when the queue is closed and empty.
func (q *queue) take(group []batch, fits func(n int, bytes int64, b batch) bool) []batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 {
		if q.closed {
			return group
		}
		q.work.Wait()
	}
	n, bytes := 0, int64(0)
	for n < len(q.waiting) && (n == 0 || fits(n, bytes, q.waiting[n])) {
		bytes += q.waiting[n].bytes
		n++
	}
	group = append(group, q.waiting[:n]...)
	clear(q.waiting[:n]) // the array lives on; what it pointed to need not
	q.waiting = q.waiting[n:]
	q.bytes -= bytes
	q.room.Broadcast()
	return group
}

func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.room.Broadcast()
	q.work.Broadcast()
}

func (q *queue) size() (batches int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting), q.bytes
}

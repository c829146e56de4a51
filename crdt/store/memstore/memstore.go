// Package memstore is a store in memory with the semantics of the one on disk, for tests and simulation: what was submitted
// becomes visible and durable only when it is synced, a crash loses the rest, and writes can be made to fail.
//
// A manual store has no goroutine of its own and calls done only inside Sync: the same calls give the same states. An
// automatic one syncs inside Submit.
package memstore

import (
	"bytes"
	"errors"
	"slices"
	"sort"
	"sync"

	"fieldsync/crdt/store"
)

// MaxKey is the longest key that is taken, in bytes, as in the store on disk.
const MaxKey = 60000

// Fault decides the fate of a batch when it is synced: an error fails it, and nothing of it is written. n counts the batches from 1
// since the store was made; ops is the batch. A slow disk is a Sync that is not called.
type Fault func(n int, ops []store.Op) error

// Options configure a store. The zero value is an automatic store without faults.
type Options struct {
	Manual bool  // batches wait for Sync
	Fault  Fault // nil: nothing fails
}

// Store is the store.
type Store struct {
	manual bool
	fault  Fault

	mu      sync.Mutex
	rows    []row // sorted by key; the slice is replaced, never written to, so that scans keep theirs
	pending []batch
	count   int
	closed  bool
	syncing sync.Mutex // keeps the order of batches, and of their done calls
}

type row struct{ key, value []byte }

type batch struct {
	ops  []store.Op
	done func(error)
}

var _ store.Store = (*Store)(nil)

// New makes an empty store.
func New(o Options) *Store { return &Store{manual: o.Manual, fault: o.Fault} }

// SetFault replaces the fault; nil ends it.
func (s *Store) SetFault(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

// Submit queues a batch. An automatic store syncs it, and all before it, at once; done may then be called before Submit
// returns, and must not call Submit itself. A manual store never blocks.
func (s *Store) Submit(ops []store.Op, done func(error)) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		done(store.ErrClosed)
		return
	}
	s.pending = append(s.pending, batch{ops, done})
	s.mu.Unlock()
	if !s.manual {
		s.Sync(-1)
	}
}

// Pending is how many batches wait for Sync.
func (s *Store) Pending() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.pending)
}

// Sync makes the first n waiting batches durable in their order, all of them if n is negative, and calls their done. It gives how many there were.
func (s *Store) Sync(n int) int {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	for i := 0; ; i++ {
		s.mu.Lock()
		if i == n || len(s.pending) == 0 {
			s.mu.Unlock()
			return i
		}
		b := s.pending[0]
		s.pending = s.pending[1:]
		s.count++
		count, fault := s.count, s.fault
		s.mu.Unlock()
		err := check(b.ops)
		if err == nil && fault != nil {
			err = fault(count, b.ops)
		}
		if err == nil {
			s.mu.Lock()
			s.rows = apply(s.rows, b.ops)
			s.mu.Unlock()
		}
		b.done(err)
	}
}

// Crash drops what was not synced, without calling its done: the process that waited for it is gone too. It gives how many
// batches were lost. The store goes on with what is durable, as a new process would find it.
func (s *Store) Crash() int {
	s.syncing.Lock()
	defer s.syncing.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	lost := len(s.pending)
	s.pending, s.closed = nil, false
	return lost
}

// Reopen undoes Close: what is durable is still there.
func (s *Store) Reopen() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = false
}

func check(ops []store.Op) error {
	for _, op := range ops {
		if len(op.Key) == 0 || len(op.Key) > MaxKey {
			return store.ErrTooLarge
		}
	}
	return nil
}

// apply gives rows with the batch's writes. Small batches on a big store cost a copy of the table; that buys scans a state of their own.
func apply(rows []row, ops []store.Op) []row {
	final := make(map[string][]byte, len(ops))
	for _, op := range ops {
		if op.Value == nil {
			final[string(op.Key)] = nil
		} else {
			final[string(op.Key)] = append([]byte{}, op.Value...)
		}
	}
	keys := make([]string, 0, len(final))
	for key := range final {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	out := make([]row, 0, len(rows)+len(keys))
	for _, key := range keys {
		i, found := find(rows, []byte(key))
		out = append(out, rows[:i]...)
		if rows = rows[i:]; found {
			rows = rows[1:]
		}
		if value := final[key]; value != nil {
			out = append(out, row{[]byte(key), value})
		}
	}
	return append(out, rows...)
}

func find(rows []row, key []byte) (int, bool) {
	return slices.BinarySearchFunc(rows, key, func(r row, k []byte) int { return bytes.Compare(r.key, k) })
}

func (s *Store) snapshot() ([]row, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, store.ErrClosed
	}
	return s.rows, nil
}

// View reads what is durable now.
func (s *Store) View(read func(store.Reader) error) error {
	rows, err := s.snapshot()
	if err != nil {
		return err
	}
	return read(view(rows))
}

// Get gives a copy of what is durable under the key.
func (s *Store) Get(key []byte) ([]byte, error) { return store.Get(s, key) }

// Scan visits what was durable when it began.
func (s *Store) Scan(prefix, start []byte, visit func(key, value []byte) error) error {
	return store.Scan(s, prefix, start, visit)
}

// ScanBack visits what was durable when it began, backwards.
func (s *Store) ScanBack(prefix, start []byte, visit func(key, value []byte) error) error {
	return store.ScanBack(s, prefix, start, visit)
}

// view is one state; rows are never changed in place.
type view []row

func (v view) Get(key []byte) ([]byte, error) {
	i, found := find(v, key)
	if !found {
		return nil, store.ErrNotFound
	}
	return append([]byte{}, v[i].value...), nil
}

func (v view) Scan(prefix, start []byte, visit func(key, value []byte) error) error {
	from := prefix
	if bytes.Compare(start, from) > 0 {
		from = start
	}
	i, _ := find(v, from)
	for ; i < len(v) && bytes.HasPrefix(v[i].key, prefix); i++ {
		if err := visit(v[i].key, v[i].value); errors.Is(err, store.ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (v view) ScanBack(prefix, start []byte, visit func(key, value []byte) error) error {
	// The first key behind the range: keys with the prefix are neighbours.
	n, _ := find(v, prefix)
	n += sort.Search(len(v)-n, func(i int) bool { return !bytes.HasPrefix(v[n+i].key, prefix) })
	if start != nil {
		i, found := find(v, start)
		if found {
			i++
		}
		n = min(n, i)
	}
	for i := n - 1; i >= 0 && bytes.HasPrefix(v[i].key, prefix); i-- {
		if err := visit(v[i].key, v[i].value); errors.Is(err, store.ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// Close syncs what waits; everything after it answers ErrClosed, until Reopen or Crash.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	s.Sync(-1)
	return nil
}

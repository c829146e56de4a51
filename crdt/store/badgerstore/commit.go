package badgerstore

import (
	"bytes"
	"errors"
	"fmt"

	"fieldsync/crdt/store"

	"github.com/dgraph-io/badger/v4"
)

// Submit implements store.Writer. It blocks while more than the queue's bound is waiting.
func (s *Store) Submit(ops []store.Op, done func(error)) {
	b := batch{ops: ops, done: done}
	for _, op := range ops {
		b.bytes += int64(len(op.Key) + len(op.Value))
	}
	if !s.queue.put(b) {
		done(store.ErrClosed)
	}
}

// commitAll is the committer: it writes until the queue is closed and empty.
func (s *Store) commitAll() {
	var group []batch
	fits := func(n int, bytes int64, b batch) bool { return n < maxGroup && bytes+b.bytes <= maxGroupBytes }
	for {
		group = s.queue.take(group[:0], fits)
		if len(group) == 0 {
			return
		}
		s.commitGroup(group)
		clear(group)
	}
}

// commitGroup writes batches in their order, in as few transactions as Badger's limit on one allows, and calls their done.
func (s *Store) commitGroup(group []batch) {
	for len(group) > 0 {
		txn := s.db.NewTransaction(true)
		n, size, count := 0, int64(0), int64(0)
		for n < len(group) {
			more, ops, err := cost(group[n].ops)
			if err != nil {
				break // it is answered when it is the first
			}
			if n > 0 && (size+more >= s.db.MaxBatchSize() || count+ops >= s.db.MaxBatchCount()) {
				break
			}
			size, count = size+more, count+ops
			n++
		}
		n = max(n, 1)
		err := s.commit(txn, group[:n])
		txn.Discard()
		if err == nil {
			s.stats.commits.Add(1)
			s.stats.batches.Add(uint64(n))
		}
		for _, b := range group[:n] {
			if err == nil {
				s.stats.bytes.Add(uint64(b.bytes))
			}
			b.done(err)
		}
		group = group[n:]
	}
}

// txnOverhead is what a transaction's own end marker counts against its size.
const txnOverhead = 64

// cost is what a batch counts against Badger's limits on a transaction, or why it can never be written. It is never less than what
// Badger counts, so that a transaction of several batches is never refused for its size.
func cost(ops []store.Op) (size, count int64, err error) {
	size, count = txnOverhead, 1
	for _, op := range ops {
		switch {
		case len(op.Key) == 0 || bytes.HasPrefix(op.Key, []byte("!badger!")):
			return 0, 0, fmt.Errorf("badgerstore: key %q is not allowed", op.Key)
		case len(op.Key) > MaxKey:
			return 0, 0, fmt.Errorf("%w: a key of %d bytes", store.ErrTooLarge, len(op.Key))
		case len(op.Value) > MaxValue:
			return 0, 0, fmt.Errorf("%w: a value of %d bytes", store.ErrTooLarge, len(op.Value))
		}
		count++
		size += int64(len(op.Key)) + 32
		if len(op.Value) < valueThreshold {
			size += int64(len(op.Value))
		}
	}
	return size, count, nil
}

// commit writes batches as one transaction. An error means that nothing of them is written, except ErrFailed.
func (s *Store) commit(txn *badger.Txn, group []batch) error {
	if s.failed.Load() {
		return ErrFailed
	}
	var bytes int64
	for _, b := range group {
		if _, _, err := cost(b.ops); err != nil {
			return err
		}
		bytes += b.bytes
	}
	// Twice: the write-ahead log or value log now, the table that the memtable becomes soon.
	if err := s.space.admit(2 * bytes); err != nil {
		s.stats.full.Add(1)
		return err
	}
	for _, b := range group {
		for _, op := range b.ops {
			var err error
			if op.Value == nil {
				err = txn.Delete(op.Key)
			} else {
				err = txn.SetEntry(badger.NewEntry(op.Key, op.Value))
			}
			if errors.Is(err, badger.ErrTxnTooBig) {
				return fmt.Errorf("%w: a batch of %d writes and %d bytes", store.ErrTooLarge, len(b.ops), b.bytes)
			}
			if err != nil {
				return fmt.Errorf("badgerstore: %w", err)
			}
		}
	}
	err := txn.Commit()
	switch {
	case err == nil:
		return nil
	case errors.Is(err, badger.ErrTxnTooBig):
		return fmt.Errorf("%w: a batch of %d bytes", store.ErrTooLarge, bytes)
	}
	s.failed.Store(true)
	s.log.Error("store: a write failed; no more are taken", "error", err)
	return errors.Join(ErrFailed, mapFull(fmt.Errorf("badgerstore: commit: %w", err)))
}

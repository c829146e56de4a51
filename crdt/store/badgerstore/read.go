package badgerstore

import (
	"errors"
	"fmt"

	"fieldsync/crdt/store"

	"github.com/dgraph-io/badger/v4"
)

// enter begins a read, which keeps Close from unmapping the files under it.
func (s *Store) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.readers++
	return true
}

func (s *Store) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.readers--; s.readers == 0 {
		s.idle.Broadcast()
	}
}

// View implements store.Viewer. It keeps Close waiting.
func (s *Store) View(read func(store.Reader) error) error {
	if !s.enter() {
		return store.ErrClosed
	}
	defer s.leave()
	txn := s.db.NewTransaction(false)
	defer txn.Discard()
	return read(view{txn})
}

// Get implements store.Reader.
func (s *Store) Get(key []byte) ([]byte, error) { return store.Get(s, key) }

// Scan implements store.Reader. A scan that runs keeps Close waiting.
func (s *Store) Scan(prefix, start []byte, visit func(key, value []byte) error) error {
	return store.Scan(s, prefix, start, visit)
}

// view reads one state.
type view struct{ txn *badger.Txn }

func (v view) Get(key []byte) ([]byte, error) {
	item, err := v.txn.Get(key)
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, store.ErrNotFound
	}
	var out []byte
	if err == nil {
		out, err = item.ValueCopy(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("badgerstore: get: %w", err)
	}
	return out, nil
}

// prefetch is how many values a scan reads ahead. Documents have some tens of keys; more would be read for nothing.
const prefetch = 32

func (v view) Scan(prefix, start []byte, visit func(key, value []byte) error) error {
	o := badger.DefaultIteratorOptions
	o.Prefix, o.PrefetchSize = prefix, prefetch
	it := v.txn.NewIterator(o)
	defer it.Close()
	if string(start) < string(prefix) {
		start = prefix
	}
	for it.Seek(start); it.ValidForPrefix(prefix); it.Next() {
		item := it.Item()
		var visited error
		err := item.Value(func(value []byte) error {
			visited = visit(item.Key(), value)
			return nil
		})
		switch {
		case err != nil:
			return fmt.Errorf("badgerstore: scan: %w", err)
		case errors.Is(visited, store.ErrStop):
			return nil
		case visited != nil:
			return visited
		}
	}
	return nil
}

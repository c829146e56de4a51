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

// ScanBack implements store.Reader, as Scan does.
func (s *Store) ScanBack(prefix, start []byte, visit func(key, value []byte) error) error {
	return store.ScanBack(s, prefix, start, visit)
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

func (v view) Scan(prefix, start []byte, visit func(key, value []byte) error) error {
	if string(start) < string(prefix) {
		start = prefix
	}
	it := v.txn.NewIterator(iteratorOptions(prefix))
	defer it.Close()
	it.Seek(start)
	return walk(it, prefix, visit)
}

func (v view) ScanBack(prefix, start []byte, visit func(key, value []byte) error) error {
	if start != nil && (len(start) == 0 || string(start) < string(prefix)) {
		return nil
	}
	end, whole := behind(prefix)
	o := iteratorOptions(whole)
	o.Reverse = true
	it := v.txn.NewIterator(o)
	defer it.Close()
	if start == nil || end != nil && string(start) >= string(end) {
		start = end
	}
	if start == nil { // no key is behind all that have the prefix: the last key of all is the first to look at
		it.Rewind()
	} else {
		it.Seek(start)
	}
	if it.Valid() && end != nil && string(it.Item().Key()) == string(end) {
		it.Next()
	}
	return walk(it, prefix, visit)
}

// iteratorOptions are for reading values one after another. Badger's prefetching starts a goroutine for each value; that is ten times
// the cost of reading one that lies in the tree, as all of ours do that are read in numbers.
func iteratorOptions(prefix []byte) badger.IteratorOptions {
	return badger.IteratorOptions{Prefix: prefix}
}

// behind gives the smallest key that is greater than all with the prefix, and the longest prefix that both have; nil where
// the prefix is nothing but ff bytes.
func behind(prefix []byte) (end, whole []byte) {
	for n := len(prefix); n > 0; n-- {
		if last := prefix[n-1]; last < 0xff {
			return append(append(make([]byte, 0, n), prefix[:n-1]...), last+1), prefix[:n-1]
		}
	}
	return nil, nil
}

// walk visits from where the iterator stands, as long as keys have the prefix.
func walk(it *badger.Iterator, prefix []byte, visit func(key, value []byte) error) error {
	for ; it.ValidForPrefix(prefix); it.Next() {
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

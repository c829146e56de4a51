// Package marks keeps the marks of files (package mark) in the server's store, and the secret that they are made with.
package marks

import (
	"crypto/rand"
	"errors"

	"fieldsync/blobs"
	"fieldsync/blobs/mark"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// kind of store.API: nothing -> the secret; organisation, '/', SHA-256(32) -> the marks of its file.
const kind = 'b'

// Book implements mark.Book. Safe for concurrent use.
type Book struct{ store store.Store }

var _ mark.Book = (*Book)(nil)

// Open gives the book in a store, and the store's secret, which it makes at the first time.
func Open(s store.Store) (*Book, mark.Secret, error) {
	var secret mark.Secret
	value, err := s.Get(store.API(kind))
	switch {
	case errors.Is(err, store.ErrNotFound):
		_, _ = rand.Read(secret[:]) // never fails
		err = store.Write(s, []store.Op{{Key: store.API(kind), Value: secret[:]}})
	case err == nil && len(value) != len(secret):
		return nil, secret, crdt.Errorf(crdt.KindInternal, "marks: the stored secret is none")
	}
	if err != nil {
		return nil, secret, crdt.Errorf(crdt.KindUnavailable, "marks: %w", err)
	}
	copy(secret[:], value)
	return &Book{store: s}, secret, nil
}

func keyOf(space blobs.Space, ref blobs.Ref) []byte {
	sum := ref.Sum()
	return store.API(kind, []byte(space), []byte{'/'}, sum[:])
}

// Marks implements mark.Book.
func (b *Book) Marks(space blobs.Space, ref blobs.Ref) ([]byte, error) {
	value, err := b.store.Get(keyOf(space, ref))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, crdt.Errorf(crdt.KindUnavailable, "marks: %w", err)
	}
	return value, nil
}

// Keep implements mark.Book.
func (b *Book) Keep(space blobs.Space, ref blobs.Ref, marks []byte) error {
	if err := store.Write(b.store, []store.Op{{Key: keyOf(space, ref), Value: marks}}); err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "marks: %w", err)
	}
	return nil
}

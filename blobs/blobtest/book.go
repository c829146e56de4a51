package blobtest

import (
	"sync"

	"fieldsync/blobs"
)

// Book keeps marks in memory (mark.Book). Its zero value is empty.
type Book struct {
	mu    sync.Mutex
	marks map[string][]byte
	fails error
}

// Fail has all that is asked of it fail from now on; nil: no more.
func (b *Book) Fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fails = err
}

// Marks implements mark.Book.
func (b *Book) Marks(space blobs.Space, ref blobs.Ref) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.marks[string(space)+"/"+ref.String()], b.fails
}

// Keep implements mark.Book.
func (b *Book) Keep(space blobs.Space, ref blobs.Ref, marks []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fails != nil {
		return b.fails
	}
	if b.marks == nil {
		b.marks = map[string][]byte{}
	}
	key := string(space) + "/" + ref.String()
	if delete(b.marks, key); marks != nil {
		b.marks[key] = marks
	}
	return nil
}

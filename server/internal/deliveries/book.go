// Package deliveries keeps which file was delivered for which document, by whom and when: the proof that a document's readers
// may have the file, beside the document's own word for it. Without it, whoever knows a file's SHA-256 could name it in a
// document of his own and read it there.
package deliveries

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// kind of store.API: document(16), SHA-256(32) -> Delivery.
const kind = 'f'

// Delivery is a file that was delivered for a document: sent for it, or shown to be held or readable by who named it there.
type Delivery struct {
	Org  string `json:"org"`  // the organisation's id
	By   string `json:"by"`   // the principal's id
	At   int64  `json:"at"`   // ms since 1970, the last time
	Size int64  `json:"size"` // bytes
}

// Book is the deliveries of all documents. Safe for concurrent use.
type Book struct {
	store store.Store
	now   func() time.Time

	// Held for reading while a delivery is noted, and for writing while somebody decides that there is none (Exclusively).
	deciding sync.RWMutex
	mu       sync.Mutex
	watches  map[*Watch]struct{} // under mu
}

// New opens the book in a store.
func New(s store.Store, now func() time.Time) *Book {
	if now == nil {
		now = time.Now
	}
	return &Book{store: s, now: now, watches: map[*Watch]struct{}{}}
}

func keyOf(doc crdt.DocID, ref blobs.Ref) []byte {
	sum := ref.Sum()
	return store.API(kind, doc[:], sum[:])
}

// Add notes a delivery, durably.
func (b *Book) Add(doc crdt.DocID, ref blobs.Ref, org, by string, size int64) error {
	value, err := json.Marshal(Delivery{Org: org, By: by, At: b.now().UnixMilli(), Size: size})
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "deliveries: %w", err)
	}
	b.deciding.RLock()
	defer b.deciding.RUnlock()
	b.mu.Lock()
	for w := range b.watches {
		w.seen[ref] = struct{}{}
	}
	b.mu.Unlock()
	if err := store.Write(b.store, []store.Op{{Key: keyOf(doc, ref), Value: value}}); err != nil {
		return crdt.Errorf(crdt.KindUnavailable, "deliveries: %w", err)
	}
	return nil
}

// Get gives a delivery; false where there was none.
func (b *Book) Get(doc crdt.DocID, ref blobs.Ref) (Delivery, bool, error) {
	value, err := b.store.Get(keyOf(doc, ref))
	if errors.Is(err, store.ErrNotFound) {
		return Delivery{}, false, nil
	}
	var d Delivery
	if err == nil {
		err = json.Unmarshal(value, &d)
	}
	if err != nil {
		return Delivery{}, false, crdt.Errorf(crdt.KindUnavailable, "deliveries: %w", err)
	}
	return d, true, nil
}

// All visits all deliveries.
func (b *Book) All(visit func(doc crdt.DocID, ref blobs.Ref, d Delivery) error) error {
	prefix := store.API(kind)
	return b.store.Scan(prefix, nil, func(key, value []byte) error {
		rest := key[len(prefix):]
		var d Delivery
		if len(rest) != len(crdt.DocID{})+32 || json.Unmarshal(value, &d) != nil {
			return nil //nolint:nilerr // no entry of this version's: passed over
		}
		return visit(crdt.DocID(rest[:16]), blobs.RefFromSum([32]byte(rest[16:])), d)
	})
}

// Forget removes the deliveries that a function chooses.
func (b *Book) Forget(of func(ref blobs.Ref, d Delivery) bool) error {
	var ops []store.Op
	err := b.All(func(doc crdt.DocID, ref blobs.Ref, d Delivery) error {
		if of(ref, d) {
			ops = append(ops, store.Op{Key: keyOf(doc, ref)})
		}
		return nil
	})
	for chunk := range slices.Chunk(ops, forgetAtOnce) {
		if err == nil {
			err = store.Write(b.store, chunk)
		}
	}
	return err
}

const forgetAtOnce = 500

// Watch remembers what is delivered while it is open.
type Watch struct {
	b    *Book
	seen map[blobs.Ref]struct{}
}

// Watch opens a watch. Close it.
func (b *Book) Watch() *Watch {
	w := &Watch{b: b, seen: map[blobs.Ref]struct{}{}}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watches[w] = struct{}{}
	return w
}

// Close ends the watch.
func (w *Watch) Close() {
	w.b.mu.Lock()
	defer w.b.mu.Unlock()
	delete(w.b.watches, w)
}

// Unless calls a function, while nothing can be delivered, unless the file was delivered since the watch was opened. It tells
// whether it did.
func (w *Watch) Unless(ref blobs.Ref, do func() error) (bool, error) {
	w.b.deciding.Lock()
	defer w.b.deciding.Unlock()
	w.b.mu.Lock()
	_, seen := w.seen[ref]
	w.b.mu.Unlock()
	if seen {
		return false, nil
	}
	return true, do()
}

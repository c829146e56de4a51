package store

import "errors"

// ErrNotFound is Get's answer for a key that is not there.
var ErrNotFound = errors.New("store: key not found")

// ErrFull says that the disk has no room. The write was not made; it may succeed later.
var ErrFull = errors.New("store: no space left")

// ErrClosed is the answer of a store that was closed.
var ErrClosed = errors.New("store: closed")

// ErrLocked says that another process has the folder open.
var ErrLocked = errors.New("store: in use by another process")

// ErrTooLarge says that a key, a value or a batch is over the backend's limit. The write was not made.
var ErrTooLarge = errors.New("store: too large")

// Op is one write: a put, or with a nil Value a delete. Deleting what is not there is no error.
type Op struct {
	Key   []byte
	Value []byte // nil: delete; empty: an empty value
}

// Writer makes batches durable.
type Writer interface {
	// Submit queues a batch that becomes durable as a whole or not at all, and calls done exactly once, from any
	// goroutine: nil after the batch was fsynced, else why nothing of it was written. Batches of one caller take effect
	// in the order of their Submit. Submit returns at once unless the queue is over its bound: then it blocks (that is the
	// back-pressure on writers). The store owns the slices until done is called.
	Submit(ops []Op, done func(error))
}

// Reader reads what is durable or at least submitted and written.
type Reader interface {
	// Get gives a copy of the value, or ErrNotFound.
	Get(key []byte) ([]byte, error)
	// Scan calls visit for each key with the prefix in ascending byte order, beginning at start if it is not nil (start
	// includes the prefix). The slices are valid only during the call. Scan ends early without an error when visit
	// returns ErrStop, and with any other error that visit returns. It sees one consistent state. Several scans of one
	// Reader may be under way at once, one inside another's visit or interleaved.
	Scan(prefix, start []byte, visit func(key, value []byte) error) error
	// ScanBack is Scan in descending byte order: it begins with the greatest key that has the prefix and, if start is not nil, is
	// not greater than start.
	ScanBack(prefix, start []byte, visit func(key, value []byte) error) error
}

// Viewer gives many reads one state.
type Viewer interface {
	// View calls read with a Reader on the state of now. It is cheaper than as many single reads, each of which may wait
	// for a write that is under way. The Reader is valid only during the call.
	View(read func(Reader) error) error
}

// Get is Reader's Get for a Viewer: on the state of now.
func Get(v Viewer, key []byte) (value []byte, err error) {
	err = v.View(func(r Reader) error {
		value, err = r.Get(key)
		return err
	})
	return value, err
}

// Scan is Reader's Scan for a Viewer: on the state of now.
func Scan(v Viewer, prefix, start []byte, visit func(key, value []byte) error) error {
	return v.View(func(r Reader) error { return r.Scan(prefix, start, visit) })
}

// ScanBack is Reader's ScanBack for a Viewer: on the state of now.
func ScanBack(v Viewer, prefix, start []byte, visit func(key, value []byte) error) error {
	return v.View(func(r Reader) error { return r.ScanBack(prefix, start, visit) })
}

// ErrStop ends a Scan or a ScanBack early.
var ErrStop = errors.New("store: stop scanning")

// Store is all of it.
type Store interface {
	Reader
	Viewer
	Writer
	// Close waits for what was submitted, then releases the folder.
	Close() error
}

// Write submits a batch and waits for it.
func Write(w Writer, ops []Op) error {
	done := make(chan error, 1)
	w.Submit(ops, func(err error) { done <- err })
	return <-done
}

package engine

/*
#include "glue.h"
*/
import "C"

import (
	"bytes"
	"crypto/sha256"
	"runtime"
	"sync"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Errors that a caller may want to tell apart; all others have only their crdt.Kind.
var (
	// ErrClosed is returned by every method of a document after Close, or after a failure that left it unusable.
	ErrClosed = crdt.Errorf(crdt.KindInternal, "engine: the document is closed")
	// ErrReadOnly is returned by Edit and Apply on a document made by At.
	ErrReadOnly = crdt.Errorf(crdt.KindConflict, "engine: a view of the past cannot be changed")
	// ErrNotFound is returned where no value stands at a path, and by At for heads that are not here. Its kind is NotFound.
	ErrNotFound = crdt.Errorf(crdt.KindNotFound, "engine: not found")
)

// Doc is a document in the core's memory: some 240 KB for a job of 31 changes (BenchmarkOpenMemory), so close it soon. See the package comment for who may pass what.
type Doc struct {
	mu       sync.Mutex
	root     *C.AMresult // owns the document; nil when closed
	am       *C.AMdoc
	cleanup  runtime.Cleanup
	readOnly bool
}

// New makes a document without a change.
func New() (*Doc, error) { return newDoc(C.AMcreate(nil)) }

// newDoc takes over a result that holds a document.
func newDoc(c *C.AMresult) (*Doc, error) {
	r, err := take(c)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: %w", err)
	}
	am := C.fs_doc(r.c)
	if am == nil {
		r.free()
		return nil, crdt.Errorf(crdt.KindInternal, "engine: the core gave no document")
	}
	d := &Doc{}
	d.own(r.c, am)
	return d, nil
}

// own makes a core document this one's, to be freed with it.
func (d *Doc) own(root *C.AMresult, am *C.AMdoc) {
	d.root, d.am = root, am
	d.cleanup = runtime.AddCleanup(d, func(c *C.AMresult) { C.AMresultFree(c) }, root)
}

// release frees what the document holds.
func (d *Doc) release() {
	if d.root == nil {
		return
	}
	d.cleanup.Stop()
	C.AMresultFree(d.root)
	d.root, d.am = nil, nil
}

// Load makes a document of admitted change chunks, dependencies before dependants, or of a verified document chunk, which
// may have change chunks behind it. The chunks are not kept.
func Load(chunks ...[]byte) (*Doc, error) {
	if len(chunks) == 0 {
		return New()
	}
	joined := chunks[0]
	if len(chunks) > 1 {
		joined = bytes.Join(chunks, nil)
	}
	if len(joined) == 0 {
		return New()
	}
	p, n := cbytes(joined)
	d, err := newDoc(C.AMload(p, n))
	if err != nil {
		return nil, err
	}
	if err := d.mustHold(chunks); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Close frees the document's memory at once. Closing twice does nothing.
func (d *Doc) Close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.release()
}

// Apply adds admitted change chunks, dependencies before dependants; those that are here already change nothing.
// After an error the document may hold some of them: close it and load it again.
func (d *Doc) Apply(changes ...[]byte) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.writable(); err != nil {
		return err
	}
	joined := bytes.Join(changes, nil)
	if len(joined) == 0 {
		return nil
	}
	p, n := cbytes(joined)
	if err := done(C.AMloadIncremental(d.am, p, n)); err != nil {
		return crdt.Errorf(crdt.KindInternal, "engine: apply: %w", err)
	}
	return d.mustHold(changes)
}

// mustHold finds what the core does without a word: a change whose dependencies are missing is put aside, and bytes
// behind a broken chunk are dropped.
func (d *Doc) mustHold(chunks [][]byte) error {
	for _, raw := range chunks {
		if chunkType(raw) != format.ChunkChange {
			continue // the core itself checks a document chunk's heads
		}
		h := hashOf(raw)
		if !d.holds(h) {
			return crdt.Errorf(crdt.KindInvalid, "engine: change %s was not taken: it or what it depends on is missing", h)
		}
	}
	return nil
}

// holds tells whether a change is part of the document.
func (d *Doc) holds(h crdt.Hash) bool {
	r, err := take(C.AMgetChangeByHash(d.am, (*C.uint8_t)(&h[0]), C.size_t(len(h))))
	if err != nil {
		return false
	}
	defer r.free()
	var s C.AMbyteSpan
	return bool(C.fs_next_raw(&r.items, &s))
}

// chunkHeader is magic and checksum; the type and what the hash covers follow.
const chunkHeader = 8

func chunkType(raw []byte) format.ChunkType {
	if len(raw) <= chunkHeader {
		return ^format.ChunkType(0)
	}
	return format.ChunkType(raw[chunkHeader])
}

// hashOf is the hash of a change chunk of type 1: it covers everything behind magic and checksum.
func hashOf(raw []byte) crdt.Hash { return sha256.Sum256(raw[chunkHeader:]) }

// Heads are the hashes of the newest changes; empty for a document without a change. Nil when closed.
func (d *Doc) Heads() crdt.Heads {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil
	}
	heads, err := d.heads()
	if err != nil {
		return nil
	}
	return heads
}

func (d *Doc) heads() (crdt.Heads, error) {
	r, err := take(C.AMgetHeads(d.am))
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: heads: %w", err)
	}
	defer r.free()
	return crdt.NewHeads(r.hashes()...), nil
}

// Changes are all changes of the document as type 1 chunks, dependencies before dependants. The caller owns them.
func (d *Doc) Changes() ([][]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil, ErrClosed
	}
	return d.changes()
}

func (d *Doc) changes() ([][]byte, error) {
	r, err := take(C.AMgetChanges(d.am, nil))
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: changes: %w", err)
	}
	defer r.free()
	return r.raws(), nil
}

// Fork makes an independent copy, which can be edited. The copy's edits must be made by an actor of their own.
func (d *Doc) Fork() (*Doc, error) { return d.fork(nil) }

// At makes a view of the document as it was at heads: read-only, independent of this one, to be closed like it.
// ErrNotFound where a head is not a change of this document. No heads: the document before its first change.
func (d *Doc) At(heads crdt.Heads) (*Doc, error) {
	if len(heads) == 0 {
		view, err := New()
		if err == nil {
			view.readOnly = true
		}
		return view, err
	}
	return d.fork(heads)
}

func (d *Doc) fork(heads crdt.Heads) (*Doc, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil, ErrClosed
	}
	for _, h := range heads {
		if !d.holds(h) {
			return nil, crdt.Errorf(crdt.KindNotFound, "%w: no change %s in this document", ErrNotFound, h)
		}
	}
	p, _ := cbytes(heads.Bytes())
	copied, err := newDoc(C.fs_fork(d.am, p, C.size_t(len(heads))))
	if err != nil {
		return nil, err
	}
	copied.readOnly = len(heads) > 0
	return copied, nil
}

func (d *Doc) writable() error {
	switch {
	case d.am == nil:
		return ErrClosed
	case d.readOnly:
		return ErrReadOnly
	}
	return nil
}

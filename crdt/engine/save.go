package engine

/*
#include "glue.h"
*/
import "C"

import (
	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Save writes the document as one document chunk, which has been decoded again and gives back exactly its changes.
func (d *Doc) Save() ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.am == nil {
		return nil, ErrClosed
	}
	raws, err := d.changes()
	if err != nil {
		return nil, err
	}
	return d.saveVerified(raws)
}

// Snapshot makes a document chunk of admitted change chunks (all of a document's, dependencies before dependants), five
// to ten times smaller than they are, and proves by decoding it that it holds exactly these changes. No changes: the empty document's chunk.
func Snapshot(changes [][]byte) ([]byte, error) {
	d, err := Load(changes...)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return d.saveVerified(changes)
}

// saveVerified saves and checks that what was saved decodes to these changes, no fewer and no more.
func (d *Doc) saveVerified(changes [][]byte) ([]byte, error) {
	r, err := take(C.AMsave(d.am))
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: save: %w", err)
	}
	defer r.free()
	var v C.fs_value
	if !r.next(d.am, &v) || v._type != C.AM_VAL_TYPE_BYTES {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: save gave no bytes")
	}
	chunk := goBytes(v.bytes)
	if err := verify(chunk, changes); err != nil {
		return nil, err
	}
	return chunk, nil
}

// verify decodes a document chunk and compares its changes' hashes with those of the chunks it was made of.
func verify(chunk []byte, changes [][]byte) error {
	doc, err := format.DecodeDocument(chunk, format.DefaultLimits())
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "engine: the saved document does not decode: %w", err)
	}
	want := make(map[crdt.Hash]bool, len(changes))
	for _, raw := range changes {
		if chunkType(raw) != format.ChunkChange {
			return crdt.Errorf(crdt.KindInvalid, "engine: a snapshot is made of change chunks")
		}
		want[hashOf(raw)] = true
	}
	if len(doc.Changes) != len(want) {
		return crdt.Errorf(crdt.KindInternal, "engine: the saved document holds %d changes, not %d", len(doc.Changes), len(want))
	}
	for i := range doc.Changes {
		if !want[doc.Changes[i].Hash] {
			return crdt.Errorf(crdt.KindInternal, "engine: the saved document holds change %s, which never went in", doc.Changes[i].Hash)
		}
	}
	return nil
}

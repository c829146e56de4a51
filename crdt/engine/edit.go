package engine

/*
#include "glue.h"
*/
import "C"

import (
	"bytes"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Commit says who makes a change, and when.
type Commit struct {
	// Actor is the author. The document must hold all of the actor's changes, or two changes get the same sequence number: an
	// actor edits one copy of a document only.
	Actor crdt.ActorID
	// Time is the author's clock in seconds since 1970, as Automerge's own clients write it; 0 for unknown.
	Time int64
	// Message goes into the change; empty for none.
	Message string
}

// MaxMessage is the greatest length of a commit message in bytes: it is a remark, and stays in the history for ever.
const MaxMessage = 4096

// Edit runs fn and makes one change of everything that it did: a raw type 1 chunk, canonical, which the document already
// holds. Nil where nothing changed, because fn did nothing or wrote what already stood there. If fn returns an error, so does Edit,
// and the document is as it was.
func (d *Doc) Edit(c Commit, fn func(*Tx) error) ([]byte, error) {
	if len(c.Actor) == 0 || len(c.Actor) > crdt.MaxActorID {
		return nil, crdt.Errorf(crdt.KindInvalid, "engine: an actor of %d bytes", len(c.Actor))
	}
	if !utf8.ValidString(c.Message) || len(c.Message) > MaxMessage {
		return nil, crdt.Errorf(crdt.KindInvalid, "engine: the message is not UTF-8 of at most %d bytes", MaxMessage)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.writable(); err != nil {
		return nil, err
	}
	p, n := cbytes(string(c.Actor))
	if err := done(C.fs_set_actor(d.am, p, n)); err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: actor: %w", err)
	}
	tx := &Tx{d: d}
	committed := false
	defer func() { // also when fn panics: the next edit must not find half of this one
		tx.d = nil
		if !committed {
			C.AMrollback(d.am)
		}
	}()
	if err := fn(tx); err != nil {
		return nil, err
	}
	if tx.err != nil {
		return nil, tx.err
	}
	if C.AMpendingOps(d.am) == 0 {
		return nil, nil
	}
	committed = true
	return d.commit(c)
}

// commit closes the transaction and gives its change, decoded once to be sure of it.
func (d *Doc) commit(c Commit) ([]byte, error) {
	raw, err := d.commitRaw(c)
	if err == nil {
		var change *format.Change
		if change, err = format.DecodeChange(raw, format.DefaultLimits()); err == nil {
			switch {
			case change.Actor != c.Actor || change.Time != c.Time || change.Message != c.Message:
				err = crdt.Errorf(crdt.KindInternal, "engine: the change says another author, time or message")
			case !bytes.Equal(change.Raw, raw):
				err = crdt.Errorf(crdt.KindInternal, "engine: the change is not canonical")
			}
		}
	}
	if err != nil {
		// The core holds a change that must not leave it.
		d.release()
		return nil, crdt.Errorf(crdt.KindOf(err), "engine: commit: %w; the document is closed", err)
	}
	return raw, nil
}

func (d *Doc) commitRaw(c Commit) ([]byte, error) {
	p, n := cbytes(c.Message)
	r, err := take(C.fs_commit(d.am, p, n, C.int64_t(c.Time)))
	if err != nil {
		return nil, err
	}
	defer r.free()
	var h crdt.Hash
	if !bool(C.fs_hash(r.c, (*C.uint8_t)(&h[0]))) {
		return nil, crdt.Errorf(crdt.KindInternal, "no change came of it")
	}
	got, err := take(C.AMgetChangeByHash(d.am, (*C.uint8_t)(&h[0]), C.size_t(len(h))))
	if err != nil {
		return nil, err
	}
	defer got.free()
	raws := got.raws()
	if len(raws) != 1 || len(raws[0]) <= chunkHeader || hashOf(raws[0]) != h {
		return nil, crdt.Errorf(crdt.KindInternal, "the change does not have the hash it was given")
	}
	return raws[0], nil
}

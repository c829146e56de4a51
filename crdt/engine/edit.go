package engine

/*
#include "glue.h"
*/
import "C"

import (
	"bytes"
	"errors"
	"slices"
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

// commit closes the transaction and gives its change, decoded once to be sure of it. A change that does not pass (one over
// format's limits, or a defect of the core) is taken out of the document again.
func (d *Doc) commit(c Commit) ([]byte, error) {
	p, n := cbytes(c.Message)
	r, err := internal(take(C.fs_commit(d.am, p, n, C.int64_t(c.Time))))
	if err != nil {
		d.release() // there is no telling what the core did
		return nil, err
	}
	defer r.free()
	var h crdt.Hash
	if !bool(C.fs_hash(r.c, (*C.uint8_t)(&h[0]))) {
		d.release()
		return nil, crdt.Errorf(crdt.KindInternal, "engine: commit made no change")
	}
	raw, err := d.committed(c, h)
	if err != nil {
		return nil, errors.Join(err, d.remove(h))
	}
	return raw, nil
}

// committed reads the change that a commit made and checks it as a stranger would.
func (d *Doc) committed(c Commit, h crdt.Hash) ([]byte, error) {
	r, err := internal(take(C.AMgetChangeByHash(d.am, (*C.uint8_t)(&h[0]), C.size_t(len(h)))))
	if err != nil {
		return nil, err
	}
	defer r.free()
	raws := r.raws()
	if len(raws) != 1 {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: the change that was made is not there")
	}
	change, err := format.DecodeChange(raws[0], format.DefaultLimits())
	if err != nil {
		return nil, crdt.Errorf(crdt.KindOf(err), "engine: the edit makes a change that nobody would take: %w", err)
	}
	if change.Hash != h || change.Actor != c.Actor || change.Time != c.Time || change.Message != c.Message || !bytes.Equal(change.Raw, raws[0]) {
		return nil, crdt.Errorf(crdt.KindInternal, "engine: the change is not the one that was made")
	}
	return raws[0], nil
}

// remove loads the document afresh without one change, which nothing depends on. After a failure the document is closed.
func (d *Doc) remove(h crdt.Hash) error {
	raws, err := d.changes()
	if err != nil {
		d.release()
		return err
	}
	fresh, err := Load(slices.DeleteFunc(raws, func(raw []byte) bool { return hashOf(raw) == h })...)
	d.release()
	if err != nil {
		return err
	}
	fresh.cleanup.Stop()
	d.own(fresh.root, fresh.am)
	return nil
}

package client

import (
	"errors"
	"syscall"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/badgerstore"
)

// What the methods answer, beside errors of the store. Test with errors.Is; the text around says more.
var (
	ErrNotLoggedIn = crdt.Errorf(crdt.KindUnauthenticated, "not logged in")
	// ErrSignIn says that the server does not, or no longer, accept the token: a new login is needed.
	ErrSignIn = crdt.Errorf(crdt.KindUnauthenticated, "the server does not accept the token")
	// ErrOffline says that the server cannot be reached now. What was done is kept here.
	ErrOffline = crdt.Errorf(crdt.KindUnavailable, "offline")
	// ErrNotFound says that there is no such document or attachment, here or at the server, or none that this person may know of.
	ErrNotFound = crdt.Errorf(crdt.KindNotFound, "not found")
	// ErrNotAllowed says that the server knows who we are, and does not let us.
	ErrNotAllowed = crdt.Errorf(crdt.KindForbidden, "not allowed")
	// ErrOtherAccount says that the folder belongs to somebody else, or to another server.
	ErrOtherAccount = crdt.Errorf(crdt.KindConflict, "the folder belongs to another account")
	// ErrUnfinished says that a sync ended before everything was exchanged; it will go on with the next.
	ErrUnfinished = crdt.Errorf(crdt.KindUnavailable, "the sync did not finish")
	// ErrKeyNeeded says that the folder is encrypted, and was opened without a key.
	ErrKeyNeeded = crdt.Errorf(crdt.KindUnauthenticated, "the folder is encrypted: its key is needed")
	// ErrWrongKey says that the folder is encrypted with another key. Nothing of it was read or changed.
	ErrWrongKey = crdt.Errorf(crdt.KindUnauthenticated, "this is not the folder's key")
	// ErrNewerFolder says that a newer version made the folder. Nothing of it was changed.
	ErrNewerFolder = crdt.Errorf(crdt.KindUnsupported, "a newer version of fieldsync made the folder")
	// ErrFull says that there is no room on the disk: nothing was saved of what was to be. What was saved before is; it can be read, and
	// sent.
	ErrFull = crdt.Errorf(crdt.KindTooLarge, "no room on this device: it was not saved")
	// ErrDisk says that the disk failed: nothing more is saved until the folder is opened again.
	ErrDisk = crdt.Errorf(crdt.KindUnavailable, "the storage of this device failed: nothing is saved until it is opened again")
	// ErrWiped says that the folder was wiped, because the login was revoked, and is closed.
	ErrWiped = crdt.Errorf(crdt.KindUnauthenticated, "everything was removed from this device")
	// ErrWrongBytes says that what the server gave is not the file that was asked for.
	ErrWrongBytes = crdt.Errorf(crdt.KindInvalid, "the bytes are not those of the file")
)

// because is an error that is what, with the text of why: errors.Is finds both.
func because(what, why error) error {
	return crdt.Errorf(crdt.KindOf(what), "%w", &explained{what, why})
}

type explained struct{ what, why error }

func (e *explained) Error() string   { return e.what.Error() + ": " + e.why.Error() }
func (e *explained) Unwrap() []error { return []error{e.what, e.why} }

// asFull gives a disk's error the name that callers test for; nil stays nil.
func asFull(err error) error {
	switch {
	case err == nil, errors.Is(err, ErrFull), errors.Is(err, ErrDisk):
		return err
	case errors.Is(err, store.ErrFull), errors.Is(err, blobs.ErrFull), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return because(ErrFull, err)
	case errors.Is(err, badgerstore.ErrFailed):
		return because(ErrDisk, err)
	}
	return err
}

// asOurs gives a server's or a connection's error the name that callers test for.
func asOurs(err error) error {
	if err == nil {
		return nil
	}
	for _, known := range []error{ErrSignIn, ErrOffline, ErrNotFound, ErrNotAllowed, ErrUnfinished, ErrWrongBytes} {
		if errors.Is(err, known) {
			return err
		}
	}
	switch crdt.KindOf(err) {
	case crdt.KindUnauthenticated:
		return because(ErrSignIn, err)
	case crdt.KindForbidden:
		return because(ErrNotAllowed, err)
	case crdt.KindNotFound:
		return because(ErrNotFound, err)
	case crdt.KindUnavailable, crdt.KindBusy:
		return because(ErrOffline, err)
	}
	return err
}

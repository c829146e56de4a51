package client

import (
	"errors"

	"fieldsync/crdt"
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

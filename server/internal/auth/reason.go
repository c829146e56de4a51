package auth

import (
	"errors"

	"fieldsync/crdt"
)

// Reason says why somebody was not let in: a label of a metric, and never told to the one who asks.
type Reason string

// The reasons.
const (
	ReasonNone          Reason = "no-credential"
	ReasonUnknownToken  Reason = "unknown-token"
	ReasonExpired       Reason = "expired"
	ReasonDisabled      Reason = "disabled"
	ReasonDemo          Reason = "demo-credential"
	ReasonWrongPassword Reason = "wrong-password"
	ReasonOrigin        Reason = "origin"
	ReasonTooMany       Reason = "too-many-failures"
	ReasonLocked        Reason = "locked"
	ReasonProvider      Reason = "provider" // an OpenID provider's word was not good enough, or it named nobody
	ReasonUnavailable   Reason = "unavailable"
)

// Reasons are all reasons.
func Reasons() []Reason {
	return []Reason{ReasonNone, ReasonUnknownToken, ReasonExpired, ReasonDisabled, ReasonDemo, ReasonWrongPassword,
		ReasonOrigin, ReasonTooMany, ReasonLocked, ReasonProvider, ReasonUnavailable}
}

// denied is a refusal with its reason. What the peer is told does not depend on the reason: whoever guesses learns
// nothing.
type denied struct {
	reason Reason
	err    error
}

func (d *denied) Error() string { return d.err.Error() }
func (d *denied) Unwrap() error { return d.err }

func deny(reason Reason, kind crdt.Kind, text string) error {
	return &denied{reason: reason, err: crdt.Errorf(kind, "%s", text)}
}

const signIn = "a valid token or session is needed"

// ErrNoCredential is the refusal of a request that says nothing of who makes it.
var ErrNoCredential = deny(ReasonNone, crdt.KindUnauthenticated, signIn)

var (
	errUnknownToken  = deny(ReasonUnknownToken, crdt.KindUnauthenticated, signIn)
	errExpired       = deny(ReasonExpired, crdt.KindUnauthenticated, signIn)
	errDisabled      = deny(ReasonDisabled, crdt.KindUnauthenticated, signIn)
	errDemo          = deny(ReasonDemo, crdt.KindUnauthenticated, signIn)
	errWrongPassword = deny(ReasonWrongPassword, crdt.KindUnauthenticated, "login or password is wrong; where several organisations share a server, name yours")
	errOrigin        = deny(ReasonOrigin, crdt.KindForbidden, "this page may not use the session")
	errTooMany       = deny(ReasonTooMany, crdt.KindBusy, tooMany)
	errLocked        = deny(ReasonLocked, crdt.KindBusy, tooMany)
	errNobody        = deny(ReasonProvider, crdt.KindForbidden, "you have no account here: ask an administrator")
)

// tooMany is said of all limits alike, so that it does not tell which accounts there are.
const tooMany = "too many failed attempts: wait a while, or have an administrator unlock the account"

// reasonOf gives the reason of a refusal; false for what is no refusal, as a body that is not JSON.
func reasonOf(err error) (Reason, bool) {
	var d *denied
	if errors.As(err, &d) {
		return d.reason, true
	}
	return ReasonUnavailable, crdt.KindOf(err) == crdt.KindUnavailable
}

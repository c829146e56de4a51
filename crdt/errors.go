package crdt

import (
	"errors"
	"fmt"
)

// Kind says what sort of failure an error is, so that borders (HTTP, WebSocket, command line) can map it from one table.
// Kinds are only ever appended.
type Kind uint8

const (
	KindInternal        Kind = iota // our fault; the text is for the log, not for the peer
	KindInvalid                     // the input is malformed; sending it again will not help
	KindNotFound                    // no such thing, or none that this principal may know of
	KindUnauthenticated             // no valid token or session
	KindForbidden                   // known who, but not allowed
	KindConflict                    // the state does not permit it now
	KindTooLarge                    // over a named limit
	KindBusy                        // over a rate or a queue's bound; come back later
	KindUnavailable                 // storage or a service we need fails; come back later
	KindUnsupported                 // a version or feature that we do not speak
)

var kindNames = [...]string{"internal", "invalid", "not found", "unauthenticated", "forbidden", "conflict",
	"too large", "busy", "unavailable", "unsupported"}

// String is the kind's name in words.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// Error is a failure with its kind and its cause.
type Error struct {
	Kind Kind
	Msg  string // the whole text, the cause's included
	Err  error  // the cause, may be nil
}

// Error is the message.
func (e *Error) Error() string { return e.Msg }

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error of a kind; what a %w in the format names becomes its cause.
func Errorf(kind Kind, format string, args ...any) error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Msg: err.Error(), Err: errors.Unwrap(err)}
}

// KindOf gives the kind of the outermost error that has one; KindInternal where none has.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	var r *Refusal
	if errors.As(err, &r) {
		return r.Code.Kind()
	}
	return KindInternal
}

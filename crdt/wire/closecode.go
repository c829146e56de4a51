package wire

import (
	"strconv"
	"strings"

	"fieldsync/crdt"
)

// CloseCode is a WebSocket close code (RFC 6455 section 7.4). Our own clients do what its Advice says; automerge-repo's
// JavaScript client ignores the code and reconnects after five seconds whatever it is, so a server must not count on it.
type CloseCode uint16

// The codes that we send. Standard ones where one fits; 4400 and above follow the HTTP status of the same meaning.
const (
	CloseNormal          CloseCode = 1000 // the peer said leave, or we are done
	CloseGoingAway       CloseCode = 1001 // the server stops or restarts
	CloseProtocolError   CloseCode = 1002 // not CBOR, not a frame, or a frame that is out of place
	CloseUnsupportedData CloseCode = 1003 // a text message
	CloseTooBig          CloseCode = 1009 // a frame over a limit
	CloseInternal        CloseCode = 1011 // our fault, or storage that fails
	CloseTryAgainLater   CloseCode = 1013 // too many connections or requests
	CloseUnauthenticated CloseCode = 4401 // the token or session is not, or no longer, valid
	CloseForbidden       CloseCode = 4403 // known, but not allowed here
	CloseVersion         CloseCode = 4406 // no protocol version in common
	CloseJoinTimeout     CloseCode = 4408 // no join in time
	CloseReplaced        CloseCode = 4409 // the same peer id joined on a newer connection
	CloseSlowReader      CloseCode = 4429 // what was queued for the peer went over its bound: it catches up on a new connection
)

// Advice is what a peer that was closed should do.
type Advice uint8

const (
	AdviceBackoff   Advice = iota // reconnect after a growing, random delay
	AdviceReconnect               // reconnect at once (with a little jitter), nothing is wrong
	AdviceSignIn                  // get a new token or session first; the old one will not do
	AdviceStop                    // do not reconnect by itself: the same would happen again
)

// Advice gives what a closed peer should do. For codes that are not ours (proxies send their own) that is to back off.
func (c CloseCode) Advice() Advice {
	switch c {
	case CloseGoingAway, CloseJoinTimeout, CloseSlowReader:
		return AdviceReconnect
	case CloseUnauthenticated:
		return AdviceSignIn
	case CloseNormal, CloseProtocolError, CloseUnsupportedData, CloseTooBig, CloseForbidden, CloseVersion, CloseReplaced:
		return AdviceStop
	}
	return AdviceBackoff
}

// retryAfter begins the reason of a close with CloseTryAgainLater that says when; seconds follow, in decimal.
const retryAfter = "retry-after: "

// RetryAfter is the reason of a close with CloseTryAgainLater that asks to come back after so many seconds, and not before: what a Retry-After is in
// an answer to a request.
func RetryAfter(seconds int) string { return retryAfter + strconv.Itoa(seconds) }

// ParseRetryAfter reads the reason of a close; false: it says no time.
func (c CloseCode) ParseRetryAfter(reason string) (seconds int, ok bool) {
	after, ok := strings.CutPrefix(reason, retryAfter)
	if !ok || c != CloseTryAgainLater {
		return 0, false
	}
	return ParseSeconds(after)
}

// ParseSeconds reads the value of a Retry-After that counts seconds; false: it does not, or they are more than a client would wait.
func ParseSeconds(s string) (seconds int, ok bool) {
	seconds, err := strconv.Atoi(s)
	if err != nil || seconds <= 0 || seconds >= 1<<20 {
		return 0, false
	}
	return seconds, true
}

// CloseFor gives the code for closing a connection because of an error of a kind.
func CloseFor(kind crdt.Kind) CloseCode {
	switch kind {
	case crdt.KindInvalid, crdt.KindConflict:
		return CloseProtocolError
	case crdt.KindNotFound, crdt.KindForbidden:
		return CloseForbidden
	case crdt.KindUnauthenticated:
		return CloseUnauthenticated
	case crdt.KindTooLarge:
		return CloseTooBig
	case crdt.KindBusy, crdt.KindUnavailable:
		return CloseTryAgainLater
	case crdt.KindUnsupported:
		return CloseVersion
	}
	return CloseInternal
}

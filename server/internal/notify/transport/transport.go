// Package transport is what push services have in common, as seen by the outbox of package notify: a target, a message, and what became of it. It is pure.
package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"time"
)

// Target is where a device is reached.
type Target struct {
	Endpoint     string // Web Push and UnifiedPush: the address that the push service gave
	P256dh, Auth []byte // the device's keys (RFC 8291); empty: none, so it cannot be sent words that are for it alone
	VAPIDKey     []byte // Web Push: our public key that it was made with
	Token        string // FCM and APNs: the device's token
	App          string // APNs: the app's bundle id
	Sandbox      bool   // APNs: of an app under development
}

// Urgency is how soon a device that saves power is to hear of a message.
type Urgency string

// The urgencies of RFC 8030, section 5.3.
const (
	Low    Urgency = "low"
	Normal Urgency = "normal"
	High   Urgency = "high"
)

// Message is what a device is told.
type Message struct {
	Title, Body string
	Payload     []byte // all of it as JSON, for who can read it
	Reason      []byte // what it says, as JSON in parts, for an app that says it in another language; empty: nothing
	Short       []byte // Payload without words: what a service gets that finds the first too long
	Job         string // document id
	Topic       string // a later message with the same takes its place; at most 32 of base64url
	TTL         time.Duration
	Urgency     Urgency
	Silent      bool // nothing to see: sync now
}

// JSON encodes without the escapes that only web pages need: they make six bytes of one, and services count.
func JSON(v any) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(out.Bytes(), []byte{'\n'}), err
}

// Result is what became of a message.
type Result string

// Results. They are stored in the log.
const (
	Sent    Result = "sent"    // the service has taken it
	Later   Result = "later"   // it is to be tried again
	Gone    Result = "gone"    // the subscription is dead
	TooLong Result = "long"    // the service wants a shorter one
	Refused Result = "refused" // it will not be taken, whenever it comes
)

// Outcome is what came of an attempt.
type Outcome struct {
	Result     Result
	Status     int           // HTTP's; 0: no answer
	Reason     string        // in a few words, for administrators
	RetryAfter time.Duration // not before; 0: nothing was said
	// Outage says that the service as a whole is at fault, not this message: others to it would fare the same.
	Outage bool
}

// Transport sends to a kind of push service. Safe for concurrent use.
type Transport interface {
	// Send makes one attempt.
	Send(ctx context.Context, to Target, m Message) Outcome
	// Service names the service behind a target: those of one name fail together.
	Service(to Target) string
}

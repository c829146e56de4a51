// Package webpush sends by the Web Push protocol (RFC 8030), with messages encrypted for the device (RFC 8291) and signed by the server's VAPID key
// (RFC 8292). UnifiedPush speaks the same. It touches the network, through the client that it is given.
package webpush

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"fieldsync/server/internal/notify/jws"
	"fieldsync/server/internal/notify/sealed"
	"fieldsync/server/internal/notify/transport"
)

// Tokens are used for a while, and hold a little longer (24 hours at most).
const (
	tokenUsed  = 6 * time.Hour
	tokenHolds = 12 * time.Hour
	maxTokens  = 1024 // one for each push service; there are few
)

// Options are what New needs.
type Options struct {
	Client *http.Client // looks at where it connects to (package egress)
	// Key gives the private key of one of the server's public keys, in its 65 bytes; nil: it is not ours any more.
	Key     func(public []byte) *ecdsa.PrivateKey
	Contact string // mailto: or https:, for who runs a push service
	Now     func() time.Time
}

// Sender sends to all services of the protocol.
type Sender struct {
	opt Options

	mu     sync.Mutex
	tokens map[string]token // by origin and key
}

type token struct {
	text string
	made time.Time
}

var _ transport.Transport = (*Sender)(nil)

// New makes a Sender.
func New(opt Options) *Sender {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Sender{opt: opt, tokens: map[string]token{}}
}

// Service is the endpoint's host.
func (s *Sender) Service(to transport.Target) string {
	u, err := url.Parse(to.Endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

// Send makes one attempt. What a device without keys gets is an empty message: it then syncs.
func (s *Sender) Send(ctx context.Context, to transport.Target, m transport.Message) transport.Outcome {
	var body []byte
	if len(to.P256dh) > 0 {
		var err error
		if body, err = sealed.Seal(to.P256dh, to.Auth, m.Payload); err != nil {
			return transport.Outcome{Result: transport.Refused, Reason: err.Error()}
		}
	}
	u, err := url.Parse(to.Endpoint)
	if err != nil {
		return transport.Outcome{Result: transport.Gone, Reason: "the address cannot be used"}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.Endpoint, bytes.NewReader(body))
	if err != nil {
		return transport.Outcome{Result: transport.Gone, Reason: "the address cannot be used"}
	}
	key := s.opt.Key(to.VAPIDKey)
	if key == nil {
		return transport.Outcome{Result: transport.Gone, Reason: "made with a key that is not the server's any more"}
	}
	signed, err := s.token(u.Scheme+"://"+u.Host, to.VAPIDKey, key)
	if err != nil {
		return transport.Outcome{Result: transport.Refused, Reason: "no token could be signed"}
	}
	h := r.Header
	h.Set("Authorization", "vapid t="+signed+", k="+base64.RawURLEncoding.EncodeToString(to.VAPIDKey))
	h.Set("TTL", strconv.Itoa(int(max(m.TTL, 0)/time.Second)))
	h.Set("Urgency", string(m.Urgency))
	if m.Topic != "" {
		h.Set("Topic", m.Topic)
	}
	if body != nil {
		h.Set("Content-Encoding", "aes128gcm")
		h.Set("Content-Type", "application/octet-stream")
	}
	resp, err := s.opt.Client.Do(r) //nolint:bodyclose // transport.Read closes it
	if err != nil {
		return transport.Failed(ctx, err)
	}
	transport.Read(resp)
	return s.outcome(resp)
}

// outcome reads an answer. What services say in their bodies differs, and is theirs.
func (s *Sender) outcome(resp *http.Response) transport.Outcome {
	o := transport.Outcome{Status: resp.StatusCode, RetryAfter: transport.RetryAfter(resp.Header, s.opt.Now())}
	switch code := resp.StatusCode; {
	case code/100 == 2:
		o.Result = transport.Sent
	case code == http.StatusNotFound, code == http.StatusGone:
		o.Result, o.Reason = transport.Gone, "the subscription is not there any more"
	case (code == http.StatusForbidden || code == http.StatusUnauthorized) && transport.Skewed(resp.Header, s.opt.Now()):
		o.Result, o.Reason, o.Outage = transport.Later, "our clock and the service's differ", true // and no subscription is at fault
	case code == http.StatusForbidden:
		o.Result, o.Reason = transport.Gone, "made with another server key"
	case code == http.StatusRequestEntityTooLarge:
		o.Result, o.Reason = transport.TooLong, "too long"
	case code == http.StatusTooManyRequests:
		o.Result, o.Reason = transport.Later, "too many messages"
	case code == http.StatusRequestTimeout, code >= 500:
		o.Result, o.Reason, o.Outage = transport.Later, "the service is in trouble", true
	case code/100 == 3:
		o.Result, o.Reason = transport.Refused, "it points elsewhere, which is not followed"
	default:
		o.Result, o.Reason = transport.Refused, "the service does not take it"
	}
	return o
}

// token gives the token for an origin.
func (s *Sender) token(origin string, public []byte, key *ecdsa.PrivateKey) (string, error) {
	now := s.opt.Now()
	name := origin + " " + string(public)
	s.mu.Lock()
	defer s.mu.Unlock()
	if t, ok := s.tokens[name]; ok && now.Sub(t.made).Abs() < tokenUsed { // not of a clock that was set back either
		return t.text, nil
	}
	text, err := jws.Sign(key, map[string]string{"typ": "JWT"}, struct {
		Aud string `json:"aud"`
		Exp int64  `json:"exp"`
		Sub string `json:"sub,omitempty"`
	}{origin, now.Add(tokenHolds).Unix(), s.opt.Contact})
	if err != nil {
		return "", err
	}
	if len(s.tokens) >= maxTokens {
		clear(s.tokens)
	}
	s.tokens[name] = token{text, now}
	return text, nil
}

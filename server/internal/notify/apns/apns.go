// Package apns sends by Apple's push service: HTTP/2, with provider tokens (ES256). The service reads what it passes on: to a device that has given keys,
// an encrypted message goes for the app's notification extension to open ("sealed"), with words that say nothing. It touches the network.
package apns

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/notify/jws"
	"fieldsync/server/internal/notify/sealed"
	"fieldsync/server/internal/notify/transport"
)

// Where the service is.
const (
	Production = "https://api.push.apple.com"
	Sandbox    = "https://api.sandbox.push.apple.com"
)

// A token is renewed between 20 and 60 minutes of age, as the service asks.
const tokenUsed = 45 * time.Minute

// Options are what New needs.
type Options struct {
	Key           []byte       // the .p8 file: a private key in PEM
	KeyID, Team   string       // ten characters each
	Client        *http.Client // speaks HTTP/2
	Address       string       // empty: Production
	SandboxServer string       // empty: Sandbox
	Now           func() time.Time
}

// Sender sends as one team.
type Sender struct {
	opt Options
	key *ecdsa.PrivateKey

	mu    sync.Mutex
	token string
	made  time.Time
}

var _ transport.Transport = (*Sender)(nil)

// New reads a key. Its error's kind is Invalid.
func New(opt Options) (*Sender, error) {
	block, _ := pem.Decode(opt.Key)
	if block == nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "apns: the file is no key in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return nil, crdt.Errorf(crdt.KindInvalid, "apns: the file holds no key of an elliptic curve")
	}
	if opt.KeyID == "" || opt.Team == "" {
		return nil, crdt.Errorf(crdt.KindInvalid, "apns: the key's id and the team's are needed")
	}
	if opt.Address == "" {
		opt.Address = Production
	}
	if opt.SandboxServer == "" {
		opt.SandboxServer = Sandbox
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Sender{opt: opt, key: key}, nil
}

// Service is one of two.
func (s *Sender) Service(to transport.Target) string {
	if to.Sandbox {
		return "apns-sandbox"
	}
	return "apns"
}

var deviceToken = regexp.MustCompile(`^[0-9a-fA-F]{32,200}$`)

// ValidToken tells whether a device's token looks like one: it stands in a path.
func ValidToken(token string) bool { return deviceToken.MatchString(token) }

// Send makes one attempt; where the service finds our token too old, with a new one once more.
func (s *Sender) Send(ctx context.Context, to transport.Target, m transport.Message) transport.Outcome {
	body, err := build(to, m)
	if err != nil {
		return transport.Outcome{Result: transport.Refused, Reason: err.Error()}
	}
	o, reason := s.post(ctx, to, m, body)
	if reason == "ExpiredProviderToken" {
		s.mu.Lock()
		s.token = ""
		s.mu.Unlock()
		o, _ = s.post(ctx, to, m, body)
	}
	return o
}

func build(to transport.Target, m transport.Message) ([]byte, error) {
	aps := map[string]any{}
	out := map[string]any{"aps": aps}
	switch {
	case len(to.P256dh) > 0:
		body, err := sealed.Seal(to.P256dh, to.Auth, m.Payload)
		if err != nil {
			return nil, err
		}
		aps["alert"], aps["mutable-content"] = map[string]string{"title": "fieldsync", "body": "A job has changed"}, 1
		out["sealed"] = base64.RawURLEncoding.EncodeToString(body)
	case m.Silent:
		aps["content-available"], out["job"] = 1, m.Job
	default:
		aps["alert"], aps["sound"], aps["thread-id"] = map[string]string{"title": m.Title, "body": m.Body}, "default", m.Topic
		aps["content-available"], out["job"] = 1, m.Job
		if len(m.Reason) > 0 { // the app's notification extension may say it in other words
			aps["mutable-content"], out["notice"] = 1, json.RawMessage(m.Reason)
		}
	}
	return transport.JSON(out)
}

func (s *Sender) post(ctx context.Context, to transport.Target, m transport.Message, body []byte) (transport.Outcome, string) {
	address := s.opt.Address
	if to.Sandbox {
		address = s.opt.SandboxServer
	}
	token, err := s.provider()
	if err != nil {
		return transport.Outcome{Result: transport.Refused, Reason: "no token could be signed"}, ""
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/3/device/"+url.PathEscape(to.Token), bytes.NewReader(body))
	if err != nil {
		return transport.Outcome{Result: transport.Refused, Reason: "the address cannot be used"}, ""
	}
	h := r.Header
	h.Set("Authorization", "bearer "+token)
	h.Set("Apns-Topic", to.App)
	if m.Topic != "" {
		h.Set("Apns-Collapse-Id", m.Topic)
	}
	h.Set("Apns-Expiration", strconv.FormatInt(s.opt.Now().Add(m.TTL).Unix(), 10))
	h.Set("Apns-Push-Type", "alert")
	h.Set("Apns-Priority", "5")
	switch {
	case m.Silent && len(to.P256dh) == 0:
		h.Set("Apns-Push-Type", "background") // of priority 5, or the service refuses it
	case m.Urgency == transport.High:
		h.Set("Apns-Priority", "10")
	}
	resp, err := s.opt.Client.Do(r) //nolint:bodyclose // transport.Read closes it
	if err != nil {
		return transport.Failed(ctx, err), ""
	}
	var said struct {
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(transport.Read(resp), &said) // of what is none the status says enough
	return s.outcome(resp, said.Reason), said.Reason
}

// outcome reads an answer, by the table of Apple's "Handling notification responses from APNs".
func (s *Sender) outcome(resp *http.Response, reason string) transport.Outcome {
	o := transport.Outcome{Status: resp.StatusCode, RetryAfter: transport.RetryAfter(resp.Header, s.opt.Now())}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		o.Result = transport.Sent
		return o
	case code == http.StatusGone, slices.Contains([]string{"BadDeviceToken", "DeviceTokenNotForTopic", "Unregistered", "ExpiredToken"}, reason):
		o.Result = transport.Gone
	case code == http.StatusRequestEntityTooLarge:
		o.Result = transport.TooLong
	case code == http.StatusTooManyRequests: // TooManyRequests is of this device, TooManyProviderTokenUpdates of us
		o.Result, o.Outage = transport.Later, reason == "TooManyProviderTokenUpdates"
	case code >= 500, code == http.StatusForbidden: // a token or certificate that is not taken: all messages fare the same
		o.Result, o.Outage = transport.Later, true
	default:
		o.Result = transport.Refused
	}
	if o.Reason = http.StatusText(resp.StatusCode); word.MatchString(reason) {
		o.Reason = reason
	}
	return o
}

// word is a reason as the service documents them.
var word = regexp.MustCompile(`^[A-Z][A-Za-z]{2,39}$`)

// provider gives our token of now.
func (s *Sender) provider() (string, error) {
	now := s.opt.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.token != "" && now.Sub(s.made).Abs() < tokenUsed {
		return s.token, nil
	}
	text, err := jws.Sign(s.key, map[string]string{"kid": s.opt.KeyID}, struct {
		Iss string `json:"iss"`
		Iat int64  `json:"iat"`
	}{s.opt.Team, now.Unix()})
	if err == nil {
		s.token, s.made = text, now
	}
	return text, err
}

// Package fcm sends by Firebase Cloud Messaging's HTTP v1 interface, as a service account. The service reads what it passes on: to a device that has given
// keys, only an encrypted message goes, for its app to open (data "sealed"), with words that say nothing. It touches the network.
package fcm

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/notify/sealed"
	"fieldsync/server/internal/notify/transport"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"
)

// Address is where the service is.
const Address = "https://fcm.googleapis.com"

const tokenAddress = "https://oauth2.googleapis.com/token"

const scope = "https://www.googleapis.com/auth/firebase.messaging"

// leastPause is how long a service that has had too much of us is left alone where it says nothing of it, as it asks for.
const leastPause = time.Minute

// Options are what New needs.
type Options struct {
	Account []byte       // the service account's JSON key
	Client  *http.Client // for tokens and messages
	Address string       // empty: Address
	Now     func() time.Time
}

// Sender sends as one service account.
type Sender struct {
	url    string
	client *http.Client
	now    func() time.Time
	tokens oauth2.TokenSource
}

var _ transport.Transport = (*Sender)(nil)

// New reads a service account's key. Its error's kind is Invalid.
func New(opt Options) (*Sender, error) {
	var account struct {
		Type    string `json:"type"`
		Project string `json:"project_id"`
		Email   string `json:"client_email"`
		Key     string `json:"private_key"`
		KeyID   string `json:"private_key_id"`
		Tokens  string `json:"token_uri"`
	}
	if err := json.Unmarshal(opt.Account, &account); err != nil || account.Type != "service_account" || account.Project == "" || account.Email == "" {
		return nil, crdt.Errorf(crdt.KindInvalid, "fcm: the file is no key of a service account with a project")
	}
	if block, _ := pem.Decode([]byte(account.Key)); block == nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "fcm: the service account's private key is none in PEM")
	}
	if account.Tokens == "" {
		account.Tokens = tokenAddress
	}
	cfg := jwt.Config{Email: account.Email, PrivateKey: []byte(account.Key), PrivateKeyID: account.KeyID, Scopes: []string{scope}, TokenURL: account.Tokens}
	if opt.Address == "" {
		opt.Address = Address
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	ctx := context.WithValue(context.Background(), oauth2.HTTPClient, opt.Client)
	return &Sender{url: opt.Address + "/v1/projects/" + url.PathEscape(account.Project) + "/messages:send", client: opt.Client, now: opt.Now,
		tokens: cfg.TokenSource(ctx)}, nil
}

// Service is the same for all devices.
func (s *Sender) Service(transport.Target) string { return "fcm" }

type message struct {
	Token        string            `json:"token"`
	Data         map[string]string `json:"data,omitempty"`
	Notification *words            `json:"notification,omitempty"`
	Android      android           `json:"android"`
}

type words struct {
	Title string `json:"title"`
	Body  string `json:"body,omitempty"`
}

type android struct {
	Priority     string `json:"priority"`
	TTL          string `json:"ttl"`
	Notification *shown `json:"notification,omitempty"`
}

type shown struct {
	Tag string `json:"tag,omitempty"`
}

// build makes what is sent. There is no collapse_key: the service keeps four of a device, and jobs are more; the tag has the same effect on what is shown.
func build(to transport.Target, m transport.Message) ([]byte, error) {
	out := message{Token: to.Token, Data: map[string]string{"job": m.Job, "tag": m.Topic},
		Android: android{Priority: "normal", TTL: fmt.Sprintf("%ds", int(max(m.TTL, 0)/time.Second))}}
	if m.Urgency == transport.High {
		out.Android.Priority = "high"
	}
	switch {
	case len(to.P256dh) > 0:
		body, err := sealed.Seal(to.P256dh, to.Auth, m.Payload)
		if err != nil {
			return nil, err
		}
		out.Data = map[string]string{"sealed": base64.RawURLEncoding.EncodeToString(body)} // the app shows it
	case m.Silent:
		out.Data["sync"] = "now"
	default:
		out.Notification, out.Android.Notification = &words{m.Title, m.Body}, &shown{m.Topic}
		if len(m.Reason) > 0 {
			out.Data["notice"] = string(m.Reason)
		}
	}
	return transport.JSON(map[string]message{"message": out})
}

// Send makes one attempt.
func (s *Sender) Send(ctx context.Context, to transport.Target, m transport.Message) transport.Outcome {
	body, err := build(to, m)
	if err != nil {
		return transport.Outcome{Result: transport.Refused, Reason: err.Error()}
	}
	token, err := s.tokens.Token()
	if err != nil {
		return transport.Outcome{Result: transport.Later, Reason: "no access token for the service account", Outage: true}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(body))
	if err != nil {
		return transport.Outcome{Result: transport.Refused, Reason: "the address cannot be used"}
	}
	token.SetAuthHeader(r)
	r.Header.Set("Content-Type", "application/json")
	resp, err := s.client.Do(r) //nolint:bodyclose // transport.Read closes it
	if err != nil {
		return transport.Failed(ctx, err)
	}
	answer := transport.Read(resp)
	return s.outcome(resp, answer)
}

// answer is what the service says of an error.
type answer struct {
	Error struct {
		Status  string `json:"status"`
		Details []struct {
			Code       string `json:"errorCode"`
			Violations []struct {
				Field string `json:"field"`
			} `json:"fieldViolations"`
		} `json:"details"`
	} `json:"error"`
}

// code is the messaging error, else the general one; about tells of which field of the message it is.
func (a answer) code() (code, about string) {
	code = a.Error.Status
	for _, d := range a.Error.Details {
		if d.Code != "" {
			code = d.Code
		}
		for _, v := range d.Violations {
			about = v.Field
		}
	}
	return code, about
}

// outcome reads an answer, by the error codes of the HTTP v1 interface.
func (s *Sender) outcome(resp *http.Response, body []byte) transport.Outcome {
	o := transport.Outcome{Status: resp.StatusCode, RetryAfter: transport.RetryAfter(resp.Header, s.now())}
	if resp.StatusCode/100 == 2 {
		o.Result = transport.Sent
		return o
	}
	var a answer
	_ = json.Unmarshal(body, &a) // of what is none the status says enough
	code, about := a.code()
	switch {
	case code == "UNREGISTERED", code == "SENDER_ID_MISMATCH", code == "INVALID_ARGUMENT" && about == "message.token":
		o.Result = transport.Gone
	case code == "QUOTA_EXCEEDED" || resp.StatusCode == http.StatusTooManyRequests:
		o.Result, o.RetryAfter = transport.Later, max(o.RetryAfter, leastPause)
	case code == "UNAVAILABLE", code == "INTERNAL", resp.StatusCode >= 500:
		o.Result, o.Outage = transport.Later, true
	case code == "THIRD_PARTY_AUTH_ERROR":
		o.Result = transport.Refused
	case resp.StatusCode == http.StatusUnauthorized, code == "PERMISSION_DENIED": // the account is not allowed, or not any more: of all messages
		o.Result, o.Outage = transport.Later, true
	case resp.StatusCode == http.StatusNotFound: // without a code: the project, not the device
		o.Result, o.Outage = transport.Later, true
	default:
		o.Result = transport.Refused
	}
	o.Reason = known(code, resp.StatusCode)
	return o
}

// known is a code as it may stand in our log: one of the documented ones.
func known(code string, status int) string {
	if slices.Contains([]string{"UNREGISTERED", "SENDER_ID_MISMATCH", "INVALID_ARGUMENT", "QUOTA_EXCEEDED", "UNAVAILABLE", "INTERNAL", "THIRD_PARTY_AUTH_ERROR",
		"PERMISSION_DENIED", "UNAUTHENTICATED", "NOT_FOUND", "RESOURCE_EXHAUSTED", "UNSPECIFIED_ERROR"}, code) {
		return code
	}
	return http.StatusText(status)
}

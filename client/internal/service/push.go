package service

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"

	"fieldsync/crdt"
)

// PushTarget is where a device is told of changes, as the API's Registration.
type PushTarget struct {
	Service  string `json:"service"`             // webpush, fcm, apns
	Endpoint string `json:"endpoint,omitempty"`  // webpush: the address that the push service gave
	P256dh   string `json:"p256dh,omitempty"`    // base64url: what messages are encrypted with; without it and Auth, webpush is silent
	Auth     string `json:"auth,omitempty"`      // base64url
	Token    string `json:"token,omitempty"`     // fcm, apns
	App      string `json:"app,omitempty"`       // apns: the bundle id
	Sandbox  bool   `json:"sandbox,omitempty"`   // apns: an app under development
	Silent   bool   `json:"silent,omitempty"`    // shows nothing: each message only says "sync now"
	TimeZone string `json:"time_zone,omitempty"` // for times in notices, such as Europe/Berlin
}

// Check finds what no server would take.
func (t *PushTarget) Check() error {
	bad := func(text string) error { return crdt.Errorf(crdt.KindInvalid, "push: %s", text) }
	if (t.P256dh == "") != (t.Auth == "") {
		return bad("the keys p256dh and auth belong together")
	}
	for _, key := range []string{t.P256dh, t.Auth} {
		if _, err := base64.RawURLEncoding.DecodeString(key); err != nil {
			return bad("a key is base64url without padding")
		}
	}
	switch t.Service {
	case "webpush":
		u, err := url.Parse(t.Endpoint)
		if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return bad("an endpoint is the address that the push service gave, like https://push.example.org/…")
		}
		if t.P256dh == "" && !t.Silent {
			return bad("without keys messages can only be silent")
		}
	case "fcm", "apns":
		if t.Token == "" {
			return bad("the device's token is missing")
		}
		if t.Service == "apns" && t.App == "" {
			return bad("the app's bundle id is missing")
		}
	default:
		return bad("the services are webpush, fcm and apns")
	}
	return nil
}

// RegisterPush says where this device is told of changes, in the place of what it said before.
func (s *Service) RegisterPush(ctx context.Context, t PushTarget) error {
	type keys struct {
		P256dh string `json:"p256dh"`
		Auth   string `json:"auth"`
	}
	body := struct {
		PushTarget
		P256dh string `json:"p256dh,omitempty"` // hides PushTarget's: the API has them together
		Auth   string `json:"auth,omitempty"`
		Keys   *keys  `json:"keys,omitempty"`
	}{PushTarget: t}
	if t.P256dh != "" {
		body.Keys = &keys{t.P256dh, t.Auth}
	}
	text, err := json.Marshal(body)
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "service: %w", err)
	}
	return s.ownPush(ctx, http.MethodPut, text)
}

// EndPush says that this device is not told any more.
func (s *Service) EndPush(ctx context.Context) error {
	err := s.ownPush(ctx, http.MethodDelete, nil)
	if crdt.KindOf(err) == crdt.KindNotFound {
		return nil
	}
	return err
}

func (s *Service) ownPush(ctx context.Context, method string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	req, err := s.request(ctx, method, s.base.JoinPath("api/v1/push/subscription"), bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	answer, err := s.do(req)
	if errors.Is(err, context.DeadlineExceeded) {
		return crdt.Errorf(crdt.KindUnavailable, "the server does not answer")
	}
	if err != nil {
		return err
	}
	drain(answer)
	return nil
}

package webpush

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"strings"
	"testing"

	"fieldsync/server/internal/egress"
	"fieldsync/server/internal/notify/transport"
	"fieldsync/server/pushtest"
)

func sender(t *testing.T, allow ...string) (*Sender, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	allowed, err := egress.ParseAllowed(allow)
	if err != nil {
		t.Fatal(err)
	}
	return New(Options{Client: egress.NewClient(allowed), Contact: "mailto:x@example.org", Key: func(p []byte) *ecdsa.PrivateKey {
		if string(p) != string(public) {
			return nil
		}
		return key
	}}), public
}

// An endpoint is what a device says: it must not make the server look around inside.
func TestAnEndpointInsideIsNotCalled(t *testing.T) {
	service := pushtest.New()
	defer service.Close()
	b := service.Subscribe()
	s, key := sender(t)
	for _, endpoint := range []string{b.Endpoint, strings.Replace(b.Endpoint, "127.0.0.1", "localhost", 1), strings.Replace(b.Endpoint, "http://127.0.0.1", "https://localhost", 1)} {
		o := s.Send(t.Context(), transport.Target{Endpoint: endpoint, VAPIDKey: key}, transport.Message{Urgency: transport.Normal})
		if o.Result != transport.Gone || o.Status != 0 || o.Outage {
			t.Errorf("%s: %+v", endpoint, o)
		}
	}
	if b.Asked() > 0 {
		t.Error("it was called")
	}
	s, key = sender(t, "127.0.0.1")
	if o := s.Send(t.Context(), transport.Target{Endpoint: b.Endpoint, VAPIDKey: key}, transport.Message{Urgency: transport.Normal}); o.Result != transport.Sent || service.Wrong() != nil {
		t.Errorf("allowed: %+v %v", o, service.Wrong())
	}
	if got := b.Messages(); len(got) != 1 || len(got[0].Payload) != 0 {
		t.Errorf("a device without keys: %+v", got)
	}
	if o := s.Send(t.Context(), transport.Target{Endpoint: b.Endpoint, VAPIDKey: make([]byte, 65)}, transport.Message{Urgency: transport.Normal}); o.Result != transport.Gone {
		t.Errorf("a key that is not ours: %+v", o)
	}
}

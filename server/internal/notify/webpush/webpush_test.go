package webpush

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

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

// A clock that is wrong makes a service refuse our tokens: no subscription is dead for that, and once it is set no old token is used.
func TestAWrongClockCostsNoSubscription(t *testing.T) {
	service := pushtest.New()
	defer service.Close()
	b := service.Subscribe()
	for _, wrong := range []time.Duration{48 * time.Hour, -48 * time.Hour} {
		for _, status := range []int{401, 403} {
			s, key := sender(t, "127.0.0.1")
			off := wrong
			s.opt.Now = func() time.Time { return time.Now().Add(off) }
			refuse := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
			to := transport.Target{Endpoint: refuse.URL + "/x", VAPIDKey: key}
			if o := s.Send(t.Context(), to, transport.Message{Urgency: transport.Normal}); o.Result != transport.Later || !o.Outage {
				t.Errorf("%s off, %d: %+v", wrong, status, o)
			}
			off = 0
			if o := s.Send(t.Context(), to, transport.Message{Urgency: transport.Normal}); o.Result == transport.Later {
				t.Errorf("on time, %d: %+v", status, o)
			}
			refuse.Close()
			off = wrong
			to.Endpoint = b.Endpoint
			s.Send(t.Context(), to, transport.Message{Urgency: transport.Normal})
			off = 0
			if o := s.Send(t.Context(), to, transport.Message{Urgency: transport.Normal}); o.Result != transport.Sent {
				t.Errorf("after the clock was set: %+v", o)
			}
		}
	}
}

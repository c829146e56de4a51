package fcm

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fieldsync/server/internal/notify/transport"
	"fieldsync/server/pushtest"
)

// google is a stand-in for the token service and for FCM.
type google struct {
	*httptest.Server
	t       *testing.T
	answers func(w http.ResponseWriter)
	got     []byte
}

func open(t *testing.T) (*google, *Sender) {
	g := &google{t: t}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" || r.FormValue("assertion") == "" {
			t.Errorf("a token is asked for by %v", r.Form)
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"at","token_type":"Bearer","expires_in":3600}`)
	})
	mux.HandleFunc("POST /v1/projects/p1/messages:send", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer at" {
			t.Errorf("authorization %q", r.Header.Get("Authorization"))
		}
		var raw json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&raw); err != nil || len(raw) > 4096 {
			t.Errorf("%d bytes: %v", len(raw), err)
		}
		g.got = raw
		if g.answers != nil {
			g.answers(w)
			return
		}
		fmt.Fprint(w, `{"name":"projects/p1/messages/1"}`)
	})
	g.Server = httptest.NewServer(mux)
	t.Cleanup(g.Close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{"type": "service_account", "project_id": "p1", "client_email": "push@p1.example.org", "private_key_id": "k1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": g.URL + "/token"})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Account: account, Client: g.Client(), Address: g.URL})
	if err != nil {
		t.Fatal(err)
	}
	return g, s
}

var sample = transport.Message{Title: "Two pumps", Body: "Cancelled by Dora", Payload: []byte(`{"title":"Two pumps"}`), Job: "j1", Topic: "t1", TTL: 90 * time.Second, Urgency: transport.High}

func TestAMessageIsWhatTheServiceTakes(t *testing.T) {
	g, s := open(t)
	if o := s.Send(t.Context(), transport.Target{Token: "device"}, sample); o.Result != transport.Sent {
		t.Fatalf("%+v", o)
	}
	want := `{"message":{"token":"device","data":{"job":"j1","tag":"t1"},"notification":{"title":"Two pumps","body":"Cancelled by Dora"},"android":{"priority":"high","ttl":"90s","notification":{"tag":"t1"}}}}`
	if string(g.got) != want {
		t.Errorf("%s", g.got)
	}
	parts := sample
	parts.Reason = []byte(`{"by":"Dora"}`)
	if s.Send(t.Context(), transport.Target{Token: "device"}, parts); !strings.Contains(string(g.got), `"data":{"job":"j1","notice":"{\"by\":\"Dora\"}","tag":"t1"}`) {
		t.Errorf("%s", g.got)
	}
	silent := sample
	silent.Silent = true
	s.Send(t.Context(), transport.Target{Token: "device"}, silent)
	if string(g.got) != `{"message":{"token":"device","data":{"job":"j1","sync":"now","tag":"t1"},"android":{"priority":"high","ttl":"90s"}}}` {
		t.Errorf("%s", g.got)
	}
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	auth := make([]byte, 16)
	s.Send(t.Context(), transport.Target{Token: "device", P256dh: key.PublicKey().Bytes(), Auth: auth}, sample)
	var sealed struct {
		Message struct {
			Data         map[string]string
			Notification any
		}
	}
	if err := json.Unmarshal(g.got, &sealed); err != nil || sealed.Message.Notification != nil || len(sealed.Message.Data) != 1 {
		t.Fatalf("%s: the service can read something of it", g.got)
	}
	body, err := base64.RawURLEncoding.DecodeString(sealed.Message.Data["sealed"])
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := pushtest.Open(key, auth, body); err != nil || string(plain) != string(sample.Payload) {
		t.Errorf("%q %v", plain, err)
	}
}

func TestEachDocumentedErrorHasItsEffect(t *testing.T) {
	g, s := open(t)
	for _, c := range []struct {
		status int
		body   string
		want   transport.Outcome
	}{
		{404, detail("NOT_FOUND", "UNREGISTERED"), transport.Outcome{Result: transport.Gone, Reason: "UNREGISTERED"}},
		{403, detail("PERMISSION_DENIED", "SENDER_ID_MISMATCH"), transport.Outcome{Result: transport.Gone, Reason: "SENDER_ID_MISMATCH"}},
		{400, `{"error":{"status":"INVALID_ARGUMENT","details":[{"errorCode":"INVALID_ARGUMENT"},{"fieldViolations":[{"field":"message.token"}]}]}}`, transport.Outcome{Result: transport.Gone, Reason: "INVALID_ARGUMENT"}},
		{400, detail("INVALID_ARGUMENT", "INVALID_ARGUMENT"), transport.Outcome{Result: transport.Refused, Reason: "INVALID_ARGUMENT"}},
		{429, detail("RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), transport.Outcome{Result: transport.Later, Reason: "QUOTA_EXCEEDED", RetryAfter: time.Minute}},
		{503, detail("UNAVAILABLE", "UNAVAILABLE"), transport.Outcome{Result: transport.Later, Reason: "UNAVAILABLE", Outage: true, RetryAfter: 7 * time.Second}},
		{500, detail("INTERNAL", "INTERNAL"), transport.Outcome{Result: transport.Later, Reason: "INTERNAL", Outage: true, RetryAfter: 7 * time.Second}},
		{401, detail("UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), transport.Outcome{Result: transport.Refused, Reason: "THIRD_PARTY_AUTH_ERROR"}},
		{401, detail("UNAUTHENTICATED", ""), transport.Outcome{Result: transport.Later, Reason: "UNAUTHENTICATED", Outage: true}},
		{403, detail("PERMISSION_DENIED", ""), transport.Outcome{Result: transport.Later, Reason: "PERMISSION_DENIED", Outage: true}},
		{404, `no JSON`, transport.Outcome{Result: transport.Later, Reason: "Not Found", Outage: true}},
		{400, `{"error":{"status":"<b>our own words</b>"}}`, transport.Outcome{Result: transport.Refused, Reason: "Bad Request"}},
	} {
		g.answers = func(w http.ResponseWriter) {
			if c.status >= 500 {
				w.Header().Set("Retry-After", "7")
			}
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
		}
		c.want.Status = c.status
		if got := s.Send(t.Context(), transport.Target{Token: "device"}, sample); got != c.want {
			t.Errorf("%d %s\n%+v\n%+v", c.status, c.body, got, c.want)
		}
	}
	g.Close()
	if got := s.Send(t.Context(), transport.Target{Token: "device"}, sample); got.Result != transport.Later || !got.Outage {
		t.Errorf("nobody there: %+v", got)
	}
}

func detail(status, code string) string {
	return fmt.Sprintf(`{"error":{"status":%q,"details":[{"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":%q}]}}`, status, code)
}

func TestAFileThatIsNoServiceAccountIsRefused(t *testing.T) {
	for _, bad := range []string{"", "{}", `{"type":"user","project_id":"p"}`, `{"type":"service_account","project_id":"p","client_email":"e","private_key":"x"}`} {
		if _, err := New(Options{Account: []byte(bad)}); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

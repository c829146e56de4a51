package apns

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fieldsync/server/internal/notify/transport"
	"fieldsync/server/pushtest"
)

const device = "00fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0"

// apple is a stand-in for the service.
type apple struct {
	*httptest.Server
	answers func(n int) (int, string)
	header  http.Header
	body    []byte
	tokens  []string
}

func open(t *testing.T, now func() time.Time) (*apple, *Sender) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	a := &apple{}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := strings.TrimPrefix(r.Header.Get("Authorization"), "bearer ")
		claims, err := pushtest.Verify(public, token)
		if err != nil || claims.Iss != "TEAM123456" || claims.Header["kid"] != "KEY1234567" || r.ProtoMajor != 2 || r.URL.Path != "/3/device/"+device {
			t.Errorf("%s %s: %+v %v", r.Proto, r.URL.Path, claims, err)
		}
		a.tokens = append(a.tokens, token)
		a.header = r.Header
		a.body, _ = io.ReadAll(r.Body)
		if len(a.body) > 4096 {
			t.Errorf("%d bytes", len(a.body))
		}
		if a.answers != nil {
			status, reason := a.answers(len(a.tokens))
			w.WriteHeader(status)
			fmt.Fprintf(w, `{"reason":%q}`, reason)
		}
	}))
	a.EnableHTTP2 = true
	a.StartTLS()
	t.Cleanup(a.Close)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Options{Key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), KeyID: "KEY1234567", Team: "TEAM123456", Client: a.Client(), Address: a.URL,
		SandboxServer: "https://nowhere.invalid", Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return a, s
}

var (
	to     = transport.Target{Token: device, App: "org.example.fieldsync"}
	sample = transport.Message{Title: "Two pumps", Body: "Cancelled by Dora", Payload: []byte(`{"title":"Two pumps"}`), Job: "j1", Topic: "t1", TTL: 90 * time.Second, Urgency: transport.High}
)

func TestAMessageIsWhatTheServiceTakes(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	a, s := open(t, func() time.Time { return now })
	if o := s.Send(t.Context(), to, sample); o.Result != transport.Sent {
		t.Fatalf("%+v", o)
	}
	for k, want := range map[string]string{"Apns-Topic": "org.example.fieldsync", "Apns-Collapse-Id": "t1", "Apns-Expiration": "1800000090", "Apns-Push-Type": "alert", "Apns-Priority": "10"} {
		if got := a.header.Get(k); got != want {
			t.Errorf("%s: %q", k, got)
		}
	}
	if string(a.body) != `{"aps":{"alert":{"body":"Cancelled by Dora","title":"Two pumps"},"content-available":1,"sound":"default","thread-id":"t1"},"job":"j1"}` {
		t.Errorf("%s", a.body)
	}
	parts := sample
	parts.Reason = []byte(`{"by":"Dora"}`)
	if s.Send(t.Context(), to, parts); !strings.HasSuffix(string(a.body), `"mutable-content":1,"sound":"default","thread-id":"t1"},"job":"j1","notice":{"by":"Dora"}}`) {
		t.Errorf("%s", a.body)
	}
	silent := sample
	silent.Silent = true
	s.Send(t.Context(), to, silent)
	if a.header.Get("Apns-Push-Type") != "background" || a.header.Get("Apns-Priority") != "5" || string(a.body) != `{"aps":{"content-available":1},"job":"j1"}` {
		t.Errorf("%v %s", a.header, a.body)
	}
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	secret := to
	secret.P256dh, secret.Auth = key.PublicKey().Bytes(), make([]byte, 16)
	s.Send(t.Context(), secret, sample)
	var got struct{ Sealed string }
	if err := json.Unmarshal(a.body, &got); err != nil || strings.Contains(string(a.body), `Two pumps`) || strings.Contains(string(a.body), `"j1"`) {
		t.Errorf("%s: the service can read something of it", a.body)
	}
	body, err := base64.RawURLEncoding.DecodeString(got.Sealed)
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := pushtest.Open(key, secret.Auth, body); err != nil || string(plain) != string(sample.Payload) {
		t.Errorf("%q %v", plain, err)
	}
	if a.tokens[0] != a.tokens[3] {
		t.Error("a token for each message: the service refuses that")
	}
	now = now.Add(50 * time.Minute)
	if s.Send(t.Context(), to, sample); a.tokens[4] == a.tokens[0] {
		t.Error("a token of more than 45 minutes")
	}
}

func TestEachDocumentedErrorHasItsEffect(t *testing.T) {
	a, s := open(t, nil)
	for _, c := range []struct {
		status int
		reason string
		result transport.Result
		outage bool
	}{
		{410, "Unregistered", transport.Gone, false}, {410, "ExpiredToken", transport.Gone, false}, {400, "BadDeviceToken", transport.Gone, false}, {400, "DeviceTokenNotForTopic", transport.Gone, false},
		{413, "PayloadTooLarge", transport.TooLong, false}, {429, "TooManyRequests", transport.Later, false}, {429, "TooManyProviderTokenUpdates", transport.Later, true},
		{403, "InvalidProviderToken", transport.Later, true}, {403, "BadCertificate", transport.Later, true}, {403, "MissingProviderToken", transport.Later, true}, {403, "Forbidden", transport.Later, true},
		{500, "InternalServerError", transport.Later, true}, {503, "ServiceUnavailable", transport.Later, true}, {503, "Shutdown", transport.Later, true},
		{400, "BadTopic", transport.Refused, false}, {400, "TopicDisallowed", transport.Refused, false}, {400, "BadCollapseId", transport.Refused, false}, {400, "PayloadEmpty", transport.Refused, false},
		{404, "BadPath", transport.Refused, false}, {405, "MethodNotAllowed", transport.Refused, false},
	} {
		a.answers = func(int) (int, string) { return c.status, c.reason }
		if got := s.Send(t.Context(), to, sample); got != (transport.Outcome{Result: c.result, Status: c.status, Reason: c.reason, Outage: c.outage}) {
			t.Errorf("%d %s: %+v", c.status, c.reason, got)
		}
	}
	a.answers = func(int) (int, string) { return 400, "<b>own words</b>" }
	if got := s.Send(t.Context(), to, sample); got.Reason != "Bad Request" {
		t.Errorf("%+v: what is no reason stands in the log", got)
	}
	sandbox := to
	sandbox.Sandbox = true
	if got := s.Send(t.Context(), sandbox, sample); got.Result != transport.Later || s.Service(sandbox) == s.Service(to) {
		t.Errorf("the sandbox: %+v", got)
	}
}

func TestATokenThatIsTooOldIsMadeAnewAtOnce(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	a, s := open(t, func() time.Time { now = now.Add(time.Second); return now })
	a.answers = func(n int) (int, string) {
		if n == 1 {
			return 403, "ExpiredProviderToken"
		}
		return 200, ""
	}
	if o := s.Send(t.Context(), to, sample); o.Result != transport.Sent || len(a.tokens) != 2 || a.tokens[0] == a.tokens[1] {
		t.Errorf("%+v after %d tokens", o, len(a.tokens))
	}
}

func TestDeviceTokensStandInAPath(t *testing.T) {
	for token, want := range map[string]bool{device: true, "": false, "../../x": false, device + "/..": false, "abc": false, device + "?x": false} {
		if ValidToken(token) != want {
			t.Errorf("%q", token)
		}
	}
}

package server

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt/wire"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/admin"
	"fieldsync/server/internal/auth"
)

// within is how long what was revoked may live on.
const within = time.Second

// socket is a WebSocket that never joins: the server sends it nothing but answers to pings, and its end.
type socket struct {
	t    *testing.T
	body io.ReadWriteCloser
}

// connect opens the sync endpoint with a token or a session's cookie.
func (f *fixture) connect(t *testing.T, token, cookie string) *socket {
	t.Helper()
	c, status := f.tryConnect(t, token, cookie)
	if c == nil {
		t.Fatalf("no WebSocket: %d", status)
	}
	return c
}

// tryConnect gives nil and the answer's status where nobody is let in.
func (f *fixture) tryConnect(t *testing.T, token, cookie string) (*socket, int) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/sync", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="} {
		r.Header.Set(name, value)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if cookie != "" {
		r.Header.Set("Cookie", "fieldsync="+cookie)
		r.Header.Set("Origin", f.url)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	body, ok := answer.Body.(io.ReadWriteCloser)
	if !ok || answer.StatusCode != http.StatusSwitchingProtocols {
		_ = answer.Body.Close()
		return nil, answer.StatusCode
	}
	t.Cleanup(func() { _ = body.Close() })
	return &socket{t, body}, answer.StatusCode
}

// The first bytes of frames.
const (
	frameClose = 0x88
	framePing  = 0x89
	framePong  = 0x8a
)

// frame waits for the next frame, and gives its first byte and what it holds.
func (s *socket) frame() (kind byte, payload []byte) {
	s.t.Helper()
	defer time.AfterFunc(20*time.Second, func() { _ = s.body.Close() }).Stop()
	head := make([]byte, 2)
	if _, err := io.ReadFull(s.body, head); err != nil {
		s.t.Fatalf("ended without a word: %v", err)
	}
	payload = make([]byte, head[1])
	if _, err := io.ReadFull(s.body, payload); err != nil {
		s.t.Fatal(err)
	}
	return head[0], payload
}

// ended waits until the server ends the connection, and gives its code.
func (s *socket) ended() int {
	s.t.Helper()
	kind, payload := s.frame()
	if kind != frameClose || len(payload) < 2 {
		s.t.Fatalf("a frame %x of %d bytes", kind, len(payload))
	}
	return int(binary.BigEndian.Uint16(payload))
}

// lives tells whether the server still answers.
func (s *socket) lives() bool {
	s.t.Helper()
	if _, err := s.body.Write([]byte{framePing, 0x80, 0, 0, 0, 0}); err != nil {
		return false
	}
	kind, _ := s.frame()
	return kind == framePong
}

// signIn gives the secret of a new session or token of a demonstration's user, who sees the clock at a time of the test's choice.
func (f *fixture) signIn(t *testing.T, login string, session bool, now time.Time) string {
	t.Helper()
	a, err := auth.New(auth.Options{
		Store: f.data.store, Demo: true, Now: func() time.Time { return now },
		ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
	})
	if err != nil {
		t.Fatal(err)
	}
	in := auth.Login{Login: login, Password: auth.DemoPassword}
	r := mustRequest(t, "/")
	var secret string
	if session {
		secret, _, err = a.SignIn(r, in)
	} else {
		secret, _, err = a.SignInDevice(r, in, "a phone")
	}
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestWhatIsRevokedEndsOpenConnectionsWithinASecond(t *testing.T) {
	f := start(t, nil, nil)
	operator := auth.Operator(auth.DemoOrg)
	owner, err := f.auth.CreateUser(t.Context(), operator, auth.NewUser{Login: "owner", Role: "owner", Password: "correct horse"})
	if err != nil {
		t.Fatal(err)
	}
	boss := access.Principal{ID: "user:" + owner.ID, Org: auth.DemoOrg, User: owner.ID, Role: access.RoleOwner}
	role, yes, no := "dispatcher", true, false
	set := func(login string, c auth.UserChange) func() error {
		return func() error { _, err := f.auth.ChangeUser(boss, login, c, 0); return err }
	}
	device := func(secret string) func() error {
		return func() error {
			p, err := f.auth.Authenticate(secret)
			if err != nil {
				return err
			}
			return f.auth.RevokeDevice(boss, p.User, p.Device)
		}
	}
	key, secret, err := f.auth.CreateAPIKey(operator, "Billing", "dispatcher", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	phone, browser := f.signIn(t, "ben", false, time.Now()), f.signIn(t, "ben", true, time.Now())
	mine := f.signIn(t, "ben", true, time.Now())
	for _, c := range []struct {
		what          string
		token, cookie string
		does          func() error
		code          wire.CloseCode
	}{
		{"a device", phone, "", device(phone), wire.CloseUnauthenticated},
		{"a session", "", browser, device(browser), wire.CloseUnauthenticated},
		{"a session whose user signs out", "", mine, func() error {
			p, err := f.auth.Authenticate(mine)
			if err != nil {
				return err
			}
			return f.auth.SignOut(p)
		}, wire.CloseUnauthenticated},
		{"an API key", secret, "", func() error { return f.auth.RevokeAPIKey(boss, key.ID) }, wire.CloseUnauthenticated},
		{"another role", "demo-worker-ben", "", set("ben", auth.UserChange{Role: &role}), wire.CloseGoingAway},
		{"disabled", "demo-worker-ben", "", set("ben", auth.UserChange{Disabled: &yes}), wire.CloseGoingAway},
		{"a password reset, which ends sessions", "", f.signIn(t, "anna", true, time.Now()),
			func() error { return f.auth.ResetPassword(t.Context(), boss, "anna", "a new password", false) }, wire.CloseUnauthenticated},
		{"all of a user's", "demo-worker-anna", "", func() error { return f.auth.RevokeAll(boss, "anna") }, wire.CloseUnauthenticated},
	} {
		t.Run(c.what, func(t *testing.T) {
			conn, other := f.connect(t, c.token, c.cookie), f.connect(t, "demo-dispatcher", "")
			if !conn.lives() || !other.lives() { // both have come in: before that, another close code says so
				t.Fatal("not let in")
			}
			if err := c.does(); err != nil {
				t.Fatal(err)
			}
			began := time.Now()
			if code := conn.ended(); code != int(c.code) {
				t.Errorf("ended with %d", code)
			}
			if took := time.Since(began); took > within {
				t.Errorf("it took %s", took)
			}
			if !other.lives() {
				t.Error("another's connection is ended too")
			}
		})
	}
	if err := set("ben", auth.UserChange{Disabled: &no})(); err != nil {
		t.Fatal(err)
	}
	if !f.connect(t, "demo-worker-ben", "").lives() {
		t.Error("who is enabled again is not let in")
	}
}

func TestASessionThatExpiresEndsItsConnection(t *testing.T) {
	f := start(t, nil, nil)
	var conn *socket
	var made time.Time
	for left := 300 * time.Millisecond; conn == nil; left *= 2 { // a busy machine may not be in before it is over
		made = time.Now().Add(left - auth.SessionLifetime)
		conn, _ = f.tryConnect(t, "", f.signIn(t, "anna", true, made))
	}
	if code := conn.ended(); code != int(wire.CloseUnauthenticated) {
		t.Errorf("ended with %d", code)
	}
	if late := time.Since(made.Add(auth.SessionLifetime)); late < 0 || late > within {
		t.Errorf("%s after its end", late)
	}
}

func TestTheOperatorEndsAConnectionThroughTheSocket(t *testing.T) {
	f := start(t, nil, nil)
	conn := f.connect(t, "demo-worker-anna", "")
	if !conn.lives() {
		t.Fatal("not let in")
	}
	op, err := OpenOperator(t.Context(), f.cfg.Data, false)
	if err != nil {
		t.Fatal(err)
	}
	defer op.Close()
	in := admin.DeviceRevoke{OfUser: admin.OfUser{Org: auth.DemoOrg, User: "anna"}, All: true}
	began := time.Now()
	if _, err := admin.Call[admin.None](t.Context(), op, "device.revoke", in); err != nil {
		t.Fatal(err)
	}
	if code := conn.ended(); code != int(wire.CloseUnauthenticated) || time.Since(began) > within {
		t.Errorf("ended with %d after %s", code, time.Since(began))
	}
}

func TestWhoIsConnectedIsSeen(t *testing.T) {
	f := start(t, nil, nil)
	if !f.connect(t, "demo-worker-anna", "").lives() {
		t.Fatal("not let in")
	}
	f.saveSeen()
	devices, _, err := f.auth.Devices(auth.Operator(auth.DemoOrg), "anna", "", 0)
	if err != nil || len(devices) != 1 || time.Since(devices[0].Seen) > time.Minute {
		t.Errorf("%+v %v", devices, err)
	}
}

func TestAServerWithoutOrganisationsSaysHowToBegin(t *testing.T) {
	f := start(t, func(c *Config) { c.Demo = false }, nil)
	if err := f.stop(); err != nil {
		t.Fatal(err)
	}
	if log := f.log.String(); !strings.Contains(log, "fieldsyncd org add") {
		t.Errorf("the log says nothing of it:\n%s", log)
	}
	f = start(t, nil, nil)
	_ = f.stop()
	if log := f.log.String(); strings.Contains(log, "fieldsyncd org add") {
		t.Error("it says so where there is one")
	}
}

func TestAServerStartsWithAProviderThatIsDown(t *testing.T) {
	f := start(t, func(c *Config) { c.OIDCIssuer, c.OIDCClientID, c.OIDCOrg = "http://127.0.0.1:1", "x", auth.DemoOrg }, nil)
	if status, body := f.get(t, "/api/v1/oidc"); status != 200 || !strings.Contains(body, `"enabled":true`) {
		t.Errorf("%d %s", status, body)
	}
	if status, body := f.get(t, "/api/v1/oidc/start"); status != 503 || strings.Contains(body, "127.0.0.1") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := f.get(t, "/api/v1/session", "Authorization", "Bearer demo-dispatcher"); status != 200 {
		t.Errorf("the others: %d", status)
	}
	f = start(t, nil, nil)
	for path, want := range map[string]int{"/api/v1/oidc": 200, "/api/v1/oidc/start": 404, "/api/v1/oidc/callback": 404} {
		if status, body := f.get(t, path); status != want || strings.Contains(body, "true") {
			t.Errorf("without a provider, %s: %d %s", path, status, body)
		}
	}
}

func TestADeviceSignsInAndIsKnown(t *testing.T) {
	f := start(t, nil, nil)
	post := func(body string) (int, map[string]any) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, f.url+"/api/v1/tokens", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/json")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		var out map[string]any
		if err := json.NewDecoder(answer.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return answer.StatusCode, out
	}
	status, out := post(`{"login":"anna","password":"demo","org":"demo","label":"Anna's phone"}`)
	token, _ := out["token"].(string)
	if status != 201 || !strings.HasPrefix(token, "fs_") || out["user"] != "anna" || out["org"] != "demo" || out["role"] != "worker" || out["device"] == "" {
		t.Fatalf("%d %v", status, out)
	}
	if !f.connect(t, token, "").lives() {
		t.Error("the token does not let in")
	}
	for _, body := range []string{`{"login":"anna","password":"wrong"}`, `{"login":"anna","password":"demo","org":"acme"}`, `{"login":"anna","password":"demo","org":"../x"}`} {
		if status, out := post(body); status != 401 || out["code"] != "unauthenticated" {
			t.Errorf("%s: %d %v", body, status, out)
		}
	}
	if status, out := post(fmt.Sprintf(`{"login":"anna","password":"demo","label":%q}`, strings.Repeat("x", 201))); status != 400 || fmt.Sprint(out["errors"]) == "<nil>" {
		t.Errorf("a long label: %d %v", status, out)
	}
	if err := f.stop(); err != nil {
		t.Fatal(err)
	}
	if log := f.log.String(); strings.Contains(log, token) || strings.Contains(log, "phone") {
		t.Error("the log holds the token or the label")
	}
}

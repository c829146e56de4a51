package accounts

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
)

const password = "correct horse"

// world is the API over two organisations, acme and rival, with somebody of every role in both.
type world struct {
	t      *testing.T
	auth   *auth.Auth
	mux    *http.ServeMux
	clock  time.Time
	tokens map[string]string // who -> Bearer token; who is organisation/role, or organisation/key:role
	users  map[string]string // who -> id of the user
	n      int
}

var roles = []string{"owner", "administrator", "dispatcher", "worker", "director"}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, mux: http.NewServeMux(), clock: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC), tokens: map[string]string{}, users: map[string]string{}}
	var err error
	w.auth, err = auth.New(auth.Options{
		Store:    memstore.New(memstore.Options{}),
		ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		Now:      func() time.Time { return w.clock },
	})
	if err != nil {
		t.Fatal(err)
	}
	a := api.New(w.mux, api.Options{Version: "test", Require: w.auth.Require, Quickly: func(h http.Handler) http.Handler { return h }})
	Handlers{Auth: w.auth}.Register(a)
	for _, org := range []string{"acme", "rival"} {
		name := "Name of " + org
		if _, err := w.auth.CreateOrg(org, auth.OrgChange{Name: &name}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// withRoles adds somebody of every role to both organisations, signed in, and keys of each kind to acme.
func (w *world) withRoles() *world {
	w.t.Helper()
	for _, role := range roles {
		w.person("acme", role, role)
	}
	w.person("rival", "owner", "owner")
	for _, role := range auth.APIKeyRoles() {
		k, secret, err := w.auth.CreateAPIKey(auth.Operator("acme"), "key "+string(role), string(role), time.Time{})
		if err != nil {
			w.t.Fatal(err)
		}
		w.tokens["acme/key:"+string(role)], w.users["acme/key:"+string(role)] = secret, k.ID
	}
	return w
}

// person adds somebody who is signed in.
func (w *world) person(org, login, role string) string {
	w.t.Helper()
	u := w.target(org, login, role, password)
	who := org + "/" + login
	w.tokens[who], w.users[who] = w.signIn(org, login), u.ID
	return u.ID
}

func (w *world) signIn(org, login string) string {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/tokens", nil)
	secret, _, err := w.auth.SignInDevice(r, auth.Login{Login: login, Password: password, Org: org}, "phone of "+login)
	if err != nil {
		w.t.Fatal(err)
	}
	return secret
}

// target adds somebody to be worked on.
func (w *world) target(org, login, role, password string) auth.User {
	w.t.Helper()
	u, err := w.auth.CreateUser(w.t.Context(), auth.Operator(org), auth.NewUser{Login: login, Name: "Name of " + login, Role: role, Password: password})
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// fresh makes up a login that nobody has.
func (w *world) fresh() string {
	w.n++
	return fmt.Sprintf("target%d", w.n)
}

func (w *world) principal(who string) access.Principal {
	w.t.Helper()
	p, err := w.auth.Authenticate(w.tokens[who])
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// ask sends a request as somebody; header are pairs.
func (w *world) ask(who, method, path, body string, header ...string) *httptest.ResponseRecorder {
	w.t.Helper()
	r := httptest.NewRequest(method, "/api/v1/"+path, strings.NewReader(body))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token := w.tokens[who]; token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.mux.ServeHTTP(rec, r)
	return rec
}

// must sends a request that succeeds, and decodes the answer.
func must[T any](w *world, who, method, path, body string) T {
	w.t.Helper()
	rec := w.ask(who, method, path, body)
	var out T
	if rec.Code >= 300 {
		w.t.Fatalf("%s %s as %s: %d %s", method, path, who, rec.Code, rec.Body)
	}
	if rec.Body.Len() > 0 {
		if err := json.Unmarshal(rec.Body.Bytes(), &out); err != nil {
			w.t.Fatalf("%s: %v", rec.Body, err)
		}
	}
	return out
}

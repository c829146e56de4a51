package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/auth"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	clientID     = "fieldsync-client"
	clientSecret = "fieldsync-secret"
)

// issuer is an OpenID provider that lets its one person in at once. It checks what a provider checks: the client, the address to
// return to, the code, once, and PKCE.
type issuer struct {
	*httptest.Server
	t      *testing.T
	key    *ecdsa.PrivateKey
	now    func() time.Time
	down   bool // answers 503 to everything
	codes  map[string]url.Values
	asked  map[string]int
	claims func(map[string]any)             // changes the ID token's claims; nil: as they are
	sign   func(map[string]any) string      // makes the ID token; nil: properly
	answer func(w http.ResponseWriter) bool // answers a request for a token itself; nil: does not
}

func newIssuer(t *testing.T, now func() time.Time) *issuer {
	t.Helper()
	i := &issuer{t: t, now: now, codes: map[string]url.Values{}, asked: map[string]int{}}
	var err error
	if i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		send(w, map[string]any{
			"issuer": i.URL, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token", "jwks_uri": i.URL + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
		})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		send(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", i.authorize)
	mux.HandleFunc("POST /token", i.token)
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i.asked[r.URL.Path]++
		if i.down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(i.Close)
	return i
}

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (i *issuer) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != clientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("state") == "" || q.Get("nonce") == "" {
		http.Error(w, "no proper request", http.StatusBadRequest)
		return
	}
	code := fmt.Sprintf("code-%d", len(i.codes)+1)
	i.codes[code] = q
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+url.Values{"code": {code}, "state": {q.Get("state")}}.Encode(), http.StatusFound)
}

func (i *issuer) token(w http.ResponseWriter, r *http.Request) {
	if i.answer != nil && i.answer(w) {
		return
	}
	id, secret, ok := r.BasicAuth()
	if !ok {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	asked, known := i.codes[r.PostFormValue("code")]
	delete(i.codes, r.PostFormValue("code"))
	challenge := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || id != clientID || secret != clientSecret || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(challenge[:]) != asked.Get("code_challenge") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	claims := map[string]any{
		"iss": i.URL, "sub": "subject-1", "aud": clientID, "exp": i.now().Add(5 * time.Minute).Unix(), "iat": i.now().Unix(), "nonce": asked.Get("nonce"),
		"email": "Zoe@acme.example", "email_verified": true, "preferred_username": "zoe", "name": "Zoe at the provider",
	}
	if i.claims != nil {
		i.claims(claims)
	}
	sign := i.sign
	if sign == nil {
		sign = func(c map[string]any) string { return signed(i.t, jose.ES256, i.key, c) }
	}
	send(w, map[string]any{"access_token": "a", "token_type": "Bearer", "expires_in": 300, "id_token": sign(claims)})
}

// signed makes a JWT.
func signed(t *testing.T, alg jose.SignatureAlgorithm, key any, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1").WithType("JWT"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// world is a server whose organisation acme signs in by an issuer, and the browser of a person.
type world struct {
	t       *testing.T
	clock   time.Time
	auth    *auth.Auth
	issuer  *issuer
	server  *httptest.Server
	reasons map[auth.Reason]int
	zoe     string // the id of zoe@acme.example
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, clock: time.Date(2026, 11, 25, 8, 0, 0, 0, time.UTC), reasons: map[auth.Reason]int{}}
	now := func() time.Time { return w.clock }
	var err error
	w.auth, err = auth.New(auth.Options{
		Store: memstore.New(memstore.Options{}), ClientIP: func(*http.Request) netip.Addr { return netip.MustParseAddr("192.0.2.1") },
		Now: now, OnFailure: func(r auth.Reason) { w.reasons[r]++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, org := range []string{"acme", "rival"} {
		if _, err := w.auth.CreateOrg(org, auth.OrgChange{Name: &org}); err != nil {
			t.Fatal(err)
		}
		u, err := w.auth.CreateUser(t.Context(), auth.Operator(org), auth.NewUser{Login: "zoe@acme.example", Name: "Zoe of " + org, Role: "dispatcher"})
		if err != nil {
			t.Fatal(err)
		}
		if org == "acme" {
			w.zoe = u.ID
		}
	}
	w.issuer = newIssuer(t, now)
	opt := Options{Auth: w.auth, Issuer: w.issuer.URL, ClientID: clientID, ClientSecret: clientSecret, Org: "acme", Now: now}
	if change != nil {
		change(&opt)
	}
	h, err := New(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+StartPath, h.Start)
	mux.HandleFunc("GET "+CallbackPath, h.Callback)
	w.server = httptest.NewServer(mux)
	t.Cleanup(w.server.Close)
	return w
}

// browser is a client that keeps cookies, and stops at each redirect.
func (w *world) browser() *http.Client {
	w.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (w *world) get(b *http.Client, address string, header ...string) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := b.Do(r)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

// begin goes to the provider, and gives the address that it sends the browser back to.
func (w *world) begin(b *http.Client, back string) string {
	w.t.Helper()
	start := w.get(b, w.server.URL+StartPath+"?"+url.Values{"return": {back}}.Encode())
	if start.StatusCode != http.StatusFound {
		w.t.Fatalf("start: %d", start.StatusCode)
	}
	at := w.get(b, start.Header.Get("Location"))
	if at.StatusCode != http.StatusFound {
		w.t.Fatalf("the provider: %d", at.StatusCode)
	}
	return at.Header.Get("Location")
}

// session gives who is signed in by an answer; false: nobody.
func (w *world) session(answer *http.Response) (user string, ok bool) {
	w.t.Helper()
	for _, c := range answer.Cookies() {
		if c.Name == "fieldsync" && c.Value != "" {
			p, err := w.auth.Authenticate(c.Value)
			if err != nil {
				w.t.Fatal(err)
			}
			if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode {
				w.t.Errorf("the session's cookie: %+v", c)
			}
			return p.User, true
		}
	}
	return "", false
}

package api

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// issuer is an OpenID provider that lets dora in. What a provider has to check package oidc tests.
type issuer struct {
	*httptest.Server
	key   *ecdsa.PrivateKey
	nonce string // of the sign-in that is under way
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{}
	var err error
	if i.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	public, err := i.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	send := func(w http.ResponseWriter, v any) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(v)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		send(w, form("issuer", i.URL, "authorization_endpoint", i.URL+"/authorize", "token_endpoint", i.URL+"/token", "jwks_uri", i.URL+"/keys",
			"response_types_supported", list("code"), "subject_types_supported", list("public"), "id_token_signing_alg_values_supported", list("ES256")))
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		send(w, form("keys", list(form("kty", "EC", "crv", "P-256", "kid", "k", "alg", "ES256", "use", "sig",
			"x", base64.RawURLEncoding.EncodeToString(public[1:33]), "y", base64.RawURLEncoding.EncodeToString(public[33:])))))
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, _ *http.Request) {
		send(w, form("access_token", "a", "token_type", "Bearer", "expires_in", 300, "id_token", i.token(t)))
	})
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	return i
}

// token is an ID token for dora.
func (i *issuer) token(t *testing.T) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Error(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(form("alg", "ES256", "kid", "k", "typ", "JWT")) + "." + part(form("iss", i.URL, "sub", "1", "aud", "us", "nonce", i.nonce,
		"exp", time.Now().Add(time.Minute).Unix(), "iat", time.Now().Unix(), "preferred_username", "dora"))
	sum := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, sum[:])
	if err != nil {
		t.Error(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
}

// driveOIDC signs dora in by the provider.
func (s *server) driveOIDC(i *issuer) {
	s.valid("", "GET", "oidc", nil, 200)
	s.valid("", "GET", "oidc/start?return=https://example.org", nil, 400)
	s.valid("", "GET", "oidc/callback?state=none&code=none", nil, 403)
	a := s.valid("", "GET", "oidc/start?return=/jobs", nil, 302)
	to, err := url.Parse(a.header.Get("Location"))
	if err != nil {
		s.t.Fatal(err)
	}
	i.nonce = to.Query().Get("nonce")
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	b := s.valid("", "GET", "oidc/callback?"+url.Values{"state": {to.Query().Get("state")}, "code": {"c"}}.Encode(), nil, 303, "Cookie", cookie)
	if b.header.Get("Location") != "/jobs" {
		s.t.Errorf("%v", b.header)
	}
}

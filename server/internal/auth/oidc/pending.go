package oidc

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"fieldsync/crdt"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// pendingFor is how long a sign-in may take, at the provider too.
const pendingFor = 10 * time.Minute

// usedKept bounds the sign-ins that are remembered as used, for as long as they could be shown again.
const usedKept = 16 << 10

// pending is a sign-in that has begun.
type pending struct {
	State    string    `json:"s"`
	Nonce    string    `json:"n"`
	Verifier string    `json:"v"` // of PKCE
	Return   string    `json:"r"` // where the browser goes afterwards, in this server
	Expires  time.Time `json:"e"`
}

// random gives 256 random bits as text.
func random() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// sealer makes and opens cookies.
type sealer struct{ aead cipher.AEAD }

func newSealer(key []byte) (sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return sealer{}, crdt.Errorf(crdt.KindInternal, "oidc: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	return sealer{aead}, err
}

func (s sealer) seal(p pending) (string, error) {
	plain, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, s.aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(s.aead.Seal(nonce, nonce, plain, nil)), nil
}

func (s sealer) open(text string) (p pending, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) < s.aead.NonceSize() {
		return p, false
	}
	plain, err := s.aead.Open(nil, raw[:s.aead.NonceSize()], raw[s.aead.NonceSize():], nil)
	return p, err == nil && json.Unmarshal(plain, &p) == nil
}

// used remembers which sign-ins were finished.
type used struct {
	mu  sync.Mutex
	lru *simplelru.LRU[string, struct{}]
}

func newUsed() *used {
	lru, _ := simplelru.NewLRU[string, struct{}](usedKept, nil) // fails for a size below 1
	return &used{lru: lru}
}

// first tells whether a state was not used before, and notes that it is now.
func (u *used) first(state string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.lru.Contains(state) {
		return false
	}
	u.lru.Add(state, struct{}{})
	return true
}

// cookie keeps a pending sign-in in the browser; an empty value takes it away. Lax: the provider's page leads back to us.
func (h *Handler) cookie(r *http.Request, value string) *http.Cookie {
	maxAge := int(pendingFor / time.Second)
	if value == "" {
		maxAge = -1
	}
	return &http.Cookie{
		Name: h.cookieName(r), Value: value, Path: "/", MaxAge: maxAge,
		Secure: h.opt.Auth.SecureCookies(r), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

func (h *Handler) cookieName(r *http.Request) string {
	if h.opt.Auth.SecureCookies(r) {
		return "__Host-fieldsync-oidc"
	}
	return "fieldsync-oidc"
}

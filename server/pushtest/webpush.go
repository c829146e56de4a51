// Package pushtest is stand-ins for push services, for tests: a Web Push service that looks at what it gets as strictly as real ones do, and decrypts it
// as a browser would. What it knows it has from the RFCs, not from our senders. It listens on loopback.
package pushtest

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Message is what a browser got.
type Message struct {
	Topic   string
	TTL     time.Duration
	Urgency string
	Payload []byte // decrypted; empty of an empty one
	Signer  []byte // the server's public key
	Contact string
}

// Answer is what the service says instead of taking a message.
type Answer struct {
	Status     int
	RetryAfter string
}

// Service is a Web Push service.
type Service struct {
	URL    string
	server *httptest.Server

	mu       sync.Mutex
	browsers map[string]*Browser
	wrong    []error
	answer   func(b *Browser) *Answer
	came     chan struct{}
}

// Browser is a subscription.
type Browser struct {
	Endpoint     string
	P256dh, Auth string // base64url
	key          *ecdh.PrivateKey
	auth         []byte
	service      *Service
	asked        int
	messages     []Message
}

// New starts a service.
func New() *Service {
	s := &Service{browsers: map[string]*Browser{}, came: make(chan struct{})}
	s.server = httptest.NewServer(s)
	s.URL = s.server.URL
	return s
}

// Close ends it.
func (s *Service) Close() { s.server.Close() }

// Answer has the service say something instead of taking messages; nil from f: it takes this one.
func (s *Service) Answer(f func(b *Browser) *Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = f
}

// Subscribe makes a subscription.
func (s *Service) Subscribe() *Browser {
	key, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	var raw [32]byte
	_, _ = rand.Read(raw[:])
	path := "/push/" + base64.RawURLEncoding.EncodeToString(raw[16:])
	b := &Browser{Endpoint: s.URL + path, key: key, auth: raw[:16], service: s,
		P256dh: base64.RawURLEncoding.EncodeToString(key.PublicKey().Bytes()), Auth: base64.RawURLEncoding.EncodeToString(raw[:16])}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.browsers[path] = b
	return b
}

// Messages are all that a browser got, and Asked how often it was sent something, taken or not.
func (b *Browser) Messages() []Message {
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	return append([]Message(nil), b.messages...)
}

// Asked counts the requests for a browser.
func (b *Browser) Asked() int {
	b.service.mu.Lock()
	defer b.service.mu.Unlock()
	return b.asked
}

// Visible is what stands on the screen, by tag: a later notice takes the place of an earlier one.
func (b *Browser) Visible() map[string]string {
	out := map[string]string{}
	for _, m := range b.Messages() {
		var p struct{ Title, Body, Tag string }
		if json.Unmarshal(m.Payload, &p) == nil {
			out[p.Tag] = p.Title + "\n" + p.Body
		}
	}
	return out
}

// Wrong is what the service found wrong with what it was sent.
func (s *Service) Wrong() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.wrong...)
}

// Came is closed when the next request was answered.
func (s *Service) Came() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.came
}

// ServeHTTP takes messages.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { close(s.came); s.came = make(chan struct{}) }()
	b := s.browsers[r.URL.Path]
	if b == nil {
		w.WriteHeader(http.StatusGone)
		return
	}
	b.asked++
	m, err := b.read(r, body)
	if err != nil {
		s.wrong = append(s.wrong, err)
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if s.answer != nil {
		if a := s.answer(b); a != nil {
			if a.RetryAfter != "" {
				w.Header().Set("Retry-After", a.RetryAfter)
			}
			w.WriteHeader(a.Status)
			return
		}
	}
	b.messages = append(b.messages, m)
	w.Header().Set("Location", s.URL+"/message/1")
	w.WriteHeader(http.StatusCreated)
}

var topics = regexp.MustCompile(`^[A-Za-z0-9_-]{1,32}$`)

// read looks at a request by RFC 8030, 8188, 8291 and 8292.
func (b *Browser) read(r *http.Request, body []byte) (m Message, err error) {
	seconds, err := strconv.Atoi(r.Header.Get("TTL"))
	if r.Method != http.MethodPost || err != nil || seconds < 0 {
		return m, fmt.Errorf("%s with TTL %q", r.Method, r.Header.Get("TTL"))
	}
	m.TTL, m.Urgency, m.Topic = time.Duration(seconds)*time.Second, r.Header.Get("Urgency"), r.Header.Get("Topic")
	if m.Topic != "" && !topics.MatchString(m.Topic) {
		return m, fmt.Errorf("topic %q", m.Topic)
	}
	switch m.Urgency {
	case "very-low", "low", "normal", "high":
	default:
		return m, fmt.Errorf("urgency %q", m.Urgency)
	}
	if err := m.signed(r.Header.Get("Authorization"), b.service.URL); err != nil {
		return m, err
	}
	if len(body) == 0 {
		return m, nil
	}
	if len(body) > 4096 || r.Header.Get("Content-Encoding") != "aes128gcm" {
		return m, fmt.Errorf("%d bytes of %q", len(body), r.Header.Get("Content-Encoding"))
	}
	m.Payload, err = Open(b.key, b.auth, body)
	return m, err
}

// signed checks the VAPID token.
func (m *Message) signed(header, origin string) error {
	scheme, rest, _ := strings.Cut(header, " ")
	params := map[string]string{}
	for _, p := range strings.Split(rest, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(p), "=")
		params[k] = v
	}
	enc := base64.RawURLEncoding
	var err error
	if m.Signer, err = enc.DecodeString(params["k"]); err != nil || scheme != "vapid" {
		return fmt.Errorf("authorization %q", header)
	}
	claims, err := Verify(m.Signer, params["t"])
	if err != nil {
		return err
	}
	exp := time.Unix(claims.Exp, 0)
	if claims.Aud != origin || time.Until(exp) > 24*time.Hour || time.Until(exp) < time.Minute {
		return fmt.Errorf("a token for %q until %s", claims.Aud, exp)
	}
	m.Contact = claims.Sub
	return nil
}

// Claims are what tokens of push services say.
type Claims struct {
	Aud, Sub, Iss string
	Exp, Iat      int64
	Header        map[string]string `json:"-"`
}

// Verify checks a token by ES256 with a public key of 65 bytes.
func Verify(public []byte, token string) (c Claims, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 || len(public) != 65 {
		return c, errors.New("no token, or no key")
	}
	enc := base64.RawURLEncoding
	sig, err := enc.DecodeString(parts[2])
	if err != nil || len(sig) != 64 {
		return c, errors.New("no signature of 64 bytes")
	}
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), public)
	if err != nil {
		return c, err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(key, sum[:], new(big.Int).SetBytes(sig[:32]), new(big.Int).SetBytes(sig[32:])) {
		return c, errors.New("a signature that does not fit")
	}
	h, err := enc.DecodeString(parts[0])
	if err == nil {
		err = json.Unmarshal(h, &c.Header)
	}
	body, err2 := enc.DecodeString(parts[1])
	if err = errors.Join(err, err2); err == nil {
		err = json.Unmarshal(body, &c)
	}
	if err == nil && c.Header["alg"] != "ES256" {
		err = fmt.Errorf("alg %q", c.Header["alg"])
	}
	return c, err
}

// Open decrypts a message as a browser does.
func Open(key *ecdh.PrivateKey, auth, body []byte) ([]byte, error) {
	if len(body) < 21 || len(body) < 21+int(body[20]) {
		return nil, errors.New("no header of aes128gcm")
	}
	salt, size, id, sealed := body[:16], binary.BigEndian.Uint32(body[16:20]), body[21:21+int(body[20])], body[21+int(body[20]):]
	if int(size) < len(sealed) || size < 18 {
		return nil, fmt.Errorf("a record of %d bytes in records of %d", len(sealed), size)
	}
	theirs, err := ecdh.P256().NewPublicKey(id)
	if err != nil {
		return nil, err
	}
	shared, err := key.ECDH(theirs)
	if err != nil {
		return nil, err
	}
	prk, err := hkdf.Extract(sha256.New, shared, auth)
	if err != nil {
		return nil, err
	}
	ikm, err := hkdf.Expand(sha256.New, prk, "WebPush: info\x00"+string(key.PublicKey().Bytes())+string(id), 32)
	if err != nil {
		return nil, err
	}
	if prk, err = hkdf.Extract(sha256.New, ikm, salt); err != nil {
		return nil, err
	}
	cek, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Expand(sha256.New, prk, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(cek)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	plain, err := gcm.Open(nil, nonce, sealed, nil)
	if err != nil {
		return nil, err
	}
	plain = bytes.TrimRight(plain, "\x00")
	if len(plain) == 0 || plain[len(plain)-1] != 2 {
		return nil, errors.New("no delimiter of a last record")
	}
	return plain[:len(plain)-1], nil
}

package auth

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// mapStore is a store in memory that can be told to fail.
type mapStore struct {
	mu   sync.Mutex
	m    map[string][]byte
	fail error
}

func (s *mapStore) Get(key []byte) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return nil, s.fail
	}
	v, ok := s.m[string(key)]
	if !ok {
		return nil, store.ErrNotFound
	}
	return slices.Clone(v), nil
}

func (s *mapStore) Scan(prefix, _ []byte, visit func(key, value []byte) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		return s.fail
	}
	for k, v := range s.m {
		if strings.HasPrefix(k, string(prefix)) {
			if err := visit([]byte(k), v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *mapStore) Submit(ops []store.Op, done func(error)) {
	s.mu.Lock()
	err := s.fail
	if err == nil {
		for _, op := range ops {
			if op.Value == nil {
				delete(s.m, string(op.Key))
			} else {
				s.m[string(op.Key)] = op.Value
			}
		}
	}
	s.mu.Unlock()
	done(err)
}

func (s *mapStore) Close() error { return nil }

var errDisk = errors.New("disk on fire")

// world is an Auth with its store, a clock and what it told.
type world struct {
	*Auth
	store   *mapStore
	clock   time.Time
	revoked []string
	reasons []Reason
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{store: &mapStore{m: map[string][]byte{}}, clock: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	o := Options{
		Store:     w.store,
		ClientIP:  func(r *http.Request) netip.Addr { return netip.MustParseAddrPort(r.RemoteAddr).Addr() },
		Now:       func() time.Time { return w.clock },
		OnRevoke:  func(c string) { w.revoked = append(w.revoked, c) },
		OnFailure: func(r Reason) { w.reasons = append(w.reasons, r) },
	}
	if change != nil {
		change(&o)
	}
	var err error
	if w.Auth, err = New(o); err != nil {
		t.Fatal(err)
	}
	return w
}

// withUser adds organisation acme with one user of a role, whose password is "correct horse".
func (w *world) withUser(t *testing.T, id string, role access.Role) *world {
	t.Helper()
	hash, err := HashPassword("correct horse")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.PutOrg(Org{ID: "acme", Name: "Acme"}); err != nil {
		t.Fatal(err)
	}
	if err := w.PutUser(User{ID: id, Org: "acme", Login: id, Name: "Some " + id, Role: role, PasswordHash: hash}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) token(t *testing.T, user string) string {
	t.Helper()
	secret, err := w.IssueToken(user, "phone")
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

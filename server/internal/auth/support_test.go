package auth

import (
	"errors"
	"net/http"
	"net/netip"
	"testing"
	"time"

	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
)

// faultyStore is a store in memory that can be told to fail, in reading too.
type faultyStore struct {
	store.Store
	fail error
}

func (s *faultyStore) Get(key []byte) ([]byte, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	return s.Store.Get(key)
}

func (s *faultyStore) Scan(prefix, start []byte, visit func(key, value []byte) error) error {
	if s.fail != nil {
		return s.fail
	}
	return s.Store.Scan(prefix, start, visit)
}

func (s *faultyStore) Submit(ops []store.Op, done func(error)) {
	if s.fail != nil {
		done(s.fail)
		return
	}
	s.Store.Submit(ops, done)
}

var errDisk = errors.New("disk on fire")

// world is an Auth with its store, a clock and what it told.
type world struct {
	*Auth
	store   *faultyStore
	clock   time.Time
	revoked []string
	reasons []Reason
}

func newWorld(t *testing.T, change func(*Options)) *world {
	t.Helper()
	w := &world{store: &faultyStore{Store: memstore.New(memstore.Options{})}, clock: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
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

package auth

import (
	"errors"
	"net/http"
	"net/netip"
	"sync"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
)

// faultyStore is a store in memory that can be told to fail, in reading too.
type faultyStore struct {
	store.Store
	fail  error
	wrote func([]store.Op) // told each write; nil: nobody
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

func (s *faultyStore) View(read func(store.Reader) error) error {
	if s.fail != nil {
		return s.fail
	}
	return s.Store.View(read)
}

func (s *faultyStore) Submit(ops []store.Op, done func(error)) {
	if s.fail != nil {
		done(s.fail)
		return
	}
	if s.wrote != nil {
		s.wrote(ops)
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
	w.verify = remembered()
	return w
}

const password = "correct horse"

var acme = Operator("acme")

// remembered is verifyPassword, which computes each answer once: a test that fails twenty times need not take a second.
func remembered() func(password, stored string) bool {
	known := map[[2]string]bool{}
	var mu sync.Mutex
	return func(password, stored string) bool {
		mu.Lock()
		defer mu.Unlock()
		key := [2]string{password, stored}
		if _, ok := known[key]; !ok {
			known[key] = verifyPassword(password, stored)
		}
		return known[key]
	}
}

// withOrg adds an organisation where it is missing.
func (w *world) withOrg(t *testing.T, id string) *world {
	t.Helper()
	name := "Name of " + id
	if _, err := w.CreateOrg(id, OrgChange{Name: &name}); err != nil && crdt.KindOf(err) != crdt.KindConflict {
		t.Fatal(err)
	}
	return w
}

// withUser adds organisation acme with one user of a role, whose password is "correct horse"; who is there gets the role.
func (w *world) withUser(t *testing.T, id string, role access.Role) *world {
	t.Helper()
	w.withOrg(t, "acme")
	text := string(role)
	if _, err := w.User(acme, id); err == nil {
		if _, err := w.ChangeUser(acme, id, UserChange{Role: &text}, 0); err != nil {
			t.Fatal(err)
		}
		return w
	}
	if _, err := w.CreateUser(t.Context(), acme, NewUser{ID: id, Login: id, Name: "Some " + id, Role: text, Password: password}); err != nil {
		t.Fatal(err)
	}
	return w
}

// disable disables a user of acme.
func (w *world) disable(t *testing.T, id string) {
	t.Helper()
	yes := true
	if _, err := w.ChangeUser(acme, id, UserChange{Disabled: &yes}, 0); err != nil {
		t.Fatal(err)
	}
}

func (w *world) token(t *testing.T, user string) string {
	t.Helper()
	secret, err := w.issue(acme, user, "phone", newSecret(), false)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func (w *world) session(t *testing.T, user, label string) string {
	t.Helper()
	secret, err := w.issue(acme, user, label, newSecret(), true)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

// as authenticates by a new token of a user.
func (w *world) as(t *testing.T, user string) access.Principal {
	t.Helper()
	p, err := w.Authenticate(w.token(t, user))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

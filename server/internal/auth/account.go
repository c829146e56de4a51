package auth

import (
	"encoding/json"
	"errors"
	"regexp"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// Org is an organisation: sealed from every other.
type Org struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// User is a person of one organisation.
type User struct {
	ID           string      `json:"id"`
	Org          string      `json:"org"`
	Login        string      `json:"login"` // in lower case
	Name         string      `json:"name"`
	Role         access.Role `json:"role"`
	PasswordHash string      `json:"password_hash,omitempty"` // PHC string of argon2id; empty: no login by password
	Disabled     bool        `json:"disabled,omitempty"`      // nothing of this user lets anybody in
	Demo         bool        `json:"demo,omitempty"`          // its secrets are public: lets in only where Options.Demo is set
}

// An id or a login is a part of a store key: no slash, and short. An organisation's id is also the name of its space
// for files (blobs.Space), which knows no other characters.
var (
	idPattern    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	loginPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{0,127}$`)
)

const maxNameBytes = 200 // of a person, an organisation, a device: what a screen shows

// PutOrg makes or renames an organisation, durably.
func (a *Auth) PutOrg(o Org) error {
	if !idPattern.MatchString(o.ID) {
		return crdt.Errorf(crdt.KindInvalid, "organisation id %q does not match %s", o.ID, idPattern)
	}
	if len(o.Name) > maxNameBytes {
		return crdt.Errorf(crdt.KindTooLarge, "an organisation's name has at most %d bytes", maxNameBytes)
	}
	op, err := put(orgKey(o.ID), o)
	if err != nil {
		return err
	}
	return a.write(op)
}

// PutUser makes a user or changes one, durably. A user never changes its organisation, and a login belongs to one user.
func (a *Auth) PutUser(u User) error {
	u.Login = strings.ToLower(u.Login)
	if !idPattern.MatchString(u.ID) {
		return crdt.Errorf(crdt.KindInvalid, "user id %q does not match %s", u.ID, idPattern)
	}
	if !loginPattern.MatchString(u.Login) {
		return crdt.Errorf(crdt.KindInvalid, "login %q does not match %s", u.Login, loginPattern)
	}
	if len(u.Name) > maxNameBytes {
		return crdt.Errorf(crdt.KindTooLarge, "a person's name has at most %d bytes", maxNameBytes)
	}
	if _, err := access.ParseRole(string(u.Role)); err != nil {
		return err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	if _, err := load[Org](a.store, orgKey(u.Org)); err != nil {
		return wrapMissing(err, "organisation %q", u.Org)
	}
	holder, err := a.store.Get(loginKey(u.Login))
	switch {
	case err == nil && string(holder) != u.ID:
		return crdt.Errorf(crdt.KindConflict, "login %q belongs to another user", u.Login)
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return unavailable(err)
	}
	op, err := put(userKey(u.ID), u)
	if err != nil {
		return err
	}
	ops := []store.Op{op, {Key: loginKey(u.Login), Value: []byte(u.ID)}}
	before, err := load[User](a.store, userKey(u.ID))
	switch {
	case err == nil && before.Org != u.Org:
		return crdt.Errorf(crdt.KindConflict, "user %q belongs to another organisation", u.ID)
	case err == nil && before.Login != u.Login:
		ops = append(ops, store.Op{Key: loginKey(before.Login)})
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return unavailable(err)
	}
	if err := a.write(ops...); err != nil {
		return err
	}
	a.cache.forgetAll() // its role or name may have changed
	if before.ID == u.ID && (before.Role != u.Role || before.Disabled != u.Disabled) {
		a.onChange(u.ID)
	}
	return nil
}

// FindUser gives the user of a login, or an error of KindNotFound.
func (a *Auth) FindUser(login string) (User, error) {
	login = strings.ToLower(login)
	if !loginPattern.MatchString(login) {
		return User{}, crdt.Errorf(crdt.KindNotFound, "no such login")
	}
	id, err := a.store.Get(loginKey(login))
	if err != nil {
		return User{}, wrapMissing(err, "login %q", login)
	}
	u, err := load[User](a.store, userKey(string(id)))
	return u, wrapMissing(err, "login %q", login)
}

func (a *Auth) write(ops ...store.Op) error {
	if err := store.Write(a.store, ops); err != nil {
		return unavailable(err)
	}
	return nil
}

func put(key []byte, v any) (store.Op, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return store.Op{}, crdt.Errorf(crdt.KindInternal, "auth: encoding %s: %w", key, err)
	}
	return store.Op{Key: key, Value: b}, nil
}

func load[T any](r store.Reader, key []byte) (T, error) {
	var v T
	b, err := r.Get(key)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, crdt.Errorf(crdt.KindInternal, "auth: stored value is not ours: %w", err)
	}
	return v, nil
}

// wrapMissing makes a store's not-found a KindNotFound and any other failure of it KindUnavailable; nil stays nil.
func wrapMissing(err error, format string, args ...any) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return crdt.Errorf(crdt.KindNotFound, "no such "+format, args...)
	default:
		return unavailable(err)
	}
}

func unavailable(err error) error {
	var known *crdt.Error
	if errors.As(err, &known) {
		return err
	}
	return crdt.Errorf(crdt.KindUnavailable, "auth: store: %w", err)
}

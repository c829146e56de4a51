package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// Subject is somebody as an OpenID provider knows him. The provider's word was checked by whoever makes one.
type Subject struct {
	Org     string      // the organisation that the provider is trusted for
	Issuer  string      // of the provider
	Subject string      // who it is there, for ever
	Login   string      // what the provider calls him, as a login here; counts at the first time only
	Name    string      // for people; may be empty
	Create  access.Role // what a user becomes who is not there yet; empty: nobody is made
}

// hash stands for issuer and subject.
func (s Subject) hash() string {
	sum := sha256.Sum256([]byte(s.Issuer + "\x00" + s.Subject))
	return hex.EncodeToString(sum[:])
}

// SignInBySubject opens a browser's session for somebody whom a provider has shown. The first time he is found by his login and bound
// to that subject; from then on the subject counts, so that a login that is given to somebody else at the provider opens nothing
// here. Who is locked out by failed passwords may come in so.
func (a *Auth) SignInBySubject(s Subject) (secret string, p access.Principal, err error) {
	u, err := a.bySubject(s)
	if err != nil {
		return "", access.Principal{}, err
	}
	if u.Disabled || u.Demo && !a.demo {
		return "", access.Principal{}, errNobody
	}
	return a.open(u, "browser", true)
}

func (a *Auth) bySubject(s Subject) (User, error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	if _, err := load[Org](a.store, orgKey(s.Org)); err != nil {
		return User{}, crdt.Errorf(crdt.KindUnavailable, "auth: the organisation of the OpenID provider: %w", err)
	}
	id, err := a.store.Get(subjectKey(s.Org, s.hash()))
	if err == nil {
		return a.member(s.Org, string(id))
	} else if !errors.Is(err, store.ErrNotFound) {
		return User{}, unavailable(err)
	}
	login := strings.ToLower(s.Login)
	if !loginPattern.MatchString(login) {
		return User{}, errNobody
	}
	bound := store.Op{Key: subjectKey(s.Org, s.hash())}
	u, err := a.FindUser(s.Org, login)
	switch {
	case err == nil && u.Subject != "":
		return User{}, errNobody // this login is somebody else's there
	case err == nil:
		before := u
		u.Subject, bound.Value = s.hash(), []byte(u.ID)
		if u.Disabled {
			return User{}, errNobody
		}
		return a.putUser(access.Principal{ID: access.PersonPrefix + u.ID, User: u.ID}, before, u, Entry{Action: "user.linked", Subject: u.ID}, bound)
	case crdt.KindOf(err) != crdt.KindNotFound:
		return User{}, err
	case s.Create == "":
		return User{}, errNobody
	}
	if n, err := a.count(membersOf(s.Org)); err != nil {
		return User{}, err
	} else if n >= maxUsers {
		return User{}, errNobody
	}
	u = User{ID: newID("user"), Org: s.Org, Login: login, Name: strings.TrimSpace(s.Name), Role: s.Create, Subject: s.hash(), Created: a.now().UTC()}
	if checkName("name", u.Name) != nil || u.Name == "" {
		u.Name = login
	}
	bound.Value = []byte(u.ID)
	return a.putUser(access.Principal{ID: access.PersonPrefix + u.ID}, User{}, u, Entry{Action: "user.created", Subject: u.ID, Detail: string(u.Role)}, bound)
}

// Unlink forgets whom the OpenID provider calls this user, so that another may be bound to the login.
func (a *Auth) Unlink(by access.Principal, user string) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	u, err := a.managed(by, user)
	if err != nil || u.Subject == "" {
		return err
	}
	before := u
	u.Subject = ""
	_, err = a.putUser(by, before, u, Entry{Action: "user.unlinked", Subject: user}, store.Op{Key: subjectKey(u.Org, before.Subject)})
	return err
}

// SubjectFailed counts a sign-in by a provider that came to nothing against who asks, and tells whether it is one too many.
func (a *Auth) SubjectFailed(r *http.Request) error {
	if a.byIP.add(network(a.clientIP(r)), a.now()) {
		return errTooMany
	}
	return nil
}

// SubjectBlocked refuses whoever has failed too often for now.
func (a *Auth) SubjectBlocked(r *http.Request) error {
	if a.byIP.blocked(network(a.clientIP(r)), a.now()) {
		return errTooMany
	}
	return nil
}

// ErrProvider is the refusal of somebody for whom a provider's word is not good enough.
var ErrProvider = deny(ReasonProvider, crdt.KindForbidden, "the sign-in did not succeed: begin anew")

// Secret gives a secret of this store by name, 32 random bytes that are made when they are first asked for.
func (a *Auth) Secret(_ context.Context, name string) ([]byte, error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	key := store.Meta("secret-" + name)
	b, err := a.store.Get(key)
	if err == nil && len(b) == 32 {
		return b, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return nil, unavailable(err)
	}
	b = make([]byte, 32)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b, a.write(store.Op{Key: key, Value: b})
}

// SecureCookies tells whether a request's browser speaks TLS, so that cookies can be Secure and __Host-.
func (a *Auth) SecureCookies(r *http.Request) bool { return a.secure(r) }

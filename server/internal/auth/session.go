package auth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/problem"
)

// Login is what a person signs in with.
type Login struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Org      string `json:"org,omitempty"` // the organisation's id; empty: the one where this login has this password
}

// maxSameLogin bounds the organisations that are tried where none is named. Whose login is in more has to name it.
const maxSameLogin = 8

// SignIn opens a browser's session for the login and password that a request brings, and gives its secret. Whoever refuses by
// this error says so to Refused.
func (a *Auth) SignIn(r *http.Request, in Login) (secret string, p access.Principal, err error) {
	return a.signIn(r, in, "browser", true)
}

// SignInDevice makes a token for one more device of who signs in, and gives its secret.
func (a *Auth) SignInDevice(r *http.Request, in Login, label string) (secret string, p access.Principal, err error) {
	if err := checkName("label", label); err != nil {
		return "", access.Principal{}, err
	}
	return a.signIn(r, in, label, false)
}

func (a *Auth) signIn(r *http.Request, in Login, label string, session bool) (string, access.Principal, error) {
	u, err := a.checkPassword(r.Context(), network(a.clientIP(r)), in)
	if err != nil {
		return "", access.Principal{}, err
	}
	return a.open(u, label, session)
}

// open lets in who has shown who he is.
func (a *Auth) open(u User, label string, session bool) (string, access.Principal, error) {
	by := access.Principal{ID: access.PersonPrefix + u.ID, Org: u.Org, User: u.ID, Role: u.Role}
	secret, err := a.issue(by, u.ID, label, newSecret(), session)
	if err != nil {
		return "", access.Principal{}, err
	}
	p, err := a.Authenticate(secret)
	return secret, p, err
}

// CheckOrigin refuses a request that a page of another site sends: it would put its own session into our user's browser.
// A request that no page sends has no Origin, and is fine.
func (a *Auth) CheckOrigin(r *http.Request) error {
	if r.Header.Get("Origin") != "" && !a.ownOrigin(r) {
		return errOrigin
	}
	return nil
}

// checkPassword gives the user whose login and password these are. A wrong login takes as long as a wrong password and
// is refused in the same words.
func (a *Auth) checkPassword(ctx context.Context, from string, in Login) (User, error) {
	login, org := strings.ToLower(strings.TrimSpace(in.Login)), strings.TrimSpace(in.Org)
	if len(in.Password) > maxPasswordBytes || !loginPattern.MatchString(login) || org != "" && !idPattern.MatchString(org) {
		a.byIP.add(from, a.now())
		return User{}, errWrongPassword
	}
	leave, err := a.gate.enter(ctx)
	if err != nil {
		return User{}, err
	}
	defer leave()
	account := login + "/" + org
	if now := a.now(); a.byIP.blocked(from, now) || a.byLogin.blocked(account, now) {
		return User{}, errTooMany
	}
	candidates, err := a.candidates(login, org)
	if err != nil {
		return User{}, err
	}
	right, locked, err := a.tryPassword(in.Password, account, candidates)
	switch {
	case err != nil:
		return User{}, err
	case len(right) == 1:
		for _, name := range attemptsAt(right[0].ID) {
			a.locks.forget(name, func(error) {}) // not waited for: it lasts a little longer if it cannot be written
		}
		return right[0], nil
	case len(right) > 1: // of one person, most likely, who knows both
		return User{}, problem.New(http.StatusConflict, "organisation-needed", "This login and password are good in several organisations: name one as org.")
	case locked:
		return User{}, errLocked
	}
	a.byIP.add(from, a.now())
	a.byLogin.add(account, a.now())
	return User{}, errWrongPassword
}

// candidates are the users who may be meant by a login.
func (a *Auth) candidates(login, org string) ([]User, error) {
	var orgs []string
	prefix := loginsLike(login)
	if org != "" {
		orgs = []string{org}
	} else if err := a.store.Scan(prefix, nil, func(key, _ []byte) error {
		if orgs = append(orgs, string(key[len(prefix):])); len(orgs) == maxSameLogin {
			return store.ErrStop
		}
		return nil
	}); err != nil {
		return nil, unavailable(err)
	}
	var out []User
	for _, org := range orgs {
		switch u, err := a.FindUser(org, login); {
		case err == nil:
			out = append(out, u)
		case crdt.KindOf(err) != crdt.KindNotFound:
			return nil, err
		}
	}
	return out, nil
}

// tryPassword gives those of the users whose password it is. It tells whether no attempt was made, because of locks. Where there is
// no user, it takes as long as with one.
//
// Attempts that name no organisation count apart from those that do: else a lock that the first have made would tell, by the
// second, in which organisations there is such a login.
//
// A failure counts against each of the others. Where one was right, the same password counts against a namesake once and no
// more: a person who signs in every day locks nobody out elsewhere, and whoever changes his own password to guess at a
// namesake's pays for each guess.
func (a *Auth) tryPassword(password, account string, users []User) (right []User, locked bool, err error) {
	attempts := 0
	wrong := map[string]User{} // by the name under which failures count
	try := func(name string, u User) error {
		if is, err := a.locks.locked(name, a.now()); is || err != nil {
			return err
		}
		attempts++
		hash := u.PasswordHash
		if hash == "" {
			hash = nobodysHash
		}
		if a.verify(password, hash) && u.PasswordHash != "" && !u.Disabled && (!u.Demo || a.demo) {
			right = append(right, u)
		} else {
			wrong[name] = u
		}
		return nil
	}
	if len(users) == 0 {
		err = try("?"+account, User{})
	}
	for _, u := range users {
		if err == nil {
			name := u.ID
			if strings.HasSuffix(account, "/") {
				name = anywhere(u.ID)
			}
			err = try(name, u)
		}
	}
	for name, u := range wrong {
		if err != nil || len(right) > 0 && !a.namesakes.first(right[0], u) {
			continue
		}
		var isLocked bool
		if isLocked, err = a.locks.failed(name, a.now()); isLocked && u.ID != "" {
			a.noteLocked(u)
		}
	}
	return right, attempts == 0, err
}

// noteLocked writes a lock-out into the organisation's account log.
func (a *Auth) noteLocked(u User) {
	a.writing.Lock()
	defer a.writing.Unlock()
	_ = a.record(access.Principal{ID: "server"}, u.Org, Entry{Action: "user.locked", Subject: u.ID}) // the lock counts, not the line
}

// SessionCookie is the cookie that keeps a browser signed in by a session's secret; with an empty one it takes the cookie away.
func (a *Auth) SessionCookie(r *http.Request, secret string) *http.Cookie {
	maxAge := int(SessionLifetime / time.Second)
	if secret == "" {
		maxAge = -1
	}
	return &http.Cookie{
		Name: a.cookieName(r), Value: secret, Path: "/", MaxAge: maxAge,
		Secure: a.secure(r), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

// cookieName is __Host- over TLS: such a cookie cannot be set by a neighbouring domain or over plain HTTP.
func (a *Auth) cookieName(r *http.Request) string {
	if a.secure(r) {
		return "__Host-fieldsync"
	}
	return "fieldsync"
}

package auth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
)

// Login is what a person signs in with.
type Login struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

// SignIn opens a browser's session for the login and password that a request brings, and gives its secret. Whoever refuses by
// this error says so to Refused.
func (a *Auth) SignIn(r *http.Request, in Login) (secret string, p access.Principal, err error) {
	u, err := a.checkPassword(r.Context(), network(a.clientIP(r)), in)
	if err != nil {
		return "", access.Principal{}, err
	}
	secret, err = a.issue(u.ID, "browser", newSecret(), true)
	if err != nil {
		return "", access.Principal{}, err
	}
	p, err = a.Authenticate(secret)
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
	login := strings.ToLower(in.Login)
	if len(in.Password) > maxPasswordBytes || !loginPattern.MatchString(login) {
		a.byIP.add(from, a.now())
		return User{}, errWrongPassword
	}
	leave, err := a.gate.enter(ctx)
	if err != nil {
		return User{}, err
	}
	defer leave()
	if now := a.now(); a.byIP.blocked(from, now) || a.byLogin.blocked(login, now) {
		return User{}, errTooMany
	}
	u, err := a.FindUser(login)
	if err != nil && crdt.KindOf(err) != crdt.KindNotFound {
		return User{}, err
	}
	hash := u.PasswordHash
	if hash == "" {
		hash = nobodysHash
	}
	right := verifyPassword(in.Password, hash)
	if right && u.PasswordHash != "" && !u.Disabled && (!u.Demo || a.demo) {
		return u, nil
	}
	a.byIP.add(from, a.now())
	a.byLogin.add(login, a.now())
	return User{}, errWrongPassword
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

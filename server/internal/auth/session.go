package auth

import (
	"context"
	"net/http"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/problem"
)

// Login is the body of POST /api/v1/session.
type Login struct {
	Login    string `json:"login"`
	Password string `json:"password"`
}

// Identity answers POST and GET /api/v1/session: who the caller is.
type Identity struct {
	Org    string      `json:"org"`
	User   string      `json:"user"`
	Name   string      `json:"name"`
	Role   access.Role `json:"role"`
	Device string      `json:"device"`
}

func identity(p access.Principal) Identity {
	return Identity{Org: p.Org, User: p.User, Name: p.Name, Role: p.Role, Device: p.Device}
}

// SignIn is POST /api/v1/session: a login and a password give a browser its session cookie.
func (a *Auth) SignIn(w http.ResponseWriter, r *http.Request) {
	secret, p, err := a.signIn(w, r)
	if err != nil {
		a.refuse(w, err)
		return
	}
	http.SetCookie(w, a.cookie(r, secret, int(SessionLifetime/time.Second)))
	api.WriteJSON(w, http.StatusOK, identity(p))
}

func (a *Auth) signIn(w http.ResponseWriter, r *http.Request) (string, access.Principal, error) {
	if r.Header.Get("Origin") != "" && !a.ownOrigin(r) {
		return "", access.Principal{}, errOrigin
	}
	var in Login
	if err := api.ReadJSON(w, r, &in); err != nil {
		return "", access.Principal{}, err
	}
	who := network(a.clientIP(r))
	u, err := a.checkPassword(r.Context(), who, in)
	if err != nil {
		return "", access.Principal{}, err
	}
	secret, err := a.issue(u.ID, "browser", newSecret(), true)
	if err != nil {
		return "", access.Principal{}, err
	}
	p, err := a.Authenticate(secret)
	return secret, p, err
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

// WhoAmI is GET /api/v1/session, behind Require.
func (a *Auth) WhoAmI(w http.ResponseWriter, r *http.Request) {
	p, ok := PrincipalFrom(r.Context())
	if !ok {
		problem.Write(w, errNoCredential)
		return
	}
	api.WriteJSON(w, http.StatusOK, identity(p))
}

// SignOut is DELETE /api/v1/session, behind Require: it ends the credential that the request came with, a browser's
// session or a device's token.
func (a *Auth) SignOut(w http.ResponseWriter, r *http.Request) {
	p, ok := PrincipalFrom(r.Context())
	if !ok {
		problem.Write(w, errNoCredential)
		return
	}
	if err := a.Revoke(p.User, p.Credential); err != nil && crdt.KindOf(err) != crdt.KindNotFound {
		problem.Write(w, err)
		return
	}
	http.SetCookie(w, a.cookie(r, "", -1))
	w.WriteHeader(http.StatusNoContent)
}

// cookieName is __Host- over TLS: such a cookie cannot be set by a neighbouring domain or over plain HTTP.
func (a *Auth) cookieName(r *http.Request) string {
	if a.secure(r) {
		return "__Host-fieldsync"
	}
	return "fieldsync"
}

func (a *Auth) cookie(r *http.Request, value string, maxAge int) *http.Cookie {
	return &http.Cookie{
		Name: a.cookieName(r), Value: value, Path: "/", MaxAge: maxAge,
		Secure: a.secure(r), HttpOnly: true, SameSite: http.SameSiteStrictMode,
	}
}

package oidc

import (
	"context"
	"crypto/subtle"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/problem"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// The claims that may name a user.
const (
	ClaimEmail    = "email"              // only where the provider has verified it
	ClaimUsername = "preferred_username" // only where people cannot choose it at the provider
)

// Where the two requests of a sign-in go.
const (
	StartPath    = "/api/v1/oidc/start"
	CallbackPath = "/api/v1/oidc/callback"
)

// Options are what New needs.
type Options struct {
	Auth         *auth.Auth // required
	Issuer       string     // the provider, as its description and its tokens name it; required
	ClientID     string     // of this server at the provider; required
	ClientSecret string     // empty for a public client
	Org          string     // the organisation whose people sign in so; required
	Claim        string     // ClaimEmail, which is the default, or ClaimUsername
	Create       access.Role
	PublicURL    string            // as browsers see the server; empty: as each request says
	Transport    http.RoundTripper // nil: http.DefaultTransport
	Now          func() time.Time  // nil: time.Now
	Log          *slog.Logger      // told why sign-ins did not succeed, and of whom never; nil: nobody
}

// Handler serves the two requests of a sign-in. Safe for concurrent use.
type Handler struct {
	opt      Options
	provider *provider
	sealer   sealer
	used     *used
	asking   chan struct{}
}

// New makes a Handler. It asks nobody yet.
func New(ctx context.Context, opt Options) (*Handler, error) {
	if opt.Claim == "" {
		opt.Claim = ClaimEmail
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	key, err := opt.Auth.Secret(ctx, "oidc")
	if err != nil {
		return nil, err
	}
	s, err := newSealer(key)
	if err != nil {
		return nil, err
	}
	return &Handler{
		opt: opt, provider: &provider{issuer: opt.Issuer, client: newClient(opt.Transport), now: opt.Now},
		sealer: s, used: newUsed(), asking: make(chan struct{}, exchanges),
	}, nil
}

// Start sends the browser to the provider.
func (h *Handler) Start(w http.ResponseWriter, r *http.Request) {
	back, err := returnAddress(r.URL.Query().Get("return"))
	if err != nil {
		problem.Write(w, err)
		return
	}
	known, err := h.provider.get(r.Context())
	if err != nil {
		h.fail(w, r, back, err)
		return
	}
	p := pending{State: random(), Nonce: random(), Verifier: oauth2.GenerateVerifier(), Return: back, Expires: h.opt.Now().Add(pendingFor)}
	sealed, err := h.sealer.seal(p)
	if err != nil {
		problem.Write(w, crdt.Errorf(crdt.KindInternal, "oidc: %w", err))
		return
	}
	http.SetCookie(w, h.cookie(r, sealed))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, h.config(r, known).AuthCodeURL(p.State, oidc.Nonce(p.Nonce), oauth2.S256ChallengeOption(p.Verifier)), http.StatusFound)
}

// maxReturn bounds the address that a sign-in returns to.
const maxReturn = 512

// returnAddress takes an address in this server alone: a sign-in that led elsewhere would lend our name to a stranger.
func returnAddress(s string) (string, error) {
	if s == "" {
		return "/", nil
	}
	u, err := url.Parse(s)
	if err != nil || len(s) > maxReturn || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" || !strings.HasPrefix(s, "/") ||
		strings.HasPrefix(s, "//") || strings.ContainsFunc(s, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f }) {
		return "", &problem.Problem{Status: http.StatusBadRequest, Code: "invalid", Detail: "The address to return to is no path of this server.",
			Fields: []problem.FieldError{{Field: "query.return", Message: "a path of this server, as /jobs"}}}
	}
	return s, nil
}

func (h *Handler) config(r *http.Request, known *oidc.Provider) *oauth2.Config {
	base := h.opt.PublicURL
	if base == "" {
		base = "http://" + r.Host
		if r.TLS != nil {
			base = "https://" + r.Host
		}
	}
	scopes := []string{oidc.ScopeOpenID, "profile"}
	if h.opt.Claim == ClaimEmail {
		scopes = append(scopes, "email")
	}
	return &oauth2.Config{ClientID: h.opt.ClientID, ClientSecret: h.opt.ClientSecret, Endpoint: known.Endpoint(), RedirectURL: base + CallbackPath, Scopes: scopes}
}

// Callback is where the provider sends the browser back to: with a code, for which it gives its word about who it is.
func (h *Handler) Callback(w http.ResponseWriter, r *http.Request) {
	p, ok := h.pending(r)
	if _, err := r.Cookie(h.cookieName(r)); err == nil {
		http.SetCookie(w, h.cookie(r, ""))
	}
	if !ok {
		h.fail(w, r, "/", because("state")) // which page it came from is not known
		return
	}
	secret, err := h.signIn(r, p)
	if err != nil {
		h.fail(w, r, p.Return, err)
		return
	}
	http.SetCookie(w, h.opt.Auth.SessionCookie(r, secret))
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, p.Return, http.StatusSeeOther)
}

// pending gives the sign-in that a request belongs to, once.
func (h *Handler) pending(r *http.Request) (pending, bool) {
	c, err := r.Cookie(h.cookieName(r))
	if err != nil {
		return pending{}, false
	}
	p, ok := h.sealer.open(c.Value)
	state := r.URL.Query().Get("state")
	if !ok || state == "" || subtle.ConstantTimeCompare([]byte(p.State), []byte(state)) != 1 || !h.opt.Now().Before(p.Expires) {
		return pending{}, false
	}
	return p, h.used.first(p.State)
}

// signIn opens a session for whom the provider names.
func (h *Handler) signIn(r *http.Request, p pending) (string, error) {
	if err := h.opt.Auth.SubjectBlocked(r); err != nil {
		return "", err
	}
	code := r.URL.Query().Get("code")
	if code == "" { // the person, or the provider, did not want to
		return "", because("no code")
	}
	select {
	case h.asking <- struct{}{}:
		defer func() { <-h.asking }()
	default:
		return "", crdt.Errorf(crdt.KindBusy, "too many sign-ins at once; try again")
	}
	ctx := oidc.ClientContext(r.Context(), h.provider.client)
	known, err := h.provider.get(ctx)
	if err != nil {
		return "", err
	}
	token, err := h.config(r, known).Exchange(ctx, code, oauth2.VerifierOption(p.Verifier))
	var refused *oauth2.RetrieveError
	switch {
	case errors.As(err, &refused) && refused.Response.StatusCode < http.StatusInternalServerError:
		return "", because("the code was refused: " + oauthError(refused.ErrorCode))
	case err != nil:
		return "", crdt.Errorf(crdt.KindUnavailable, "oidc: the provider: %w", err)
	}
	subject, err := h.check(ctx, known, token, p.Nonce)
	if err != nil {
		return "", err
	}
	secret, _, err := h.opt.Auth.SignInBySubject(subject)
	return secret, err
}

// claims are what is read of an ID token.
type claims struct {
	Authorized    string `json:"azp"`
	Email         string `json:"email"`
	EmailVerified any    `json:"email_verified"` // a boolean; some send it as a string
	Username      string `json:"preferred_username"`
	Name          string `json:"name"`
}

// check takes the provider's word apart, and gives whom it names.
func (h *Handler) check(ctx context.Context, known *oidc.Provider, token *oauth2.Token, nonce string) (auth.Subject, error) {
	raw, _ := token.Extra("id_token").(string)
	id, err := known.Verifier(&oidc.Config{ClientID: h.opt.ClientID, Now: h.opt.Now}).Verify(ctx, raw)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return auth.Subject{}, because("the ID token has expired")
	case err != nil:
		return auth.Subject{}, because("the ID token is not one for us") // the library's text would quote it
	}
	var c claims
	switch err := id.Claims(&c); {
	case err != nil || id.Subject == "":
		return auth.Subject{}, because("the ID token's claims")
	case subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1:
		return auth.Subject{}, because("nonce")
	case c.Authorized != "" && c.Authorized != h.opt.ClientID:
		return auth.Subject{}, because("the ID token is another client's")
	}
	s := auth.Subject{Org: h.opt.Org, Issuer: id.Issuer, Subject: id.Subject, Login: c.Email, Name: c.Name, Create: h.opt.Create}
	switch {
	case h.opt.Claim == ClaimUsername:
		s.Login = c.Username
	case c.EmailVerified != true && c.EmailVerified != "true":
		return auth.Subject{}, because("the e-mail address is not verified")
	}
	return s, nil
}

// refusal is auth.ErrProvider with the reason, for the log.
type refusal struct{ why string }

func because(why string) error { return &refusal{why} }

func (e *refusal) Error() string { return auth.ErrProvider.Error() }
func (e *refusal) Unwrap() error { return auth.ErrProvider }

// oauthError takes those codes of RFC 6749 that an operator can do something about; a provider could say anything.
func oauthError(code string) string {
	switch code {
	case "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		return code
	}
	return "unknown"
}

// fail tells a program what went wrong as a problem, and sends a person's browser back to the page that it came from, which
// finds the problem's code in the query as sign_in_error.
func (h *Handler) fail(w http.ResponseWriter, r *http.Request, back string, err error) {
	h.opt.Auth.Refused(err)
	var why *refusal
	switch {
	case errors.As(err, &why):
		h.opt.Log.Info("a sign-in by the OpenID provider did not succeed", "why", why.why)
	case crdt.KindOf(err) == crdt.KindUnavailable:
		h.opt.Log.Warn("the OpenID provider cannot be asked")
	}
	if kind := crdt.KindOf(err); kind == crdt.KindForbidden || kind == crdt.KindUnauthenticated {
		if tooMany := h.opt.Auth.SubjectFailed(r); tooMany != nil {
			err = tooMany
		}
	}
	if !strings.Contains(r.Header.Get("Accept"), "text/html") {
		problem.Write(w, err)
		return
	}
	u, perr := url.Parse(back)
	if perr != nil {
		problem.Write(w, err)
		return
	}
	q := u.Query()
	q.Set("sign_in_error", problem.Of(err).Code)
	u.RawQuery = q.Encode()
	w.Header().Set("Cache-Control", "no-store")
	http.Redirect(w, r, u.String(), http.StatusSeeOther)
}

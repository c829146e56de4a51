package auth

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/problem"
)

// tokenParam carries the token of clients that cannot set a header (automerge-repo's WebSocket).
const tokenParam = "access_token"

type principalKey struct{}

// WithPrincipal gives a context in which PrincipalFrom finds the principal.
func WithPrincipal(ctx context.Context, p access.Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom gives the principal that Require let in.
func PrincipalFrom(ctx context.Context) (access.Principal, bool) {
	p, ok := ctx.Value(principalKey{}).(access.Principal)
	return p, ok
}

// Require lets only authenticated requests through to next, which finds the principal with PrincipalFrom and sees
// neither the token in the URL nor the Authorization header. The credential is, in this order, the one in
// "Authorization: Bearer", in the query parameter access_token, or in the session cookie; the cookie, which a browser
// sends whoever asks it to, counts for an unsafe method or an upgrade only if a page of ours asks (Origin).
//
// The context of the request that next sees ends when the credential is revoked or expires, or when the user is disabled or gets
// another role: what goes on for long, as a stream of events, has to end with it. A WebSocket, which outlives its request, is ended
// by OnRevoke and OnChange.
func (a *Auth) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, p, release, err := a.hold(r.Context(), func() (access.Principal, error) { return a.authenticate(r) })
		if err != nil {
			a.Refused(err)
			problem.Write(w, err)
			return
		}
		defer release()
		r = r.Clone(WithPrincipal(ctx, p))
		ScrubURL(r)
		r.Header.Del("Authorization")
		next.ServeHTTP(w, r)
	})
}

// Refused counts a refusal by an error of this package, where nobody has counted it yet.
func (a *Auth) Refused(err error) {
	if reason, ok := reasonOf(err); ok {
		a.onFailure(reason)
	}
}

func (a *Auth) authenticate(r *http.Request) (access.Principal, error) {
	secret, fromCookie := a.credentialOf(r)
	if secret == "" {
		return access.Principal{}, ErrNoCredential
	}
	if fromCookie && (!safe(r.Method) || isUpgrade(r)) && !a.ownOrigin(r) {
		return access.Principal{}, errOrigin
	}
	p, err := a.Authenticate(secret)
	if crdt.KindOf(err) == crdt.KindUnauthenticated && a.byIP.add(network(a.clientIP(r)), a.now()) {
		return access.Principal{}, errTooMany // a valid one is let in all the same: 256 bits are not guessed
	}
	return p, err
}

// credentialOf gives the request's secret, or "".
func (a *Auth) credentialOf(r *http.Request) (secret string, fromCookie bool) {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "Bearer") {
		return strings.TrimSpace(token), false
	}
	if token := r.URL.Query().Get(tokenParam); token != "" {
		return token, false
	}
	if c, err := r.Cookie(a.cookieName(r)); err == nil {
		return c.Value, true
	}
	return "", false
}

// ScrubURL takes the token out of a request's URL, so that nothing that prints the URL prints the token. It changes r
// and its URL: give it a clone.
func ScrubURL(r *http.Request) {
	q := r.URL.Query()
	if !q.Has(tokenParam) {
		return
	}
	u := *r.URL
	q.Del(tokenParam)
	u.RawQuery = q.Encode()
	r.URL = &u
	r.RequestURI = u.RequestURI()
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

func isUpgrade(r *http.Request) bool { return r.Header.Get("Upgrade") != "" }

// ownOrigin tells whether the page that sends this request is ours or a configured friend. Browsers send Origin with
// every unsafe request and every WebSocket; one without it was not made by a page.
func (a *Auth) ownOrigin(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	if a.origins[origin] || a.publicURL != "" && origin == a.publicURL {
		return true
	}
	if a.publicURL != "" {
		return false
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// secure tells whether the browser speaks TLS, with us or with the proxy before us.
func (a *Auth) secure(r *http.Request) bool {
	return r.TLS != nil || strings.HasPrefix(a.publicURL, "https://")
}

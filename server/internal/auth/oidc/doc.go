// Package oidc lets people sign in by an OpenID provider: the authorization code flow of OpenID Connect with PKCE, state and nonce
// (RFC 9700). What the provider says is checked here: signature, issuer, audience, expiry and nonce of the ID token, and that
// the e-mail address is verified. Whom it opens a session for is package auth's decision.
//
// Between the two requests of a sign-in, Start and Callback, the browser keeps what belongs to it in a cookie of ten minutes that
// nobody else can read or make: sealed with a key of the store. Each is good once.
//
// The provider is asked when somebody signs in, not at the server's start: one that is down keeps nobody out but those who
// need it, and they are told to come again.
package oidc

// Package auth says who acts: it keeps organisations, users and their credentials in the store, and turns the
// credential of a request into an access.Principal.
//
// A credential is a secret of 256 random bits: a device's token, or a browser's session. Only its SHA-256 is stored, so
// that a stolen copy of the store lets nobody in. Each is revoked alone; a revocation is durable before Revoke
// returns, empties the cache and is told to whoever holds live connections (Options.OnRevoke).
//
// Under these keys of the store (docs/STORAGE.md), values in JSON:
//
//	u/o/<organisation>           Org
//	u/u/<user>                   User
//	u/l/<login>                  the user's id; logins are unique on a server, in lower case
//	u/t/<sha256 of the secret>   credential
//	u/d/<user>/<sha256>          empty; the credentials of a user
package auth

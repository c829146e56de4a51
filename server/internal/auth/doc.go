// Package auth says who acts: it keeps organisations, users and their credentials in the store, and turns the
// credential of a request into an access.Principal.
//
// A credential is a secret of 256 random bits: a device's token, or a browser's session. Only its SHA-256 is stored, so
// that a stolen copy of the store lets nobody in. Each is revoked alone; a revocation is durable before Revoke
// returns, empties the cache and is told to whoever holds live connections (Options.OnRevoke).
//
// Under store.Account keys of these kinds, values in JSON: 'o' an Org by its id, 'u' a User by its id, 'l' the user's id
// by login (unique on a server, in lower case), 't' a credential by the SHA-256 of its secret, 'd' nothing, by user and
// that SHA-256: the list of a user's credentials.
package auth

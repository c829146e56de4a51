// Package auth says who acts: it keeps organisations, people, teams, devices and API keys in the store, turns the credential of a
// request into an access.Principal, and decides who may change which account.
//
// A credential is a secret of 256 random bits: a device's token, a browser's session, the key of a program. Only its SHA-256 is stored, so
// that a stolen copy of the store lets nobody in. Each is revoked alone; a revocation is durable before the call
// returns, empties the cache, ends the contexts of requests (Require) and is told to whoever holds live connections (Options.OnRevoke).
//
// Operations take the principal who does them, and refuse what its role does not allow; Operator is who has the machine. What
// belongs to another organisation is KindNotFound, like what is not there. A change and its line in the account log are one durable
// write. The keys are in keys.go.
package auth

package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// Bounds on credentials.
const (
	maxTokenBytes         = 256      // ours have 46; longer ones are not looked up
	cacheEntries          = 16 << 10 // about 4 MiB; more devices than one server has connections
	maxCredentialsPerUser = 64       // devices and browsers of a person; the oldest session makes room
)

// SessionLifetime is how long a browser stays signed in.
const SessionLifetime = 30 * 24 * time.Hour

// tokenPrefix makes a leaked token findable by scanners of source code.
const tokenPrefix = "fs_"

// credential is what is stored under the hash of a secret.
type credential struct {
	Hash    []byte    `json:"hash"`           // of the secret, again: what is compared in constant time
	User    string    `json:"user,omitempty"` // empty for the key of an integration
	Org     string    `json:"org,omitempty"`  // of the integration; a user's stands with the user
	Key     string    `json:"key,omitempty"`  // the API key's id; empty for a user's
	Device  string    `json:"device,omitempty"`
	Label   string    `json:"label,omitempty"` // what a person calls the device
	Session bool      `json:"session,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

func (c credential) name() string { return hex.EncodeToString(c.Hash[:8]) }

// expired tells whether the credential has ended by itself.
func (c credential) expired(now time.Time) bool { return !c.Expires.IsZero() && !now.Before(c.Expires) }

// Authenticate gives the principal of a token or of a session's secret. The error's kind is KindUnauthenticated for
// what does not let in, and KindUnavailable where the store failed and nothing can be said. Safe for concurrent use.
func (a *Auth) Authenticate(secret string) (access.Principal, error) {
	if secret == "" || len(secret) > maxTokenBytes {
		return access.Principal{}, errUnknownToken
	}
	h := hashSecret(secret)
	now := a.now()
	p, ok, generation := a.cache.get(h, now)
	if !ok {
		var err error
		if p, err = a.lookUp(h); err != nil {
			return access.Principal{}, err
		}
		a.cache.keep(h, p, generation, now)
	}
	if !p.Expires.IsZero() && !now.Before(p.Expires) {
		return access.Principal{}, errExpired
	}
	return p, nil
}

// Confirm tells whether somebody who was let in a moment ago would still be, as the same: for what was begun by a request, and
// can be ended by OnRevoke and OnChange only from now on. Errors: KindUnauthenticated where the credential is gone,
// KindBusy where the role is another by now, KindUnavailable where it cannot be told.
func (a *Auth) Confirm(p access.Principal) error {
	h, err := a.findCredential(p)
	if err != nil {
		return err
	}
	now, err := a.lookUp(h)
	switch {
	case err != nil:
		return err
	case !now.Expires.IsZero() && !a.now().Before(now.Expires):
		return errExpired
	case now.Role != p.Role:
		return crdt.Errorf(crdt.KindBusy, "the role has changed: come again")
	}
	return nil
}

// findCredential gives the hash of the secret behind a principal.
func (a *Auth) findCredential(p access.Principal) (secretHash, error) {
	start, err := hex.DecodeString(p.Credential)
	if err != nil || len(start) == 0 {
		return secretHash{}, errUnknownToken
	}
	if p.Integration() {
		k, err := a.apiKey(p.Org, p.ID[len(access.IntegrationPrefix):])
		switch {
		case crdt.KindOf(err) == crdt.KindNotFound:
			return secretHash{}, errUnknownToken
		case err != nil:
			return secretHash{}, err
		}
		return secretHash(k.Hash), nil
	}
	var found *secretHash
	prefix := userCredentials(p.User)
	err = a.store.Scan(append(slices.Clone(prefix), start...), nil, func(key, _ []byte) error {
		if len(key) == len(prefix)+len(secretHash{}) {
			h := secretHash(key[len(prefix):])
			found = &h
		}
		return store.ErrStop
	})
	if err != nil {
		return secretHash{}, unavailable(err)
	}
	if found == nil {
		return secretHash{}, errUnknownToken
	}
	return *found, nil
}

// lookUp reads from the store who stands behind a secret, whether it has expired or not.
func (a *Auth) lookUp(h secretHash) (access.Principal, error) {
	c, err := load[credential](a.store, credentialKey(h))
	if errors.Is(err, store.ErrNotFound) {
		return access.Principal{}, errUnknownToken
	} else if err != nil {
		return access.Principal{}, unavailable(err)
	}
	if subtle.ConstantTimeCompare(c.Hash, h[:]) != 1 {
		return access.Principal{}, errUnknownToken
	}
	if c.Key != "" {
		k, err := a.apiKey(c.Org, c.Key)
		if crdt.KindOf(err) == crdt.KindNotFound {
			return access.Principal{}, errUnknownToken
		} else if err != nil {
			return access.Principal{}, err
		}
		return access.Principal{ID: access.IntegrationPrefix + k.ID, Org: k.Org, Role: k.Role, Name: k.Name, Credential: c.name(), Expires: c.Expires}, nil
	}
	u, err := load[User](a.store, userKey(c.User))
	if errors.Is(err, store.ErrNotFound) {
		return access.Principal{}, errUnknownToken
	} else if err != nil {
		return access.Principal{}, unavailable(err)
	}
	if u.Disabled {
		return access.Principal{}, errDisabled
	}
	if u.Demo && !a.demo {
		return access.Principal{}, errDemo
	}
	return access.Principal{
		ID: access.PersonPrefix + u.ID, Org: u.Org, Role: u.Role, User: u.ID, Device: c.Device, Name: u.Name, Credential: c.name(), Expires: c.Expires,
	}, nil
}

func newSecret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

// issue makes a token for one more device of a user, or a browser's session, durably, and gives its secret: the only time that
// anybody sees it.
func (a *Auth) issue(by access.Principal, user, label, secret string, session bool) (string, error) {
	if err := checkName("label", label); err != nil {
		return "", err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	u, err := load[User](a.store, userKey(user))
	if err != nil {
		return "", wrapMissing(err, "user")
	}
	all, err := a.credentials(user)
	if err != nil {
		return "", err
	}
	var ops []store.Op
	gone := a.makeRoom(all)
	if len(all)-len(gone) >= maxCredentialsPerUser {
		return "", crdt.Errorf(crdt.KindConflict, "this user has %d devices: end one first", maxCredentialsPerUser)
	}
	for _, c := range gone {
		ops = append(ops, removal(c)...)
	}
	h := hashSecret(secret)
	c := credential{Hash: h[:], User: user, Device: "device-" + hex.EncodeToString(h[:8]), Label: label, Session: session, Created: a.now().UTC()}
	action := "device.added"
	if session {
		action = "session.opened"
		c.Expires = c.Created.Add(SessionLifetime)
	}
	op, err := put(credentialKey(h), c)
	if err != nil {
		return "", err
	}
	ops = append(ops, op, store.Op{Key: userCredentialKey(user, h), Value: []byte{}})
	if err := a.record(by, u.Org, Entry{Action: action, Subject: c.Device, Detail: user, own: by.User == user}, ops...); err != nil {
		return "", err
	}
	a.revoked(gone)
	return secret, nil
}

// makeRoom chooses what a new credential replaces: all that has expired, and the oldest session of a browser where the user has too
// many of all; never a token, whose phone may hold work that was not sent.
func (a *Auth) makeRoom(all []credential) []credential {
	now := a.now()
	var gone, sessions []credential
	for _, c := range all {
		switch {
		case c.expired(now):
			gone = append(gone, c)
		case c.Session:
			sessions = append(sessions, c)
		}
	}
	if len(sessions) > 0 && len(all)-len(gone) >= maxCredentialsPerUser {
		oldest := slices.MinFunc(sessions, func(x, y credential) int { return x.Created.Compare(y.Created) })
		gone = append(gone, oldest)
	}
	return gone
}

func (a *Auth) credentials(user string) ([]credential, error) {
	prefix := userCredentials(user)
	var out []credential
	err := a.store.View(func(r store.Reader) error {
		var hashes []secretHash
		if err := r.Scan(prefix, nil, func(key, _ []byte) error {
			if len(key) == len(prefix)+len(secretHash{}) {
				hashes = append(hashes, secretHash(key[len(prefix):]))
			}
			return nil
		}); err != nil {
			return err
		}
		for _, h := range hashes {
			c, err := load[credential](r, credentialKey(h))
			if errors.Is(err, store.ErrNotFound) {
				continue
			} else if err != nil {
				return err
			}
			out = append(out, c)
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return out, nil
}

func removal(c credential) []store.Op {
	h := secretHash(c.Hash)
	ops := []store.Op{{Key: credentialKey(h)}, {Key: seenKey(h)}, {Key: reportKey(h)}}
	if c.User != "" {
		ops = append(ops, store.Op{Key: userCredentialKey(c.User, h)})
	}
	return ops
}

// revoked tells of credentials whose end is durable.
func (a *Auth) revoked(gone []credential) {
	for _, c := range gone {
		a.cache.forget(secretHash(c.Hash))
		name := c.name()
		a.holds.end(func(p access.Principal) bool { return p.Credential == name }, errUnknownToken)
		a.onRevoke(name)
	}
}

// changedUser tells of a user whose role changed, or who was disabled or enabled: what lives on by an earlier authentication ends.
func (a *Auth) changedUser(user string) {
	a.holds.end(func(p access.Principal) bool { return p.User == user }, errDisabled)
	a.onChange(user)
}

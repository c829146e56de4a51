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
	Hash    []byte    `json:"hash"` // of the secret, again: what is compared in constant time
	User    string    `json:"user"`
	Device  string    `json:"device"`
	Label   string    `json:"label,omitempty"` // what a person calls the device
	Session bool      `json:"session,omitempty"`
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero: never
}

func (c credential) name() string { return hex.EncodeToString(c.Hash[:8]) }

// Device is a credential as its owner sees it.
type Device struct {
	Credential string    `json:"credential"` // names it for Revoke; reveals nothing of the secret
	Device     string    `json:"device"`
	Label      string    `json:"label,omitempty"`
	Session    bool      `json:"session,omitempty"` // a browser's session, not a token
	Created    time.Time `json:"created"`
	Expires    time.Time `json:"expires,omitzero"`
}

// Authenticate gives the principal of a token or of a session's secret. The error's kind is KindUnauthenticated for
// what does not let in, and KindUnavailable where the store failed and nothing can be said. Safe for concurrent use.
func (a *Auth) Authenticate(secret string) (access.Principal, error) {
	if secret == "" || len(secret) > maxTokenBytes {
		return access.Principal{}, errUnknownToken
	}
	h := hashSecret(secret)
	found, ok, generation := a.cache.get(h)
	if !ok {
		var err error
		if found, err = a.lookUp(h); err != nil {
			return access.Principal{}, err
		}
		a.cache.keep(h, found, generation)
	}
	if !found.expires.IsZero() && !a.now().Before(found.expires) {
		return access.Principal{}, errExpired
	}
	return found.principal, nil
}

// Confirm tells whether somebody who was let in a moment ago would still be, as the same: for what was begun by a request, and
// can be ended by OnRevoke and OnChange only from now on. Errors: KindUnauthenticated where the credential is gone,
// KindBusy where the role is another by now, KindUnavailable where it cannot be told.
func (a *Auth) Confirm(p access.Principal) error {
	start, err := hex.DecodeString(p.Credential)
	if err != nil || len(start) == 0 {
		return errUnknownToken
	}
	found := false
	err = a.store.Scan(append(userCredentials(p.User), start...), nil, func([]byte, []byte) error {
		found = true
		return store.ErrStop
	})
	if err != nil {
		return unavailable(err)
	}
	if !found {
		return errUnknownToken
	}
	switch u, err := load[User](a.store, userKey(p.User)); {
	case errors.Is(err, store.ErrNotFound):
		return errUnknownToken
	case err != nil:
		return unavailable(err)
	case u.Disabled:
		return errDisabled
	case u.Role != p.Role:
		return crdt.Errorf(crdt.KindBusy, "the role has changed: come again")
	}
	return nil
}

func (a *Auth) lookUp(h secretHash) (cached, error) {
	c, err := load[credential](a.store, credentialKey(h))
	if errors.Is(err, store.ErrNotFound) {
		return cached{}, errUnknownToken
	} else if err != nil {
		return cached{}, unavailable(err)
	}
	if subtle.ConstantTimeCompare(c.Hash, h[:]) != 1 {
		return cached{}, errUnknownToken
	}
	u, err := load[User](a.store, userKey(c.User))
	if errors.Is(err, store.ErrNotFound) {
		return cached{}, errUnknownToken
	} else if err != nil {
		return cached{}, unavailable(err)
	}
	if u.Disabled {
		return cached{}, errDisabled
	}
	if u.Demo && !a.demo {
		return cached{}, errDemo
	}
	return cached{expires: c.Expires, principal: access.Principal{
		ID: "user:" + u.ID, Org: u.Org, Role: u.Role, User: u.ID, Device: c.Device, Name: u.Name, Credential: c.name(),
	}}, nil
}

// IssueToken makes a token for one more device of a user, durably, and gives its secret: the only time that anybody
// sees it.
func (a *Auth) IssueToken(user, label string) (string, error) {
	return a.issue(user, label, newSecret(), false)
}

func newSecret() string {
	raw := make([]byte, 32)
	_, _ = rand.Read(raw) // never fails (crypto/rand)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

func (a *Auth) issue(user, label, secret string, session bool) (string, error) {
	if len(label) > maxNameBytes {
		return "", crdt.Errorf(crdt.KindTooLarge, "a device's name has at most %d bytes", maxNameBytes)
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	if _, err := load[User](a.store, userKey(user)); err != nil {
		return "", wrapMissing(err, "user %q", user)
	}
	all, err := a.credentials(user)
	if err != nil {
		return "", err
	}
	var ops []store.Op
	gone := a.makeRoom(all, session)
	if len(all)-len(gone) >= maxCredentialsPerUser {
		return "", crdt.Errorf(crdt.KindConflict, "user %q has %d devices; revoke one first", user, maxCredentialsPerUser)
	}
	for _, c := range gone {
		ops = append(ops, removal(c)...)
	}
	h := hashSecret(secret)
	c := credential{Hash: h[:], User: user, Device: "device-" + hex.EncodeToString(h[:6]), Label: label, Session: session, Created: a.now().UTC()}
	if session {
		c.Expires = c.Created.Add(SessionLifetime)
	}
	op, err := put(credentialKey(h), c)
	if err != nil {
		return "", err
	}
	if err := a.write(append(ops, op, store.Op{Key: userCredentialKey(user, h), Value: []byte{}})...); err != nil {
		return "", err
	}
	a.revoked(gone)
	return secret, nil
}

// makeRoom chooses what a new credential replaces: all that has expired, and for a new session the oldest session
// where the user has too many.
func (a *Auth) makeRoom(all []credential, session bool) []credential {
	now := a.now()
	var gone, sessions []credential
	for _, c := range all {
		switch {
		case !c.Expires.IsZero() && !now.Before(c.Expires):
			gone = append(gone, c)
		case c.Session:
			sessions = append(sessions, c)
		}
	}
	if session && len(sessions) > 0 && len(all)-len(gone) >= maxCredentialsPerUser {
		oldest := slices.MinFunc(sessions, func(x, y credential) int { return x.Created.Compare(y.Created) })
		gone = append(gone, oldest)
	}
	return gone
}

// Devices lists a user's tokens and sessions, the oldest first.
func (a *Auth) Devices(user string) ([]Device, error) {
	all, err := a.credentials(user)
	if err != nil {
		return nil, err
	}
	out := make([]Device, len(all))
	for i, c := range all {
		out[i] = Device{Credential: c.name(), Device: c.Device, Label: c.Label, Session: c.Session, Created: c.Created, Expires: c.Expires}
	}
	slices.SortFunc(out, func(x, y Device) int { return x.Created.Compare(y.Created) })
	return out, nil
}

// Revoke ends a credential of a user, named as in Principal.Credential. When it returns nil the credential lets nobody
// in, not even after a crash.
func (a *Auth) Revoke(user, name string) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	all, err := a.credentials(user)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.name() == name {
			if err := a.write(removal(c)...); err != nil {
				return err
			}
			a.revoked([]credential{c})
			return nil
		}
	}
	return crdt.Errorf(crdt.KindNotFound, "no such device")
}

func (a *Auth) credentials(user string) ([]credential, error) {
	prefix := userCredentials(user)
	var hashes []secretHash
	err := a.store.Scan(prefix, nil, func(key, _ []byte) error {
		if len(key) == len(prefix)+len(secretHash{}) {
			hashes = append(hashes, secretHash(key[len(prefix):]))
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	var out []credential
	for _, h := range hashes {
		c, err := load[credential](a.store, credentialKey(h))
		if errors.Is(err, store.ErrNotFound) {
			continue
		} else if err != nil {
			return nil, unavailable(err)
		}
		out = append(out, c)
	}
	return out, nil
}

func removal(c credential) []store.Op {
	h := secretHash(c.Hash)
	return []store.Op{{Key: credentialKey(h)}, {Key: userCredentialKey(c.User, h)}}
}

func (a *Auth) revoked(gone []credential) {
	for _, c := range gone {
		a.cache.forget(secretHash(c.Hash))
		a.onRevoke(c.name())
	}
}

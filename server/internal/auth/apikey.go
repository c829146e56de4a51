package auth

import (
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// APIKey lets a program in, as one of the organisation's: what it may is what its role may, but for accounts of its own and
// for API keys. The program's name under what it writes is "integration:" and the key's id, for ever.
type APIKey struct {
	ID      string      `json:"id"`
	Org     string      `json:"org"`
	Name    string      `json:"name"`
	Role    access.Role `json:"role"` // dispatcher, director or administrator
	Hash    []byte      `json:"hash"` // of the secret
	Created time.Time   `json:"created"`
	By      string      `json:"by"`               // Principal.ID of who made it
	Expires time.Time   `json:"expires,omitzero"` // zero: never

	Seen time.Time `json:"-"` // when it was last used; zero: never, or not yet written down
}

// maxKeyYears bounds how long a key lasts that ends by itself: no stored time has a year that JSON cannot write.
const maxKeyYears = 100

// maxAPIKeys bounds the keys of an organisation; each is one program.
const maxAPIKeys = 100

// APIKeyRoles are the roles that a program may have.
func APIKeyRoles() []access.Role {
	return []access.Role{access.RoleDispatcher, access.RoleDirector, access.RoleAdministrator}
}

// managesKeys tells whether somebody may make and end API keys: people only, so that a key that leaked does not multiply.
func managesKeys(by access.Principal) bool { return manages(by) && !by.Integration() }

// CreateAPIKey makes a key for the organisation of whoever asks, and gives its secret: the only time that anybody sees it. A zero
// expires is never.
func (a *Auth) CreateAPIKey(by access.Principal, name, role string, expires time.Time) (k APIKey, secret string, err error) {
	if !managesKeys(by) {
		return APIKey{}, "", errRole
	}
	if name == "" {
		return APIKey{}, "", invalid("name", "a key has a name")
	}
	if err := checkName("name", name); err != nil {
		return APIKey{}, "", err
	}
	if !slices.Contains(APIKeyRoles(), access.Role(role)) {
		return APIKey{}, "", invalid("role", "a key's role is one of dispatcher, director, administrator")
	}
	now := a.now().UTC()
	switch {
	case expires.IsZero():
	case !now.Before(expires):
		return APIKey{}, "", invalid("expires_at", "this has passed")
	case expires.After(now.AddDate(maxKeyYears, 0, 0)):
		return APIKey{}, "", invalid("expires_at", "this is more than %d years away: leave it out for a key that does not end", maxKeyYears)
	}
	secret = newSecret()
	h := hashSecret(secret)
	k = APIKey{ID: newID("key"), Org: by.Org, Name: name, Role: access.Role(role), Hash: h[:], Created: now, By: by.ID, Expires: expires.UTC()}
	if expires.IsZero() {
		k.Expires = time.Time{}
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	if _, err := load[Org](a.store, orgKey(by.Org)); err != nil {
		return APIKey{}, "", wrapMissing(err, "organisation")
	}
	if n, err := a.count(apiKeyKey(by.Org, "")); err != nil {
		return APIKey{}, "", err
	} else if n >= maxAPIKeys {
		return APIKey{}, "", crdt.Errorf(crdt.KindConflict, "an organisation has at most %d API keys", maxAPIKeys)
	}
	key, err := put(apiKeyKey(k.Org, k.ID), k)
	if err != nil {
		return APIKey{}, "", err
	}
	cred, err := put(credentialKey(h), credential{Hash: h[:], Org: k.Org, Key: k.ID, Created: now, Expires: k.Expires})
	if err != nil {
		return APIKey{}, "", err
	}
	return k, secret, a.record(by, k.Org, Entry{Action: "apikey.created", Subject: k.ID, Detail: role}, key, cred)
}

// APIKeys lists the keys of the organisation of whoever asks, the oldest first.
func (a *Auth) APIKeys(by access.Principal) ([]APIKey, error) {
	if !manages(by) {
		return nil, errRole
	}
	prefix := apiKeyKey(by.Org, "")
	var out []APIKey
	err := a.store.View(func(r store.Reader) error {
		var ids []string
		if err := r.Scan(prefix, nil, func(key, _ []byte) error {
			ids = append(ids, string(key[len(prefix):]))
			return nil
		}); err != nil {
			return err
		}
		for _, id := range ids {
			k, err := load[APIKey](r, apiKeyKey(by.Org, id))
			if err != nil {
				return err
			}
			if k.Seen, err = a.lastSeen(r, secretHash(k.Hash)); err != nil {
				return err
			}
			out = append(out, k)
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	slices.SortFunc(out, func(x, y APIKey) int { return x.Created.Compare(y.Created) })
	return out, nil
}

// RevokeAPIKey ends a key. When it returns nil the key lets nobody in, and what was begun with it is being ended.
func (a *Auth) RevokeAPIKey(by access.Principal, id string) error {
	if !managesKeys(by) {
		return errRole
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	k, err := a.apiKey(by.Org, id)
	if err != nil {
		return err
	}
	c := credential{Hash: k.Hash}
	ops := append(removal(c), store.Op{Key: apiKeyKey(k.Org, k.ID)})
	if err := a.record(by, k.Org, Entry{Action: "apikey.revoked", Subject: k.ID}, ops...); err != nil {
		return err
	}
	a.revoked([]credential{c})
	return nil
}

func (a *Auth) apiKey(org, id string) (APIKey, error) {
	if !idPattern.MatchString(org) || !idPattern.MatchString(id) {
		return APIKey{}, crdt.Errorf(crdt.KindNotFound, "no such API key")
	}
	k, err := load[APIKey](a.store, apiKeyKey(org, id))
	if err == nil && len(k.Hash) != len(secretHash{}) {
		return APIKey{}, crdt.Errorf(crdt.KindInternal, "auth: a stored API key is not ours")
	}
	return k, wrapMissing(err, "API key")
}

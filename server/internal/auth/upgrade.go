package auth

import (
	"bytes"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// upgradeAtOnce bounds the logins that are rewritten in one write.
const upgradeAtOnce = 500

// Upgrade rewrites what an older server stored: a login belonged to one user of the whole server then, and stood alone in its
// key; no list told who belongs to an organisation. What cannot be kept apart any more it refuses (checkNamespaces). To be called before anybody
// signs in; a second time it does nothing.
func (a *Auth) Upgrade() error {
	if err := a.checkNamespaces(); err != nil {
		return err
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	for {
		old, err := a.oldLogins()
		if err != nil || len(old) == 0 {
			return err
		}
		var ops []store.Op
		for _, login := range old {
			id, err := a.store.Get(store.Account(kindLogin, login))
			if err != nil {
				return unavailable(err)
			}
			u, err := load[User](a.store, userKey(string(id)))
			if err != nil {
				return wrapMissing(err, "user of a login")
			}
			if u.Login != login || !idPattern.MatchString(u.Org) {
				return crdt.Errorf(crdt.KindInternal, "auth: a login and its user do not fit together")
			}
			ops = append(ops, store.Op{Key: loginKey(login, u.Org), Value: id}, store.Op{Key: memberKey(u.Org, u.ID), Value: []byte{}},
				store.Op{Key: store.Account(kindLogin, login)})
		}
		if err := a.write(ops...); err != nil {
			return err
		}
	}
}

func (a *Auth) oldLogins() ([]string, error) {
	prefix := store.Account(kindLogin, "")
	var old []string
	err := a.store.Scan(prefix, nil, func(key, _ []byte) error {
		if login := key[len(prefix):]; bytes.IndexByte(login, '/') < 0 {
			old = append(old, string(login))
		}
		if len(old) == upgradeAtOnce {
			return store.ErrStop
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return old, nil
}

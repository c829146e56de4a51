package auth

import (
	"crypto/rand"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// newNamespace is what is stored with a new organisation: the key of its document ids. It stands in no Org, and leaves this package
// only as an access.Namespace.
func newNamespace(org string) store.Op {
	key := make([]byte, access.NamespaceKeyBytes)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	return store.Op{Key: namespaceKey(org), Value: key}
}

// Namespace gives an organisation's document ids, mostly from memory: the zero Namespace of one that was made before there were keys.
// KindNotFound where there is no such organisation.
func (a *Auth) Namespace(org string) (access.Namespace, error) {
	if n, ok := a.namespaces.Get(org); ok {
		return n, nil
	}
	n, err := a.readNamespace(org)
	if err == nil {
		a.namespaces.Add(org, n) // a key never changes, and an organisation never gets one later
	}
	return n, err
}

func (a *Auth) readNamespace(org string) (n access.Namespace, err error) {
	if !idPattern.MatchString(org) {
		return n, wrapMissing(store.ErrNotFound, "organisation")
	}
	err = a.store.View(func(r store.Reader) error { // both of one state: they were written together
		if _, err := r.Get(orgKey(org)); err != nil {
			return wrapMissing(err, "organisation")
		}
		key, err := r.Get(namespaceKey(org))
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		n, err = access.NewNamespace(key)
		return err
	})
	if err != nil {
		return access.Namespace{}, unavailable(err)
	}
	return n, nil
}

// checkNamespaces refuses a store in which several organisations have no key: their documents' ids are one namespace, so that one could find out
// which ids another uses. One alone is sealed from all that have keys.
func (a *Auth) checkNamespaces() error {
	orgs, err := a.Orgs()
	if err != nil {
		return err
	}
	var without []string
	for _, o := range orgs {
		if _, err := a.store.Get(namespaceKey(o.ID)); errors.Is(err, store.ErrNotFound) {
			without = append(without, o.ID)
		} else if err != nil {
			return unavailable(err)
		}
	}
	if len(without) > 1 {
		return crdt.Errorf(crdt.KindUnsupported, "data: %d organisations of this folder (%s and %s are two) are of a version before the first release, and share the ids of their documents, which this version "+
			"keeps apart: go on with the version that made it, or begin a new folder for all but one", len(without), without[0], without[1])
	}
	return nil
}

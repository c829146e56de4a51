package auth

import (
	"encoding/json"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

func (a *Auth) write(ops ...store.Op) error {
	if err := store.Write(a.store, ops); err != nil {
		return unavailable(err)
	}
	return nil
}

func put(key []byte, v any) (store.Op, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return store.Op{}, crdt.Errorf(crdt.KindInternal, "auth: encoding an account: %w", err)
	}
	return store.Op{Key: key, Value: b}, nil
}

func load[T any](r store.Reader, key []byte) (T, error) {
	var v T
	b, err := r.Get(key)
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return v, crdt.Errorf(crdt.KindInternal, "auth: stored value is not ours: %w", err)
	}
	return v, nil
}

// wrapMissing makes a store's not-found a KindNotFound and any other failure of it KindUnavailable; nil stays nil.
func wrapMissing(err error, what string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrNotFound):
		return crdt.Errorf(crdt.KindNotFound, "no such %s", what)
	default:
		return unavailable(err)
	}
}

func unavailable(err error) error {
	var known *crdt.Error
	if errors.As(err, &known) {
		return err
	}
	return crdt.Errorf(crdt.KindUnavailable, "auth: store: %w", err)
}

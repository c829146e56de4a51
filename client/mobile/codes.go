package mobile

import (
	"context"
	"errors"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// codeOf is an error's name for programs. Names are only ever added.
func codeOf(err error) string {
	for _, x := range []struct {
		err  error
		code string
	}{
		{client.ErrWiped, "wiped"}, // before sign_in, which comes with it
		{client.ErrUnsentWork, "unsent_work"},
		{client.ErrNotLoggedIn, "not_logged_in"},
		{client.ErrSignIn, "sign_in"},
		{client.ErrOffline, "offline"},
		{client.ErrUnfinished, "unfinished"},
		{client.ErrNotFound, "not_found"},
		{client.ErrNotAllowed, "not_allowed"},
		{client.ErrRules, "rules"},
		{client.ErrOtherAccount, "other_account"},
		{client.ErrWrongBytes, "wrong_bytes"},
		{client.ErrFull, "full"},
		{client.ErrDisk, "disk"},
		{client.ErrKeyNeeded, "key_needed"},
		{client.ErrWrongKey, "wrong_key"},
		{client.ErrNewerFolder, "newer_folder"},
		{store.ErrLocked, "locked"},
		{store.ErrClosed, "closed"},
		{context.Canceled, "cancelled"},
	} {
		if errors.Is(err, x.err) {
			return x.code
		}
	}
	switch crdt.KindOf(err) {
	case crdt.KindInvalid:
		return "invalid"
	case crdt.KindConflict:
		return "conflict"
	case crdt.KindNotFound:
		return "not_found"
	case crdt.KindForbidden:
		return "not_allowed"
	case crdt.KindTooLarge:
		return "too_large"
	case crdt.KindBusy, crdt.KindUnavailable:
		return "unavailable"
	case crdt.KindUnsupported:
		return "unsupported"
	}
	return "internal"
}

package client

import (
	"errors"
	"testing"

	"fieldsync/client/internal/link"
	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

// ended is the session of a connection that ended so.
func ended(err error) error {
	return (&session{err: err, ended: true}).failure()
}

func TestRunDoesWhatTheCloseCodeAdvises(t *testing.T) {
	for _, c := range []struct {
		code        wire.CloseCode
		soon, final bool
		is          error
	}{
		{wire.CloseGoingAway, true, false, ErrOffline},
		{wire.CloseSlowReader, true, false, ErrOffline},
		{wire.CloseJoinTimeout, true, false, ErrOffline},
		{wire.CloseTryAgainLater, false, false, ErrOffline},
		{wire.CloseInternal, false, false, ErrOffline},
		{3999, false, false, ErrOffline}, // a proxy's own
		{wire.CloseUnauthenticated, false, true, ErrSignIn},
		{wire.CloseForbidden, false, true, ErrNotAllowed},
		{wire.CloseProtocolError, false, true, nil},
		{wire.CloseVersion, false, true, nil},
		{wire.CloseReplaced, false, true, nil},
	} {
		err := ended(&link.Closed{Code: c.code, Reason: "why"})
		if soon, final := advice(err); soon != c.soon || final != c.final {
			t.Errorf("%d: soon %v, final %v", c.code, soon, final)
		}
		if c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%d: %v", c.code, err)
		}
	}
	if soon, final := advice(ended(crdt.Errorf(crdt.KindUnavailable, "the connection broke"))); soon || final {
		t.Error("a connection that broke is tried again after a while")
	}
	if _, final := advice(asOurs(crdt.Errorf(crdt.KindBusy, "too many"))); final {
		t.Error("a busy server is tried again")
	}
	if _, final := advice(ErrNotLoggedIn); !final {
		t.Error("without a login there is nothing to try again")
	}
	if _, final := advice(errors.New("the disk is gone")); !final {
		t.Error("what the network cannot mend is not tried again")
	}
}

package auth

import (
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
)

func TestConfirmSaysWhatHasHappenedSinceSomebodyWasLetIn(t *testing.T) {
	let := func(t *testing.T) (*world, access.Principal) {
		w := newWorld(t, nil).withUser(t, "zoe", access.RoleDispatcher)
		p, err := w.Authenticate(w.token(t, "zoe"))
		if err != nil {
			t.Fatal(err)
		}
		return w, p
	}
	for name, c := range map[string]struct {
		happens func(*testing.T, *world, access.Principal)
		want    crdt.Kind
		fine    bool
	}{
		"nothing": {func(*testing.T, *world, access.Principal) {}, 0, true},
		"another device of hers is revoked": {func(t *testing.T, w *world, _ access.Principal) {
			q, err := w.Authenticate(w.token(t, "zoe"))
			if err != nil || w.SignOut(q) != nil {
				t.Fatal(err)
			}
		}, 0, true},
		"hers is revoked": {func(t *testing.T, w *world, p access.Principal) {
			if err := w.SignOut(p); err != nil {
				t.Fatal(err)
			}
		}, crdt.KindUnauthenticated, false},
		"she is disabled":  {func(t *testing.T, w *world, _ access.Principal) { w.disable(t, "zoe") }, crdt.KindUnauthenticated, false},
		"her role changes": {func(t *testing.T, w *world, _ access.Principal) { w.withUser(t, "zoe", access.RoleWorker) }, crdt.KindBusy, false},
		"the store fails":  {func(_ *testing.T, w *world, _ access.Principal) { w.store.fail = errDisk }, crdt.KindUnavailable, false},
	} {
		t.Run(name, func(t *testing.T) {
			w, p := let(t)
			c.happens(t, w, p)
			err := w.Confirm(p)
			if c.fine != (err == nil) || !c.fine && crdt.KindOf(err) != c.want {
				t.Errorf("%v", err)
			}
		})
	}
	if w := newWorld(t, nil); w.Confirm(access.Principal{}) == nil {
		t.Error("nobody is confirmed")
	}
}

func TestAChangedRoleAndADisabledUserAreTold(t *testing.T) {
	var told []string
	w := newWorld(t, func(o *Options) { o.OnChange = func(user string) { told = append(told, user) } })
	w.withUser(t, "zoe", access.RoleDispatcher).withUser(t, "ben", access.RoleWorker).withUser(t, "zoe", access.RoleDispatcher)
	if len(told) > 0 {
		t.Fatalf("told of %v, and nothing changed", told)
	}
	w.withUser(t, "zoe", access.RoleWorker)
	w.disable(t, "ben")
	if !slices.Equal(told, []string{"zoe", "ben"}) {
		t.Errorf("told of %v", told)
	}
}

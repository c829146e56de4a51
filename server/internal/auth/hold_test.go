package auth

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"fieldsync/server/internal/access"
)

// stream begins a request that goes on until its context ends, and gives the context and what waits for the end.
func stream(t *testing.T, w *world, secret string) (context.Context, func()) {
	t.Helper()
	began, done := make(chan context.Context, 1), make(chan struct{})
	h := w.Require(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		began <- r.Context()
		<-r.Context().Done()
	}))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://sync.example/api/v1/events", nil)
	bearer(secret)(r)
	go func() { defer close(done); h.ServeHTTP(httptest.NewRecorder(), r) }()
	return <-began, func() {
		t.Helper()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Fatal("it goes on")
		}
	}
}

func TestAStreamEndsWithItsCredential(t *testing.T) {
	role, yes := "dispatcher", true
	for name, c := range map[string]struct {
		does func(*testing.T, *world, access.Principal) error
		why  error
	}{
		"signed out": {func(_ *testing.T, w *world, p access.Principal) error { return w.SignOut(p) }, errUnknownToken},
		"another role": {func(_ *testing.T, w *world, _ access.Principal) error {
			return second(w.ChangeUser(acme, "zoe", UserChange{Role: &role}, 0))
		}, errDisabled},
		"disabled": {func(_ *testing.T, w *world, _ access.Principal) error {
			return second(w.ChangeUser(acme, "zoe", UserChange{Disabled: &yes}, 0))
		}, errDisabled},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker).withUser(t, "abe", access.RoleWorker)
			secret := w.token(t, "zoe")
			ctx, wait := stream(t, w, secret)
			other, _ := stream(t, w, w.token(t, "abe"))
			if err := c.does(t, w, w.mustBe(t, secret)); err != nil {
				t.Fatal(err)
			}
			wait()
			if !errors.Is(context.Cause(ctx), c.why) {
				t.Errorf("ended by %v", context.Cause(ctx))
			}
			if other.Err() != nil {
				t.Error("another's stream is ended too")
			}
		})
	}
}

func TestAStreamEndsWhenItsSessionExpires(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.session(t, "zoe", "browser")
	w.clock = w.clock.Add(SessionLifetime - 50*time.Millisecond)
	ctx, wait := stream(t, w, secret)
	wait()
	if !errors.Is(context.Cause(ctx), errExpired) {
		t.Errorf("ended by %v", context.Cause(ctx))
	}
}

// Between being let in and being known as somebody whose stream can be ended there is a moment.
func TestARevocationInBetweenIsNoticed(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	secret := w.token(t, "zoe")
	asked := 0
	_, _, _, err := w.hold(t.Context(), func() (access.Principal, error) {
		p, err := w.Authenticate(secret)
		if asked++; asked == 1 {
			if err := w.SignOut(p); err != nil {
				t.Fatal(err)
			}
		}
		return p, err
	})
	if !errors.Is(err, errUnknownToken) || asked != 2 || len(w.holds.all) != 0 {
		t.Errorf("%v after %d questions, %d held", err, asked, len(w.holds.all))
	}
}

func TestNothingIsKeptOfARequestThatIsOver(t *testing.T) {
	w := newWorld(t, nil).withUser(t, "zoe", access.RoleWorker)
	if _, seen := ask(w, bearer(w.token(t, "zoe"))); seen == nil || len(w.holds.all) != 0 {
		t.Errorf("%d are held", len(w.holds.all))
	}
}

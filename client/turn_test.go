package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"fieldsync/client"
)

// crowded is a server that lets nobody connect, and asks for a second's patience the first time; afterwards it knows nobody.
type crowded struct {
	fileServer
	later string // of Retry-After, the first time

	mu    sync.Mutex
	asked []time.Time
}

func (s *crowded) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/sync" {
		s.fileServer.ServeHTTP(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.asked = append(s.asked, time.Now()); len(s.asked) > 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	w.Header().Set("Retry-After", s.later)
	w.WriteHeader(http.StatusServiceUnavailable)
}

func TestASyncWaitsForItsTurnIfThatIsSoon(t *testing.T) {
	for _, c := range []struct {
		later string
		asks  int
		want  error
	}{{"1", 2, client.ErrSignIn}, {"3600", 1, client.ErrOffline}} {
		s := &crowded{later: c.later}
		at := httptest.NewServer(s)
		t.Cleanup(at.Close)
		one := open(t, t.TempDir())
		if _, err := one.Login(t.Context(), at.URL, "token"); err != nil {
			t.Fatal(err)
		}
		if _, err := one.Sync(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("told %s s: %v", c.later, err)
		}
		if len(s.asked) != c.asks || c.asks > 1 && s.asked[1].Sub(s.asked[0]) < time.Second {
			t.Errorf("told %s s: asked at %v", c.later, s.asked)
		}
	}
}

func TestASyncDoesNotWaitForATurnBeyondItsSlot(t *testing.T) {
	s := &crowded{later: "15"}
	at := httptest.NewServer(s)
	t.Cleanup(at.Close)
	one := open(t, t.TempDir())
	if _, err := one.Login(t.Context(), at.URL, "token"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
	defer cancel()
	if _, err := one.Sync(ctx); !errors.Is(err, client.ErrOffline) || len(s.asked) != 1 || ctx.Err() != nil {
		t.Errorf("%v, asked at %v", err, s.asked)
	}
}

func TestASlotOfTheBackgroundDoesNotAskAServerThatWantsToBeLeftAlone(t *testing.T) {
	s := &crowded{later: "3600"}
	at := httptest.NewServer(s)
	t.Cleanup(at.Close)
	one := open(t, t.TempDir())
	if _, err := one.Login(t.Context(), at.URL, "token"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := one.RunFor(t.Context(), 15*time.Second); !errors.Is(err, client.ErrOffline) {
			t.Error(err)
		}
	}
	if len(s.asked) != 1 {
		t.Errorf("it was asked at %v", s.asked)
	}
	if _, err := one.Sync(t.Context()); !errors.Is(err, client.ErrSignIn) || len(s.asked) != 2 {
		t.Errorf("a person was not let through: %v, asked at %v", err, s.asked)
	}
}

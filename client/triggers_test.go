package client

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"fieldsync/client/internal/schedule"
	"fieldsync/crdt"
)

func TestRunComesBackNoSoonerThanTheServerWants(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sync" {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	}))
	defer server.Close()
	c, err := Open(Options{Dir: t.TempDir(), SyncEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Login(t.Context(), server.URL, "token"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	events := c.WatchAll(ctx)
	ended := make(chan error, 1)
	begun := time.Now()
	go func() { ended <- c.Run(ctx) }()
	for ev := range events {
		if ev.Kind == EventOffline {
			break
		}
	}
	next := func() schedule.Action {
		c.net.mu.Lock()
		defer c.net.mu.Unlock()
		return c.net.schedule.Next(time.Now())
	}
	if a := next(); a.Why != schedule.Retry || a.At.Before(begun.Add(120*time.Second)) {
		t.Errorf("%s in %v", a.Why, a.At.Sub(begun))
	}
	for why, happens := range map[string]func(){
		"a push":          func() { c.PushReceived(crdt.DocID{1}) },
		"another network": func() { c.SetNetwork(NetworkLTE, false) },
		"a status":        func() { c.trigger(schedule.Status) },
	} {
		if happens(); next().At.Before(begun.Add(120 * time.Second)) {
			t.Errorf("after %s in %v", why, next().At.Sub(begun))
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestAPushHasRunSyncAtOnceAndItsDocumentGoBeforeOthersUntilItIsExchanged(t *testing.T) {
	c, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	now := time.Now()
	c.net.mu.Lock()
	c.net.schedule.Begun(now)
	c.net.mu.Unlock()
	first, second := crdt.DocID{1}, crdt.DocID{2}
	c.PushReceived(first)
	c.net.mu.Lock()
	next := c.net.schedule.Next(now)
	c.net.mu.Unlock()
	if next.Why != schedule.Push || next.At.After(now) {
		t.Errorf("%s in %v", next.Why, next.At.Sub(now))
	}
	select {
	case <-c.net.wake:
	default:
		t.Error("whoever waits for the schedule was not told")
	}
	if !c.pushes.has(first.String()) || c.pushes.has(second.String()) || len(c.pushes.list()) != 1 {
		t.Errorf("before others go %v", c.pushes.list())
	}
	c.PushReceived(crdt.DocID{}) // about nothing in particular
	if n := len(c.pushes.list()); n != 1 {
		t.Errorf("%d documents", n)
	}

	s := &session{c: c, changed: make(chan struct{}), held: map[crdt.DocID]crdt.Heads{first: {{7}}}, shared: map[crdt.DocID]crdt.Heads{first: {{7}}},
		open: map[crdt.DocID]struct{}{first: {}}}
	s.settle(first)
	if c.pushes.has(first.String()) {
		t.Error("it was exchanged, and goes before others still")
	}
	for n := range 1000 {
		c.PushReceived(crdt.DocID{3, byte(n), byte(n >> 8)})
	}
	if n := len(c.pushes.list()); n != maxPushed {
		t.Errorf("%d documents go before others", n)
	}
}

package client

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"fieldsync/crdt"
)

func TestAPushTargetIsToldAgainAfterHalfADayAndEndedAtLogout(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/push/subscription" {
			_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.Method+string(body))
		w.WriteHeader(status)
		_, _ = io.WriteString(w, `{}`)
	}))
	defer server.Close()
	is := func(what string, want ...string) {
		t.Helper()
		mu.Lock()
		defer mu.Unlock()
		if !slices.Equal(asked, want) {
			t.Errorf("%s: %q", what, asked)
		}
		asked = nil
	}
	c, err := Open(Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	target := PushTarget{Service: PushWeb, Endpoint: "https://push.example.org/1", Silent: true}
	if err := c.RegisterPush(t.Context(), target); !errors.Is(err, ErrNotLoggedIn) {
		t.Errorf("without a login: %v", err)
	}
	if _, err := c.Login(t.Context(), server.URL, "token"); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []PushTarget{{}, {Service: PushWeb, Endpoint: "push", Silent: true}, {Service: PushWeb, Endpoint: target.Endpoint}, {Service: PushFCM}, {Service: PushAPNs, Token: "a"},
		{Service: PushWeb, Endpoint: target.Endpoint, P256dh: "AA"}, {Service: PushWeb, Endpoint: target.Endpoint, P256dh: "=", Auth: "AA"}} {
		if err := c.RegisterPush(t.Context(), bad); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	is("nothing is told of what is wrong")
	put := `PUT{"service":"webpush","endpoint":"https://push.example.org/1","silent":true}`
	if err := c.RegisterPush(t.Context(), target); err != nil {
		t.Fatal(err)
	}
	is("registered", put)
	tell := func() {
		t.Helper()
		api, done, err := c.service()
		if err != nil {
			t.Fatal(err)
		}
		defer done()
		if err := c.tellPush(t.Context(), api); err != nil {
			t.Fatal(err)
		}
	}
	tell()
	is("the next connection")
	b, err := c.pushBook()
	if err != nil {
		t.Fatal(err)
	}
	b.Told = time.Now().Add(-pushEvery - time.Minute).UnixMilli()
	if err := c.keepPush(b); err != nil {
		t.Fatal(err)
	}
	tell()
	is("half a day later", put)
	b.Told = time.Now().Add(time.Hour).UnixMilli()
	if err := c.keepPush(b); err != nil {
		t.Fatal(err)
	}
	tell()
	is("when the clock was set back", put)
	if _, err := c.Login(t.Context(), server.URL, "another"); err != nil {
		t.Fatal(err)
	}
	tell()
	is("after another login", put)
	if err := c.Logout(); err != nil {
		t.Fatal(err)
	}
	is("the logout", "DELETE")
	if p, err := c.Push(); err != nil || p.Target != nil {
		t.Errorf("%+v, %v", p, err)
	}

	if _, err := c.Login(t.Context(), server.URL, "token"); err != nil {
		t.Fatal(err)
	}
	status = http.StatusUnprocessableEntity
	if err := c.RegisterPush(t.Context(), target); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("refused: %v", err)
	}
	is("refused", put)
	tell()
	is("what was refused is not told all the time")
	if p, err := c.Push(); err != nil || p.Failed == "" || !p.Told.IsZero() {
		t.Errorf("%+v, %v", p, err)
	}
	server.Close()
	if err := c.UnregisterPush(t.Context()); !errors.Is(err, ErrOffline) {
		t.Errorf("offline: %v", err)
	}
	if b, err := c.pushBook(); err != nil || !b.Remove {
		t.Errorf("offline, kept: %+v, %v", b, err)
	}
}

package client_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// rejecting answers every request but the first ones as somebody who does not accept the token.
type rejecting struct {
	accepts int
	problem bool // in the server's words
}

func (s *rejecting) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch s.accepts--; {
	case s.accepts >= 0:
		_, _ = io.WriteString(w, `{"org":"demo","user":"anna","name":"Anna","role":"worker","device":"d"}`)
	case s.problem:
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"status":401,"code":"unauthenticated","title":"Unauthorized"}`)
	default:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `<h1>Hotel Lindenhof: please sign in</h1>`)
	}
}

func TestAFolderIsWipedOnTheServersOwnWordAlone(t *testing.T) {
	for name, x := range map[string]struct {
		problem, wipe bool
		wiped         bool
	}{
		"the server revoked the login":                  {true, true, true},
		"a network that wants to be signed in to":       {false, true, false},
		"who did not ask for it keeps what is his":      {true, false, false},
		"and a network that wants to be signed in to 2": {false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(&rejecting{accepts: 2, problem: x.problem}) // who am I, and the settings
			defer s.Close()
			dir := t.TempDir()
			c, err := client.Open(client.Options{Dir: dir, WipeWhenRevoked: x.wipe})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := c.Login(t.Context(), s.URL, "token"); err != nil {
				t.Fatal(err)
			}
			_, err = c.Sync(t.Context())
			if !errors.Is(err, client.ErrSignIn) || errors.Is(err, client.ErrWiped) != x.wiped {
				t.Errorf("the sync: %v", err)
			}
			_, err = os.Stat(filepath.Join(dir, "store"))
			if gone := errors.Is(err, os.ErrNotExist); gone != x.wiped {
				t.Errorf("wiped: %v, want %v", gone, x.wiped)
			}
			if x.wiped {
				if _, err := c.Documents(); !errors.Is(err, store.ErrClosed) {
					t.Errorf("after it was wiped: %v", err)
				}
				return
			}
			if revoked, err := c.Revoked(); err != nil || revoked.IsZero() == x.problem {
				t.Errorf("revoked: %v, %v", revoked, err)
			}
		})
	}
}

func TestAWipeThatWasCutGoesOnWhenTheFolderIsNextOpened(t *testing.T) {
	for name, key := range map[string][]byte{"in the clear": nil, "encrypted": folderKey} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			c := openWith(t, dir, key)
			fillFolder(t, c)
			if err := c.Wipe(t.Context(), false); !errors.Is(err, client.ErrUnsentWork) {
				t.Fatalf("with unsent work: %v", err)
			}
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			// The crash came behind the first step.
			if err := os.WriteFile(filepath.Join(dir, "folder.json"), []byte(`{"format":2,"wiped":true}`), 0o600); err != nil {
				t.Fatal(err)
			}
			c = openWith(t, dir, nil) // whoever opens it then needs no key: there is nothing
			if _, err := c.WhoAmI(); !errors.Is(err, client.ErrNotLoggedIn) {
				t.Errorf("who: %v", err)
			}
			if ids, err := c.Documents(); err != nil || len(ids) != 0 {
				t.Errorf("%v, %v", ids, err)
			}
			if found := readable(t, dir, secret, []byte(`"token"`)); len(found) > 0 {
				t.Errorf("left: %v", found)
			}
		})
	}
}

func TestAnExportThatFailsLeavesNothingAndMakesNothingSafe(t *testing.T) {
	c := openWith(t, t.TempDir(), nil)
	fillFolder(t, c)
	if err := c.Export(t.Context(), filepath.Join(t.TempDir(), "no", "such", "folder", "x.zip")); err == nil {
		t.Error("exported to a folder that is not there")
	}
	taken := filepath.Join(t.TempDir(), "taken")
	if err := os.WriteFile(taken, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Export(t.Context(), taken); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("over another file: %v", err)
	}
	if data, err := os.ReadFile(taken); err != nil || string(data) != "mine" {
		t.Errorf("%q, %v", data, err)
	}
	if err := c.Wipe(t.Context(), false); !errors.Is(err, client.ErrUnsentWork) {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"", "PK", `{"format":1}`} {
		path := filepath.Join(t.TempDir(), "bad.zip")
		if err := os.WriteFile(path, []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Import(t.Context(), path); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("importing %q: %v", bad, err)
		}
	}
}

package client_test

import (
	"bytes"
	"errors"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

func TestAFolderIsOpenOnce(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir)
	if _, err := client.Open(client.Options{Dir: dir}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("the second time: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := open(t, dir).Close(); err != nil {
		t.Errorf("after closing: %v", err)
	}
}

func TestTheTokenIsForTheOwnersEyesOnly(t *testing.T) {
	s := httptest.NewServer(&fileServer{})
	t.Cleanup(s.Close)
	dir := filepath.Join(t.TempDir(), "anna")
	c := open(t, dir)
	if _, err := c.WhoAmI(); !errors.Is(err, client.ErrNotLoggedIn) {
		t.Errorf("before the login: %v", err)
	}
	if _, err := c.Login(t.Context(), s.URL, "wrong"); !errors.Is(err, client.ErrSignIn) {
		t.Errorf("with a wrong token: %v", err)
	}
	if _, err := c.Create(t.Context()); !errors.Is(err, client.ErrNotLoggedIn) {
		t.Errorf("creating before the login: %v", err)
	}
	if _, err := c.Login(t.Context(), s.URL, "token"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "account.json"): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
	}
	if err := c.Logout(); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(filepath.Join(dir, "account.json")); err != nil || len(data) == 0 || bytes.Contains(data, []byte(`"token"`)) {
		t.Errorf("after the logout the token is still there: %s, %v", data, err)
	}
}

func TestAnAddressThatIsNoneIsInvalidAndOneThatDoesNotAnswerIsOffline(t *testing.T) {
	c := open(t, t.TempDir())
	for _, bad := range []string{"", "ftp://x", "http://", "http://u:p@host", "http://host?x=1", "://"} {
		if _, err := c.Login(t.Context(), bad, "token"); crdt.KindOf(err) != crdt.KindInvalid {
			t.Errorf("%q: %v", bad, err)
		}
	}
	s := httptest.NewServer(&fileServer{})
	s.Close()
	if _, err := c.Login(t.Context(), s.URL, "token"); !errors.Is(err, client.ErrOffline) {
		t.Errorf("a server that is gone: %v", err)
	}
}

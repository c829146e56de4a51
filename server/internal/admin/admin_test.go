package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/auth"
)

func newLocal(t *testing.T) Local {
	t.Helper()
	a, err := auth.New(auth.Options{
		Store: memstore.New(memstore.Options{}), ClientIP: func(*http.Request) netip.Addr { return netip.Addr{} },
	})
	if err != nil {
		t.Fatal(err)
	}
	return Local{Auth: a}
}

func serve(t *testing.T, dir string, d Doer) *Server {
	t.Helper()
	s, err := Serve(dir, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(context.Background()) })
	return s
}

func dial(t *testing.T, dir string) Socket {
	t.Helper()
	s, err := Dial(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestACommandDoesTheSameThroughTheSocket(t *testing.T) {
	local := newLocal(t)
	dir := t.TempDir()
	serve(t, dir, local)
	for name, d := range map[string]Doer{"local": local, "socket": dial(t, dir)} {
		what := "Name of " + name
		o, err := Call[Org](t.Context(), d, "org.add", OrgInput{ID: name, Name: &what})
		if err != nil || o.ID != name || o.Name != what || o.WorkerJobs != "templates" {
			t.Errorf("%s: %+v %v", name, o, err)
		}
		u, err := Call[User](t.Context(), d, "user.add", UserAdd{Org: name, Login: "zoe", Role: "owner", Password: "correct horse"})
		if err != nil || u.Login != "zoe" || !u.HasPassword {
			t.Errorf("%s: %+v %v", name, u, err)
		}
		for command, c := range map[string]struct {
			in   any
			kind crdt.Kind
			text string
		}{
			"user.add":      {UserAdd{Org: name, Login: "zoe", Role: "worker"}, crdt.KindConflict, "login: this login belongs to another user"},
			"user.set":      {UserSet{OfUser: OfUser{Org: name, User: "nobody"}}, crdt.KindNotFound, "no user with the login or id"},
			"team.list":     {ByOrg{Org: "nowhere"}, crdt.KindNotFound, "no such organisation"},
			"apikey.revoke": {ByID{Org: name, ID: "key-x"}, crdt.KindNotFound, "no such API key"},
			"device.revoke": {DeviceRevoke{OfUser: OfUser{Org: name, User: "zoe"}}, crdt.KindInvalid, "name one device"},
			"org.list":      {"not an object", crdt.KindInvalid, "not as expected"},
			"org.explode":   {None{}, crdt.KindUnsupported, "another version"},
		} {
			if _, err := Call[None](t.Context(), d, command, c.in); crdt.KindOf(err) != c.kind || err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s by %s: %v", command, name, err)
			}
		}
	}
	all, err := Call[[]Org](t.Context(), local, "org.list", None{})
	if err != nil || len(all) != 2 {
		t.Errorf("what came by the socket is not there: %+v %v", all, err)
	}
}

func TestTheSocketIsItsOwnersAlone(t *testing.T) {
	dir := t.TempDir()
	serve(t, dir, newLocal(t))
	info, err := os.Lstat(filepath.Join(dir, SocketName))
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("%v %v", info.Mode(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("beside it are %v, %v", entries, err)
	}
}

func TestWhatAKilledServerLeftIsNoServer(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, SocketName)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Fatal("the test left no socket behind:", err)
	}
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNoServer) {
		t.Errorf("%v", err)
	}
	s := serve(t, dir, newLocal(t))
	dial(t, dir)
	s.Close(t.Context())
	if _, err := Dial(t.Context(), dir); !errors.Is(err, ErrNoServer) {
		t.Errorf("after its end: %v", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its end leaves the socket: %v", err)
	}
}

func TestAFolderWithALongNameHasCommandsToo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), strings.Repeat("long/", 40))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := serve(t, dir, newLocal(t))
	name := "Acme"
	if _, err := Call[Org](t.Context(), dial(t, dir), "org.add", OrgInput{ID: "acme", Name: &name}); err != nil {
		t.Error(err)
	}
	target, err := os.Readlink(filepath.Join(dir, SocketName))
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Dir(target)); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("its folder is open to others: %v %v", info.Mode(), err)
	}
	s.Close(t.Context())
	for _, gone := range []string{filepath.Dir(target), filepath.Join(dir, SocketName)} {
		if _, err := os.Lstat(gone); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("its end leaves %s: %v", gone, err)
		}
	}
}

// blocked is a Doer that does nothing until it is told to.
type blocked struct{ entered, release chan struct{} }

func (b blocked) Do(context.Context, string, json.RawMessage) (json.RawMessage, error) {
	close(b.entered)
	<-b.release
	return json.RawMessage(`{}`), nil
}

func TestACommandUnderWayIsFinishedAtTheEnd(t *testing.T) {
	dir := t.TempDir()
	b := blocked{make(chan struct{}), make(chan struct{})}
	s := serve(t, dir, b)
	socket := dial(t, dir)
	answered := make(chan error, 1)
	go func() {
		_, err := Call[None](context.Background(), socket, "any", None{})
		answered <- err
	}()
	<-b.entered
	closed := make(chan struct{})
	go func() { defer close(closed); s.Close(context.Background()) }()
	close(b.release)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	<-closed
}

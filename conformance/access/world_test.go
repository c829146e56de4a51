package access_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/conformance/internal/sut"
)

// password is that of all users of these tests.
const password = "correct horse battery"

// watchdog is how long anything may take that has to happen. Far more than it does.
const watchdog = 60 * time.Second

// person is somebody who can sign in, or an API key.
type person struct {
	org, user, token string // user is the id; empty for an API key
}

// world is a server with organisations: acme, where workers make any job; strict, where they make none; and rival, where they make jobs
// from templates, the default, and whose people are strangers to the others.
type world struct {
	*sut.Process
	t      testing.TB
	bin    string
	dir    string
	people map[string]person // by login; those of other organisations as login@org
}

var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "fieldsync-access-")
	if err != nil {
		return "", err
	}
	return sut.BuildFieldsyncd(context.Background(), dir)
})

func newWorld(t testing.TB, flags ...string) *world {
	t.Helper()
	w := prepareWorld(t, flags...)
	w.start()
	return w
}

// prepareWorld makes a world whose server is not started yet.
func prepareWorld(t testing.TB, flags ...string) *world {
	t.Helper()
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	addr, err := sut.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, bin: bin, dir: filepath.Join(t.TempDir(), "data"), people: map[string]person{}}
	w.Process = &sut.Process{Name: sut.NameFieldsync, Addr: addr, Path: "/sync", Ready: "/readyz", HasAuth: true, HasExt: true, Env: os.Environ(),
		Args: append([]string{bin, "serve", "--listen", addr, "--data", w.dir, "--max-connections-per-ip", "20000"}, flags...)}
	w.command("org", "add", "acme")
	w.command("org", "set", "acme", "--worker-jobs", "any")
	w.command("org", "add", "rival")
	w.command("org", "add", "strict", "--worker-jobs", "none")
	for _, org := range []string{"acme", "rival", "strict"} {
		w.command("user", "add", "owner", "--org", org, "--role", "owner")
	}
	return w
}

// start starts the server, and signs the owners in.
func (w *world) start() {
	w.t.Helper()
	if err := w.Start(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(w.Stop)
	for _, org := range []string{"acme", "rival", "strict"} {
		w.signIn("owner", org)
	}
}

// command runs a command of the server's program over the folder, and gives what it prints.
func (w *world) command(args ...string) string {
	w.t.Helper()
	cmd := exec.CommandContext(w.t.Context(), w.bin, append(args, "--data", w.dir)...)
	cmd.Stdin = strings.NewReader(password + "\n")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		w.t.Fatalf("fieldsyncd %s: %v\n%s", strings.Join(args, " "), err, errs.String())
	}
	return out.String()
}

// name is under which somebody stands in people.
func name(login, org string) string {
	if org == "acme" {
		return login
	}
	return login + "@" + org
}

// add makes users of a role in an organisation, and signs them in.
func (w *world) add(org, role string, logins ...string) {
	w.t.Helper()
	for _, login := range logins {
		status, body := w.call(w.people[name("owner", org)].token, "POST", "/api/v1/users", map[string]any{"login": login, "name": login, "role": role, "password": password})
		if status != http.StatusCreated {
			w.t.Fatalf("user %s of %s: %d %s", login, org, status, body)
		}
		w.signIn(login, org)
	}
}

func (w *world) signIn(login, org string) {
	w.t.Helper()
	w.signInWith(login, org, password)
}

func (w *world) signInWith(login, org, password string) {
	w.t.Helper()
	status, body := w.call("", "POST", "/api/v1/tokens", map[string]any{"login": login, "org": org, "password": password, "label": "test"})
	var answer struct{ Token, User string }
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusCreated {
		w.t.Fatalf("sign in %s of %s: %d %s", login, org, status, body)
	}
	w.people[name(login, org)] = person{org, answer.User, answer.Token}
}

// key makes an API key.
func (w *world) key(org, login, role string) {
	w.t.Helper()
	status, body := w.call(w.people[name("owner", org)].token, "POST", "/api/v1/apikeys", map[string]any{"name": login, "role": role})
	var answer struct{ Secret string }
	if err := json.Unmarshal(body, &answer); err != nil || status != http.StatusCreated {
		w.t.Fatalf("API key %s of %s: %d %s", login, org, status, body)
	}
	w.people[name(login, org)] = person{org, "", answer.Secret}
}

// call sends a request with a token, or none, and gives the answer's status and body.
func (w *world) call(token, method, path string, body any) (int, []byte) {
	w.t.Helper()
	var in io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			w.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, "http://"+w.Addr+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return res.StatusCode, out
}

// url is the WebSocket's address for somebody.
func (w *world) url(who string) string { return w.URL(w.people[who].token) }

// eventually waits until a condition holds.
func (w *world) eventually(what string, holds func() bool) {
	w.t.Helper()
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for deadline := time.Now().Add(watchdog); !holds(); <-poll.C {
		if time.Now().After(deadline) {
			w.t.Fatalf("it does not happen that %s", what)
		}
	}
}

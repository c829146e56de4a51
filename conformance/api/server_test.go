package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/conformance/internal/sut"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	validation "github.com/pb33f/libopenapi-validator/errors"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// password is that of all users of these tests.
const password = "correct horse battery"

// server is a server with an organisation that has somebody of each role, and the description that it serves.
type server struct {
	*sut.Process
	t        *testing.T
	bin, dir string
	tokens   map[string]string // login -> token; "key" is that of an integration
	ids      map[string]string // login -> user id
	doc      *v3.Document
	raw      []byte
	check    validator.Validator

	mu   sync.Mutex
	seen map[string]map[int]bool // operation -> statuses of its answers
}

var client = &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// start builds and starts a server with more arguments than the usual ones.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{t: t, dir: t.TempDir(), tokens: map[string]string{}, ids: map[string]string{}, seen: map[string]map[int]bool{}}
	var err error
	if s.bin, err = sut.BuildFieldsyncd(t.Context(), t.TempDir()); err != nil {
		t.Fatal(err)
	}
	addr, err := sut.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	s.command("org", "add", "acme", "--data", s.dir)
	s.command("user", "add", "owner", "--org", "acme", "--role", "owner", "--id", "owner", "--data", s.dir)
	s.command("org", "add", "rival", "--data", s.dir)
	s.command("user", "add", "rita", "--org", "rival", "--role", "owner", "--id", "rita", "--data", s.dir)
	s.Process = &sut.Process{Name: sut.NameFieldsync, Addr: addr, Ready: "/readyz", Env: os.Environ(),
		Args: append([]string{s.bin, "serve", "--listen", addr, "--data", s.dir, "--max-connections-per-ip", "1000"}, args...)}
	if err := s.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.describe()
	for _, login := range []string{"owner", "rita"} {
		s.signIn(login)
	}
	for _, u := range [][2]string{{"ada", "administrator"}, {"dora", "dispatcher"}, {"anna", "worker"}, {"ben", "worker"}, {"dirk", "director"}} {
		a := s.do("owner", "POST", "users", map[string]any{"login": u[0], "name": u[0], "role": u[1], "password": password})
		if a.status != 201 {
			t.Fatalf("user %s: %d %s", u[0], a.status, a.body)
		}
		s.ids[u[0]] = a.str("id")
		s.signIn(u[0])
	}
	key := s.do("owner", "POST", "apikeys", map[string]any{"name": "ERP", "role": "dispatcher"})
	if key.status != 201 {
		t.Fatalf("API key: %d %s", key.status, key.body)
	}
	s.tokens["key"] = key.str("secret")
	return s
}

// command runs a command of the server's program over the folder.
func (s *server) command(args ...string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), s.bin, args...)
	cmd.Stdin = strings.NewReader(password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("fieldsyncd %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (s *server) signIn(login string) {
	s.t.Helper()
	a := s.do("", "POST", "tokens", map[string]any{"login": login, "password": password, "label": "test"})
	if a.status != 201 {
		s.t.Fatalf("sign in %s: %d %s", login, a.status, a.body)
	}
	s.tokens[login] = a.str("token")
	if s.ids[login] == "" {
		s.ids[login] = a.str("user")
	}
}

// describe reads the description, checks it as such, and makes a validator of it.
func (s *server) describe() {
	s.t.Helper()
	res, err := client.Get("http://" + s.Addr + "/api/v1/openapi.json")
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	if s.raw, err = io.ReadAll(res.Body); err != nil {
		s.t.Fatal(err)
	}
	doc, err := libopenapi.NewDocument(s.raw)
	if err != nil {
		s.t.Fatal(err)
	}
	model, err := doc.BuildV3Model()
	if err != nil {
		s.t.Fatal(err)
	}
	s.doc = &model.Model
	var errs []error
	if s.check, errs = validator.NewValidator(doc); len(errs) > 0 {
		s.t.Fatal(errs)
	}
	if ok, wrong := s.check.ValidateDocument(); !ok {
		s.t.Fatalf("the description is no OpenAPI document: %v", words(wrong))
	}
}

func words(errs []*validation.ValidationError) string {
	var out []string
	for _, e := range errs {
		text := e.Message + ": " + e.Reason
		for _, f := range e.SchemaValidationErrors {
			text += "\n    " + f.FieldPath + ": " + f.Reason
		}
		out = append(out, text)
	}
	return strings.Join(out, "\n  ")
}

// answer is what a request was answered with.
type answer struct {
	t      *testing.T
	status int
	header http.Header
	body   []byte
	json   any
	took   time.Duration
}

// at gives a value inside the answer; nil where there is none.
func (a answer) at(path ...any) any {
	v := a.json
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				return nil
			}
			v = l[s]
		}
	}
	return v
}

func (a answer) str(path ...any) string {
	a.t.Helper()
	s, ok := a.at(path...).(string)
	if !ok {
		a.t.Fatalf("no text at %v in %s", path, a.body)
	}
	return s
}

// do sends a request as somebody and reads the answer. It validates nothing but notes what was answered.
func (s *server) do(as, method, path string, body any, header ...string) answer {
	s.t.Helper()
	r, sent := s.request(as, method, path, body, header...)
	a, err := s.send(r, sent)
	if err != nil {
		s.t.Fatalf("%s %s as %s: %v", method, path, as, err)
	}
	return a
}

// request makes a request; it gives the body too, since sending takes it out of the request.
func (s *server) request(as, method, path string, body any, header ...string) (*http.Request, []byte) {
	s.t.Helper()
	var sent []byte
	switch b := body.(type) {
	case nil:
	case []byte:
		sent = b
	case string:
		sent = []byte(b)
	default:
		var err error
		if sent, err = json.Marshal(b); err != nil {
			s.t.Fatal(err)
		}
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.Addr+"/api/v1/"+path, bytes.NewReader(sent))
	if err != nil {
		s.t.Fatalf("%s %q: %v", method, path, err)
	}
	if len(sent) > 0 {
		r.Header.Set("Content-Type", "application/json")
		if method == http.MethodPatch && (strings.HasPrefix(path, "jobs/") && strings.Count(path, "/") == 1 || strings.HasPrefix(path, "templates/") || strings.HasPrefix(path, "clients/") || strings.HasPrefix(path, "sites/")) {
			r.Header.Set("Content-Type", "application/merge-patch+json")
		}
	}
	if as != "" {
		r.Header.Set("Authorization", "Bearer "+s.tokens[as])
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r, sent
}

func (s *server) send(r *http.Request, sent []byte) (answer, error) {
	began := time.Now()
	res, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	a := answer{t: s.t, status: res.StatusCode, header: res.Header}
	if a.body, err = io.ReadAll(res.Body); err != nil {
		return a, err
	}
	a.took = time.Since(began)
	_ = json.Unmarshal(a.body, &a.json)
	s.note(r, a.status)
	r.Body = io.NopCloser(bytes.NewReader(sent))
	return a, nil
}

// valid sends a request and fails the test unless its answer is as the description says, and has the expected status; and unless the
// request is as described too, if it is not meant to be refused for what it says or for who asks.
func (s *server) valid(as, method, path string, body any, status int, header ...string) answer {
	s.t.Helper()
	r, sent := s.request(as, method, path, body, header...)
	if ok, wrong := s.check.ValidateHttpRequestSync(r); !ok && status != 400 && status != 401 {
		s.t.Errorf("%s %s: the request is not as described:\n  %s\n%s", method, path, words(wrong), sent)
	}
	r.Body = io.NopCloser(bytes.NewReader(sent))
	a, err := s.send(r, sent)
	if err != nil {
		s.t.Fatalf("%s %s as %s: %v", method, path, as, err)
	}
	if a.status != status {
		s.t.Fatalf("%s %s as %s: %d %s; want %d", method, path, as, a.status, a.body, status)
	}
	if wrong := s.answered(r, a); wrong != "" {
		s.t.Errorf("%s %s: the answer is not as described:\n  %s\n%s", method, path, wrong, a.body)
	}
	return a
}

// answered tells what about an answer is not as the description says.
func (s *server) answered(r *http.Request, a answer) string {
	res := &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r}
	if ok, wrong := s.check.ValidateHttpResponse(r, res); !ok {
		return words(wrong)
	}
	return ""
}

// note remembers which operation was answered how.
func (s *server) note(r *http.Request, status int) {
	op := s.operationOf(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[op] == nil {
		s.seen[op] = map[int]bool{}
	}
	s.seen[op][status] = true
}

// operationOf gives the id of the operation that a request goes to; empty for none.
func (s *server) operationOf(r *http.Request) string {
	if s.doc == nil {
		return ""
	}
	want := strings.Split(r.URL.Path, "/")
	best, fixed := "", -1
	for path, item := range s.doc.Paths.PathItems.FromOldest() {
		parts := strings.Split(path, "/")
		if len(parts) != len(want) {
			continue
		}
		n := 0
		for i := range parts {
			switch {
			case parts[i] == want[i]:
				n++
			case !strings.HasPrefix(parts[i], "{"):
				n = -1
			}
			if n < 0 {
				break
			}
		}
		for method, op := range item.GetOperations().FromOldest() {
			if n > fixed && strings.EqualFold(method, r.Method) {
				best, fixed = op.OperationId, n
			}
		}
	}
	return best
}

// operations are the ids of all.
func (s *server) operations() (ids []string) {
	for _, item := range s.doc.Paths.PathItems.FromOldest() {
		for _, op := range item.GetOperations().FromOldest() {
			ids = append(ids, op.OperationId)
		}
	}
	slices.Sort(ids)
	return ids
}

// waitFor asks until the answer is as wanted.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s did not come", what)
		case <-tick.C:
		}
	}
}

func fileOf(t *testing.T, name string) string {
	t.Helper()
	root, err := sut.Root()
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

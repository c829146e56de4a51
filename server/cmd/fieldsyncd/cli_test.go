package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fieldsync/server"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"
)

// parse gives what a command line comes to.
func parse(t *testing.T, args ...string) (*cli, error) {
	t.Helper()
	var c cli
	p, err := newParser(&c, &bytes.Buffer{}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Parse(args)
	return &c, err
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "fieldsync.yaml")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestFlagBeatsEnvironmentBeatsFile(t *testing.T) {
	file := writeFile(t, "# of the file\nlisten: 127.0.0.1:1\ndata: file\nlog-level: warn\nmax-connections: 7\ndrain-timeout: 3s\ndemo: true\norigins: [https://a.example, https://b.example]\n")
	t.Setenv("FIELDSYNC_LISTEN", "127.0.0.1:2")
	t.Setenv("FIELDSYNC_DATA", "environment")
	c, err := parse(t, "serve", "--config", file, "--listen", "127.0.0.1:3")
	if err != nil {
		t.Fatal(err)
	}
	got := c.Serve.Config
	if got.Listen != "127.0.0.1:3" || got.Data != "environment" || got.LogLevel != "warn" {
		t.Errorf("listen %q (flag), data %q (environment), log-level %q (file)", got.Listen, got.Data, got.LogLevel)
	}
	if got.MaxConnections != 7 || got.DrainTimeout != 3*time.Second || !got.Demo {
		t.Errorf("%+v", got)
	}
	if diff := cmp.Diff([]string{"https://a.example", "https://b.example"}, got.Origins); diff != "" {
		t.Error(diff)
	}
}

func TestFileMayBeNamedByTheEnvironmentAndBeJSON(t *testing.T) {
	t.Setenv("FIELDSYNC_CONFIG", writeFile(t, `{"data": "json", "max-connections-per-ip": 9}`))
	c, err := parse(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	if c.Serve.Data != "json" || c.Serve.MaxConnectionsPerIP != 9 {
		t.Errorf("%+v", c.Serve.Config)
	}
}

func TestWrongFileIsRefused(t *testing.T) {
	for name, content := range map[string]string{
		"an unknown key":    "data: d\nmax-conections: 5\n",
		"not a map":         "- a\n",
		"not YAML":          "{",
		"a wrong type":      "max-connections: many\n",
		"the file of files": "config: x\n",
		"no setting":        "data: d\nrole: owner\n",
	} {
		if _, err := parse(t, "serve", "--config", writeFile(t, content)); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := parse(t, "serve", "--config", filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing file was taken")
	}
	_, err := parse(t, "serve", "--config", writeFile(t, "s3-secret-key: [hunter2\n"))
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the error quotes the file: %v", err)
	}
}

func TestEverySettingIsInTheOperationsGuide(t *testing.T) {
	guide, err := os.ReadFile("../../../docs/OPERATIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	p, err := newParser(&cli{}, &bytes.Buffer{}, &bytes.Buffer{})
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	_ = kong.Visit(p.Model, func(node kong.Visitable, next kong.Next) error {
		if flag, ok := node.(*kong.Flag); ok && len(flag.Envs) > 0 {
			seen++
			for _, want := range append([]string{"`--" + flag.Name + "`"}, backticked(flag.Envs)...) {
				if !bytes.Contains(guide, []byte(want)) {
					t.Errorf("docs/OPERATIONS.md does not tell of %s", want)
				}
			}
			if len(flag.Envs) != 1 {
				t.Errorf("--%s has the environment variables %v", flag.Name, flag.Envs)
			}
		}
		return next(nil)
	})
	if seen < 10 {
		t.Errorf("only %d settings seen", seen)
	}
}

func backticked(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = "`" + s + "`"
	}
	return out
}

func TestUsageErrorsHaveTheirExitCode(t *testing.T) {
	for name, args := range map[string][]string{
		"no command":       {},
		"unknown flag":     {"serve", "--verbose"},
		"no folder":        {"org", "list"},
		"nothing there":    {"org", "list", "--data", filepath.Join(t.TempDir(), "typo")},
		"no role":          {"user", "add", "zoe", "--data", t.TempDir()},
		"no data":          {"serve"},
		"demo to everyone": {"serve", "--demo", "--data", t.TempDir(), "--listen", "0.0.0.0:0"},
	} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, nil, &out, &errs); code != exitUsage || errs.Len() == 0 {
			t.Errorf("%s: exit %d, said %q", name, code, errs.String())
		}
	}
}

func TestVersionAndHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"version"}, nil, &out, &errs); code != exitOK || !strings.HasPrefix(out.String(), "fieldsyncd dev go1.") {
		t.Errorf("exit %d: %q %q", code, out.String(), errs.String())
	}
	out.Reset()
	if code := run(t.Context(), []string{"serve", "--help"}, nil, &out, &errs); code != exitOK || !strings.Contains(out.String(), "--max-connections") {
		t.Errorf("exit %d: %q %q", code, out.String(), errs.String())
	}
}

// TestOpenapiPrintsWhatIsServed: the types of the web are made of what is printed.
func TestOpenapiPrintsWhatIsServed(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"openapi"}, nil, &out, &errs); code != exitOK {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	s, err := server.New(server.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Version: version, LogTo: &errs})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/api/v1/openapi.json", http.NoBody))
	if served := w.Body.String(); w.Code != http.StatusOK || served != strings.TrimSpace(out.String()) {
		t.Errorf("%d: %d bytes are served, %d printed, and they are not the same", w.Code, len(served), out.Len())
	}
}

// lines gives each line of a log as it is written.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

func TestServeRunsUntilItIsToldToStop(t *testing.T) {
	log := make(lines, 64)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--demo", "--data", t.TempDir(), "--listen", "127.0.0.1:0", "--log-format", "json"}, nil, io.Discard, log)
	}()
	var started struct{ Msg, Addr string }
	for started.Msg != "listening" {
		select {
		case line := <-log:
			if err := json.Unmarshal([]byte(line), &started); err != nil {
				t.Fatalf("%q is no JSON: %v", line, err)
			}
		case code := <-ended:
			t.Fatalf("ended with %d", code)
		}
	}
	answer, err := http.Get("http://" + started.Addr + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("not ready: %d", answer.StatusCode)
	}
	cancel()
	if code := <-ended; code != exitOK {
		t.Errorf("exit %d", code)
	}
}

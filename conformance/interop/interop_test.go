package interop_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"fieldsync/conformance/internal/cut"
	"fieldsync/conformance/internal/sut"
)

// startTarget gives a running server with an empty store of its own.
func startTarget(t *testing.T) *sut.Process {
	t.Helper()
	dir := t.TempDir()
	var p *sut.Process
	var err error
	switch target := os.Getenv("FIELDSYNC_INTEROP_TARGET"); target {
	case "reference":
		p, err = sut.Reference(filepath.Join(dir, "data"))
	case "":
		var bin string
		if bin, err = sut.BuildFieldsyncd(t.Context(), dir); err == nil {
			p, err = sut.Fieldsyncd(bin, filepath.Join(dir, "data"))
		}
	default:
		t.Fatalf("FIELDSYNC_INTEROP_TARGET=%q is unknown", target)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Logf("the server printed:\n%s", p.Output())
		}
	})
	return p
}

func TestUnmodifiedClients(t *testing.T) {
	for _, pair := range []struct{ name, writer, reader string }{
		{"2.5.6 alone", "gen25", "gen25"},
		{"2.0.7 alone", "gen20", "gen20"},
		{"2.5.6 writes, 2.0.7 reads", "gen25", "gen20"},
		{"2.0.7 writes, 2.5.6 reads", "gen20", "gen25"},
	} {
		t.Run(pair.name, func(t *testing.T) { runPair(t, pair.writer, pair.reader) })
	}
}

// report is a line that run.mjs prints.
type report struct {
	Versions json.RawMessage `json:"versions"`
	Case     string          `json:"case"`
	OK       bool            `json:"ok"`
	MS       int             `json:"ms"`
	Error    string          `json:"error"`
}

func runPair(t *testing.T, writer, reader string) {
	dir, err := sut.NodeModules()
	if err != nil {
		t.Fatal(err)
	}
	server := startTarget(t)
	lineA, lineB := newLine(t, server), newLine(t, server)
	control := newControl(t, server, lineA, lineB)
	cmd := exec.CommandContext(t.Context(), "node", "run.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(),
		"WRITER="+writer, "READER="+reader, "CONTROL="+control,
		"URL_DISPATCHER="+server.URL(sut.Dispatcher), "URL_WORKER="+server.URL(sut.WorkerAnna),
		"URL_LINE_A="+sut.WebSocketURL(lineA.Addr(), server.Path, sut.Dispatcher),
		"URL_LINE_B="+sut.WebSocketURL(lineB.Addr(), server.Path, sut.Dispatcher),
	)
	if server.HasAuth {
		cmd.Env = append(cmd.Env, "HAS_AUTH=1")
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ran := 0
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var r report
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Errorf("run.mjs printed %q", lines.Text())
			continue
		}
		if r.Versions != nil {
			t.Logf("versions %s", r.Versions)
			checkVersions(t, r.Versions, writer, reader)
			continue
		}
		ran++
		t.Run(r.Case, func(t *testing.T) {
			t.Logf("%d ms", r.MS)
			if !r.OK {
				t.Error(r.Error)
			}
		})
	}
	err = cmd.Wait()
	if ran == 0 || (err != nil && !t.Failed()) {
		t.Errorf("run.mjs reported %d cases and ended with %v:\n%s", ran, err, stderr.String())
	}
}

// checkVersions fails when a generation does not run on the core that it is here for.
func checkVersions(t *testing.T, got json.RawMessage, writer, reader string) {
	t.Helper()
	type versions struct{ Repo, Socket, Core string }
	want := map[string]versions{"gen25": {"2.5.6", "2.5.6", "3.5.0"}, "gen20": {"2.0.7", "2.0.7", "2.2.9"}}
	var have struct{ Writer, Reader versions }
	if err := json.Unmarshal(got, &have); err != nil {
		t.Fatal(err)
	}
	if have.Writer != want[writer] || have.Reader != want[reader] {
		t.Errorf("the clients run %+v, want %+v and %+v", have, want[writer], want[reader])
	}
}

func newLine(t *testing.T, server *sut.Process) *cut.Proxy {
	t.Helper()
	line, err := cut.New(server.Addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(line.Cut)
	return line
}

// newControl is the switchboard that the Node programs use: the lines between client and server, and the server's power.
func newControl(t *testing.T, server *sut.Process, lines ...*cut.Proxy) string {
	t.Helper()
	actions := map[string]func(context.Context) error{
		"/cut": func(context.Context) error {
			for _, l := range lines {
				l.Cut()
			}
			return nil
		},
		"/heal": func(context.Context) error {
			for _, l := range lines {
				if err := l.Heal(); err != nil {
					return err
				}
			}
			return nil
		},
		"/kill":  func(context.Context) error { server.Kill(); return nil },
		"/start": server.Start,
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		action, ok := actions[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if err := action(r.Context()); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestUpgradeIsRefusedWithoutAKnownToken(t *testing.T) {
	server := startTarget(t)
	if !server.HasAuth {
		return // the reference server knows no tokens
	}
	for name, token := range map[string]string{"no token": "", "a wrong token": "demo-dispatcher-not", "a prefix of one": "demo-"} {
		t.Run(name, func(t *testing.T) {
			ws, res, err := websocket.DefaultDialer.DialContext(t.Context(), server.URL(token), nil)
			if err == nil {
				_ = ws.Close()
				t.Fatal("the upgrade was granted")
			}
			if res == nil || res.StatusCode != http.StatusUnauthorized {
				t.Fatalf("the refusal is %v (%v), want 401", res, err)
			}
		})
	}
	ws, _, err := websocket.DefaultDialer.DialContext(t.Context(), server.URL(sut.Dispatcher), nil)
	if err != nil {
		t.Fatalf("the right token is refused: %v", err)
	}
	_ = ws.Close()
}

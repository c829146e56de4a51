package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/blobs/memblob"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/api/accounts"
	"fieldsync/server/internal/auth"
)

// logBuffer is a log that a test can read while the server writes it.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// fixture is a server that runs over stores in memory.
type fixture struct {
	*Server
	store *memstore.Store
	log   *logBuffer
	url   string
	stop  func() error // ends Run and gives what it returned
}

// start runs a demonstration server; change may alter its configuration, and mount its parts, before it runs.
func start(t *testing.T, change func(*Config), mount func(*Server)) *fixture {
	t.Helper()
	f := &fixture{store: memstore.New(memstore.Options{}), log: &logBuffer{}}
	cfg := Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Demo: true, LogTo: f.log, LogLevel: "debug"}
	if change != nil {
		change(&cfg)
	}
	cfg = cfg.WithDefaults()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	log, err := newLogger(cfg)
	if err != nil {
		t.Fatal(err)
	}
	f.Server, err = assemble(cfg, log, backends{store: f.store, blobs: memblob.New(0)})
	if err != nil {
		t.Fatal(err)
	}
	if mount != nil {
		mount(f.Server)
		f.handler = f.routes()
	}
	if err := f.Listen(); err != nil {
		t.Fatal(err)
	}
	f.url = "http://" + f.Addr()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	f.stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() { _ = f.stop() })
	return f
}

func (f *fixture) get(t *testing.T, path string, header ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(body)
}

func TestAddressesAnswer(t *testing.T) {
	f := start(t, nil, nil)
	for path, want := range map[string]struct {
		status int
		text   string
	}{
		"/":               {200, "fieldsync"}, // the board, or the way to build it
		"/m/":             {200, "fieldsync"},
		"/api/v1/nothing": {404, "no such address in the API"},
		"/healthz":        {200, `{"status":"ok"}`},
		"/readyz":         {200, `{"status":"ok","checks":{"blobs":"ok","store":"ok"}}`},
		"/metrics":        {200, "fieldsync_build_info"},
		"/api/v1/session": {401, "unauthenticated"},
		"/nothing.txt":    {404, ""},
	} {
		if status, body := f.get(t, path); status != want.status || !strings.Contains(body, want.text) {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	status, body := f.get(t, "/api/v1/session", "Authorization", "Bearer demo-worker-anna")
	var who accounts.Identity
	if err := json.Unmarshal([]byte(body), &who); err != nil || status != 200 || who.User != "anna" || who.Role != "worker" || who.Org != auth.DemoOrg {
		t.Errorf("%d %s", status, body)
	}
}

func TestSyncNeedsATokenAndKnowsWhoComes(t *testing.T) {
	f := start(t, nil, func(s *Server) {
		s.sync = &endpoint{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p, _ := auth.PrincipalFrom(r.Context())
			_, _ = fmt.Fprintf(w, "%s from %s, %q", p.ID, p.Org, r.URL.RawQuery)
		}), drain: func(context.Context) error { return nil }}
	})
	for _, path := range []string{"/sync", "/sync?access_token=", "/sync?access_token=nonsense"} {
		if status, _ := f.get(t, path); status != 401 {
			t.Errorf("%s: %d", path, status)
		}
	}
	if status, body := f.get(t, "/sync?access_token=demo-worker-ben"); status != 200 || body != `user:ben from demo, ""` {
		t.Errorf("%d %s", status, body)
	}
	_, served := f.get(t, "/metrics")
	for _, line := range []string{`fieldsync_auth_failures_total{reason="unknown-token"} 1`, `fieldsync_auth_failures_total{reason="no-credential"} 2`} {
		if !strings.Contains(served, line) {
			t.Errorf("not counted: %s", line)
		}
	}
}

func TestNoTokenReachesTheLog(t *testing.T) {
	const secret = "demo-dispatcher"
	f := start(t, nil, func(s *Server) {
		s.sync = &endpoint{Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			s.log.Info("handler", "url", r.URL.String(), "uri", r.RequestURI, "header", fmt.Sprint(r.Header))
			if r.URL.Query().Has("panic") {
				panic("on purpose")
			}
		}), drain: func(context.Context) error { return nil }}
	})
	f.get(t, "/sync?access_token="+secret)
	f.get(t, "/sync?panic=1&access_token="+secret)
	f.get(t, "/nothing?access_token="+secret)
	f.get(t, "/api/v1/session?access_token="+secret)
	f.get(t, "/api/v1/session?access_token=wrong-"+secret)
	f.get(t, "/api/v1/session", "Authorization", "Bearer "+secret)
	raw(t, f.Addr(), "GET /sync?access_token="+secret+" NONSENSE\r\n\r\n")
	if err := f.stop(); err != nil {
		t.Fatal(err)
	}
	log := f.log.String()
	if strings.Contains(log, secret) {
		t.Errorf("the log holds the token:\n%s", log)
	}
	for _, want := range []string{`route="GET /sync" status=200`, "on purpose", `route="GET /api/v1/session" status=401`, "msg=stopped"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	if strings.Contains(log, "127.0.0.1") && strings.Count(log, "127.0.0.1") > 1 {
		t.Errorf("the log holds addresses of clients:\n%s", log)
	}
}

// raw sends bytes and waits for the connection's end.
func raw(t *testing.T, addr, text string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, c)
}

func TestAPanicAnswersAndTheServerLives(t *testing.T) {
	f := start(t, nil, func(s *Server) {
		s.sync = &endpoint{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("on purpose") }),
			drain: func(context.Context) error { return nil }}
	})
	if status, body := f.get(t, "/sync?access_token=demo-dispatcher"); status != 500 || strings.Contains(body, "purpose") {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := f.get(t, "/healthz"); status != 200 {
		t.Errorf("afterwards: %d", status)
	}
}

func TestNotReadyWhenTheStoreTakesNoWrites(t *testing.T) {
	f := start(t, nil, nil)
	f.store.SetFault(func(int, []store.Op) error { return store.ErrFull })
	status, body := f.get(t, "/readyz")
	if status != 503 || !strings.Contains(body, `"store":"failed"`) || !strings.Contains(body, `"blobs":"ok"`) || !strings.Contains(body, `"unavailable"`) {
		t.Errorf("%d %s", status, body)
	}
	if status, _ := f.get(t, "/healthz"); status != 200 {
		t.Errorf("the process is alive all the same: %d", status)
	}
	_, served := f.get(t, "/metrics")
	if !strings.Contains(served, "\nfieldsync_commit_failures_total ") || strings.Contains(served, "\nfieldsync_commit_failures_total 0\n") {
		t.Error("the failed write is not counted")
	}
	f.store.SetFault(nil)
	if status, body := f.get(t, "/readyz"); status != 200 {
		t.Errorf("when it is over: %d %s", status, body)
	}
}

func TestDrainingFinishesWhatIsUnderWay(t *testing.T) {
	entered, release, drained := make(chan struct{}), make(chan struct{}), make(chan struct{})
	f := start(t, nil, func(s *Server) {
		s.sync = &endpoint{
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				close(entered)
				<-release
				_, _ = io.WriteString(w, "finished")
			}),
			drain: func(ctx context.Context) error {
				if _, bounded := ctx.Deadline(); !bounded {
					t.Error("draining has no end")
				}
				close(drained)
				return nil
			},
		}
	})
	answer := make(chan string, 1)
	go func() {
		r, err := http.Get(f.url + "/sync?access_token=demo-dispatcher")
		if err != nil {
			answer <- err.Error()
			return
		}
		defer r.Body.Close()
		b, _ := io.ReadAll(r.Body)
		answer <- string(b)
	}()
	<-entered
	stopped := make(chan error, 1)
	go func() { stopped <- f.stop() }()
	<-drained // the sync endpoint is told at once

	rec := &recorder{header: http.Header{}}
	f.Handler().ServeHTTP(rec, mustRequest(t, "/readyz"))
	if rec.status != 503 || !strings.Contains(rec.body.String(), `"draining"`) {
		t.Errorf("readiness while draining: %d %s", rec.status, rec.body.String())
	}
	close(release)
	if got := <-answer; got != "finished" {
		t.Errorf("the request under way got %q", got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := f.store.Get([]byte("x")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("the store is still open: %v", err)
	}
	if _, err := net.Dial("tcp", f.Addr()); err == nil {
		t.Error("the port is still open")
	}
}

func TestDrainingEndsEvenIfARequestDoesNot(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	defer close(release)
	f := start(t, func(c *Config) { c.DrainTimeout = 50 * time.Millisecond }, func(s *Server) {
		s.sync = &endpoint{
			Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { close(entered); <-release }),
			drain:   func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		}
	})
	c, err := net.Dial("tcp", f.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "GET /sync?access_token=demo-dispatcher HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	<-entered
	if err := f.stop(); err != nil {
		t.Error(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := bufio.NewReader(c).ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection is still open: %v", err)
	}
	if log := f.log.String(); !strings.Contains(log, "requests cut off") || !strings.Contains(log, "sync connections cut off") {
		t.Error(log)
	}
}

func TestRevocationReachesTheSyncEndpoint(t *testing.T) {
	told := make(chan string, 1)
	f := start(t, nil, func(s *Server) {
		s.sync = &endpoint{Handler: http.NotFoundHandler(), disconnect: func(c string) { told <- c }, drain: func(context.Context) error { return nil }}
	})
	p, err := f.auth.Authenticate("demo-worker-ben")
	if err != nil {
		t.Fatal(err)
	}
	r := mustRequest(t, "/api/v1/session")
	r.Method = http.MethodDelete
	r.Header.Set("Authorization", "Bearer demo-worker-ben")
	rec := &recorder{header: http.Header{}}
	f.Handler().ServeHTTP(rec, r)
	if rec.status != http.StatusNoContent || <-told != p.Credential {
		t.Errorf("%d", rec.status)
	}
}

func TestConnectionLimitIsApplied(t *testing.T) {
	f := start(t, func(c *Config) { c.MaxConnectionsPerIP = 1 }, nil)
	first, err := net.Dial("tcp", f.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	if _, err := io.WriteString(first, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(first)
	if line, err := r.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatal(line, err)
	}
	raw(t, f.Addr(), "") // is closed at once, unread
	rec := &recorder{header: http.Header{}}
	f.Handler().ServeHTTP(rec, mustRequest(t, "/metrics"))
	if !strings.Contains(rec.body.String(), "\nfieldsync_connections_turned_away_total 1") {
		t.Error("the connection turned away is not counted")
	}
}

func TestDemoRefusesToListenToTheWorld(t *testing.T) {
	for _, listen := range []string{"0.0.0.0:0", ":0", "[::]:0"} {
		if _, err := New(Config{Data: t.TempDir(), Demo: true, Listen: listen}); crdt.KindOf(err) != crdt.KindInvalid || !strings.Contains(err.Error(), "listen: ") {
			t.Errorf("%s: %v", listen, err)
		}
	}
}

func TestServerOnDiskComesBackWithItsAccounts(t *testing.T) {
	dir := t.TempDir()
	for range 2 {
		s, err := New(Config{Data: dir, Demo: true, LogTo: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.auth.Authenticate("demo-dispatcher"); err != nil {
			t.Error(err)
		}
		if _, err := New(Config{Data: dir, LogTo: io.Discard}); err == nil || !strings.HasPrefix(err.Error(), "data: ") {
			t.Errorf("a second server in the same folder: %v", err)
		}
		rec := &recorder{header: http.Header{}}
		s.Handler().ServeHTTP(rec, mustRequest(t, "/readyz"))
		if rec.status != 200 {
			t.Errorf("not ready: %s", rec.body.String())
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func mustRequest(t *testing.T, path string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.RemoteAddr = "127.0.0.1:1"
	return r
}

// recorder is a response without a connection.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = status }

func (r *recorder) Write(p []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.body.Write(p)
}

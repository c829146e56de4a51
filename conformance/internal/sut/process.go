package sut

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"fieldsync/conformance/internal/loopback"
)

// startTimeout is how long a server may take until it is ready; generous, because machines that run tests are busy.
const startTimeout = 60 * time.Second

// keptOutput is how much of a server's output is kept for the report of a failure, in bytes.
const keptOutput = 64 << 10

// Process is one system under test. Start, Kill and Stop may follow one another in any order; the address and the data
// folder stay the same throughout. Not safe for use by several goroutines at once, but for the getters.
type Process struct {
	Name     string    // as it stands in tables
	Addr     string    // host:port on loopback
	Args     []string  // program and arguments
	Env      []string  // the process's whole environment
	Path     string    // of the WebSocket endpoint
	Ready    string    // path of an HTTP GET that answers 200 when the server is ready
	HasAuth  bool      // whether it asks for a token
	HasExt   bool      // whether it knows fieldsync's extension frames
	IsRelay  bool      // forwards frames and keeps nothing
	Log      io.Writer // gets all that it prints; nil: only the end of it is kept, for Output
	output   tail
	mu       sync.Mutex
	cmd      *exec.Cmd
	exit     int
	finished chan struct{}
}

// Start runs the program and returns when it is ready.
func (p *Process) Start(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		return fmt.Errorf("%s runs already", p.Name)
	}
	cmd := exec.Command(p.Args[0], p.Args[1:]...) //nolint:noctx // it outlives ctx; Stop and Kill end it
	cmd.Env = p.Env
	var out io.Writer = &p.output
	if p.Log != nil {
		out = io.MultiWriter(out, p.Log)
	}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", p.Name, err)
	}
	finished := make(chan struct{})
	go func() {
		_ = cmd.Wait() // how it ended ExitCode tells: Kill is part of the tests
		close(finished)
	}()
	p.cmd, p.finished = cmd, finished
	if err := p.waitReady(ctx); err != nil {
		_ = cmd.Process.Kill()
		<-finished
		p.cmd = nil
		return fmt.Errorf("%s did not become ready: %w; its output:\n%s", p.Name, err, p.output.String())
	}
	return nil
}

func (p *Process) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var last error
	poll := time.NewTicker(10 * time.Millisecond)
	defer poll.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Addr+p.Ready, nil)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(req)
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
			err = errors.New(res.Status)
		}
		last = err
		select {
		case <-ctx.Done():
			return last
		case <-p.finished:
			return errors.New("it ended")
		case <-poll.C:
		}
	}
}

// Kill ends the process with SIGKILL and returns when it is gone.
func (p *Process) Kill() { p.end(syscall.SIGKILL) }

// Stop ends the process with SIGTERM, after ten seconds with SIGKILL, and returns when it is gone.
func (p *Process) Stop() { p.end(syscall.SIGTERM) }

func (p *Process) end(sig syscall.Signal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(sig)
	select {
	case <-p.finished:
	case <-time.After(10 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.finished
	}
	p.cmd, p.exit = nil, p.cmd.ProcessState.ExitCode()
}

// Wait returns when the process has ended by itself, or upon a Signal.
func (p *Process) Wait() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd != nil {
		<-p.finished
		p.cmd, p.exit = nil, p.cmd.ProcessState.ExitCode()
	}
}

// Signal sends a signal, and returns at once.
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return fmt.Errorf("%s does not run", p.Name)
	}
	return p.cmd.Process.Signal(sig)
}

// ExitCode is how the last run ended, after Stop or Kill: the program's code, or -1 where a signal ended it.
func (p *Process) ExitCode() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.exit
}

// PID is the process id, or 0 when it does not run.
func (p *Process) PID() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Alive tells whether the process runs.
func (p *Process) Alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return false
	}
	select {
	case <-p.finished:
		return false
	default:
		return true
	}
}

// Output is the last part of what the process printed.
func (p *Process) Output() string { return p.output.String() }

// URL is the WebSocket address for a client with this token; an empty token leaves it out.
func (p *Process) URL(token string) string { return WebSocketURL(p.Addr, p.Path, token) }

// WebSocketURL builds the address that clients use, for a server or for a proxy before it.
func WebSocketURL(addr, path, token string) string {
	u := url.URL{Scheme: "ws", Host: addr, Path: path}
	if token != "" {
		u.RawQuery = url.Values{"access_token": {token}}.Encode()
	}
	return u.String()
}

// FreeAddr finds a loopback address, host:port, that nobody listens on, and that nobody else is given (package loopback).
func FreeAddr() (string, error) {
	l, err := net.Listen("tcp", loopback.Free())
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf.Write(p)
	if over := t.buf.Len() - keptOutput; over > 0 {
		t.buf.Next(over)
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.buf.String()
}

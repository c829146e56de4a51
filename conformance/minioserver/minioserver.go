// Package minioserver runs a real MinIO server for tests, or versitygw, which is another S3 server: on loopback, on a free port, in a
// temporary folder.
//
// The programs are those that conformance/minio/install.sh and conformance/versitygw/install.sh build ("make minio"); MINIO_BIN and
// VERSITYGW_BIN name others. A test that
// needs it fails without it: a store that was never tried against the real thing is not tested.
package minioserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"fieldsync/conformance/internal/sut"
)

// Credentials of the server's root user. They are the same in every test and work nowhere else.
const (
	AccessKey = "fieldsync-test"
	SecretKey = "fieldsync-test-secret"
)

// readyWithin bounds how long a start may take; it takes 0.7 s on an idle machine with two cores.
const readyWithin = 60 * time.Second

// Server is a MinIO that can be stopped and started again, with its files kept.
type Server struct {
	Endpoint string // host:port, the same after a restart
	kind     kind
	program  string
	folder   string
	cmd      *exec.Cmd
	done     chan struct{} // closed when the program has ended
	output   *bytes.Buffer
}

// kind is which server it is.
type kind struct {
	name, install string // install.sh's folder in conformance
	ready         string // the path of a GET that answers 200
	args          func(s *Server) []string
	env           []string
}

func minio() kind {
	return kind{
		name: "MinIO", install: "minio", ready: "/minio/health/ready",
		// The console is off, but MinIO still checks that its port is free.
		args: func(s *Server) []string {
			return []string{"server", "--quiet", "--address", s.Endpoint, "--console-address", "127.0.0.1:0", s.Folder()}
		},
		env: []string{"MINIO_ROOT_USER=" + AccessKey, "MINIO_ROOT_PASSWORD=" + SecretKey,
			"MINIO_BROWSER=off", "MINIO_UPDATE=off", "MINIO_CALLHOME_ENABLE=off", "MINIO_CI_CD=on"},
	}
}

func versitygw() kind {
	return kind{
		name: "versitygw", install: "versitygw", ready: "/health",
		// Metadata lies in files beside the objects: not every test machine's file system has extended attributes.
		args: func(s *Server) []string {
			return []string{"--quiet", "--health", "/health", "--keep-alive", "--iam-dir", filepath.Join(s.folder, "iam"), "--port", s.Endpoint, "posix", "--sidecar", filepath.Join(s.folder, "meta"), s.Folder()}
		},
		env: []string{"ROOT_ACCESS_KEY=" + AccessKey, "ROOT_SECRET_KEY=" + SecretKey},
	}
}

// Start starts a MinIO that ends with the test. A missing program or a server that does not come up fails the test.
func Start(t testing.TB) *Server { return start(t, minio()) }

// StartVersitygw is Start for versitygw over a folder.
func StartVersitygw(t testing.TB) *Server { return start(t, versitygw()) }

func start(t testing.TB, k kind) *Server {
	t.Helper()
	program, err := programOf(t.Context(), k)
	if err != nil {
		t.Fatal(err)
	}
	address, err := sut.FreeAddr()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Endpoint: address, kind: k, program: program, folder: t.TempDir()}
	for _, dir := range []string{s.Folder(), filepath.Join(s.folder, "meta"), filepath.Join(s.folder, "iam")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// Program is the path of the MinIO program, or an error that says how to get it.
func Program(ctx context.Context) (string, error) { return programOf(ctx, minio()) }

func programOf(ctx context.Context, k kind) (string, error) {
	_, here, _, ok := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(here), "..", k.install, "install.sh")
	if _, err := os.Stat(script); !ok || err != nil {
		// Built with -trimpath: tests run in their own package's folder, two below the module's root or deeper.
		if script, err = findUp("conformance/" + k.install + "/install.sh"); err != nil {
			return "", err
		}
	}
	out, err := exec.CommandContext(ctx, "sh", script, "--where").Output()
	if err != nil {
		return "", fmt.Errorf("minioserver: %s --where: %w", script, err)
	}
	program := strings.TrimSpace(string(out))
	if info, err := os.Stat(program); err != nil || info.Mode()&0o111 == 0 {
		return "", fmt.Errorf("minioserver: there is no %s at %s: run \"make minio\" (it builds it once, in some minutes)", k.name, program)
	}
	return program, nil
}

func findUp(name string) (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name), nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", errors.New("minioserver: " + name + " is in no folder above this test")
		}
		dir = up
	}
}

// Run starts the server, again after Stop, and waits until it is ready.
func (s *Server) Run(ctx context.Context) error {
	s.output = new(bytes.Buffer)
	s.cmd = exec.Command(s.program, s.kind.args(s)...) //nolint:noctx // it outlives ctx; Stop and Kill end it
	s.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.folder, "TMPDIR=" + s.folder}, s.kind.env...)
	s.cmd.Stdout, s.cmd.Stderr = s.output, s.output
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("minioserver: %w", err)
	}
	done, cmd := make(chan struct{}), s.cmd
	go func() {
		_ = cmd.Wait() // how it ended its ProcessState tells
		close(done)
	}()
	s.done = done
	ctx, cancel := context.WithTimeout(ctx, readyWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if ready(ctx, s.Endpoint+s.kind.ready) {
			return nil
		}
		select {
		case <-done:
			s.done = nil
			return fmt.Errorf("minioserver: ended before it was ready: %s\n%s", cmd.ProcessState, s.output)
		case <-ctx.Done():
			return fmt.Errorf("minioserver: not ready: %w", errors.Join(ctx.Err(), s.Stop()))
		case <-tick.C:
		}
	}
}

func ready(ctx context.Context, at string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at, nil)
	if err != nil {
		return false
	}
	req.Close = true
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

// Stop ends the server: politely, and after 10 seconds by force. Stopping twice is no error. It keeps the files.
func (s *Server) Stop() error {
	if s.done == nil {
		return nil
	}
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("minioserver: %w", err)
	}
	select {
	case <-s.done: // its exit code after a signal says nothing
		s.done = nil
		return nil
	case <-time.After(10 * time.Second):
		return s.Kill()
	}
}

// Kill ends the server as a power cut would: at once, with requests under way.
func (s *Server) Kill() error {
	if s.done == nil {
		return nil
	}
	done := s.done
	s.done = nil
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("minioserver: %w", err)
	}
	<-done
	return nil
}

// AddUser makes a user of a versitygw who may do nothing until a bucket's policy says so.
func (s *Server) AddUser(ctx context.Context, accessKey, secretKey string) error {
	add := exec.CommandContext(ctx, s.program, "admin", "--endpoint-url", "http://"+s.Endpoint, "create-user", "--role", "user", "--access", accessKey, "--secret", secretKey)
	add.Env = append(os.Environ(), "ADMIN_ACCESS_KEY="+AccessKey, "ADMIN_SECRET_KEY="+SecretKey)
	if out, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("minioserver: add a user: %w: %s", err, out)
	}
	return nil
}

// Folder is where the server keeps the objects, for tests that damage them.
func (s *Server) Folder() string { return filepath.Join(s.folder, "data") }

package remote

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func serve(t *testing.T, dir string, do Do) *Server {
	t.Helper()
	s, err := Serve(dir, do)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestACommandRunsElsewhereAsIfItWereHere(t *testing.T) {
	for _, dir := range []string{t.TempDir(), filepath.Join(t.TempDir(), strings.Repeat("long", 40))} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		serve(t, dir, func(_ context.Context, r Request, in io.Reader, out, errOut io.Writer) int {
			given, _ := io.ReadAll(in)
			_, _ = fmt.Fprintf(out, "%v in %s, given %d bytes", r.Args, r.Dir, len(given))
			_, _ = io.WriteString(errOut, "hm")
			return 7
		})
		var out, errOut bytes.Buffer
		code, err := Run(t.Context(), dir, Request{Args: []string{"fill", "a b"}, Dir: "/x"}, strings.NewReader(strings.Repeat("x", 200_000)), &out, &errOut)
		if err != nil || code != 7 || out.String() != "[fill a b] in /x, given 200000 bytes" || errOut.String() != "hm" {
			t.Errorf("%d, %v, %q, %q", code, err, out.String(), errOut.String())
		}
		info, err := os.Stat(filepath.Join(dir, SocketName))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the socket is open to others: %v, %v", info.Mode(), err)
		}
	}
}

func TestWhoLeavesStopsHisCommandAndNobodyElses(t *testing.T) {
	dir := t.TempDir()
	began, ended := make(chan string, 2), make(chan string, 2)
	serve(t, dir, func(ctx context.Context, r Request, _ io.Reader, out, _ io.Writer) int {
		began <- r.Args[0]
		<-ctx.Done()
		_, _ = io.WriteString(out, "bye")
		ended <- r.Args[0]
		return 0
	})
	first, leave := context.WithCancel(t.Context())
	var out bytes.Buffer
	done := make(chan error, 2)
	run := func(ctx context.Context, name string, to io.Writer) {
		code, err := Run(ctx, dir, Request{Args: []string{name}}, strings.NewReader(""), to, io.Discard)
		done <- errors.Join(err, map[bool]error{false: fmt.Errorf("code %d", code)}[code == 0])
	}
	go run(first, "a", &out)
	<-began
	second, leaveToo := context.WithCancel(t.Context())
	go run(second, "b", io.Discard)
	<-began
	leave()
	if name := <-ended; name != "a" {
		t.Errorf("%s was stopped", name)
	}
	if err := <-done; err != nil || out.String() != "bye" {
		t.Errorf("%v, %q", err, out.String())
	}
	select {
	case name := <-ended:
		t.Errorf("%s was stopped too", name)
	default:
	}
	leaveToo()
	<-done
}

func TestWhereNobodyIsThatIsSaid(t *testing.T) {
	dir := t.TempDir()
	if _, err := Run(t.Context(), dir, Request{}, strings.NewReader(""), io.Discard, io.Discard); !errors.Is(err, ErrNobody) {
		t.Errorf("%v", err)
	}
	s := serve(t, dir, func(context.Context, Request, io.Reader, io.Writer, io.Writer) int { return 0 })
	s.Close()
	if _, err := Run(t.Context(), dir, Request{}, strings.NewReader(""), io.Discard, io.Discard); !errors.Is(err, ErrNobody) {
		t.Errorf("after its end: %v", err)
	}
	// What a killed process leaves.
	if err := os.WriteFile(filepath.Join(dir, SocketName), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), dir, Request{}, strings.NewReader(""), io.Discard, io.Discard); !errors.Is(err, ErrNobody) {
		t.Errorf("with a dead socket: %v", err)
	}
	serve(t, dir, func(context.Context, Request, io.Reader, io.Writer, io.Writer) int { return 3 })
	if code, err := Run(t.Context(), dir, Request{}, strings.NewReader(""), io.Discard, io.Discard); err != nil || code != 3 {
		t.Errorf("in its place: %d, %v", code, err)
	}
}

package sut

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// answerPatience is a watchdog: a script that is silent for so long hangs.
const answerPatience = 2 * time.Minute

// Script is a JavaScript program of conformance/interop under Node that answers requests: one JSON value a line in, one a line out,
// in turn. It ends with its input, when its test ends; that it ended well is part of the test.
type Script struct {
	t      testing.TB
	name   string
	asking sync.Mutex
	in     io.WriteCloser
	out    *bufio.Scanner
	stderr strings.Builder
}

// Command is a request to the scripts that take one of several commands: {"do": COMMAND} and what goes with it.
func Command(command string, with map[string]any) map[string]any {
	line := maps.Clone(with)
	if line == nil {
		line = map[string]any{}
	}
	line["do"] = command
	return line
}

// StartScript starts a script; env is added to the environment.
func StartScript(t testing.TB, name string, env ...string) *Script {
	t.Helper()
	dir, err := NodeModules()
	if err != nil {
		t.Fatal(err)
	}
	s := &Script{t: t, name: name}
	cmd := exec.Command("node", name) //nolint:noctx // it ends with its input, or is killed below
	cmd.Dir, cmd.Env, cmd.Stderr = dir, append(os.Environ(), env...), &s.stderr
	if s.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewScanner(out)
	s.out.Buffer(nil, 64<<20)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = s.in.Close()
		hung := time.AfterFunc(answerPatience, func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		hung.Stop()
		if err != nil {
			t.Errorf("%s ended with %v", name, err)
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", name, s.stderr.String())
		}
	})
	return s
}

// Ask has the script do something and reads what it says into answer, a pointer or nil. Several may ask at once. An answer with an
// "error" is one, and so is a script that ended or hangs.
func (s *Script) Ask(request, answer any) error {
	s.asking.Lock()
	defer s.asking.Unlock()
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("asking %s: %w", s.name, err)
	}
	read := make(chan bool, 1)
	go func() { read <- s.out.Scan() }()
	select {
	case ok := <-read:
		if !ok {
			return fmt.Errorf("%s has ended: %w", s.name, cmp.Or(s.out.Err(), io.EOF))
		}
	case <-time.After(answerPatience):
		return fmt.Errorf("%s does not answer", s.name)
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(s.out.Bytes(), &failed); err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	if failed.Error != "" {
		return fmt.Errorf("%s: %s", s.name, failed.Error)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(s.out.Bytes(), answer)
}

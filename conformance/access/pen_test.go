package access_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"fieldsync/conformance/internal/sut"
)

// pen is a process with automerge JS that makes changes; see conformance/interop/writes.mjs. It answers one request after another.
type pen struct {
	t      testing.TB
	mu     sync.Mutex
	in     io.Writer
	out    *bufio.Scanner
	errors *strings.Builder
}

// change is one that automerge JS has made.
type change struct {
	Hash string
	Raw  string
	raw  []byte
}

// request is what a pen is asked.
type request struct {
	Do        string          `json:"do"`
	Core      string          `json:"core"`
	Doc       string          `json:"doc,omitempty"`
	From      string          `json:"from,omitempty"`
	Kind      string          `json:"kind,omitempty"`
	Bare      bool            `json:"bare,omitempty"`
	Edit      any             `json:"edit"`
	Actor     string          `json:"actor,omitempty"`
	Actors    []string        `json:"actors,omitempty"`
	Me        string          `json:"me,omitempty"`
	Other     string          `json:"other,omitempty"`
	Assignees map[string]bool `json:"assignees,omitempty"`
	Own       []string        `json:"own,omitempty"`
}

// answer is what it says.
type answer struct {
	Changes []change
	Edits   []string
	Makes   []string
	Error   string
}

func newPen(t testing.TB) *pen {
	t.Helper()
	dir, err := sut.NodeModules()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("node", filepath.Join(dir, "writes.mjs")) //nolint:noctx // it ends with its input
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &pen{t: t, in: in, out: bufio.NewScanner(out), errors: &strings.Builder{}}
	p.out.Buffer(nil, 16<<20)
	cmd.Stderr = p.errors
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("writes.mjs ended with %v:\n%s", err, p.errors)
		}
	})
	return p
}

// ask has the pen do something. It may be called by several at once.
func (p *pen) ask(q request) (a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	line, err := json.Marshal(q)
	if err == nil {
		_, err = p.in.Write(append(line, '\n'))
	}
	if err != nil {
		a.Error = err.Error()
		return a
	}
	if !p.out.Scan() {
		a.Error = "writes.mjs has ended: " + p.errors.String()
		return a
	}
	if err := json.Unmarshal(p.out.Bytes(), &a); err != nil {
		a.Error = err.Error()
	}
	for i := range a.Changes {
		c := &a.Changes[i]
		if c.raw, err = base64.StdEncoding.DecodeString(c.Raw); err != nil {
			a.Error = err.Error()
		}
	}
	return a
}

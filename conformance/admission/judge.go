package admission

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
)

// Request is one document for a judge: all its changes, in two orders in which dependencies come first.
type Request struct {
	A [][]byte `json:"a"`
	B [][]byte `json:"b"`

	// WithoutPatches asks automerge JS to look at what its core holds rather than at the objects that it patches. Set where a
	// counter in a list is incremented: of [Counter(5)], incremented by two writers of whom one also appends 1.5, automerge JS
	// 3.5.0 makes [15, 1.5] or [1.5, 15], or throws, by the order of merging, with its own API alone. Its core holds [15, 1.5]
	// each time, as automerge-go does. That is an honest document, so admission cannot refuse it.
	WithoutPatches bool `json:"withoutPatches,omitempty"`
}

// Answer is what a judge saw. An error, or a process that ended without an answer, condemns the document.
type Answer struct {
	Seen   []Seen `json:"seen"`
	Failed string `json:"failed,omitempty"` // the step that failed
	Error  string `json:"error,omitempty"`
}

// Seen is a document as one core built it in one way.
type Seen struct {
	How     string   `json:"how"`
	Heads   []string `json:"heads"`
	Changes []string `json:"changes"` // checksums of all changes as the core encodes them, sorted
	Tree    any      `json:"tree"`    // the winners
	Clashes []any    `json:"clashes"` // [path, [[id, value]…]] for every place with several values
	Marks   []any    `json:"marks,omitempty"`

	NoClashes bool `json:"noClashes,omitempty"` // they were not read, for a reason given where that is set
}

// Judge is a core in a child process.
type Judge struct {
	Name string
	argv []string
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	err  strings.Builder
}

// NewJudge names a core and the command that runs it. The process starts with the first document, and again whenever it
// has ended.
func NewJudge(name string, argv ...string) *Judge { return &Judge{Name: name, argv: argv} }

func (j *Judge) start() error {
	j.cmd = exec.Command(j.argv[0], j.argv[1:]...) //nolint:noctx // Close ends it
	j.err.Reset()
	j.cmd.Stderr = &j.err
	var err error
	if j.in, err = j.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := j.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	j.out = bufio.NewReaderSize(out, 1<<20)
	j.cmd.Env = append(os.Environ(), "RUST_BACKTRACE=0")
	return j.cmd.Start()
}

// Close ends the process.
func (j *Judge) Close() {
	if j.cmd == nil {
		return
	}
	j.in.Close()
	_ = j.cmd.Wait() // how it ended says nothing: it was told to
	j.cmd = nil
}

// Ask gives a document to the core. died tells that the process ended without an answer, with its last words.
func (j *Judge) Ask(req Request) (a Answer, died string, err error) {
	if j.cmd == nil {
		if err := j.start(); err != nil {
			return a, "", fmt.Errorf("%s: %w", j.Name, err)
		}
	}
	line, err := json.Marshal(req)
	if err != nil {
		return a, "", err
	}
	_, err = j.in.Write(append(line, '\n'))
	var reply []byte
	if err == nil {
		reply, err = j.out.ReadBytes('\n')
	}
	if err != nil {
		j.Close()
		return a, fmt.Sprintf("%v: %s", err, tail(j.err.String(), 600)), nil
	}
	if err := json.Unmarshal(reply, &a); err != nil {
		return a, "", fmt.Errorf("%s answered %q: %w", j.Name, reply, err)
	}
	if a.Failed != "" { // a core that failed once is not asked again
		j.Close()
	}
	return a, "", nil
}

func tail(s string, n int) string {
	if len(s) > n {
		s = s[len(s)-n:]
	}
	return strings.TrimSpace(s)
}

// Verdict is what is wrong with a document; empty if nothing is.
type Verdict []string

// Compare asks all judges, and compares whatever they saw with heads and with one another.
func Compare(judges []*Judge, req Request, heads []string) (Verdict, error) {
	var v Verdict
	type view struct {
		by   string
		seen Seen
	}
	var views []view
	for _, j := range judges {
		a, died, err := j.Ask(req)
		if err != nil {
			return nil, err
		}
		if died != "" {
			v = append(v, fmt.Sprintf("%s died: %s", j.Name, died))
			continue
		}
		if a.Failed != "" {
			v = append(v, fmt.Sprintf("%s failed to %s: %s", j.Name, a.Failed, a.Error))
		}
		for _, s := range a.Seen {
			normalise(&s)
			views = append(views, view{j.Name + ": " + s.How, s})
		}
	}
	slices.Sort(heads)
	marks := map[string]view{}
	var clashes *view // the first that were read
	for i, x := range views {
		if !slices.Equal(x.seen.Heads, heads) {
			v = append(v, fmt.Sprintf("%s: heads %v, want %v", x.by, x.seen.Heads, heads))
		}
		first := views[0]
		if i > 0 && !slices.Equal(x.seen.Changes, first.seen.Changes) {
			v = append(v, fmt.Sprintf("%s: other changes than %s", x.by, first.by))
		}
		if len(x.seen.Changes) != len(req.A) {
			v = append(v, fmt.Sprintf("%s: %d changes, want %d", x.by, len(x.seen.Changes), len(req.A)))
		}
		if d := difference("", x.seen.Tree, first.seen.Tree); d != "" {
			v = append(v, fmt.Sprintf("content differs: %s and %s show %s", x.by, first.by, d))
		}
		if clashes == nil && !x.seen.NoClashes {
			clashes = &x
		}
		if clashes != nil && !x.seen.NoClashes {
			if d := difference("", any(x.seen.Clashes), any(clashes.seen.Clashes)); d != "" {
				v = append(v, fmt.Sprintf("conflicts differ: %s and %s show %s", x.by, clashes.by, d))
			}
		}
		if x.seen.Marks != nil { // automerge-go has no interface for them: only one core's ways are compared
			core, _, _ := strings.Cut(x.by, ":")
			if m, ok := marks[core]; ok && !reflect.DeepEqual(x.seen.Marks, m.seen.Marks) {
				v = append(v, fmt.Sprintf("marks differ: %s and %s show %s", x.by, m.by, difference("", any(x.seen.Marks), any(m.seen.Marks))))
			} else {
				marks[core] = x
			}
		}
	}
	return v, nil
}

// normalise puts the conflicts in an order that does not depend on the core's.
func normalise(s *Seen) {
	slices.SortFunc(s.Clashes, func(a, b any) int { return strings.Compare(brief(a), brief(b)) })
	if len(s.Clashes) == 0 {
		s.Clashes = nil
	}
}

// difference tells where two values first differ; empty where they do not.
func difference(at string, a, b any) string {
	if reflect.DeepEqual(a, b) {
		return ""
	}
	switch x := a.(type) {
	case map[string]any:
		if y, ok := b.(map[string]any); ok && len(x) == len(y) {
			for k := range x {
				if _, ok := y[k]; ok {
					if d := difference(at+"."+k, x[k], y[k]); d != "" {
						return d
					}
				}
			}
		}
	case []any:
		if y, ok := b.([]any); ok && len(x) == len(y) {
			for i := range x {
				if d := difference(fmt.Sprintf("%s[%d]", at, i), x[i], y[i]); d != "" {
					return d
				}
			}
		}
	}
	return fmt.Sprintf("at %s: %.300s and %.300s", tail(at, 200), brief(a), brief(b))
}

func brief(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

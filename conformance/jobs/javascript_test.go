package jobs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"fieldsync/conformance/internal/sut"
)

// TestJavaScriptAgrees runs the independent rules on automerge JS, over the vectors and over the changes that Go made; then it
// reads the changes that automerge JS made, in which every string is a text object.
func TestJavaScriptAgrees(t *testing.T) {
	base, all := scenarios(t)
	fromGo := map[string]map[string][]byte{}
	for _, s := range all {
		fromGo[s.Name] = s.make(t, base)
	}
	input, err := json.Marshal(fromGo)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := sut.NodeModules()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", "jobcheck.mjs", folder(t))
	cmd.Dir, cmd.Stdin = dir, bytes.NewReader(input)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Errorf("node ended with %v:\n%s", err, stderr.String())
	}
	checks := map[string]int{}
	var made map[string]map[string][]byte
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var line struct {
			Check string                       `json:"check"`
			OK    bool                         `json:"ok"`
			Error string                       `json:"error"`
			Made  map[string]map[string][]byte `json:"made"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("jobcheck.mjs printed %q", lines.Text())
		}
		if line.Made != nil {
			made = line.Made
			continue
		}
		kind, _, _ := strings.Cut(line.Check, ":")
		checks[kind]++
		t.Run(line.Check, func(t *testing.T) {
			if !line.OK {
				t.Error(line.Error)
			}
		})
	}
	if checks["status"] < 30 || checks["transitions"] < 10 || checks["made by JavaScript"] != len(all) || checks["made by Go"] != len(all) {
		t.Errorf("it made the checks %v", checks)
	}
	for _, s := range all {
		t.Run("read by Go: "+s.Name, func(t *testing.T) { s.hold(t, made[s.Name]) })
	}
}

package api

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheExamplesOfTheGuideWorkAndItNamesWhatThereIs runs all shell blocks of docs/API.md, one after another, in one shell.
func TestTheExamplesOfTheGuideWorkAndItNamesWhatThereIs(t *testing.T) {
	s := start(t)
	s.named(t)
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	blocks := 0
	for i, part := range strings.Split(fileOf(t, "docs/API.md"), "```sh\n") {
		if i == 0 {
			continue
		}
		block, _, ok := strings.Cut(part, "```")
		if !ok {
			t.Fatal("a block without an end")
		}
		script.WriteString(block)
		blocks++
	}
	if blocks < 9 {
		t.Fatalf("only %d blocks", blocks)
	}
	dir := t.TempDir()
	key := s.do("owner", "POST", "apikeys", map[string]any{"name": "guide", "role": "administrator"})
	cmd := exec.CommandContext(t.Context(), "bash", "-x")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader(script.String())
	cmd.Env = append(os.Environ(), "SERVER=http://"+s.Addr, "KEY="+key.str("secret"), "WORKER="+s.ids["anna"])
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"photo2.jpg", "history.json", "once-2.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			t.Error(err)
		}
	}
	for _, want := range []string{`"title":"Boiler does not start"`, `"secret":"whsec_`, `"entries":[`, "retry: 3000"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output lacks %s:\n%s", want, out)
		}
	}
}

// named compares the guide with the description.
func (s *server) named(t *testing.T) {
	t.Helper()
	guide := fileOf(t, "docs/API.md")
	sp := parseSpec(t, s.raw)
	for _, op := range sp.ops {
		if op.id != "list-jobs" {
			continue
		}
		for _, p := range op.params {
			name := p["name"].(string)
			short := strings.TrimSuffix(name, "_to")
			if !strings.Contains(guide, "`"+name+"`") && !strings.Contains(guide, "`"+short+"_from`/`_to`") && name != "limit" && name != "total" {
				t.Errorf("the guide does not name the filter %s", name)
			}
		}
	}
	events := s.do("owner", "POST", "webhooks", form("url", "https://example.org/", "events", list("none")))
	for _, word := range strings.Fields(strings.Trim(strings.SplitN(events.str("errors", 0, "message"), "[", 2)[1], "]")) {
		if !strings.Contains(guide, "`"+word+"`") {
			t.Errorf("the guide does not name the event %s", word)
		}
	}
}

package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// goTool runs the go command with these variables, and gives what it prints.
func goTool(t *testing.T, env []string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestABuildForAPlatformWithoutACoreSaysSo(t *testing.T) {
	for _, x := range []struct {
		env  string
		core bool
	}{
		{"GOOS=linux GOARCH=amd64 CGO_ENABLED=1", true},
		{"GOOS=linux GOARCH=arm64 CGO_ENABLED=1", true},
		{"GOOS=darwin GOARCH=arm64 CGO_ENABLED=1", true},
		{"GOOS=linux GOARCH=amd64 CGO_ENABLED=0", false},
		{"GOOS=linux GOARCH=riscv64 CGO_ENABLED=1", false},
		{"GOOS=android GOARCH=arm64 CGO_ENABLED=1", false},
		{"GOOS=ios GOARCH=arm64 CGO_ENABLED=1", false},
		{"GOOS=windows GOARCH=amd64 CGO_ENABLED=1", false},
		{"GOOS=windows GOARCH=amd64 CGO_ENABLED=0", false},
	} {
		env := strings.Fields(x.env)
		out, err := goTool(t, env, "list", "-f", `{{join .Imports "\n"}}`, ".")
		if err != nil {
			t.Fatalf("%s: %v\n%s", x.env, err, out)
		}
		if got := strings.Contains(out, "automerge-go"); got != x.core || strings.Contains(out, "nocore") == x.core {
			t.Errorf("%s: a core is found: %v, want %v\n%s", x.env, got, x.core, out)
		}
		own, err := goTool(t, env, "list", "-tags", "automerge_own", "-f", `{{join .Imports "\n"}}`, ".")
		if err != nil || strings.Contains(own, "automerge-go") || strings.Contains(own, "nocore") {
			t.Errorf("%s, with a core of one's own: %v\n%s", x.env, err, own)
		}
		if x.core {
			continue
		}
		if out, err := goTool(t, env, "build", "./nocore"); err == nil || !strings.Contains(out, "docs/CLIENT.md") {
			t.Errorf("%s: the build says %v\n%s", x.env, err, out)
		}
	}
}

// The engine works over a core that is linked from elsewhere: here over the same one, named by its path.
func TestAnotherCoreCanBeLinked(t *testing.T) {
	dir, err := goTool(t, nil, "list", "-m", "-f", "{{.Dir}}", "github.com/automerge/automerge-go")
	if err != nil {
		t.Fatal(dir, err)
	}
	lib := filepath.Join(strings.TrimSpace(dir), "deps", "libautomerge_core_"+runtime.GOOS+"_"+runtime.GOARCH+".a")
	binary := filepath.Join(t.TempDir(), "engine.test")
	if out, err := goTool(t, []string{"CGO_LDFLAGS=" + lib + " -lm"}, "test", "-c", "-tags", "automerge_own", "-o", binary, "."); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(binary, "-test.run", "^TestReplicasThatHoldTheSameChangesShowTheSame$", "-test.v").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}

package gobind

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// generate has gobind bind a package for a language, and gives all that it wrote.
func generate(t *testing.T, gobind, language, pkg string) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	// gobind looks for its own support files beside the package's imports: a workspace has both modules, go.mod stays without them.
	work := filepath.Join(t.TempDir(), "go.work")
	if err := os.WriteFile(work, fmt.Appendf(nil, "go 1.26.0\nuse %q\nuse %q\n", root, filepath.Join(root, "conformance", "tools")), 0o600); err != nil {
		t.Fatal(err)
	}
	out := t.TempDir()
	cmd := exec.Command(gobind, "-lang="+language, "-outdir="+out, pkg)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK="+work, "GOFLAGS=-mod=readonly")
	if said, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("gobind -lang=%s: %v\n%s", language, err, said)
	}
	var all strings.Builder
	if err := filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		all.Write(data)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all.String()
}

func TestGomobileBindsTheWholeMobileInterface(t *testing.T) {
	gobind := filepath.Join(t.TempDir(), "gobind")
	build := exec.Command("go", "build", "-o", gobind, "golang.org/x/mobile/cmd/gobind")
	build.Dir, build.Env = "../tools", append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for language, want := range map[string][]string{
		"java": {
			"public static native Client open(String dir, byte[] key, boolean wipeWhenRevoked) throws Exception;",
			"public native void close() throws Exception;",
			"public native byte[] do_(String command, byte[] args);",
			"public native void listen(Listener l);",
			"public native void start(Listener l);",
			"public native void stop();",
			"public native void setNetwork(String kind, boolean metered);",
			"public native void pushReceived(String job);",
			"public native byte[] runFor(long ms);",
			"public void onEvent(byte[] event);",
		},
		"objc": {
			"MobileOpen(NSString* _Nullable dir, NSData* _Nullable key, BOOL wipeWhenRevoked, NSError*",
			"- (BOOL)close:(NSError*",
			"- (NSData* _Nullable)do:(NSString* _Nullable)command args:(NSData* _Nullable)args;",
			"- (void)listen:(id<MobileListener> _Nullable)l;",
			"- (void)start:(id<MobileListener> _Nullable)l;",
			"- (void)stop;",
			"- (void)setNetwork:(NSString* _Nullable)kind metered:(BOOL)metered;",
			"- (void)pushReceived:(NSString* _Nullable)job;",
			"- (NSData* _Nullable)runFor:(int64_t)ms;",
			"- (void)onEvent:(NSData* _Nullable)event;",
		},
	} {
		got := generate(t, gobind, language, "fieldsync/client/mobile")
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: not bound: %s", language, w)
			}
		}
		if i := strings.Index(got, "skipped"); i >= 0 {
			t.Errorf("%s: something is left out: %s", language, got[i:min(len(got), i+200)])
		}
	}
	// What cannot be bound is said to be skipped: this test would see it.
	if got := generate(t, gobind, "java", "context"); !strings.Contains(got, "skipped") {
		t.Error("gobind finds nothing to skip in package context")
	}
}

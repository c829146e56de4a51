package archtest

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The top level, and nothing else.
var (
	topFolders = []string{".ci", ".github", "blobs", "client", "conformance", "crdt", "docs", "server"}
	topFiles   = []string{".editorconfig", ".gitattributes", ".gitignore", ".golangci.yml", "CHANGELOG.md", "CONTRIBUTING.md",
		"Dockerfile", "LICENSE", "Makefile", "README.md", "SECURITY.md", "compose.yaml", "go.mod", "go.sum"}
)

const (
	maxLines     = 600     // of a source file: behind it nobody finds his way
	maxFileBytes = 1 << 20 // of a file in git: what is larger is made, not kept
)

func TestTopLevelIsAsAgreed(t *testing.T) {
	for _, f := range tracked(t) {
		first, _, nested := strings.Cut(f, "/")
		if nested && !slices.Contains(topFolders, first) || !nested && !slices.Contains(topFiles, first) {
			t.Errorf("%s: the top level holds only %v and %v", f, topFolders, topFiles)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	for _, p := range tree(t) {
		if len(p.code()) == 0 {
			continue // tests only, in a folder whose tests say it
		}
		want := "Package " + p.Name + " "
		if p.Name == "main" {
			want = "Command "
		}
		if !strings.HasPrefix(p.Doc, want) {
			t.Errorf("%s: its comment does not begin with %q", p.ImportPath, want)
		}
	}
}

func TestNoSourceFileIsTooLong(t *testing.T) {
	for _, f := range sources(t) {
		if n := bytes.Count(read(t, f), []byte("\n")); n > maxLines {
			t.Errorf("%s has %d lines; split it by responsibility (at most %d)", f, n, maxLines)
		}
	}
}

func TestNoGeneratedFileIsInGit(t *testing.T) {
	for _, f := range sources(t) {
		if generatedLine.Match(read(t, f)) {
			t.Errorf("%s is generated: `make` has to make it, and .gitignore to name it", f)
		}
	}
}

func TestNoPackageIsNamedForNothing(t *testing.T) {
	for _, p := range tree(t) {
		for _, part := range strings.Split(p.inside(), "/") {
			if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "misc", "shared", "base"}, part) {
				t.Errorf("%s: a package is named for what is in it", p.ImportPath)
			}
		}
	}
}

func TestFilesInGitAreSmall(t *testing.T) {
	for _, f := range tracked(t) {
		if info, err := os.Lstat(filepath.Join(root, f)); err == nil && info.Size() > maxFileBytes {
			t.Errorf("%s has %d bytes", f, info.Size())
		}
	}
}

func TestTestsNeitherSleepNorSkip(t *testing.T) {
	bad := regexp.MustCompile(`\btime\.Sleep\(|\b[tb]\.Skip(f|Now)?\(|waitForTimeout\(`)
	for _, f := range sources(t) {
		if !strings.HasSuffix(f, "_test.go") && !strings.Contains(f, ".spec.") && !strings.Contains(f, ".test.") || within(f, "conformance/archtest") {
			continue
		}
		text := string(read(t, f))
		if strings.Contains(text, `"testing/synctest"`) {
			text = strings.ReplaceAll(text, "time.Sleep(", "") // of a bubble's time, which costs none
		}
		for i, line := range strings.Split(text, "\n") {
			if bad.MatchString(line) {
				t.Errorf("%s:%d: %s", f, i+1, strings.TrimSpace(line))
			}
		}
	}
}

// Each of the rules S1 to S18 of the product's page has a journey in a browser with the rule in its name.
func TestEveryRuleHasAJourney(t *testing.T) {
	name := regexp.MustCompile("(?m)^\\s*test\\(['\"`]((?:S\\d+ )+)")
	have := map[string]bool{}
	for _, f := range tracked(t) {
		if !within(f, "conformance/e2e") || !strings.HasSuffix(f, ".spec.ts") {
			continue
		}
		for _, m := range name.FindAllStringSubmatch(string(read(t, f)), -1) {
			for _, rule := range strings.Fields(m[1]) {
				have[rule] = true
			}
		}
	}
	for n := 1; n <= 18; n++ {
		if rule := "S" + strconv.Itoa(n); !have[rule] {
			t.Errorf("%s has no journey", rule)
		}
	}
}

// A lock file names where each package was fetched from. It must name no host: the registry is the machine's business,
// and a mirror's address is nobody else's.
func TestLockFilesNameNoRegistryHost(t *testing.T) {
	host := regexp.MustCompile(`"resolved"\s*:\s*"[^"]+"`)
	for _, f := range tracked(t) {
		switch filepath.Base(f) {
		case "package-lock.json":
			for _, m := range host.FindAllString(string(read(t, f)), 3) {
				if strings.Contains(m, "://") { // a workspace's folder is no address
					t.Errorf("%s: %s", f, m)
				}
			}
		case ".npmrc", ".yarnrc", "pip.conf":
			if bytes.Contains(read(t, f), []byte("://")) {
				t.Errorf("%s: where packages come from is the machine's business", f)
			}
		case "yarn.lock", "pnpm-lock.yaml":
			t.Errorf("%s: npm is the one package manager here", f)
		}
	}
}

// Every folder with an npm package is installed from a lock file, its own or its workspace's.
func TestEveryNpmPackageIsLocked(t *testing.T) {
	files := tracked(t)
	for _, f := range files {
		if filepath.Base(f) != "package.json" || strings.Contains(f, "testdata") {
			continue
		}
		locked := false
		for dir := filepath.Dir(f); dir != "."; dir = filepath.Dir(dir) {
			locked = locked || slices.Contains(files, dir+"/package-lock.json")
		}
		if !locked {
			t.Errorf("%s has no package-lock.json beside or above it", f)
		}
	}
}

func sources(t *testing.T) []string {
	t.Helper()
	return slices.DeleteFunc(tracked(t), func(f string) bool {
		return !slices.Contains([]string{".go", ".ts", ".tsx", ".mjs", ".js"}, filepath.Ext(f))
	})
}

func read(t *testing.T, f string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, f))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var generatedLine = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pure are the packages whose every function depends on its arguments alone. Time and randomness are arguments there.
var pure = []string{
	"crdt", "crdt/format", "crdt/history", "crdt/syncproto", "crdt/wire", "crdt/replica", "crdt/job", "crdt/policy", "crdt/audit", "crdt/turnstile",
	"server/internal/access",
}

// impureImports are the packages, with what lies under them, that a pure package does not import.
var impureImports = []string{"net", "os", "syscall", "log", "io/ioutil", "crypto/rand", "unsafe", "plugin", "runtime"}

// Of these a pure package uses only what is listed: types and functions that read no clock and no global source.
var pureParts = map[string][]string{
	"time":         {"Time", "Duration", "Unix", "UnixMilli", "UnixMicro", "Date", "UTC", "Month", "Weekday", "Location", "Parse", "ParseDuration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour", "RFC3339", "RFC3339Nano", "DateOnly"},
	"math/rand":    {"Rand", "New", "Source", "NewSource"},
	"math/rand/v2": {"Rand", "New", "Source", "NewPCG", "NewChaCha8", "PCG", "ChaCha8"},
}

// impurities gives what a file does that a pure package does not, in words.
func impurities(fset *token.FileSet, f *ast.File) []string {
	var out []string
	complain := func(n ast.Node, format string, args ...any) {
		pos := fset.Position(n.Pos())
		out = append(out, fmt.Sprintf("%s:%d: %s", filepath.Base(pos.Filename), pos.Line, fmt.Sprintf(format, args...)))
	}
	names := map[string]string{} // local name -> import path, of the packages in pureParts
	for _, imp := range f.Imports {
		p, err := strconv.Unquote(imp.Path.Value)
		if err != nil {
			complain(imp, "import path %s", imp.Path.Value)
			continue
		}
		if slices.ContainsFunc(impureImports, func(bad string) bool { return within(p, bad) }) {
			complain(imp, "imports %s", p)
		}
		if _, ok := pureParts[p]; ok {
			name := path.Base(strings.TrimSuffix(p, "/v2"))
			if imp.Name != nil {
				name = imp.Name.Name
			}
			if name == "." {
				complain(imp, "dot import of %s", p)
			}
			names[name] = p
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			complain(n, "starts a goroutine")
		case *ast.SelectorExpr:
			if id, ok := n.X.(*ast.Ident); ok {
				if p, ok := names[id.Name]; ok && !slices.Contains(pureParts[p], n.Sel.Name) {
					complain(n, "uses %s.%s", p, n.Sel.Name)
				}
			}
		}
		return true
	})
	return out
}

func TestPurePackagesReadNoClockNoNetworkAndStartNoGoroutine(t *testing.T) {
	seen := 0
	for _, p := range tree(t) {
		if !slices.Contains(pure, p.inside()) {
			continue
		}
		seen++
		for _, name := range p.code() {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, bad := range impurities(fset, f) {
				t.Errorf("%s/%s", p.inside(), bad)
			}
		}
	}
	if seen != len(pure) {
		t.Errorf("only %d of %d pure packages are there", seen, len(pure))
	}
}

func TestImpurityIsFound(t *testing.T) {
	for src, want := range map[string]int{
		`package p; import "time"; func f(t time.Time) time.Duration { return 3 * time.Second }`: 0,
		`package p; import "time"; var x = time.Now()`:                                           1,
		`package p; import clock "time"; func f() { clock.Sleep(1); <-clock.After(1) }`:          2,
		`package p; func f() { go f() }`:                                                         1,
		`package p; import "os"`:                                                                 1,
		`package p; import "net/http"`:                                                           1,
		`package p; import "math/rand/v2"; func f(r *rand.Rand) int { return r.IntN(3) }`:        0,
		`package p; import "math/rand/v2"; func f() int { return rand.IntN(3) }`:                 1,
		`package p; import . "time"`:                                                             1,
		`package p; import "crypto/rand"`:                                                        1,
		`package p; type s struct{ time int }; func f(x s) int { return x.time }`:                0,
	} {
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, "p.go", src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		if got := impurities(fset, f); len(got) != want {
			t.Errorf("%s: %v", src, got)
		}
	}
}

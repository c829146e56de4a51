package admission_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldsync/conformance/admission"
	"fieldsync/crdt/format"
)

// judges starts both cores. It fails, not skips, where one is not installed: without judges nothing is proved.
func judges(tb testing.TB) []*admission.Judge {
	tb.Helper()
	oracle, err := filepath.Abs("../interop/oracle.mjs")
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := os.Stat("../interop/node_modules/automerge3"); err != nil {
		tb.Fatalf("automerge JS is not installed: npm ci --prefix conformance/interop: %v", err)
	}
	child := filepath.Join(tb.TempDir(), "amgochild")
	if out, err := exec.Command("go", "build", "-o", child, "./amgochild").CombinedOutput(); err != nil {
		tb.Fatalf("build amgochild: %v\n%s", err, out)
	}
	js := []*admission.Judge{admission.NewJudge("automerge-go", child), admission.NewJudge("automerge JS", "node", oracle)}
	tb.Cleanup(func() {
		for _, j := range js {
			j.Close()
		}
	})
	return js
}

// seeds are documents that automerge JS of two generations and automerge-go made.
func seeds(tb testing.TB) [][]*format.Change {
	tb.Helper()
	files, err := filepath.Glob("../vectors/*.changes")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no vectors: %v", err)
	}
	var out [][]*format.Change
	for _, f := range files {
		if strings.Contains(f, "long") || strings.Contains(f, "many") {
			continue // large, and of nothing new
		}
		if strings.Contains(f, "table") {
			continue // refused: see checkAlone
		}
		raw, err := os.ReadFile(f)
		if err != nil {
			tb.Fatal(err)
		}
		var doc []*format.Change
		for c, err := range format.Split(raw, format.DefaultLimits()) {
			if err != nil {
				tb.Fatalf("%s: %v", f, err)
			}
			change, err := c.DecodeChange(format.DefaultLimits())
			if err != nil {
				tb.Fatalf("%s: %v", f, err)
			}
			doc = append(doc, change)
		}
		out = append(out, doc)
	}
	return out
}

// TestWhatIsAdmittedSuitsEveryCore is invariant I2: whatever admission takes, no core aborts on, none fails to save, load
// and write to, and all show alike, in any order. FIELDSYNC_ADMISSION_TIME (such as 10m) runs it for that long, and
// FIELDSYNC_ADMISSION_SEED begins with
// another seed; FIELDSYNC_ADMISSION_CASE runs one case of it.
func TestWhatIsAdmittedSuitsEveryCore(t *testing.T) {
	cases, deadline := 200, time.Time{}
	if s := os.Getenv("FIELDSYNC_ADMISSION_TIME"); s != "" {
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		cases, deadline = 1<<31, time.Now().Add(d)
	}
	seed := uint64(1)
	if s := os.Getenv("FIELDSYNC_ADMISSION_SEED"); s != "" {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	first := 0
	if s := os.Getenv("FIELDSYNC_ADMISSION_CASE"); s != "" { // that one alone
		k, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		first, cases = k, k+1
	}
	js, docs, counts := judges(t), seeds(t), admission.Counts{}
	altered, n, bad := 0, first, 0
	for ; n < cases && (deadline.IsZero() || time.Now().Before(deadline)); n++ {
		r := rand.New(rand.NewPCG(seed, uint64(n)))
		g := admission.Generator{Rand: r, Seeds: docs, Counts: counts}
		c, err := g.Next()
		if err != nil {
			t.Fatalf("case %d of seed %d: %v", n, seed, err)
		}
		altered += len(c.Altered)
		verdict, err := admission.Compare(js, c.Request(r), c.Heads)
		if err != nil {
			t.Fatalf("case %d of seed %d: %v", n, seed, err)
		}
		if len(verdict) > 0 {
			t.Errorf("case %d of seed %d: %d changes, altered:\n  %s\n%s\nthe least that shows it:\n%s", n, seed, len(c.Changes),
				strings.Join(c.Altered, "\n  "), verdict[0], least(t, js, c, verdict[0]))
			if bad++; bad == 5 {
				break
			}
		}
	}
	t.Logf("%d documents, %d altered changes admitted", n-first, altered)
	if altered < n-first && cases-first > 1 {
		t.Errorf("only %d altered changes were admitted in %d documents: too few to prove anything", altered, n-first)
	}
	if testing.Verbose() {
		t.Log("\n" + table(counts))
	}
}

// least is the smallest document found in which the same thing is wrong.
func least(tb testing.TB, js []*admission.Judge, c admission.Case, what string) string {
	var shown admission.Verdict
	c = admission.Shrink(c, func(c admission.Case) bool {
		verdict, err := admission.Compare(js, c.Request(rand.New(rand.NewPCG(1, 1))), c.Heads)
		if err != nil {
			tb.Fatal(err)
		}
		if len(verdict) > 0 && verdict[0][:min(30, len(verdict[0]))] == what[:min(30, len(what))] {
			shown = verdict
			return true
		}
		return false
	})
	lines := strings.Split(c.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-40):], "\n") + shown[0]
}

func table(counts admission.Counts) string {
	var lines []string
	for name, by := range counts {
		var what []string
		for k, n := range by {
			what = append(what, fmt.Sprintf("%s %d", k, n))
		}
		slices.Sort(what)
		lines = append(lines, fmt.Sprintf("%-45s %s", name, strings.Join(what, ", ")))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

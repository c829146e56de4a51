package index

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Markers between which docs/PERFORMANCE.md holds the table of lists; what is around them is written by people.
const (
	beginLists = "<!-- lists: begin, written by `make bench` -->"
	endLists   = "<!-- lists: end -->"

	// listTarget is how many times a bare range read of the same rows a page may cost under load. Full text is none of the lists meant.
	listTarget = 3
)

// listTable is the table of what lists cost, quiet and under load.
func listTable(quiet, loaded []listFigures) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d jobs, %d CPUs, %s/%s, %s; medians in µs\n\n", time.Now().UTC().Format("2006-01-02"), *benchJobs, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	b.WriteString("| list of up to 50 rows | rows | looked at | bare | page | ratio | bare, loaded | page, loaded | ratio, loaded | target |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n")
	for i, l := range loaded {
		q := quiet[i]
		verdict := fmt.Sprintf("≤ %d: reached", listTarget)
		switch {
		case strings.HasPrefix(l.name, "full text"):
			verdict = "none"
		case strings.HasSuffix(l.name, beside):
			verdict = "none, see below"
		case l.ratio() > listTarget:
			verdict = fmt.Sprintf("≤ %d: **missed**", listTarget)
		}
		fmt.Fprintf(&b, "| %s | %.0f | %.0f | %.0f | %.0f | %.1f | %.0f | %.0f | %.1f | %s |\n",
			l.name, l.rows, l.looked, q.bare, q.page, q.ratio(), l.bare, l.page, l.ratio(), verdict)
	}
	return b.String()
}

// beside ends the name of a list whose filters do not stand together in one or two ranges: beside the target, but to be seen.
const beside = "(beside the target)"

func writeListTable(path string, quiet, loaded []listFigures) error {
	if len(quiet) != len(loaded) {
		return fmt.Errorf("%d lists were measured quiet and %d under load", len(quiet), len(loaded))
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), beginLists)
	_, after, ok2 := strings.Cut(rest, endLists)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no markers %q and %q", path, beginLists, endLists)
	}
	return os.WriteFile(path, []byte(before+beginLists+"\n"+listTable(quiet, loaded)+endLists+after), 0o600)
}

func TestTheTableOfListsIsWrittenBetweenItsMarkers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("before\n"+beginLists+"\nold\n"+endLists+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	quiet := []listFigures{{"a client", 10, 20, 50, 50, 9}, {"changed last", 10, 20, 50, 50, 9}, {"full text", 1, 90, 50, 50, 9}}
	loaded := []listFigures{{"a client", 10, 29, 50, 50, 9}, {"changed last", 10, 31, 50, 50, 9}, {"full text", 1, 90, 50, 50, 9}}
	if err := writeListTable(path, quiet, loaded); err != nil {
		t.Fatal(err)
	}
	got := string(must(os.ReadFile(path)))
	for _, want := range []string{"before\n" + beginLists, endLists + "\nafter\n", "| a client | 50 | 50 | 10 | 20 | 2.0 | 10 | 29 | 2.9 | ≤ 3: reached |",
		"| changed last | 50 | 50 | 10 | 20 | 2.0 | 10 | 31 | 3.1 | ≤ 3: **missed** |", "| 90.0 | none |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "old") {
		t.Error("the old table is still there")
	}
	if writeListTable(path, quiet, loaded[1:]) == nil {
		t.Error("a table of half of the lists is written")
	}
}

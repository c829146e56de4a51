package index

import (
	"fmt"
	"strings"
	"testing"

	"fieldsync/conformance/figures"
)

// listTarget is how many times a bare range read of the same rows a page may cost under load. Full text is none of the lists meant.
const listTarget = 3

// listTable is the table of what lists cost, quiet and under load.
func listTable(quiet, loaded []listFigures) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; %d jobs; medians in µs\n\n", figures.Here(), *benchJobs)
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

func TestTheTableOfListsJudgesBusyLists(t *testing.T) {
	quiet := []listFigures{{"a client", 10, 20, 50, 50, 9}, {"changed last", 10, 20, 50, 50, 9}, {"full text", 1, 90, 50, 50, 9}}
	loaded := []listFigures{{"a client", 10, 29, 50, 50, 9}, {"changed last", 10, 31, 50, 50, 9}, {"full text", 1, 90, 50, 50, 9}}
	got := listTable(quiet, loaded)
	for _, want := range []string{"| a client | 50 | 50 | 10 | 20 | 2.0 | 10 | 29 | 2.9 | ≤ 3: reached |",
		"| changed last | 50 | 50 | 10 | 20 | 2.0 | 10 | 31 | 3.1 | ≤ 3: **missed** |", "| 90.0 | none |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

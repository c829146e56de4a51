package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// noticeTable is the table of what notices cost; where says on which machine.
func noticeTable(where string, paced, burst figures) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; %d subscriptions\n\n", where, benchSubscribed)
	fmt.Fprintf(&b, "| | 1,000 changes a minute, %d rounds | as fast as it goes |\n|---|---:|---:|\n", *benchRounds)
	row := func(name string, of func(f figures) string) {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, of(paced), of(burst))
	}
	for _, percent := range []int{50, 90} {
		name := "an edit, 90th percentile"
		if percent == 50 {
			name = "an edit, median"
		}
		row(name+": with notices and without", func(f figures) string {
			return fmt.Sprintf("%.2f and %.2f ms", at(f.with, percent).Seconds()*1e3, at(f.without, percent).Seconds()*1e3)
		})
		row("their ratio", func(f figures) string { return fmt.Sprintf("**%.2f**", f.ratio(percent)) })
	}
	row("CPU time of a notice, from mark to log", func(f figures) string { return fmt.Sprintf("%.2f ms", f.cpu().Seconds()*1e3) })
	row("notices sent, a second", func(f figures) string {
		return fmt.Sprintf("%d, %.0f", f.notices, float64(f.notices)/f.span.Seconds())
	})
	return b.String()
}

func TestTheTableOfNoticesHasRatiosAndMedians(t *testing.T) {
	ms := time.Millisecond
	f := figures{with: []time.Duration{2 * ms, 2 * ms, 3 * ms}, without: []time.Duration{ms, ms, ms}, cpuWith: 30 * ms, cpuWithout: 10 * ms, notices: 40, span: 2 * time.Second}
	got := noticeTable("here", f, f)
	for _, want := range []string{"here; ", "| 2.00 and 1.00 ms | 2.00 and 1.00 ms |", "| **2.00** |", "| **3.00** |", "| 0.50 ms |", "| 40, 20 |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

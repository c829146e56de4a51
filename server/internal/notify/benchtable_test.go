package notify

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Markers between which docs/PERFORMANCE.md holds the table of notices; what is around them is written by people.
const (
	beginNotices = "<!-- notices: begin, written by `make benchnotices` -->"
	endNotices   = "<!-- notices: end -->"
)

// noticeTable is the table of what notices cost.
func noticeTable(paced, burst figures) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d subscriptions, %d CPUs, %s/%s, %s\n\n", time.Now().UTC().Format("2006-01-02"), benchSubscribed, runtime.NumCPU(), runtime.GOOS, runtime.GOARCH, runtime.Version())
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

func writeTable(path string, paced, burst figures) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), beginNotices)
	_, after, ok2 := strings.Cut(rest, endNotices)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no markers %q and %q", path, beginNotices, endNotices)
	}
	return os.WriteFile(path, []byte(before+beginNotices+"\n"+noticeTable(paced, burst)+endNotices+after), 0o600)
}

func TestTheTableOfNoticesIsWrittenBetweenItsMarkers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(path, []byte("before\n"+beginNotices+"\nold\n"+endNotices+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ms := time.Millisecond
	f := figures{with: []time.Duration{2 * ms, 2 * ms, 3 * ms}, without: []time.Duration{ms, ms, ms}, cpuWith: 30 * ms, cpuWithout: 10 * ms, notices: 40, span: 2 * time.Second}
	if err := writeTable(path, f, f); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := string(raw)
	for _, want := range []string{"before\n" + beginNotices, endNotices + "\nafter\n", "| 2.00 and 1.00 ms | 2.00 and 1.00 ms |", "| **2.00** |", "| **3.00** |", "| 0.50 ms |", "| 40, 20 |"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
	if strings.Contains(got, "old") {
		t.Error("the old table is still there")
	}
}

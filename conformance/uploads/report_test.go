package uploads

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// reportFile is where the benchmarks write their tables, each between its own markers: one can be run alone.
var reportFile = flag.String("uploads.report", "", "file with the markers that the tables of files are written between; empty: none is")

// reportMarkers are what the file holds a table between; what is around them is written by people.
func reportMarkers(part string) (begin, end string) {
	return "<!-- files " + part + ": begin, written by `make benchuploads` -->", "<!-- files " + part + ": end -->"
}

// report prints a table and, if all went well, writes it to the file of -uploads.report.
func report(b *testing.B, part string, table []string) {
	b.Helper()
	fmt.Println(strings.Join(table, "\n")) // what a benchmark that only has parts logs is not shown
	if *reportFile == "" || b.Failed() {
		return
	}
	on := fmt.Sprintf("%s, %d CPUs, load %s, %s/%s, %s", time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), load(), runtime.GOOS, runtime.GOARCH, runtime.Version())
	if err := writeTable(*reportFile, part, on, table); err != nil {
		b.Error(err)
	}
}

// load is what the machine did in the last minute: the processes that ran or wanted to.
func load() string {
	text, _ := os.ReadFile("/proc/loadavg") // not on every system: then it is unknown
	one, _, ok := strings.Cut(string(text), " ")
	if !ok {
		return "unknown"
	}
	return one
}

func writeTable(path, part, on string, table []string) error {
	begin, end := reportMarkers(part)
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(old), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no markers %q and %q", path, begin, end)
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+on+"\n\n"+strings.Join(table, "\n")+"\n"+end+after), 0o600)
}

func TestATableIsWrittenBetweenItsMarkers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "doc.md")
	begin, end := reportMarkers("photos")
	begin2, end2 := reportMarkers("throughput")
	if err := os.WriteFile(path, []byte("before\n"+begin+"\nold\n"+end+"\nbetween\n"+begin2+"\nother\n"+end2+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeTable(path, "photos", "here", []string{"| a |", "|---|"}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if want := "before\n" + begin + "\nhere\n\n| a |\n|---|\n" + end + "\nbetween\n" + begin2 + "\nother\n" + end2 + "\nafter\n"; err != nil || string(got) != want {
		t.Errorf("%q, %v", got, err)
	}
	if writeTable(path, "large", "here", nil) == nil {
		t.Error("a table without markers is written somewhere")
	}
}

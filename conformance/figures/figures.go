// Package figures writes what benchmarks have measured into docs/PERFORMANCE.md, each table between markers of its own, and says
// where and when they were measured. It is the one part of conformance that benchmarks beside the product's code use too.
package figures

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// Write replaces what stands in the file at path between the line that begins with "<!-- PART: begin" and the line
// "<!-- PART: end -->". The markers and what is around them, which people write, stay as they are.
func Write(path, part, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	begin, end := "<!-- "+part+": begin", "\n<!-- "+part+": end -->"
	before, rest, ok := strings.Cut(string(old), begin)
	marker, rest, ok2 := strings.Cut(rest, "-->\n")
	_, after, ok3 := strings.Cut("\n"+rest, end)
	if !ok || !ok2 || !ok3 || strings.Contains(marker, "\n") {
		return fmt.Errorf("%s has no lines %q and %q", path, begin+" … -->", end[1:])
	}
	return os.WriteFile(path, []byte(before+begin+marker+"-->\n"+strings.TrimRight(text, "\n")+end+after), 0o600)
}

// Here is the line above a table: the day, the machine, how busy it is (processes that ran or wanted to in the last minute), and Go.
func Here() string {
	load, _ := os.ReadFile("/proc/loadavg") // not on every system
	one, _, _ := strings.Cut(string(load), " ")
	return fmt.Sprintf("%s, %d CPUs, load %s, %s/%s, %s", time.Now().UTC().Format("2006-01-02"), runtime.NumCPU(), cmp.Or(one, "unknown"), runtime.GOOS, runtime.GOARCH, runtime.Version())
}

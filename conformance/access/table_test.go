package access_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// section is a part of the table: a document, or several alike, in a state.
type section struct {
	name    string
	columns []string
	rows    []row
}

type row struct {
	edit  string
	cells []string
}

// table reads testdata/matrix.txt: its sections, and the reasons that its letters stand for.
func table(t testing.TB) ([]section, map[string]string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "matrix.txt"))
	if err != nil {
		t.Fatal(err)
	}
	var sections []section
	reasons := map[string]string{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimRight(line, "\n")
		if rest, ok := strings.CutPrefix(line, "#   "); ok {
			if letter, reason, ok := strings.Cut(rest, "  "); ok && len(letter) == 1 && letter != "+" && letter != "." {
				reasons[letter] = reason
			}
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		if name, ok := strings.CutPrefix(line, "== "); ok {
			sections = append(sections, section{name: name})
			continue
		}
		s := &sections[len(sections)-1]
		edit, cells, ok := strings.Cut(line, "|")
		if !ok {
			t.Fatalf("no row of a table: %q", line)
		}
		fields := strings.Fields(strings.ReplaceAll(cells, "|", " "))
		if edit = strings.TrimSpace(edit); edit == "" {
			s.columns = fields
			continue
		}
		if len(fields) != len(s.columns) {
			t.Fatalf("%s, %s: %d cells in %d columns", s.name, edit, len(fields), len(s.columns))
		}
		for _, c := range fields {
			if c != "+" && c != "." && reasons[c] == "" {
				t.Fatalf("%s, %s: cell %q", s.name, edit, c)
			}
		}
		s.rows = append(s.rows, row{edit, fields})
	}
	return sections, reasons
}

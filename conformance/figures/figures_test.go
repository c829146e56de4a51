package figures

import (
	"os"
	"path/filepath"
	"testing"
)

func TestATableIsWrittenBetweenItsMarkersAndNowhereElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "PERFORMANCE.md")
	put := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func() string {
		t.Helper()
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(got)
	}
	put("before\n<!-- files photos: begin, written by `make` -->\nold\n<!-- files photos: end -->\nbetween\n<!-- lists: begin -->\n<!-- lists: end -->\nafter\n")
	if err := Write(path, "files photos", "new\n\n| a |\n"); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, "lists", "one"); err != nil {
		t.Fatal(err)
	}
	want := "before\n<!-- files photos: begin, written by `make` -->\nnew\n\n| a |\n<!-- files photos: end -->\nbetween\n<!-- lists: begin -->\none\n<!-- lists: end -->\nafter\n"
	if got := read(); got != want {
		t.Errorf("the file is %q", got)
	}
	for name, text := range map[string]string{
		"no markers":              "before\nafter\n",
		"no end":                  "<!-- lists: begin -->\nold\n",
		"no begin":                "old\n<!-- lists: end -->\n",
		"the end first":           "<!-- lists: end -->\nold\n<!-- lists: begin -->\n",
		"a marker over two lines": "<!-- lists: begin\n-->\nold\n<!-- lists: end -->\n",
		"another's":               "<!-- more lists: begin -->\nold\n<!-- more lists: end -->\n",
	} {
		put(text)
		if Write(path, "lists", "new") == nil || read() != text {
			t.Errorf("%s: it was written: %q", name, read())
		}
	}
	if Write(filepath.Join(t.TempDir(), "none.md"), "lists", "new") == nil {
		t.Error("a file that is not there was made")
	}
}

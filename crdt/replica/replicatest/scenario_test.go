package replicatest_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fieldsync/crdt/replica/replicatest"
)

var rewrite = flag.Bool("rewrite", false, "write the scenarios' traces anew; review the difference")

// A file in testdata is a script, a line "----", and the trace that it gives.
func TestScenariosGiveTheTracesThatWereReviewed(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal("no scenarios", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			script, want, _ := strings.Cut(string(text), "----\n")
			got, err := replicatest.Scenario(script)
			if err != nil {
				t.Fatal(err)
			}
			if *rewrite {
				if err := os.WriteFile(file, []byte(script+"----\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("another trace than the reviewed one (-rewrite writes it anew):\n%s", got)
			}
		})
	}
}

package badgerstore

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"fieldsync/crdt/store"
)

// Behind the last entry stands what Badger alone does not open with.
func TestATailOfNonsenseLengthsIsCut(t *testing.T) {
	for name, tail := range map[string][]byte{
		"a length of more than 64 bits": append([]byte{0, 0}, bytes.Repeat([]byte{0xff}, 40)...),
		"a value of 4 GB":               {0, 0, 1, 0xf0, 0xff, 0xff, 0xff, 0x0f, 0, 'k'},
		"an expiry that does not end":   append([]byte{0, 0, 1, 1}, bytes.Repeat([]byte{0x80}, 40)...),
		"half an entry":                 {0x40, 0, 9, 9, 0, 'k'},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s, err := Open(Options{Dir: dir, Profile: Small, Reserve: testReserve, GCInterval: -1})
			if err != nil {
				t.Fatal(err)
			}
			for n := range 50 {
				if err := store.Write(s, []store.Op{put(fmt.Sprintf("k/%d", n), fmt.Append(nil, n))}); err != nil {
					t.Fatal(err)
				}
			}
			// As after a crash: what is in the log now, with the tail behind it.
			logs, err := filepath.Glob(filepath.Join(dir, "*.mem"))
			if err != nil || len(logs) == 0 {
				t.Fatal("no log", err)
			}
			crashed := t.TempDir()
			if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(crashed, filepath.Base(slices.Max(logs)))
			log, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			copy(log[wholeEntries(log):], tail)
			if err := os.WriteFile(path, log, 0o600); err != nil {
				t.Fatal(err)
			}
			if s, err = Open(Options{Dir: crashed, Profile: Small, Reserve: testReserve, GCInterval: -1}); err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for n := range 50 {
				if got, err := s.Get([]byte(fmt.Sprintf("k/%d", n))); err != nil || string(got) != fmt.Sprint(n) {
					t.Fatalf("key %d: %q, %v", n, got, err)
				}
			}
		})
	}
}

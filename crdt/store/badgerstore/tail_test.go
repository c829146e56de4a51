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

var nonsense = map[string][]byte{
	"a length of more than 64 bits": append([]byte{0, 0}, bytes.Repeat([]byte{0xff}, 40)...),
	"a value of 4 GB":               {0, 0, 1, 0xf0, 0xff, 0xff, 0xff, 0x0f, 0, 'k'},
	"an expiry that does not end":   append([]byte{0, 0, 1, 1}, bytes.Repeat([]byte{0x80}, 40)...),
	"half an entry":                 {0x40, 0, 9, 9, 0, 'k'},
}

// Behind the last entry of the write-ahead log stands what Badger alone does not open with.
func TestATailOfNonsenseLengthsIsCut(t *testing.T) {
	for name, tail := range nonsense {
		t.Run(name, func(t *testing.T) { crashWithTail(t, "*.mem", tail, func(n int) []byte { return fmt.Append(nil, n) }) })
	}
}

// And of the value log, where large values stand.
func TestATailOfNonsenseLengthsIsCutFromTheValueLog(t *testing.T) {
	for name, tail := range nonsense {
		t.Run(name, func(t *testing.T) {
			crashWithTail(t, "*.vlog", tail, func(n int) []byte { return bytes.Repeat([]byte{byte(n + 1)}, valueThreshold+n) })
		})
	}
}

// crashWithTail opens what a crash leaves, with a tail behind the newest of these files, and looks for what was written before.
func crashWithTail(t *testing.T, files string, tail []byte, value func(n int) []byte) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir, Profile: Small, Reserve: testReserve, GCInterval: -1})
	if err != nil {
		t.Fatal(err)
	}
	const many = 50
	for n := range many {
		if err := store.Write(s, []store.Op{put(fmt.Sprintf("k/%d", n), value(n))}); err != nil {
			t.Fatal(err)
		}
	}
	// As after a crash: what is there now, with the tail behind it.
	crashed := t.TempDir()
	if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	logs, err := filepath.Glob(filepath.Join(crashed, files))
	if err != nil || len(logs) == 0 {
		t.Fatal("no log", err)
	}
	f, err := os.OpenFile(slices.Max(logs), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	end, err := wholeEntries(f, info.Size())
	if err != nil || end < many {
		t.Fatalf("the entries end at %d: %v", end, err)
	}
	if _, err := f.WriteAt(tail, end); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(Options{Dir: crashed, Profile: Small, Reserve: testReserve, GCInterval: -1}); err != nil {
		t.Fatal(err)
	}
	for n := range many {
		if got, err := s.Get([]byte(fmt.Sprintf("k/%d", n))); err != nil || !bytes.Equal(got, value(n)) {
			t.Fatalf("key %d: %d bytes, %v", n, len(got), err)
		}
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

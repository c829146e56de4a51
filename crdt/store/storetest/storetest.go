// Package storetest is the acceptance suite of store.Store: whatever passes it may stand behind drive.
package storetest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"testing"

	"fieldsync/crdt/store"
)

// Open gives a store to a test. Every call within one test opens the same folder, after the one before was closed; each test has
// its own. The suite closes what it opens.
type Open func(t testing.TB) store.Store

// Run runs the suite. newOpen makes the Open of one test.
func Run(t *testing.T, newOpen func(t *testing.T) Open) {
	tests := []struct {
		name string
		run  func(t *testing.T, open Open)
	}{
		{"what was written is read, and is a copy", testReadBack},
		{"a missing key is ErrNotFound", testNotFound},
		{"an empty value is not a delete", testEmptyValue},
		{"deleting what is not there is no error", testDelete},
		{"the last write of a key in a batch counts", testLastWriteWins},
		{"a scan visits the prefix in byte order from start", testScan},
		{"a scan back visits the prefix in descending byte order from start", testScanBack},
		{"a scan back passes over what was deleted and sees the newest values", testScanBackNewest},
		{"scans of one view may be interleaved", testInterleavedScans},
		{"a scan ends at ErrStop without an error and at others with them", testScanEnds},
		{"a scan sees one state while others write", testScanConsistent},
		{"a visit may read and write the store", testReentrantScan},
		{"a view reads what was written, and copies", testView},
		{"a view sees one state while others write", testViewConsistent},
		{"a view's reads stay as they were when it began", testViewKeeps},
		{"a view gives back the error of its function", testViewError},
		{"a batch is there as a whole or not at all", testAtomic},
		{"a batch with a bad key fails alone and as a whole", testBadKey},
		{"an empty batch is acknowledged", testEmptyBatch},
		{"ten megabytes are a value", testLargeValue},
		{"batches of each caller take effect in their order", testOrder},
		{"done calls come in the order of submission", testDoneOrder},
		{"what was written is there after reopening", testReopen},
		{"Close waits for what was submitted", testCloseDrains},
		{"a closed store says ErrClosed", testClosed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, newOpen(t)) })
	}
}

func write(t testing.TB, s store.Store, ops ...store.Op) {
	t.Helper()
	if err := store.Write(s, ops); err != nil {
		t.Fatalf("write: %v", err)
	}
}

func put(key string, value []byte) store.Op { return store.Op{Key: []byte(key), Value: value} }

func wantValue(t testing.TB, s store.Store, key string, want []byte) {
	t.Helper()
	got, err := s.Get([]byte(key))
	if err != nil {
		t.Errorf("get %q: %v", key, err)
	} else if !bytes.Equal(got, want) {
		t.Errorf("get %q: %d bytes; want %d", key, len(got), len(want))
	}
}

func wantMissing(t testing.TB, s store.Store, key string) {
	t.Helper()
	if got, err := s.Get([]byte(key)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("get %q: %q, %v; want ErrNotFound", key, got, err)
	}
}

func scan(t testing.TB, s store.Store, prefix string, start []byte) []string {
	t.Helper()
	var got []string
	if err := s.Scan([]byte(prefix), start, func(k, v []byte) error {
		got = append(got, string(k)+"="+string(v))
		return nil
	}); err != nil {
		t.Fatalf("scan: %v", err)
	}
	return got
}

func closeStore(t testing.TB, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Fatalf("close: %v", err)
	}
}

func testReadBack(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	write(t, s, put("k/1", []byte("one")))
	got, err := s.Get([]byte("k/1"))
	if err != nil {
		t.Fatal(err)
	}
	got[0] = 'X'
	wantValue(t, s, "k/1", []byte("one"))
	write(t, s, put("k/1", []byte("two")))
	wantValue(t, s, "k/1", []byte("two"))
}

func testNotFound(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	wantMissing(t, s, "k/none")
	write(t, s, put("k/n", []byte("x")))
	wantMissing(t, s, "k/no")
	wantMissing(t, s, "k/n\x00")
}

func testEmptyValue(t *testing.T, open Open) {
	s := open(t)
	write(t, s, put("k/e", []byte{}))
	wantValue(t, s, "k/e", nil)
	closeStore(t, s)
	s = open(t)
	defer closeStore(t, s)
	wantValue(t, s, "k/e", nil)
	if got := scan(t, s, "k/", nil); len(got) != 1 {
		t.Errorf("scan: %q", got)
	}
}

func testDelete(t *testing.T, open Open) {
	s := open(t)
	write(t, s, store.Op{Key: []byte("k/none")})
	write(t, s, put("k/a", []byte("1")), put("k/b", []byte("2")))
	write(t, s, store.Op{Key: []byte("k/a")}, store.Op{Key: []byte("k/none")})
	wantMissing(t, s, "k/a")
	closeStore(t, s)
	s = open(t)
	defer closeStore(t, s)
	wantMissing(t, s, "k/a")
	wantValue(t, s, "k/b", []byte("2"))
	write(t, s, put("k/a", []byte("3")))
	wantValue(t, s, "k/a", []byte("3"))
}

func testLastWriteWins(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	write(t, s, put("k/a", []byte("1")), put("k/a", []byte("2")), put("k/b", []byte("1")), store.Op{Key: []byte("k/b")},
		store.Op{Key: []byte("k/c")}, put("k/c", []byte("3")))
	wantValue(t, s, "k/a", []byte("2"))
	wantMissing(t, s, "k/b")
	wantValue(t, s, "k/c", []byte("3"))
}

func testScan(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	for _, k := range []string{"k/b", "k/\xff\xff", "k", "k/a", "l/a", "k/\x00", "j/z", "k/aa", "k0"} {
		write(t, s, put(k, []byte("v")))
	}
	for _, tt := range []struct {
		prefix, start string
		want          []string
	}{
		{"k/", "", []string{"k/\x00", "k/a", "k/aa", "k/b", "k/\xff\xff"}},
		{"k/", "k/a", []string{"k/a", "k/aa", "k/b", "k/\xff\xff"}},
		{"k/", "k/a\x00", []string{"k/aa", "k/b", "k/\xff\xff"}},
		{"k/", "k/\xff\xff\xff", nil},
		{"k/a", "", []string{"k/a", "k/aa"}},
		{"k/a", "j", []string{"k/a", "k/aa"}},
		{"k/a", "l", nil},
		{"k/\xff", "", []string{"k/\xff\xff"}},
		{"nothing", "", nil},
	} {
		var start []byte
		if tt.start != "" {
			start = []byte(tt.start)
		}
		got := scan(t, s, tt.prefix, start)
		for i := range got {
			got[i] = got[i][:len(got[i])-2]
		}
		if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", tt.want) {
			t.Errorf("prefix %q from %q: %q; want %q", tt.prefix, tt.start, got, tt.want)
		}
	}
}

func testScanEnds(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	write(t, s, put("k/1", empty()), put("k/2", empty()), put("k/3", empty()))
	other := errors.New("other")
	for _, end := range []error{store.ErrStop, other} {
		n := 0
		err := s.Scan([]byte("k/"), nil, func(_, _ []byte) error {
			if n++; n == 2 {
				return end
			}
			return nil
		})
		if want := map[error]error{store.ErrStop: nil, other: other}[end]; !errors.Is(err, want) || n != 2 {
			t.Errorf("ended by %v: %v after %d visits", end, err, n)
		}
	}
}

// empty is a value without bytes, which is not a delete.
func empty() []byte { return []byte{} }

func testScanConsistent(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	defer rewrite(t, s)()
	for range 30 {
		seen := map[byte]int{}
		if err := s.Scan([]byte("k/"), nil, func(_, v []byte) error { seen[v[0]]++; return nil }); err != nil {
			t.Error(err)
		}
		if len(seen) != 1 {
			t.Errorf("a scan saw parts of %d batches: %v", len(seen), seen)
		}
	}
}

func testReentrantScan(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	write(t, s, put("k/1", []byte("a")), put("k/2", []byte("b")))
	if err := s.Scan([]byte("k/"), nil, func(k, v []byte) error {
		if got, err := s.Get(k); err != nil || !bytes.Equal(got, v) {
			return fmt.Errorf("get in a scan: %q, %w", got, err)
		}
		return store.Write(s, []store.Op{put("k/3"+string(k), []byte("new"))})
	}); err != nil {
		t.Fatal(err)
	}
	if got := scan(t, s, "k/", nil); len(got) != 4 {
		t.Errorf("%q: the scan saw what was written during it", got)
	}
}

func testAtomic(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	var writers sync.WaitGroup
	for w := range 4 {
		writers.Go(func() {
			for n := range 25 {
				value := binary.BigEndian.AppendUint32(nil, uint32(w*1000+n))
				if err := store.Write(s, []store.Op{put("k/a", value), put("k/b", bytes.Repeat(value, 300)), put("k/c", value)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 100 {
		got := scan(t, s, "k/", nil)
		if len(got) == 0 {
			continue
		}
		if len(got) != 3 || got[0][4:8] != got[1][4:8] || got[0][4:8] != got[2][4:8] {
			t.Fatalf("parts of different batches: %d keys", len(got))
		}
	}
	writers.Wait()
}

func testBadKey(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	results := make(chan error, 30)
	for i := range 30 {
		ops := []store.Op{put(fmt.Sprintf("k/%02d", i), []byte("v"))}
		switch i % 3 {
		case 1:
			ops = append(ops, store.Op{Key: nil, Value: []byte("no key")})
		case 2:
			ops = append(ops, store.Op{Key: bytes.Repeat([]byte("x"), 1<<17), Value: []byte("long key")})
		}
		bad := i%3 != 0
		s.Submit(ops, func(err error) {
			if (err != nil) != bad {
				err = fmt.Errorf("batch %d: %v", i, err) //nolint:errorlint // it may be nil, which is then what is wrong
			} else {
				err = nil
			}
			results <- err
		})
	}
	for range 30 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if got := scan(t, s, "k/", nil); len(got) != 10 {
		t.Errorf("%d of the 10 good batches are there: %q", len(got), got)
	}
}

func testEmptyBatch(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	write(t, s)
}

func testLargeValue(t *testing.T, open Open) {
	s := open(t)
	large := bytes.Repeat([]byte("0123456789abcdef"), 10<<20/16)
	write(t, s, put("k/small", []byte("x")), put("k/large", large), put("k/large2", large[1:]))
	wantValue(t, s, "k/large", large)
	closeStore(t, s)
	s = open(t)
	defer closeStore(t, s)
	wantValue(t, s, "k/large", large)
	wantValue(t, s, "k/large2", large[1:])
	wantValue(t, s, "k/small", []byte("x"))
	n := 0
	if err := s.Scan([]byte("k/"), nil, func(_, v []byte) error { n += len(v); return nil }); err != nil || n != 2*len(large) {
		t.Errorf("scan: %d bytes, %v", n, err)
	}
}

func testOrder(t *testing.T, open Open) {
	s := open(t)
	const callers, batches = 8, 200
	var all sync.WaitGroup
	for c := range callers {
		all.Add(batches)
		go func() {
			for n := range batches {
				s.Submit([]store.Op{put(fmt.Sprintf("k/%d", c), []byte(fmt.Sprint(n))), put(fmt.Sprintf("n/%d/%d", c, n), []byte("x"))}, func(err error) {
					if err != nil {
						t.Errorf("caller %d, batch %d: %v", c, n, err)
					}
					all.Done()
				})
			}
		}()
	}
	all.Wait()
	check := func() {
		for c := range callers {
			wantValue(t, s, fmt.Sprintf("k/%d", c), []byte(fmt.Sprint(batches-1)))
		}
		if got := scan(t, s, "n/", nil); len(got) != callers*batches {
			t.Errorf("%d of %d batches are there", len(got), callers*batches)
		}
	}
	check()
	closeStore(t, s)
	s = open(t)
	defer closeStore(t, s)
	check()
}

func testDoneOrder(t *testing.T, open Open) {
	s := open(t)
	defer closeStore(t, s)
	const batches = 500
	order := make(chan int, batches)
	for n := range batches {
		s.Submit([]store.Op{put(fmt.Sprintf("k/%d", n), []byte("x"))}, func(error) { order <- n })
	}
	for n := range batches {
		if got := <-order; got != n {
			t.Fatalf("done of batch %d came as number %d", got, n)
		}
	}
}

func testReopen(t *testing.T, open Open) {
	for round := range 4 {
		s := open(t)
		for before := range round {
			wantValue(t, s, fmt.Sprintf("k/%d", before), []byte(fmt.Sprint(before)))
		}
		write(t, s, put(fmt.Sprintf("k/%d", round), []byte(fmt.Sprint(round))))
		closeStore(t, s)
	}
}

func testCloseDrains(t *testing.T, open Open) {
	s := open(t)
	const batches = 300
	results := make(chan error, batches)
	for n := range batches {
		s.Submit([]store.Op{put(fmt.Sprintf("k/%d", n), bytes.Repeat([]byte("x"), 1000))}, func(err error) { results <- err })
	}
	closeStore(t, s)
	if len(results) != batches {
		t.Fatalf("Close returned after %d of %d done calls", len(results), batches)
	}
	for range batches {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	s = open(t)
	defer closeStore(t, s)
	if got := scan(t, s, "k/", nil); len(got) != batches {
		t.Errorf("%d of %d batches are there", len(got), batches)
	}
}

func testClosed(t *testing.T, open Open) {
	s := open(t)
	closeStore(t, s)
	if _, err := s.Get([]byte("k")); !errors.Is(err, store.ErrClosed) {
		t.Errorf("get: %v", err)
	}
	if err := s.Scan(nil, nil, func(_, _ []byte) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("scan: %v", err)
	}
	if err := s.View(func(store.Reader) error { t.Error("a view of a closed store"); return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("view: %v", err)
	}
	if err := store.Write(s, []store.Op{put("k", empty())}); !errors.Is(err, store.ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Errorf("the second Close: %v", err)
	}
}

package badgerstore

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"fieldsync/crdt/store"
)

// BenchmarkDurableWrites writes 1 KiB values, each in a batch of its own, from callers that wait for their acknowledgement.
// BADGERSTORE_BENCH_DIR names the disk; the default is the temporary folder.
func BenchmarkDurableWrites(b *testing.B) {
	for _, callers := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := openBench(b, benchDir(b))
			value := make([]byte, 1024)
			var next atomic.Int64
			before := s.Stats()
			b.ResetTimer()
			var all sync.WaitGroup
			for range callers {
				all.Go(func() {
					for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
						if err := store.Write(s, []store.Op{{Key: []byte(fmt.Sprintf("k/%010d", n)), Value: value}}); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
			b.StopTimer()
			after := s.Stats()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
			b.ReportMetric(float64(after.Batches-before.Batches)/float64(max(1, after.Commits-before.Commits)), "batches/commit")
		})
	}
}

// BenchmarkOpen opens a store of 100,000 keys of 200 bytes.
func BenchmarkOpen(b *testing.B) {
	dir := benchDir(b)
	s := openBench(b, dir)
	var all sync.WaitGroup
	for n := range 1000 {
		var ops []store.Op
		for i := range 100 {
			ops = append(ops, store.Op{Key: []byte(fmt.Sprintf("k/%06d", n*100+i)), Value: make([]byte, 200)})
		}
		all.Add(1)
		s.Submit(ops, func(err error) {
			if err != nil {
				b.Error(err)
			}
			all.Done()
		})
	}
	all.Wait()
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	b.ResetTimer()
	for range b.N {
		s := openBench(b, dir)
		b.StopTimer()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func benchDir(b *testing.B) string {
	b.Helper()
	root := os.Getenv("BADGERSTORE_BENCH_DIR")
	if root == "" {
		return b.TempDir()
	}
	dir, err := os.MkdirTemp(root, "badgerstore-bench-")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func openBench(b *testing.B, dir string) *Store {
	b.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkScan reads 50 neighbours of 900 bytes in a store of 50,000.
func BenchmarkScan(b *testing.B) {
	s := openBench(b, benchDir(b))
	key := func(n int) []byte { return fmt.Appendf(nil, "k/%06d", n) }
	const rows, page = 50_000, 50
	for n := 0; n < rows; n += 100 {
		var ops []store.Op
		for i := range 100 {
			ops = append(ops, store.Op{Key: key(n + i), Value: make([]byte, 900)})
		}
		if err := store.Write(s, ops); err != nil {
			b.Fatal(err)
		}
	}
	for name, scan := range map[string]func(prefix, start []byte, visit func(key, value []byte) error) error{"forwards": s.Scan, "backwards": s.ScanBack} {
		b.Run(name, func(b *testing.B) {
			var sum int
			for n := range b.N {
				seen := 0
				if err := scan([]byte("k/"), key(page+n*7919%(rows-2*page)), func(_, value []byte) error {
					sum += len(value)
					if seen++; seen == page {
						return store.ErrStop
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			if sum != b.N*page*900 {
				b.Fatalf("read %d bytes", sum)
			}
		})
	}
}

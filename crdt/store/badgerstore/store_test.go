package badgerstore

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/storetest"
)

// testReserve keeps the tests' folders small.
const testReserve = 1 << 20

func open(tb testing.TB, dir string) *Store {
	tb.Helper()
	s, err := Open(Options{Dir: dir, Profile: Small, Reserve: testReserve, GCInterval: -1})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Errorf("close: %v", err)
		}
	})
	return s
}

func put(key string, value []byte) store.Op { return store.Op{Key: []byte(key), Value: value} }

func TestBadgerstorePassesTheAcceptanceSuite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) storetest.Open {
		dir := t.TempDir()
		return func(tb testing.TB) store.Store { return open(tb, dir) }
	})
}

func TestEveryProfileSyncsWrites(t *testing.T) {
	// A test with kill -9 cannot tell: the memory map outlives the process, not the power.
	for _, p := range []Profile{Server, Small} {
		s, err := Open(Options{Dir: t.TempDir(), Profile: p, Reserve: testReserve})
		if err != nil {
			t.Fatal(err)
		}
		if !s.db.Opts().SyncWrites {
			t.Errorf("profile %d does not sync", p)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestASecondOpenIsLocked(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	if _, err := Open(Options{Dir: dir, Reserve: testReserve}); !errors.Is(err, store.ErrLocked) {
		t.Errorf("while it is open: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
}

func TestAStoreOfANewerVersionIsRefused(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	newer := binary.BigEndian.AppendUint32(nil, store.SchemaVersion+1)
	if err := store.Write(s, []store.Op{{Key: store.Meta("schema"), Value: newer}}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the refusal releases the folder
		if _, err := Open(Options{Dir: dir, Reserve: testReserve}); crdt.KindOf(err) != crdt.KindUnsupported {
			t.Errorf("%v", err)
		}
	}
}

// gate stops the committer inside a done call, so that what is submitted next is there together.
func gate(s *Store) (open func()) {
	entered, release := make(chan struct{}), make(chan struct{})
	s.Submit(nil, func(error) { close(entered); <-release })
	<-entered
	return func() { close(release) }
}

func TestWaitingBatchesShareACommit(t *testing.T) {
	s := open(t, t.TempDir())
	release := gate(s)
	before := s.Stats()
	const batches = 2*maxGroup + 1
	var all sync.WaitGroup
	all.Add(batches)
	for n := range batches {
		s.Submit([]store.Op{put(fmt.Sprint("k", n), bytes.Repeat([]byte("x"), 100))}, func(err error) {
			if err != nil {
				t.Error(err)
			}
			all.Done()
		})
	}
	if got := s.Stats(); got.Queued != batches || got.QueuedBytes < 100*batches {
		t.Errorf("%d batches, %d bytes are queued", got.Queued, got.QueuedBytes)
	}
	release()
	all.Wait()
	// The gate's own commit is counted before its done.
	if got := s.Stats(); got.Commits-before.Commits != 3 || got.Batches-before.Batches != batches || got.Queued != 0 {
		t.Errorf("%d batches in %d commits", got.Batches-before.Batches, got.Commits-before.Commits)
	}
}

func TestATransactionIsCutOnlyBetweenBatches(t *testing.T) {
	// Together these are far over Badger's limit on a transaction; each alone is under it.
	s := open(t, t.TempDir())
	release := gate(s)
	const batches, ops = 30, 1000
	results := make(chan error, batches)
	for n := range batches {
		var b []store.Op
		for i := range ops {
			b = append(b, put(fmt.Sprintf("k/%02d/%04d", n, i), bytes.Repeat([]byte{byte(n)}, 200)))
		}
		s.Submit(b, func(err error) { results <- err })
	}
	release()
	for range batches {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	n := 0
	if err := s.Scan([]byte("k/"), nil, func(_, _ []byte) error { n++; return nil }); err != nil || n != batches*ops {
		t.Errorf("%d keys, %v", n, err)
	}
}

func TestABatchOverBadgersLimitIsTooLargeAndLeavesNothing(t *testing.T) {
	s := open(t, t.TempDir())
	var tooMany []store.Op
	for i := range 100_000 {
		tooMany = append(tooMany, put(fmt.Sprintf("k/%06d", i), []byte("v")))
	}
	for name, ops := range map[string][]store.Op{
		"many writes": tooMany,
		"a long key":  {put("k/a", []byte("v")), {Key: bytes.Repeat([]byte("k"), MaxKey+1), Value: []byte("v")}},
		"a big value": {put("k/a", []byte("v")), put("k/b", make([]byte, MaxValue+1))},
	} {
		if err := store.Write(s, ops); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.Scan([]byte("k/"), nil, func(k, _ []byte) error { return fmt.Errorf("%q is there", k) }); err != nil {
		t.Error(err)
	}
	if err := store.Write(s, []store.Op{put("k/a", []byte("v")), put("k/b", make([]byte, MaxValue))}); err != nil {
		t.Errorf("afterwards, at the limits: %v", err)
	}
}

func TestGarbageOfLargeValuesIsCollected(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	size := func() (n int64) {
		logs, err := filepath.Glob(filepath.Join(dir, "*.vlog"))
		if err != nil {
			t.Fatal(err)
		}
		return int64(len(logs))
	}
	// 160 MB over one key: three files of 64 MB, of which only the last value counts. Closing writes a table; compacting
	// the tables tells Badger what is overwritten.
	last := byte(0)
	overwrite := func(n int) {
		t.Helper()
		for range n {
			last++
			if err := store.Write(s, []store.Op{put("k/big", bytes.Repeat([]byte{last}, 4<<20))}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, dir)
	}
	for range 4 {
		overwrite(10)
	}
	before := size()
	// A goroutine of Badger's notes, after it was opened, which versions nobody reads any more. Tables that are compacted before it has come to that
	// keep all of them, and are not compacted again by themselves: then another version is written over them.
	for tries := 0; s.Stats().Rewrites == 0; tries++ {
		if tries == 20 {
			t.Fatal("nothing is collected, however often all is compacted")
		}
		if tries > 0 {
			overwrite(1)
		}
		if err := s.db.Flatten(1); err != nil {
			t.Fatal(err)
		}
		for range 4 {
			if err := s.CollectGarbage(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if got, err := s.Get([]byte("k/big")); err != nil || len(got) != 4<<20 || got[0] != last {
		t.Errorf("after the collection: %d bytes, %v", len(got), err)
	}
	if size() >= before {
		t.Errorf("%d files before, %d after, %d rewritten", before, size(), s.Stats().Rewrites)
	}
}

func TestAReserveOfTheWrongSizeIsReplaced(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, reserveFile), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, dir)
	if info, err := os.Stat(filepath.Join(dir, reserveFile)); err != nil || info.Size() != testReserve {
		t.Errorf("%v, %v", info, err)
	}
}

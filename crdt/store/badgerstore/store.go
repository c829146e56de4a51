package badgerstore

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"fieldsync/crdt/store"

	"github.com/dgraph-io/badger/v4"
	"golang.org/x/sys/unix"
)

// ErrFailed is what every write answers after one whose fsync failed. Nobody can tell what of that write is on the disk, so nothing
// is built upon it: the process has to open the store again.
var ErrFailed = errors.New("badgerstore: an earlier write failed; open the store again")

// ErrKey says that a store was made with another key, or with none, or that it needs one: nothing of it was read.
var ErrKey = errors.New("badgerstore: not the key of this store")

// Store is a store in a folder. Its methods may be called from any goroutine, except that a done callback must neither block nor Submit:
// it runs on the goroutine that all writes wait for.
type Store struct {
	db    *badger.DB
	log   *slog.Logger
	lock  *os.File
	space *space
	queue *queue
	stats counters

	failed atomic.Bool // a commit failed in a way that leaves the disk's state open

	mu      sync.Mutex
	readers int
	idle    sync.Cond // readers became 0
	closed  bool

	stop       chan struct{}
	background sync.WaitGroup // the committer and the housekeeper
	closeOnce  sync.Once
	closeErr   error
}

var _ store.Store = (*Store)(nil)

// lockFile is locked as long as the store is open. Badger has a lock of its own, whose error cannot be told from others.
const lockFile = "fieldsync.lock"

// Open opens the store in a folder, and makes it if there is none. The errors: store.ErrLocked where another process has it,
// store.ErrFull where the disk has no room to open it, ErrKey where it has another key, crdt.KindUnsupported where a newer version wrote it.
func Open(o Options) (*Store, error) {
	sizes, err := o.sizes()
	if err != nil {
		return nil, err
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, mapFull(fmt.Errorf("badgerstore: %w", err))
	}
	lock, err := lockDir(o.Dir)
	if err != nil {
		return nil, err
	}
	s := &Store{log: o.Logger, lock: lock, queue: newQueue(), stop: make(chan struct{}), space: newSpace(o.Dir, sizes.reserve, o.freeSpace)}
	s.idle.L = &s.mu
	if err := s.space.open(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if err := mendLogs(o.Dir); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	if s.db, err = badger.Open(o.badgerOptions(sizes)); errors.Is(err, badger.ErrEncryptionKeyMismatch) {
		return nil, errors.Join(ErrKey, lock.Close())
	} else if err != nil {
		return nil, errors.Join(mapFull(fmt.Errorf("badgerstore: open: %w", err)), lock.Close())
	}
	s.background.Go(s.commitAll)
	s.background.Go(func() { s.housekeep(o.GCInterval) })
	if err := store.CheckSchema(s); err != nil && !errors.Is(err, store.ErrFull) {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir+string(os.PathSeparator)+lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, mapFull(fmt.Errorf("badgerstore: %w", err))
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = store.ErrLocked
		}
		return nil, errors.Join(fmt.Errorf("%w: %s", err, dir), f.Close())
	}
	return f, nil
}

// Close writes what was submitted, calls its done, waits for scans that run, and releases the folder. It may be called again.
func (s *Store) Close() error {
	s.closeOnce.Do(func() {
		s.queue.close()
		close(s.stop)
		s.background.Wait()
		s.mu.Lock()
		s.closed = true
		for s.readers > 0 {
			s.idle.Wait()
		}
		s.mu.Unlock()
		// Closing flushes the memtable: on a full disk it needs the reserve.
		err := s.space.yield()
		if dbErr := s.db.Close(); dbErr != nil {
			err = errors.Join(err, mapFull(fmt.Errorf("badgerstore: close: %w", dbErr)))
		}
		s.closeErr = errors.Join(err, s.lock.Close())
	})
	return s.closeErr
}

// housekeep gives the reserve up when another process fills the disk, and frees the space of overwritten large values.
func (s *Store) housekeep(gcInterval time.Duration) {
	const look = 2 * time.Second // a disk takes longer than that to take the floor, and statfs costs microseconds
	if gcInterval == 0 {
		gcInterval = 10 * time.Minute
	}
	looks := time.NewTicker(look)
	defer looks.Stop()
	var gc <-chan time.Time
	if gcInterval > 0 {
		ticker := time.NewTicker(gcInterval)
		defer ticker.Stop()
		gc = ticker.C
	}
	for {
		select {
		case <-s.stop:
			return
		case <-looks.C:
			if err := s.space.yield(); err != nil {
				s.log.Error("store: reserve of disk space", "error", err)
			}
		case <-gc:
			if err := s.CollectGarbage(); err != nil {
				s.log.Warn("store: value log garbage collection", "error", err)
			}
		}
	}
}

// maxRewrites bounds how many files one collection rewrites: each is up to 64 MB of reading and writing.
const maxRewrites = 4

// CollectGarbage rewrites files of the value log of which half or more is overwritten. It runs by itself (Options.GCInterval). On a
// full disk it does nothing, because rewriting needs room first.
func (s *Store) CollectGarbage() error {
	if !s.enter() {
		return store.ErrClosed
	}
	defer s.leave()
	for range maxRewrites {
		if !s.space.roomy() {
			return nil
		}
		switch err := s.db.RunValueLogGC(0.5); {
		case errors.Is(err, badger.ErrNoRewrite), errors.Is(err, badger.ErrRejected):
			return nil
		case err != nil:
			return mapFull(fmt.Errorf("badgerstore: value log: %w", err))
		}
		s.stats.rewrites.Add(1)
	}
	return nil
}

package badgerstore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fieldsync/crdt/store"

	"golang.org/x/sys/unix"
)

// reserveFile holds the reserve. It contains nothing of value.
const reserveFile = "RESERVE"

// space keeps the store from writing on a disk without room.
//
// While the reserve is held, a write is taken if it leaves the floor free: room for what Badger does behind it (the next
// write-ahead log, flushing memtables, compactions). When it would not, the reserve is given up, so that what is under way
// has that room, and the store is full until the reserve can be held again on top of the floor. Another process that takes floor and
// reserve between two looks can still bring SIGBUS: the process dies, what was acknowledged is safe.
type space struct {
	dir   string
	size  int64 // of the reserve
	floor int64
	free  func(dir string) (int64, error)

	mu      sync.Mutex
	held    bool
	looked  time.Time // when the disk was last asked
	trusted int64     // bytes that may be written before it is asked again
}

// While more than vast bytes are free, a look at the disk is believed for so long, and for so many bytes written here: no
// other process fills a disk that fast.
const (
	vast       = 4 << 30
	trustFor   = 100 * time.Millisecond
	trustBytes = 16 << 20
)

func newSpace(dir string, reserve int64, free func(string) (int64, error)) *space {
	if free == nil {
		free = diskFree
	}
	return &space{dir: dir, size: reserve, floor: reserve / 2, free: free}
}

// diskFree gives the bytes that an unprivileged process may still write.
func diskFree(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, fmt.Errorf("badgerstore: free space of the disk: %w", err)
	}
	return int64(uint64(st.Bavail) * uint64(st.Bsize)), nil //nolint:unconvert // their types differ between systems
}

func (s *space) path() string { return filepath.Join(s.dir, reserveFile) }

// open looks whether there is room to open the store at all: opening writes too. A reserve of an earlier run counts as held.
func (s *space) open() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if info, err := os.Stat(s.path()); err == nil && info.Size() == s.size {
		s.held = true
	} else if err == nil {
		if err := s.drop(); err != nil {
			return err
		}
	}
	free, err := s.free(s.dir)
	if err != nil {
		return err
	}
	if free < s.floor && s.held {
		if err := s.drop(); err != nil {
			return err
		}
		if free, err = s.free(s.dir); err != nil {
			return err
		}
	}
	if free < s.floor {
		return fmt.Errorf("%w: %d bytes free, %d needed to open", store.ErrFull, free, s.floor)
	}
	if !s.held && free >= s.floor+s.size {
		return s.hold()
	}
	return nil
}

// admit says whether n bytes may be written now: nil, or an error that is store.ErrFull. While the disk has much more room
// than it takes, it is not asked for each write: a look in a while is enough.
func (s *space) admit(n int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.held && s.trusted > n && time.Since(s.looked) < trustFor {
		s.trusted -= n
		return nil
	}
	free, err := s.free(s.dir)
	if err != nil {
		return err
	}
	if s.trusted = 0; free > vast {
		s.looked, s.trusted = time.Now(), trustBytes
	}
	if s.held {
		if free >= s.floor+n {
			return nil
		}
		return errors.Join(s.full(free), s.drop())
	}
	if free < s.floor+n+s.size {
		return s.full(free)
	}
	return s.hold()
}

func (s *space) full(free int64) error {
	return fmt.Errorf("%w: %d bytes free beside a reserve of %d", store.ErrFull, free, s.floor)
}

// yield gives the reserve up if less than the floor is free: for work that does not come from a write.
func (s *space) yield() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.held {
		return nil
	}
	if free, err := s.free(s.dir); err != nil || free >= s.floor {
		return err
	}
	return s.drop()
}

// roomy tells whether the reserve is held: the disk was not full at the last look.
func (s *space) roomy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held
}

// hold makes the reserve of real blocks. The disk may fill meanwhile; then the store is full.
func (s *space) hold() error {
	f, err := os.OpenFile(s.path(), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return mapFull(fmt.Errorf("badgerstore: reserve: %w", err))
	}
	err = allocate(f, s.size)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return errors.Join(mapFull(fmt.Errorf("badgerstore: reserve: %w", err)), s.drop())
	}
	s.held = true
	return nil
}

func (s *space) drop() error {
	s.held = false
	if err := os.Remove(s.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("badgerstore: reserve: %w", err)
	}
	return nil
}

// mapFull makes the operating system's "no space" the interface's ErrFull.
func mapFull(err error) error {
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	}
	return err
}

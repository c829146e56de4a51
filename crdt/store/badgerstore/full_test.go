package badgerstore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"fieldsync/crdt/store"

	"golang.org/x/sys/unix"
)

// The disk of the full-disk process, and the reserve of its store.
const (
	smallDisk    = 96 << 20
	smallReserve = 20 << 20
)

func TestAFullDiskRefusesWritesAndRecovers(t *testing.T) {
	// The process has a mount namespace of its own, so that nothing is left mounted however it ends.
	dir := t.TempDir()
	child := exec.Command(os.Args[0], dir)
	child.Env = append(os.Environ(), roleVariable+"=full disk")
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := child.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || bytes.Contains(out, []byte("mount: operation not permitted")) {
		t.Logf("no mounting here (%v): only the simulated full disk is tested", err)
		return
	}
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("the process ended with %v", err)
	}
}

// fullDiskProcess fills a small disk with a store on it, by its own writes and from outside, and frees it again.
func fullDiskProcess(dir string) int {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		fmt.Println("mount:", err)
		return 1
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", smallDisk)); err != nil {
		fmt.Println("mount:", err)
		return 1
	}
	f := fullDisk{dir: dir, options: Options{Dir: filepath.Join(dir, "store"), Profile: Small, Reserve: smallReserve, GCInterval: -1}}
	if err := f.run(); err != nil {
		fmt.Println("FAILED:", err)
		return 1
	}
	return 0
}

type fullDisk struct {
	dir     string
	options Options
	store   *Store
	acked   int // keys 0 to acked-1 are acknowledged
	refused int
}

func (f *fullDisk) run() error {
	var err error
	if f.store, err = Open(f.options); err != nil {
		return err
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"write a little", func() error { return f.write(200, false) }},
		{"fill from outside, to the last block", f.fillAll},
		{"writes are refused", f.wantFull},
		{"what was acknowledged is read", f.check},
		{"close on the full disk", f.store.Close},
		{"fill what the reserve gave", f.fillAll},
		{"opening on the full disk is refused, not fatal", f.wantOpenFull},
		{"free", f.free},
		{"open again", f.open},
		{"what was acknowledged is read", f.check},
		{"write again", func() error { return f.write(200, false) }},
		{"fill from outside but for 40 MB", func() error { return f.fill(40 << 20) }},
		{"fill by writing, small and large", func() error { return f.write(1<<20, true) }},
		// Flushes and compactions may still run and free or take room, so some is left to them.
		{"take what that leaves, but for 16 MB", func() error { return f.fill(16 << 20) }},
		{"writes are refused", f.wantFull},
		{"what was acknowledged is read", f.check},
		{"free, while open", f.free},
		{"write again", func() error { return f.write(200, false) }},
		{"what was acknowledged is read", f.check},
		{"close", func() error { return f.store.Close() }},
		{"fill again while it is closed", f.fillAll},
		{"opening takes the reserve's room", f.open},
		{"writes are refused", f.wantFull},
		{"what was acknowledged is read", f.check},
		{"free, while open", f.free},
		{"write again", func() error { return f.write(200, false) }},
		{"fill to the last block", f.fillAll},
		{"close with the memtable not flushed and the reserve held", func() error { return f.store.Close() }},
		{"free", f.free},
		{"open again", f.open},
		{"what was acknowledged is read", f.check},
		{"close", func() error { return f.store.Close() }},
	}
	for _, step := range steps {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		free, err := diskFree(f.dir)
		if err != nil {
			return err
		}
		fmt.Printf("%s: ok, %d KiB free, %d acknowledged\n", step.name, free>>10, f.acked)
	}
	return nil
}

func (f *fullDisk) open() (err error) {
	f.store, err = Open(f.options)
	return err
}

func fullKey(n int) string { return fmt.Sprintf("k/%06d", n) }

func fullValue(n int) []byte {
	size := 4000
	if n%10 == 0 {
		size = 100_000
	}
	return bytes.Repeat([]byte{byte(n), byte(n >> 8), byte(n >> 16), 1}, size/4)
}

// write writes up to n keys. untilFull wants ErrFull before that, and nothing else never.
func (f *fullDisk) write(n int, untilFull bool) error {
	for range n {
		err := store.Write(f.store, []store.Op{put(fullKey(f.acked), fullValue(f.acked))})
		if untilFull && errors.Is(err, store.ErrFull) {
			return nil
		}
		if err != nil {
			return err
		}
		f.acked++
	}
	if untilFull {
		return fmt.Errorf("the disk did not fill")
	}
	return nil
}

func (f *fullDisk) wantFull() error {
	for range 20 {
		if err := store.Write(f.store, []store.Op{put(fullKey(f.acked), fullValue(f.acked))}); !errors.Is(err, store.ErrFull) {
			return fmt.Errorf("a write was answered %v", err)
		}
		f.refused++
	}
	if stats := f.store.Stats(); stats.Full == 0 || !stats.DiskFull || stats.Failed {
		return fmt.Errorf("the figures say %+v", stats)
	}
	return nil
}

func (f *fullDisk) wantOpenFull() error {
	if s, err := Open(f.options); !errors.Is(err, store.ErrFull) {
		if err == nil {
			err = s.Close()
		}
		return fmt.Errorf("open was answered %v", err)
	}
	return nil
}

// check wants all that is acknowledged, and nothing that was refused.
func (f *fullDisk) check() error {
	for n := range f.acked {
		got, err := f.store.Get([]byte(fullKey(n)))
		if err != nil || !bytes.Equal(got, fullValue(n)) {
			return fmt.Errorf("key %d of %d: %d bytes, %w", n, f.acked, len(got), err)
		}
	}
	if _, err := f.store.Get([]byte(fullKey(f.acked))); !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("the refused key %d: %v", f.acked, err)
	}
	return nil
}

func (f *fullDisk) filler() string { return filepath.Join(f.dir, "filler") }

func (f *fullDisk) free() error { return os.Remove(f.filler()) }

func (f *fullDisk) fillAll() error { return f.fill(0) }

// fill writes a file until only leave bytes are free.
func (f *fullDisk) fill(leave int64) error {
	file, err := os.OpenFile(f.filler(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	block := make([]byte, 4096)
	for {
		free, err := diskFree(f.dir)
		if err != nil || free <= leave {
			return err
		}
		if _, err := file.Write(block); err != nil {
			return err
		}
	}
}

func TestASimulatedFullDiskRefusesUntilTheReserveFitsAgain(t *testing.T) {
	const plenty = 1 << 30 // less than vast: the disk is asked for each write
	free := int64(plenty)
	dir := t.TempDir()
	s := newSpace(dir, testReserve, func(string) (int64, error) { return free, nil })
	if err := s.open(); err != nil || !s.roomy() {
		t.Fatalf("open: %v", err)
	}
	for _, step := range []struct {
		free int64
		n    int64
		full bool
		held bool
	}{
		{plenty, 1000, false, true},
		{s.floor + 1000, 1000, false, true},
		{s.floor + 999, 1000, true, false},                      // gives the reserve up
		{s.floor + s.size + 999, 1000, true, false},             // its own reserve, free again, is not yet room
		{s.floor + s.size + 1000, 1000, false, true},            // held again
		{0, 0, true, false},                                     //
		{plenty, maxGroupBytes, false, true},                    //
		{s.floor + maxGroupBytes/2, maxGroupBytes, true, false}, // a small write would still fit, but the disk is full
	} {
		free = step.free
		err := s.admit(step.n)
		if errors.Is(err, store.ErrFull) != step.full || (err != nil) != step.full || s.roomy() != step.held {
			t.Errorf("%d free, %d to write: %v, reserve held: %v", step.free, step.n, err, s.roomy())
		}
		if _, err := os.Stat(s.path()); (err == nil) != step.held {
			t.Errorf("%d free: the reserve's file: %v", step.free, err)
		}
	}
	free = 0
	if err := newSpace(dir, testReserve, s.free).open(); !errors.Is(err, store.ErrFull) {
		t.Errorf("opening on a full disk: %v", err)
	}
}

func TestTheReserveIsGivenUpWhenAnotherProcessFillsTheDisk(t *testing.T) {
	free := int64(1 << 40)
	s := newSpace(t.TempDir(), testReserve, func(string) (int64, error) { return free, nil })
	if err := s.open(); err != nil {
		t.Fatal(err)
	}
	if err := s.yield(); err != nil || !s.roomy() {
		t.Errorf("with room: %v, held %v", err, s.roomy())
	}
	free = s.floor - 1
	if err := s.yield(); err != nil || s.roomy() {
		t.Errorf("without: %v, held %v", err, s.roomy())
	}
}

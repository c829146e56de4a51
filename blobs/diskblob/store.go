package diskblob

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"fieldsync/blobs"
)

var _ blobs.Store = (*Store)(nil)

const (
	incoming = ".incoming"
	lockName = ".lock"
	dirMode  = 0o700
	fileMode = 0o600
)

// Store is a folder of files. Safe for concurrent use.
type Store struct {
	root string
	lock *os.File
	// One lock per first byte of the name: held for writing from the rename to the fsync of the folder (milliseconds), for
	// reading by Stat.
	commits [256]sync.RWMutex
	durable sync.Map // path of a folder whose own name is known to be fsynced -> struct{}; at most 257 per space
	disk    disk
	stage   stage
	key     []byte // of a sealed store; nil: files stand here as they are
}

// disk is what a write does to the file system, apart so that a test can make each step fail.
type disk struct {
	create  func(dir string) (file, error)
	reopen  func(path string) (partFile, error)
	rename  func(from, to string) error
	syncDir func(dir string) error
}

// file is the part of *os.File that a write needs.
type file interface {
	Write(p []byte) (int, error)
	Sync() error
	Close() error
	Name() string
}

// partFile is the part of *os.File that a part of a growing file needs.
type partFile interface {
	WriteAt(p []byte, offset int64) (int, error)
	Sync() error
	Close() error
}

// Open opens a root, making it if need be, and sweeps what writes that did not end have left. Errors: blobs.ErrLocked,
// blobs.ErrFull, or blobs.ErrUnavailable with the file system's own.
func Open(root string) (*Store, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, mapError("open", err)
	}
	if err := os.MkdirAll(filepath.Join(root, incoming), dirMode); err != nil {
		return nil, mapError("open", err)
	}
	lock, err := lockFile(filepath.Join(root, lockName))
	if err != nil {
		return nil, err
	}
	s := &Store{root: root, lock: lock, stage: stage{seed: maphash.MakeSeed()},
		disk: disk{create: createTemp, reopen: reopen, rename: os.Rename, syncDir: syncDir}}
	if err := s.sweep(); err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

// OpenReading opens a root to read from, also while another process has it open. What writes answers blobs.ErrDenied.
func OpenReading(root string) (*Store, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, mapError("open", err)
	}
	if found, err := os.Stat(root); err != nil || !found.IsDir() {
		return nil, fmt.Errorf("diskblob: open: %w: no such folder", blobs.ErrNotFound)
	}
	denied := fmt.Errorf("diskblob: %w: it is open for reading", blobs.ErrDenied)
	return &Store{root: root, stage: stage{seed: maphash.MakeSeed()}, disk: disk{
		create:  func(string) (file, error) { return nil, denied },
		reopen:  func(string) (partFile, error) { return nil, denied },
		rename:  func(string, string) error { return denied },
		syncDir: func(string) error { return denied },
	}}, nil
}

// Close lets another process open the root. Writes that are under way must have ended.
func (s *Store) Close() error {
	if s.lock == nil {
		return nil
	}
	return s.lock.Close()
}

func (s *Store) sweep() error {
	left, err := os.ReadDir(filepath.Join(s.root, incoming))
	if err != nil {
		return mapError("sweep", err)
	}
	for _, entry := range left {
		if err := os.RemoveAll(filepath.Join(s.root, incoming, entry.Name())); err != nil {
			return mapError("sweep", err)
		}
	}
	return nil
}

// path is where a file stands. Key admits nothing but the space's and the digits' alphabets, so it stays below the root.
func (s *Store) path(space blobs.Space, ref blobs.Ref) (string, error) {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return "", err
	}
	return filepath.Join(s.root, filepath.FromSlash(key)), nil
}

func (s *Store) commitLock(ref blobs.Ref) *sync.RWMutex {
	sum := ref.Sum()
	return &s.commits[sum[0]]
}

// Stat implements blobs.Statter.
func (s *Store) Stat(ctx context.Context, space blobs.Space, ref blobs.Ref) (blobs.Info, error) {
	path, err := s.path(space, ref)
	if err != nil {
		return blobs.Info{}, err
	}
	if err := ctx.Err(); err != nil {
		return blobs.Info{}, err
	}
	mu := s.commitLock(ref)
	mu.RLock()
	defer mu.RUnlock()
	return stat(path)
}

// stat takes regular files only: a link or a device that somebody put there is not a file of ours.
func stat(path string) (blobs.Info, error) {
	found, err := os.Lstat(path)
	if err != nil {
		return blobs.Info{}, mapError("stat", err)
	}
	if !found.Mode().IsRegular() {
		return blobs.Info{}, fmt.Errorf("diskblob: stat: %w: not a regular file", blobs.ErrMismatch)
	}
	return infoOf(found), nil
}

func infoOf(found fs.FileInfo) blobs.Info {
	return blobs.Info{Size: found.Size(), Created: found.ModTime()}
}

// Remove implements blobs.Remover.
func (s *Store) Remove(ctx context.Context, space blobs.Space, ref blobs.Ref) error {
	path, err := s.path(space, ref)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.lock == nil {
		return fmt.Errorf("diskblob: remove: %w: it is open for reading", blobs.ErrDenied)
	}
	mu := s.commitLock(ref)
	mu.Lock()
	defer mu.Unlock()
	if err := os.Remove(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return mapError("remove", err)
	}
	return mapError("remove", s.disk.syncDir(filepath.Dir(path)))
}

// mapError gives a file system's error the sentinel that callers know; nil stays nil. The root's path is kept out of the
// text, since texts reach other people.
func mapError(op string, err error) error {
	var path *fs.PathError
	var link *os.LinkError
	cause := err
	switch {
	case errors.As(err, &path):
		cause = path.Err
	case errors.As(err, &link):
		cause = link.Err
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, blobs.ErrDenied):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("diskblob: %s: %w", op, blobs.ErrNotFound)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG):
		return fmt.Errorf("diskblob: %s: %w: %w", op, blobs.ErrFull, cause)
	default:
		return fmt.Errorf("diskblob: %s: %w: %w", op, blobs.ErrUnavailable, cause)
	}
}

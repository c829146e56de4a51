package diskblob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"fieldsync/blobs"
)

var _ blobs.Stage = (*Store)(nil)

const (
	stageName  = ".stage" // <root>/.stage/<space>/<path>.note
	noteSuffix = ".note"  // no element of a path has a dot: a note and a folder of the same name do not meet
	growName   = ".files" // <root>/.stage/<space>/.files/<id>.<token>
	noteLocks  = 64       // writers of different notes seldom meet
	noteTries  = 3        // a folder may go away, as it became empty, between its making and its use
)

// stage is what the store keeps about its notes beside the files themselves.
type stage struct {
	locks [noteLocks]sync.Mutex // by path: from the look at the version to the rename
	seed  maphash.Seed
	dirs  sync.RWMutex // held for writing while an empty folder is removed
}

func (s *Store) noteLock(space blobs.Space, path string) *sync.Mutex {
	return &s.stage.locks[maphash.String(s.stage.seed, string(space)+"/"+path)%noteLocks]
}

func (s *Store) stageDir(space blobs.Space) string {
	return filepath.Join(s.root, stageName, string(space))
}

func (s *Store) notePath(space blobs.Space, path string) string {
	return filepath.Join(s.stageDir(space), filepath.FromSlash(path)) + noteSuffix
}

func versionOf(data []byte) blobs.Version {
	sum := sha256.Sum256(data)
	return blobs.Version(hex.EncodeToString(sum[:16]))
}

// PutNote implements blobs.NoteKeeper: a temporary file, fsync, rename, fsync of the folder.
func (s *Store) PutNote(ctx context.Context, space blobs.Space, path string, data []byte, old blobs.Version) (blobs.Version, error) {
	if err := blobs.CheckNote(space, path, data); err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	mu := s.noteLock(space, path)
	mu.Lock()
	defer mu.Unlock()
	at := s.notePath(space, path)
	if old != "" {
		was, err := os.ReadFile(at)
		switch {
		case errors.Is(err, fs.ErrNotExist) && old == blobs.Absent, err == nil && versionOf(was) == old:
		case err == nil || errors.Is(err, fs.ErrNotExist):
			return "", fmt.Errorf("diskblob: note: %w", blobs.ErrConflict)
		default:
			return "", mapError("read a note", err)
		}
	}
	temp, err := s.writeNote(data)
	if err != nil {
		return "", err
	}
	if err := s.nameNote(temp, at); err != nil {
		os.Remove(temp)
		return "", err
	}
	return versionOf(data), nil
}

func (s *Store) writeNote(data []byte) (name string, err error) {
	f, err := s.disk.create(filepath.Join(s.root, incoming))
	if err != nil {
		return "", mapError("create", err)
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(f.Name())
		return "", mapError("write a note", err)
	}
	return f.Name(), nil
}

func (s *Store) nameNote(temp, at string) error {
	dir := filepath.Dir(at)
	for try := 1; ; try++ {
		err := func() error {
			s.stage.dirs.RLock()
			defer s.stage.dirs.RUnlock()
			if err := s.ensureStageDir(dir); err != nil {
				return err
			}
			if err := s.disk.rename(temp, at); err != nil {
				return mapError("rename", err)
			}
			return mapError("fsync of the folder", s.disk.syncDir(dir))
		}()
		if err == nil || try == noteTries || !errors.Is(err, blobs.ErrNotFound) {
			return err
		}
	}
}

// ensureStageDir makes the folders from the root down to dir, and makes their names durable, once per process each. The dirs
// lock is held for reading.
func (s *Store) ensureStageDir(dir string) error {
	if dir == s.root {
		return nil
	}
	if _, ok := s.durable.Load(dir); ok {
		return nil
	}
	up := filepath.Dir(dir)
	if err := s.ensureStageDir(up); err != nil {
		return err
	}
	if err := os.Mkdir(dir, dirMode); err != nil && !errors.Is(err, fs.ErrExist) {
		return mapError("mkdir", err)
	}
	if err := s.disk.syncDir(up); err != nil {
		return mapError("fsync of the folder", err)
	}
	s.durable.Store(dir, struct{}{})
	return nil
}

// GetNote implements blobs.NoteKeeper.
func (s *Store) GetNote(ctx context.Context, space blobs.Space, path string) ([]byte, blobs.Version, error) {
	if err := blobs.CheckNote(space, path, nil); err != nil {
		return nil, "", err
	}
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	at := s.notePath(space, path)
	info, err := stat(at)
	if err != nil {
		return nil, "", err
	}
	if info.Size > blobs.MaxNote {
		return nil, "", fmt.Errorf("diskblob: note: %w", blobs.ErrTooLarge)
	}
	data, err := os.ReadFile(at)
	if err != nil {
		return nil, "", mapError("read a note", err)
	}
	return data, versionOf(data), nil
}

// RemoveNote implements blobs.NoteKeeper. Folders that are empty then go too.
func (s *Store) RemoveNote(ctx context.Context, space blobs.Space, path string) error {
	if err := blobs.CheckNote(space, path, nil); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	mu := s.noteLock(space, path)
	mu.Lock()
	defer mu.Unlock()
	return s.removeStaged(space, s.notePath(space, path))
}

func (s *Store) removeStaged(space blobs.Space, at string) error {
	if s.lock == nil {
		return fmt.Errorf("diskblob: remove: %w: it is open for reading", blobs.ErrDenied)
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return mapError("remove", err)
	}
	s.stage.dirs.Lock()
	defer s.stage.dirs.Unlock()
	for dir := filepath.Dir(at); dir != s.stageDir(space); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // not empty
			break
		}
		s.durable.Delete(dir)
	}
	return nil
}

// ListNotes implements blobs.NoteKeeper.
func (s *Store) ListNotes(ctx context.Context, space blobs.Space, prefix, after string, limit int) ([]blobs.NoteInfo, error) {
	if err := blobs.CheckList(space, prefix, after, limit); err != nil {
		return nil, err
	}
	base := s.stageDir(space)
	from := filepath.Join(base, filepath.FromSlash(prefix[:strings.LastIndexByte(prefix, '/')+1]))
	var out []blobs.NoteInfo
	err := filepath.WalkDir(from, func(at string, d fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // removed meanwhile
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case d.IsDir() && d.Name() == growName:
			return fs.SkipDir
		case !d.Type().IsRegular() || !strings.HasSuffix(at, noteSuffix):
			return nil
		}
		rel, err := filepath.Rel(base, strings.TrimSuffix(at, noteSuffix))
		if err != nil {
			return err
		}
		path := filepath.ToSlash(rel)
		if !strings.HasPrefix(path, prefix) || path <= after || blobs.CheckPath(path, false) != nil {
			return nil //nolint:nilerr // not a note of ours: passed over
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			out = append(out, blobs.NoteInfo{Path: path, Size: info.Size(), Modified: info.ModTime()})
		}
		return err
	})
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, mapError("list", err)
	}
	// Not the walk's order: "a-b.note" comes before "a.note".
	slices.SortFunc(out, func(a, b blobs.NoteInfo) int { return strings.Compare(a.Path, b.Path) })
	return out[:min(limit, len(out))], nil
}

// Spaces implements blobs.NoteKeeper.
func (s *Store) Spaces(ctx context.Context) ([]blobs.Space, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	all := map[blobs.Space]struct{}{}
	for _, dir := range []string{s.root, filepath.Join(s.root, stageName)} {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, mapError("list", err)
		}
		for _, e := range entries {
			if space, err := blobs.ParseSpace(e.Name()); err == nil && e.IsDir() {
				all[space] = struct{}{}
			}
		}
	}
	return slices.Sorted(maps.Keys(all)), nil
}

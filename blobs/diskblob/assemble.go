package diskblob

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"fieldsync/blobs"
)

// MinPart implements blobs.Assembler: parts are written where they belong, of whatever size they are.
func (s *Store) MinPart() int64 { return 1 }

func (s *Store) growPath(f blobs.Growing) (string, error) {
	if err := f.Validate(); err != nil {
		return "", err
	}
	if f.Token == "" || strings.ContainsAny(f.Token, "./\\") {
		return "", fmt.Errorf("diskblob: %w: not a growing file's token", blobs.ErrInvalid)
	}
	return filepath.Join(s.stageDir(f.Space), growName, f.ID+"."+f.Token), nil
}

// BeginFile implements blobs.Assembler.
func (s *Store) BeginFile(ctx context.Context, f blobs.Growing) (string, error) {
	f.Token = strings.ToLower(rand.Text())
	at, err := s.growPath(f)
	if err != nil {
		return "", err
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if s.lock == nil {
		return "", fmt.Errorf("diskblob: begin: %w: it is open for reading", blobs.ErrDenied)
	}
	s.stage.dirs.RLock()
	defer s.stage.dirs.RUnlock()
	dir := filepath.Dir(at)
	if err := s.ensureStageDir(dir); err != nil {
		return "", err
	}
	file, err := os.OpenFile(at, os.O_CREATE|os.O_EXCL|os.O_WRONLY, fileMode)
	if err != nil {
		return "", mapError("create", err)
	}
	if err := file.Close(); err != nil {
		return "", mapError("create", err)
	}
	return f.Token, mapError("fsync of the folder", s.disk.syncDir(dir))
}

// PutPart implements blobs.Assembler.
func (s *Store) PutPart(ctx context.Context, f blobs.Growing, p blobs.Part, data []byte) (string, error) {
	at, err := s.growPath(f)
	if err != nil {
		return "", err
	}
	if p.Offset < 0 || p.Offset > blobs.MaxSize-int64(len(data)) {
		return "", fmt.Errorf("diskblob: part: %w: at byte %d", blobs.ErrInvalid, p.Offset)
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	file, err := s.disk.reopen(at)
	if err != nil {
		return "", mapError("part", err)
	}
	_, err = file.WriteAt(data, p.Offset)
	if err == nil {
		err = file.Sync()
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	return "", mapError("part", err)
}

// Assemble implements blobs.Assembler: the file that the parts were written into gets its name.
func (s *Store) Assemble(ctx context.Context, f blobs.Growing, whole *blobs.Verified, parts []blobs.Part) error {
	if err := blobs.CheckAssembly(f, whole, parts); err != nil {
		return err
	}
	grown, err := s.growPath(f)
	if err != nil {
		return err
	}
	path, err := s.path(f.Space, f.Ref)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	found, err := stat(grown)
	switch {
	case errors.Is(err, blobs.ErrNotFound):
		if there, err := s.Stat(ctx, f.Space, f.Ref); err == nil && there.Size == whole.Size() {
			return nil // an earlier try got this far
		}
		return err
	case err != nil:
		return err
	case found.Size < whole.Size():
		return fmt.Errorf("diskblob: assemble: %w: %d bytes of %d are there", blobs.ErrMismatch, found.Size, whole.Size())
	case found.Size > whole.Size(): // a part that was written and never counted
		if err := truncate(grown, whole.Size()); err != nil {
			return mapError("truncate", err)
		}
	}
	mu := s.commitLock(f.Ref)
	mu.Lock()
	defer mu.Unlock()
	return s.rename(grown, path)
}

func truncate(path string, size int64) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(file.Truncate(size), file.Sync(), file.Close())
}

// DropFile implements blobs.Assembler.
func (s *Store) DropFile(ctx context.Context, f blobs.Growing) error {
	at, err := s.growPath(f)
	if err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.removeStaged(f.Space, at)
}

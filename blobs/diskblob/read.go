package diskblob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"

	"fieldsync/blobs"
)

// OpenRange implements blobs.Fetcher.
func (s *Store) OpenRange(ctx context.Context, space blobs.Space, ref blobs.Ref, offset, length int64) (io.ReadCloser, error) {
	path, err := s.path(space, ref)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("diskblob: open: %w: offset %d", blobs.ErrInvalid, offset)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if _, err := stat(path); err != nil { // not a link to somewhere else, and no device that blocks
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, mapError("open", err)
	}
	if length < 0 {
		length = math.MaxInt64 - offset
	}
	return &rangeReader{ctx: ctx, section: io.NewSectionReader(f, offset, length), file: f}, nil
}

type rangeReader struct {
	ctx     context.Context
	section *io.SectionReader
	file    *os.File
}

func (r *rangeReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.section.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = mapError("read", err)
	}
	return n, err
}

func (r *rangeReader) Close() error { return r.file.Close() }

// List implements blobs.Enumerator.
func (s *Store) List(ctx context.Context, space blobs.Space, after blobs.Ref, limit int) ([]blobs.Item, error) {
	if err := space.Validate(); err != nil {
		return nil, err
	}
	if limit <= 0 || limit > blobs.MaxList {
		return nil, fmt.Errorf("diskblob: list: %w: limit %d is not 1 to %d", blobs.ErrInvalid, limit, blobs.MaxList)
	}
	first := 0
	if !after.IsZero() {
		sum := after.Sum()
		first = int(sum[0])
	}
	var items []blobs.Item
	for aa := first; aa < 256; aa++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		// ReadDir sorts by name, and the names of one folder are of one length: the order is the Refs'.
		entries, err := os.ReadDir(filepath.Join(s.root, string(space), fmt.Sprintf("%02x", aa)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, mapError("list", err)
		}
		for _, entry := range entries {
			ref, err := blobs.ParseRef(entry.Name())
			if err != nil || !entry.Type().IsRegular() || int(ref.Sum()[0]) != aa {
				continue // not ours
			}
			if !after.IsZero() && entry.Name() <= after.String() {
				continue
			}
			found, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed meanwhile
			}
			if err != nil {
				return nil, mapError("list", err)
			}
			items = append(items, blobs.Item{Ref: ref, Info: infoOf(found)})
			if len(items) == limit {
				return items, nil
			}
		}
	}
	return items, nil
}

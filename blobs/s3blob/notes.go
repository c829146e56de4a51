package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/minio/minio-go/v7"

	"fieldsync/blobs"
)

var _ blobs.Stage = (*Store)(nil)

// stagePrefix is where notes lie: ".stage/<space>/<path>". No space has a dot.
const stagePrefix = ".stage/"

func noteKey(space blobs.Space, path string) string { return stagePrefix + string(space) + "/" + path }

// PutNote implements blobs.NoteKeeper: one conditional PUT.
func (s *Store) PutNote(ctx context.Context, space blobs.Space, path string, data []byte, old blobs.Version) (blobs.Version, error) {
	if err := blobs.CheckNote(space, path, data); err != nil {
		return "", err
	}
	ref := blobs.RefOf(data)
	opts := minio.PutObjectOptions{
		ContentType: "application/octet-stream", DisableMultipart: true, DisableContentSha256: true,
		UserMetadata: map[string]string{checksumHeader: checksum(ref)},
	}
	switch old {
	case "":
	case blobs.Absent:
		opts.SetMatchETagExcept("*")
	default:
		opts.SetMatchETag(string(old))
	}
	put, err := s.api.PutObject(ctx, s.bucket, noteKey(space, path), bytes.NewReader(data), int64(len(data)), "", ref.String(), opts)
	if err == nil {
		return blobs.Version(put.ETag), nil
	}
	err = mapError(ctx, "put a note", err)
	if old != "" && old != blobs.Absent && errors.Is(err, blobs.ErrNotFound) {
		err = fmt.Errorf("s3blob: put a note: %w: it is gone", blobs.ErrConflict)
	}
	if errors.Is(err, blobs.ErrConflict) {
		// minio-go tries again by itself, and the first try may have been stored although its answer was lost.
		if got, version, gerr := s.GetNote(ctx, space, path); gerr == nil && bytes.Equal(got, data) {
			return version, nil
		}
	}
	return "", err
}

// GetNote implements blobs.NoteKeeper.
func (s *Store) GetNote(ctx context.Context, space blobs.Space, path string) ([]byte, blobs.Version, error) {
	if err := blobs.CheckNote(space, path, nil); err != nil {
		return nil, "", err
	}
	body, info, _, err := s.api.GetObject(ctx, s.bucket, noteKey(space, path), minio.GetObjectOptions{})
	if err != nil {
		return nil, "", mapError(ctx, "get a note", err)
	}
	defer body.Close()
	if info.Size > blobs.MaxNote {
		return nil, "", fmt.Errorf("s3blob: get a note: %w: %d bytes", blobs.ErrTooLarge, info.Size)
	}
	data := make([]byte, info.Size)
	if _, err := io.ReadFull(body, data); err != nil {
		return nil, "", mapError(ctx, "get a note", err)
	}
	return data, blobs.Version(info.ETag), nil
}

// RemoveNote implements blobs.NoteKeeper.
func (s *Store) RemoveNote(ctx context.Context, space blobs.Space, path string) error {
	if err := blobs.CheckNote(space, path, nil); err != nil {
		return err
	}
	err := mapError(ctx, "remove a note", s.api.RemoveObject(ctx, s.bucket, noteKey(space, path), minio.RemoveObjectOptions{}))
	if errors.Is(err, blobs.ErrNotFound) {
		return nil
	}
	return err
}

// ListNotes implements blobs.NoteKeeper.
func (s *Store) ListNotes(ctx context.Context, space blobs.Space, prefix, after string, limit int) ([]blobs.NoteInfo, error) {
	if err := blobs.CheckList(space, prefix, after, limit); err != nil {
		return nil, err
	}
	listing, stop := context.WithCancel(ctx)
	defer stop()
	opts := minio.ListObjectsOptions{Prefix: noteKey(space, prefix), Recursive: true, MaxKeys: limit}
	if after != "" {
		opts.StartAfter = noteKey(space, after)
	}
	var out []blobs.NoteInfo
	for object := range s.api.Objects(listing, s.bucket, opts) {
		if object.Err != nil {
			return nil, mapError(ctx, "list notes", object.Err)
		}
		path := strings.TrimPrefix(object.Key, noteKey(space, ""))
		if blobs.CheckPath(path, false) != nil || path <= after {
			continue // not ours
		}
		if out = append(out, blobs.NoteInfo{Path: path, Size: object.Size, Modified: object.LastModified}); len(out) == limit {
			break
		}
	}
	return out, ctx.Err()
}

// Spaces implements blobs.NoteKeeper.
func (s *Store) Spaces(ctx context.Context) ([]blobs.Space, error) {
	listing, stop := context.WithCancel(ctx)
	defer stop()
	all := map[blobs.Space]struct{}{}
	for _, prefix := range []string{"", stagePrefix} {
		for object := range s.api.Objects(listing, s.bucket, minio.ListObjectsOptions{Prefix: prefix}) {
			if object.Err != nil {
				return nil, mapError(ctx, "list organisations", object.Err)
			}
			name, isFolder := strings.CutSuffix(strings.TrimPrefix(object.Key, prefix), "/")
			if space, err := blobs.ParseSpace(name); err == nil && isFolder {
				all[space] = struct{}{}
			}
		}
	}
	return slices.Sorted(maps.Keys(all)), ctx.Err()
}

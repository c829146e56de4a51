package s3blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"

	"github.com/minio/minio-go/v7"

	"fieldsync/blobs"
)

// OpenRange implements blobs.Fetcher: one GET, whose body the caller reads.
func (s *Store) OpenRange(ctx context.Context, space blobs.Space, ref blobs.Ref, offset, length int64) (io.ReadCloser, error) {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return nil, err
	}
	if offset < 0 {
		return nil, fmt.Errorf("s3blob: get: %w: offset %d", blobs.ErrInvalid, offset)
	}
	if length == 0 { // HTTP has no empty range
		_, err := s.Stat(ctx, space, ref)
		return http.NoBody, err
	}
	var opts minio.GetObjectOptions
	switch {
	case length > 0:
		err = opts.SetRange(offset, offset+length-1)
	case offset > 0:
		err = opts.SetRange(offset, 0) // minio-go's way to say "to the end"
	}
	if err != nil {
		return nil, fmt.Errorf("s3blob: get: %w: %w", blobs.ErrInvalid, err)
	}
	body, _, _, err := s.api.GetObject(ctx, s.bucket, key, opts)
	if minio.ToErrorResponse(err).StatusCode == http.StatusRequestedRangeNotSatisfiable {
		return http.NoBody, nil
	}
	if err != nil {
		return nil, mapError(ctx, "get", err)
	}
	return &reader{ctx: ctx, body: body}, nil
}

type reader struct {
	ctx  context.Context
	body io.ReadCloser
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = mapError(r.ctx, "get", err)
	}
	return n, err
}

func (r *reader) Close() error { return r.body.Close() }

// Stat implements blobs.Statter.
func (s *Store) Stat(ctx context.Context, space blobs.Space, ref blobs.Ref) (blobs.Info, error) {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return blobs.Info{}, err
	}
	object, err := s.api.StatObject(ctx, s.bucket, key, minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return blobs.Info{}, mapError(ctx, "stat", err)
	}
	info := infoOf(object)
	info.Attested = object.ChecksumSHA256 == checksum(ref) || object.UserMetadata[verifiedMeta] == ref.String()
	return info, nil
}

func infoOf(object minio.ObjectInfo) blobs.Info {
	return blobs.Info{Size: object.Size, Created: object.LastModified}
}

// List implements blobs.Enumerator.
func (s *Store) List(ctx context.Context, space blobs.Space, after blobs.Ref, limit int) ([]blobs.Item, error) {
	if err := space.Validate(); err != nil {
		return nil, err
	}
	if limit <= 0 || limit > blobs.MaxList {
		return nil, fmt.Errorf("s3blob: list: %w: limit %d is not 1 to %d", blobs.ErrInvalid, limit, blobs.MaxList)
	}
	// minio-go lists on a goroutine of its own, which ends with this context.
	listing, stop := context.WithCancel(ctx)
	defer stop()
	opts := minio.ListObjectsOptions{Prefix: string(space) + "/", Recursive: true, MaxKeys: limit}
	if !after.IsZero() {
		opts.StartAfter, _ = blobs.Key(space, after) // the space was checked, the Ref is not zero
	}
	var items []blobs.Item
	for object := range s.api.Objects(listing, s.bucket, opts) {
		if object.Err != nil {
			return nil, mapError(ctx, "list", object.Err)
		}
		ref, err := blobs.ParseRef(path.Base(object.Key))
		if err != nil {
			continue // not ours
		}
		if key, _ := blobs.Key(space, ref); key != object.Key {
			continue
		}
		if items = append(items, blobs.Item{Ref: ref, Info: infoOf(object)}); len(items) == limit {
			break
		}
	}
	return items, ctx.Err()
}

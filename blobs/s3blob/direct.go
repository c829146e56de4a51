package s3blob

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/minio/minio-go/v7"

	"fieldsync/blobs"
)

// directPath is the note that a direct upload becomes until it is accepted.
func directPath(id string) string { return "direct/" + id }

// Direct gives the store's direct ways, for clients that reach it at Config.PublicEndpoint; nil without one.
func (s *Store) Direct() blobs.Direct {
	if s.public == nil {
		return nil
	}
	return direct{s}
}

type direct struct{ *Store }

// DirectPut implements blobs.Direct.
func (d direct) DirectPut(ctx context.Context, space blobs.Space, ref blobs.Ref, size int64, id string, expires time.Duration) (blobs.DirectRequest, error) {
	if _, err := blobs.Key(space, ref); err != nil {
		return blobs.DirectRequest{}, err
	}
	if err := blobs.CheckNote(space, directPath(id), nil); err != nil {
		return blobs.DirectRequest{}, err
	}
	h := http.Header{}
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("If-None-Match", "*")
	h.Set(checksumHeader, checksum(ref))
	u, err := d.public.PresignHeader(ctx, http.MethodPut, d.bucket, noteKey(space, directPath(id)), expires, nil, h)
	if err != nil {
		return blobs.DirectRequest{}, mapError(ctx, "presign", err)
	}
	return blobs.DirectRequest{Method: http.MethodPut, URL: u.String(), Header: h}, nil
}

// Accept implements blobs.Direct: the bucket copies the object to the file's key, and computes the copy's SHA-256 itself.
func (d direct) Accept(ctx context.Context, space blobs.Space, ref blobs.Ref, size int64, id string) error {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return err
	}
	if err := blobs.CheckNote(space, directPath(id), nil); err != nil {
		return err
	}
	from := noteKey(space, directPath(id))
	object, err := d.api.StatObject(ctx, d.bucket, from, minio.StatObjectOptions{Checksum: true})
	if err != nil {
		return mapError(ctx, "stat", err)
	}
	if object.Size != size || object.ChecksumSHA256 != "" && object.ChecksumSHA256 != checksum(ref) {
		return errors.Join(fmt.Errorf("s3blob: accept: %w: %d bytes came, or others", blobs.ErrMismatch, object.Size), d.RemoveNote(ctx, space, directPath(id)))
	}
	if object.ChecksumSHA256 == "" || !d.copied(ctx, from, key, object.ETag, space, ref, size) {
		// This server keeps no checksums: only reading tells.
		if err := d.reread(ctx, from, space, ref, size); err != nil {
			if errors.Is(err, blobs.ErrMismatch) {
				err = errors.Join(err, d.RemoveNote(ctx, space, directPath(id)))
			}
			return err
		}
	}
	return d.RemoveNote(ctx, space, directPath(id))
}

// copied copies within the bucket, the very object that was looked at, and tells whether the copy is attested.
func (d direct) copied(ctx context.Context, from, key, etag string, space blobs.Space, ref blobs.Ref, size int64) bool {
	_, err := d.api.CopyObject(ctx, d.bucket, from, d.bucket, key, map[string]string{
		"x-amz-copy-source-if-match": etag, "x-amz-checksum-algorithm": "SHA256",
		"x-amz-metadata-directive": "REPLACE", "Content-Type": "application/octet-stream",
	}, minio.CopySrcOptions{}, minio.PutObjectOptions{})
	if err != nil {
		return false
	}
	info, err := d.Stat(ctx, space, ref)
	return err == nil && info.Attested && info.Size == size
}

// reread sends the object through the gate.
func (d direct) reread(ctx context.Context, from string, space blobs.Space, ref blobs.Ref, size int64) error {
	body, _, _, err := d.api.GetObject(ctx, d.bucket, from, minio.GetObjectOptions{})
	if err != nil {
		return mapError(ctx, "get", err)
	}
	defer body.Close()
	_, err = blobs.Overwrite(ctx, d.Store, space, ref, size, &reader{ctx: ctx, body: body})
	return err
}

// DirectGet implements blobs.Direct.
func (d direct) DirectGet(ctx context.Context, space blobs.Space, ref blobs.Ref, contentType, disposition string, expires time.Duration) (string, error) {
	key, err := blobs.Key(space, ref)
	if err != nil {
		return "", err
	}
	u, err := d.public.Presign(ctx, http.MethodGet, d.bucket, key, expires, url.Values{
		"response-content-type": {contentType}, "response-content-disposition": {disposition},
		"response-cache-control": {"private, max-age=31536000, immutable"},
	})
	if err != nil {
		return "", mapError(ctx, "presign", err)
	}
	return u.String(), nil
}

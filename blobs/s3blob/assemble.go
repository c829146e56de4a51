package s3blob

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/minio/minio-go/v7"

	"fieldsync/blobs"
)

// minPart is what S3 asks of each part of a multipart upload but the last, in bytes.
const minPart = 5 << 20

// verifiedMeta is the metadata of an object that was put together from parts: the SHA-256 that this program verified. It
// stands from the beginning of a multipart upload, but an object is there only after Assemble, which nobody reaches without a
// blobs.Verified. S3 itself keeps no SHA-256 of the whole for such an object.
const verifiedMeta = "Fieldsync-Sha256"

// MinPart implements blobs.Assembler.
func (s *Store) MinPart() int64 { return minPart }

func growKey(f blobs.Growing) (string, error) {
	if err := f.Validate(); err != nil {
		return "", err
	}
	return blobs.Key(f.Space, f.Ref)
}

// BeginFile implements blobs.Assembler: a multipart upload to the file's own key.
func (s *Store) BeginFile(ctx context.Context, f blobs.Growing) (string, error) {
	key, err := growKey(f)
	if err != nil {
		return "", err
	}
	id, err := s.api.NewMultipartUpload(ctx, s.bucket, key, minio.PutObjectOptions{
		ContentType: "application/octet-stream", UserMetadata: map[string]string{verifiedMeta: f.Ref.String()},
	})
	return id, mapError(ctx, "begin a file", err)
}

// PutPart implements blobs.Assembler. The part's SHA-256 is signed, so that the server compares.
func (s *Store) PutPart(ctx context.Context, f blobs.Growing, p blobs.Part, data []byte) (string, error) {
	key, err := growKey(f)
	if err != nil {
		return "", err
	}
	if p.Number < 1 || p.Number > blobs.MaxParts {
		return "", fmt.Errorf("s3blob: part: %w: number %d", blobs.ErrInvalid, p.Number)
	}
	done, err := s.api.PutObjectPart(ctx, s.bucket, key, f.Token, p.Number, bytes.NewReader(data), int64(len(data)),
		minio.PutObjectPartOptions{Sha256Hex: blobs.RefOf(data).String(), DisableContentSha256: true}) // once, not piece by piece
	return done.ETag, mapError(ctx, "put a part", err)
}

// Assemble implements blobs.Assembler.
func (s *Store) Assemble(ctx context.Context, f blobs.Growing, whole *blobs.Verified, parts []blobs.Part) error {
	if err := blobs.CheckAssembly(f, whole, parts); err != nil {
		return err
	}
	key, err := growKey(f)
	if err != nil {
		return err
	}
	list := make([]minio.CompletePart, 0, len(parts))
	for _, p := range parts {
		list = append(list, minio.CompletePart{PartNumber: p.Number, ETag: p.Tag})
	}
	_, err = s.api.CompleteMultipartUpload(ctx, s.bucket, key, f.Token, list, minio.PutObjectOptions{})
	err = mapError(ctx, "assemble", err)
	if errors.Is(err, blobs.ErrNotFound) || errors.Is(err, blobs.ErrUnavailable) {
		// The multipart upload is gone once it is complete: the answer to an earlier try may have been lost.
		if there, serr := s.Stat(ctx, f.Space, f.Ref); serr == nil && there.Size == whole.Size() && there.Attested {
			return nil
		}
	}
	return err
}

// DropFile implements blobs.Assembler.
func (s *Store) DropFile(ctx context.Context, f blobs.Growing) error {
	key, err := growKey(f)
	if err != nil {
		return err
	}
	err = mapError(ctx, "drop a file", s.api.AbortMultipartUpload(ctx, s.bucket, key, f.Token))
	if errors.Is(err, blobs.ErrNotFound) {
		return nil
	}
	return err
}

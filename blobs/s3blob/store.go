package s3blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"fieldsync/blobs"
)

var _ blobs.Store = (*Store)(nil)

// Config says where the files are. All fields but Secure, Region and Transport are needed.
type Config struct {
	Endpoint  string // host or host:port, without a scheme
	Secure    bool   // https; without it the server must be on a network that nobody else listens to
	AccessKey string
	SecretKey string            // never logged
	Bucket    string            // made if it is not there
	Region    string            // default "us-east-1", MinIO's own; a wrong one is refused by Amazon
	Transport http.RoundTripper // default: minio-go's
}

// defaultRegion also spares the request that would ask the server for the bucket's region.
const defaultRegion = "us-east-1"

// maxTries bounds how often a request without a body is made, the first one included; minio-go waits 0.2 s, 0.4 s between.
// Its own default of 10 would keep a caller for a minute where a clear "unavailable" lets him come back by himself.
const maxTries = 3

// api is the part of minio-go that the store uses.
type api interface {
	PutObject(ctx context.Context, bucket, key string, data io.Reader, size int64, md5Base64, sha256Hex string,
		opts minio.PutObjectOptions) (minio.UploadInfo, error)
	GetObject(ctx context.Context, bucket, key string, opts minio.GetObjectOptions) (io.ReadCloser, minio.ObjectInfo, http.Header, error)
	StatObject(ctx context.Context, bucket, key string, opts minio.StatObjectOptions) (minio.ObjectInfo, error)
	RemoveObject(ctx context.Context, bucket, key string, opts minio.RemoveObjectOptions) error
	Objects(ctx context.Context, bucket string, opts minio.ListObjectsOptions) <-chan minio.ObjectInfo
	NewMultipartUpload(ctx context.Context, bucket, key string, opts minio.PutObjectOptions) (string, error)
	PutObjectPart(ctx context.Context, bucket, key, upload string, number int, data io.Reader, size int64, opts minio.PutObjectPartOptions) (minio.ObjectPart, error)
	CompleteMultipartUpload(ctx context.Context, bucket, key, upload string, parts []minio.CompletePart, opts minio.PutObjectOptions) (minio.UploadInfo, error)
	AbortMultipartUpload(ctx context.Context, bucket, key, upload string) error
	BucketExists(ctx context.Context, bucket string) (bool, error)
	MakeBucket(ctx context.Context, bucket string, opts minio.MakeBucketOptions) error
}

// client is minio-go's low level: its GetObject gives the response's body instead of a goroutine, its PutObject takes the
// payload's hash.
type client struct{ minio.Core }

func (c client) Objects(ctx context.Context, bucket string, opts minio.ListObjectsOptions) <-chan minio.ObjectInfo {
	return c.Client.ListObjects(ctx, bucket, opts)
}

// Store is a bucket of files. Safe for concurrent use. It holds nothing that must be closed.
type Store struct {
	api    api
	bucket string
}

// Open connects and makes the bucket if it is not there. Errors: blobs.ErrInvalid for a bad configuration,
// blobs.ErrUnavailable, blobs.ErrDenied.
func Open(ctx context.Context, cfg Config) (*Store, error) {
	if cfg.Region == "" {
		cfg.Region = defaultRegion
	}
	if err := s3utils.CheckValidBucketNameStrict(cfg.Bucket); err != nil {
		return nil, fmt.Errorf("s3blob: %w: %w", blobs.ErrInvalid, err)
	}
	core, err := minio.NewCore(cfg.Endpoint, &minio.Options{
		Creds:           credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""),
		Secure:          cfg.Secure,
		Region:          cfg.Region,
		Transport:       cfg.Transport,
		MaxRetries:      maxTries,
		TrailingHeaders: true, // minio-go sends no checksum header without it
	})
	if err != nil {
		return nil, fmt.Errorf("s3blob: %w: %w", blobs.ErrInvalid, err)
	}
	s := &Store{api: client{*core}, bucket: cfg.Bucket}
	return s, s.ensureBucket(ctx, cfg.Region)
}

func (s *Store) ensureBucket(ctx context.Context, region string) error {
	there, err := s.api.BucketExists(ctx, s.bucket)
	if err != nil {
		return mapError(ctx, "look for the bucket", err)
	}
	if there {
		return nil
	}
	err = s.api.MakeBucket(ctx, s.bucket, minio.MakeBucketOptions{Region: region})
	switch minio.ToErrorResponse(err).Code {
	case minio.BucketAlreadyOwnedByYou, minio.BucketAlreadyExists: // another server was first
		return nil
	}
	return mapError(ctx, "make the bucket", err)
}

// mapError gives a server's answer the sentinel that callers know; nil stays nil.
func mapError(ctx context.Context, op string, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	answer := minio.ToErrorResponse(err)
	kind := blobs.ErrUnavailable
	switch answer.Code {
	case minio.NoSuchKey, minio.NoSuchUpload:
		kind = blobs.ErrNotFound
	case minio.PreconditionFailed, "ConditionalRequestConflict":
		kind = blobs.ErrConflict
	case minio.InvalidPart, "InvalidPartOrder", minio.EntityTooSmall:
		kind = blobs.ErrMismatch
	case minio.AccessDenied, minio.InvalidAccessKeyID, minio.SignatureDoesNotMatch, "AllAccessDisabled", "ExpiredToken":
		kind = blobs.ErrDenied
	case minio.BadDigest, "XAmzContentChecksumMismatch", minio.XAmzContentSHA256Mismatch, minio.IncompleteBody:
		kind = blobs.ErrMismatch
	case minio.EntityTooLarge:
		kind = blobs.ErrTooLarge
	case "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientStorage":
		kind = blobs.ErrFull
	default:
		switch {
		case answer.StatusCode == http.StatusInsufficientStorage:
			kind = blobs.ErrFull
		case answer.StatusCode == http.StatusForbidden:
			kind = blobs.ErrDenied
		case errors.Is(err, blobs.ErrNotFound):
			return err
		}
	}
	return fmt.Errorf("s3blob: %s: %w: %w", op, kind, err)
}

package s3blob

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/minio/minio-go/v7/pkg/s3utils"

	"fieldsync/blobs"
)

var _ blobs.Store = (*Store)(nil)

// Config says where the files are. Endpoint and Bucket are needed.
type Config struct {
	Endpoint string // host or host:port, without a scheme
	Secure   bool   // https; without it the server must be on a network that nobody else listens to
	// AccessKey, SecretKey and, for temporary ones, SessionToken; never logged. Without them they are looked for where AWS's own
	// tools do: AWS_… and MINIO_… in the environment, ~/.aws/credentials, the machine's role (IAM).
	AccessKey, SecretKey, SessionToken string
	Bucket                             string            // made if it is not there
	Region                             string            // default "us-east-1", MinIO's own; a wrong one is refused by Amazon
	Style                              Style             // default StyleAuto
	RootCAs                            *x509.CertPool    // who may sign the server's certificate; default: whom the system trusts
	Transport                          http.RoundTripper // default: minio-go's
	// PublicEndpoint is where clients reach the same server, as scheme://host[:port]; empty: they do not, and there is no Direct.
	PublicEndpoint string
}

// Style is where the bucket's name stands in an address.
type Style string

// The styles.
const (
	StyleAuto    Style = ""        // in the host at Amazon and Google, in the path elsewhere
	StylePath    Style = "path"    // https://host/bucket/key
	StyleVirtual Style = "virtual" // https://bucket.host/key
)

func (s Style) lookup() (minio.BucketLookupType, error) {
	switch s {
	case StyleAuto:
		return minio.BucketLookupAuto, nil
	case StylePath:
		return minio.BucketLookupPath, nil
	case StyleVirtual:
		return minio.BucketLookupDNS, nil
	}
	return 0, fmt.Errorf("s3blob: %w: style %q is neither path nor virtual", blobs.ErrInvalid, s)
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
	CopyObject(ctx context.Context, fromBucket, from, toBucket, to string, metadata map[string]string, src minio.CopySrcOptions, dst minio.PutObjectOptions) (minio.ObjectInfo, error)
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
	public *minio.Client // signs addresses for clients; nil: there are none
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
	opts, err := cfg.options()
	if err != nil {
		return nil, err
	}
	core, err := minio.NewCore(cfg.Endpoint, opts)
	if err != nil {
		return nil, fmt.Errorf("s3blob: %w: %w", blobs.ErrInvalid, err)
	}
	s := &Store{api: client{*core}, bucket: cfg.Bucket}
	if cfg.PublicEndpoint != "" {
		at, err := url.Parse(cfg.PublicEndpoint)
		if err != nil || at.Host == "" || at.Scheme != "http" && at.Scheme != "https" || at.Path != "" {
			return nil, fmt.Errorf("s3blob: %w: the public endpoint is not http(s)://host[:port]", blobs.ErrInvalid)
		}
		public := *opts
		public.Secure = at.Scheme == "https"
		if s.public, err = minio.New(at.Host, &public); err != nil {
			return nil, fmt.Errorf("s3blob: %w: %w", blobs.ErrInvalid, err)
		}
	}
	return s, s.ensureBucket(ctx, cfg.Region)
}

func (cfg Config) options() (*minio.Options, error) {
	lookup, err := cfg.Style.lookup()
	if err != nil {
		return nil, err
	}
	opts := &minio.Options{
		Creds:           cfg.credentials(),
		Secure:          cfg.Secure,
		Region:          cfg.Region,
		BucketLookup:    lookup,
		Transport:       cfg.Transport,
		MaxRetries:      maxTries,
		TrailingHeaders: true, // minio-go sends no checksum header without it
	}
	if cfg.RootCAs != nil && cfg.Transport == nil {
		transport, err := minio.DefaultTransport(cfg.Secure)
		if err != nil {
			return nil, fmt.Errorf("s3blob: %w: %w", blobs.ErrInvalid, err)
		}
		if transport.TLSClientConfig == nil {
			transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
		}
		transport.TLSClientConfig.RootCAs = cfg.RootCAs
		opts.Transport = transport
	}
	return opts, nil
}

func (cfg Config) credentials() *credentials.Credentials {
	if cfg.AccessKey != "" {
		return credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, cfg.SessionToken)
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{}, &credentials.EnvMinio{}, &credentials.FileAWSCredentials{}, &credentials.IAM{},
	})
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

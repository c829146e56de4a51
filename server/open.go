package server

import (
	"context"
	"crypto/x509"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"fieldsync/blobs/diskblob"
	"fieldsync/blobs/s3blob"
	"fieldsync/blobs/upload"
	"fieldsync/crdt"
	"fieldsync/crdt/store/badgerstore"
	"fieldsync/server/internal/config"
)

// openPatience bounds how long a start waits for the bucket.
const openPatience = 30 * time.Second

// open opens the data of a configuration: <Data>/store, and the place for files.
func open(cfg Config, log *slog.Logger) (backends, error) {
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		return backends{}, crdt.Errorf(crdt.KindUnavailable, "data: %w", err)
	}
	st, err := badgerstore.Open(badgerstore.Options{Dir: filepath.Join(cfg.Data, "store"), Logger: log})
	if err != nil {
		return backends{}, crdt.Errorf(crdt.KindUnavailable, "data: %w", err)
	}
	bl, closeBlobs, err := openBlobs(cfg)
	if err != nil {
		return backends{}, errors.Join(err, st.Close())
	}
	return backends{store: st, blobs: bl, close: closeBlobs}, nil
}

// openBlobs opens the place for files, and gives what there is to close afterwards.
func openBlobs(cfg Config) (upload.Backend, func() error, error) {
	place, err := config.ParseBlobs(cfg.Blobs)
	if err != nil {
		return nil, nil, err
	}
	if place.Dir != "" {
		s, err := diskblob.Open(place.Dir)
		if err != nil {
			return nil, nil, crdt.Errorf(crdt.KindUnavailable, "blobs: %w", err)
		}
		return s, s.Close, nil
	}
	roots, err := rootCAs(cfg.S3CA)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), openPatience)
	defer cancel()
	s, err := s3blob.Open(ctx, s3blob.Config{
		Endpoint: place.Endpoint, Secure: place.Secure, Bucket: place.Bucket, Region: place.Region, Style: s3blob.Style(place.Style),
		AccessKey: cfg.S3AccessKey, SecretKey: cfg.S3SecretKey, RootCAs: roots, PublicEndpoint: cfg.S3PublicURL,
	})
	if err != nil {
		return nil, nil, crdt.Errorf(crdt.KindUnavailable, "blobs: %w", err)
	}
	return s, func() error { return nil }, nil
}

// rootCAs are the certificates that the system trusts, and those of a file; nil without a file.
func rootCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // the default of crypto/tls
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInvalid, "s3-ca: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, crdt.Errorf(crdt.KindInvalid, "s3-ca: the file holds no certificate in PEM")
	}
	return pool, nil
}

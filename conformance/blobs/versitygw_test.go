package blobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/s3blob"
	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
)

// TestS3blobIsABlobStoreOnVersitygw: the acceptance suites on an S3 server that has no code in common with MinIO. Where several
// write an object at once, v1.8.0 says now and then that there is none.
func TestS3blobIsABlobStoreOnVersitygw(t *testing.T) {
	server := minioserver.StartVersitygw(t)
	n := 0
	open := func(t *testing.T) *s3blob.Store {
		n++
		s, err := s3blob.Open(t.Context(), config(server, fmt.Sprintf("suite-%d", n)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	blobtest.Run(t, func(t *testing.T) blobs.Store { return open(t) }, blobtest.AtOnce)
	blobtest.RunStage(t, func(t *testing.T) blobtest.Staged { return open(t) })
}

// TestTheRightsOfThePolicyAreEnoughOnVersitygw: there rights are a bucket's, so the documented policy is given to it, for one user.
func TestTheRightsOfThePolicyAreEnoughOnVersitygw(t *testing.T) {
	server := minioserver.StartVersitygw(t)
	const user, secret = "fieldsync-user", "fieldsync-user-secret"
	if err := server.AddUser(t.Context(), user, secret); err != nil {
		t.Fatal(err)
	}
	owner, err := minio.New(server.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(minioserver.AccessKey, minioserver.SecretKey, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{"fieldsync", "another"} {
		if err := owner.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := owner.SetBucketPolicy(t.Context(), "fieldsync", policyFor(t, user)); err != nil {
		t.Fatal(err)
	}
	cfg := s3blob.Config{Endpoint: server.Endpoint, AccessKey: user, SecretKey: secret, Bucket: "fieldsync"}
	open := func(t *testing.T) *s3blob.Store {
		t.Helper()
		empty(t, owner, "fieldsync")
		s, err := s3blob.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	blobtest.Run(t, func(t *testing.T) blobs.Store { return open(t) }, blobtest.AtOnce)
	blobtest.RunStage(t, func(t *testing.T) blobtest.Staged { return open(t) })
	t.Run("no other bucket", func(t *testing.T) {
		cfg := cfg
		cfg.Bucket = "another"
		s, err := s3blob.Open(t.Context(), cfg)
		if err == nil { // versitygw tells everybody that a bucket is there
			data := []byte("a photo")
			_, err = blobs.Receive(t.Context(), s, "org", blobs.RefOf(data), int64(len(data)), bytes.NewReader(data))
		}
		if !errors.Is(err, blobs.ErrDenied) {
			t.Error(err)
		}
	})
}

// policyFor is the documented policy as a bucket's: each statement says whose right it is.
func policyFor(t *testing.T, user string) string {
	t.Helper()
	root, err := sut.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "minio-policy.json"))
	if err != nil {
		t.Fatal(err)
	}
	var policy map[string]any
	if err := json.Unmarshal(text, &policy); err != nil {
		t.Fatal(err)
	}
	for _, s := range policy["Statement"].([]any) { //nolint:forcetypeassert // our own file
		s.(map[string]any)["Principal"] = map[string]any{"AWS": []string{user}} //nolint:forcetypeassert // our own file
	}
	out, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

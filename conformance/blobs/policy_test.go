package blobs

import (
	"errors"
	"net/http"
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

// restricted are credentials that may do what docs/minio-policy.json says, and nothing else.
func restricted(t *testing.T, server *minioserver.Server) credentials.Value {
	t.Helper()
	root, err := sut.Root()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := os.ReadFile(filepath.Join(root, "docs", "minio-policy.json"))
	if err != nil {
		t.Fatal(err)
	}
	c, err := credentials.NewSTSAssumeRole("http://"+server.Endpoint, credentials.STSAssumeRoleOptions{
		AccessKey: minioserver.AccessKey, SecretKey: minioserver.SecretKey, Policy: string(policy), Location: "us-east-1",
	})
	if err != nil {
		t.Fatal(err)
	}
	v, err := c.GetWithContext(&credentials.CredContext{Client: http.DefaultClient})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestTheRightsOfThePolicyAreEnoughAndNoMore runs the acceptance suites as a user with exactly the documented policy.
func TestTheRightsOfThePolicyAreEnoughAndNoMore(t *testing.T) {
	server := minioserver.Start(t)
	owner, err := minio.New(server.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(minioserver.AccessKey, minioserver.SecretKey, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bucket := range []string{"fieldsync", "another"} {
		if err := owner.MakeBucket(t.Context(), bucket, minio.MakeBucketOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	v := restricted(t, server)
	cfg := s3blob.Config{Endpoint: server.Endpoint, AccessKey: v.AccessKeyID, SecretKey: v.SecretAccessKey, SessionToken: v.SessionToken, Bucket: "fieldsync"}
	open := func(t *testing.T) *s3blob.Store {
		t.Helper()
		empty(t, owner, "fieldsync")
		s, err := s3blob.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	blobtest.Run(t, func(t *testing.T) blobs.Store { return open(t) })
	blobtest.RunStage(t, func(t *testing.T) blobtest.Staged { return open(t) })
	t.Run("no other bucket", func(t *testing.T) {
		for _, bucket := range []string{"another", "not-made"} {
			cfg := cfg
			cfg.Bucket = bucket
			if _, err := s3blob.Open(t.Context(), cfg); !errors.Is(err, blobs.ErrDenied) {
				t.Errorf("%s: %v", bucket, err)
			}
		}
	})
}

// empty removes all objects, since the suites want a new store each and the policy names one bucket.
func empty(t *testing.T, c *minio.Client, bucket string) {
	t.Helper()
	for object := range c.ListObjects(t.Context(), bucket, minio.ListObjectsOptions{Recursive: true}) {
		if object.Err != nil {
			t.Fatal(object.Err)
		}
		if err := c.RemoveObject(t.Context(), bucket, object.Key, minio.RemoveObjectOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

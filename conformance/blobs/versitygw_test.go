package blobs

import (
	"fmt"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/s3blob"
	"fieldsync/conformance/minioserver"
)

// TestS3blobIsABlobStoreOnVersitygw: the acceptance suite on an S3 server that has no code in common with MinIO.
func TestS3blobIsABlobStoreOnVersitygw(t *testing.T) {
	server := minioserver.StartVersitygw(t)
	n := 0
	blobtest.Run(t, func(t *testing.T) blobs.Store {
		n++
		s, err := s3blob.Open(t.Context(), config(server, fmt.Sprintf("suite-%d", n)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

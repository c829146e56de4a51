package blobs

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/conformance/minioserver"
)

// BenchmarkPut compares storing a file through Receive and s3blob with minio-go's own PutObject to the same real MinIO.
// minio-go is imported here, in a test, as the measure; the product reaches it through blobs/s3blob alone.
func BenchmarkPut(b *testing.B) {
	server := minioserver.Start(b)
	store := open(b, server, nil)
	direct, err := minio.New(server.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(minioserver.AccessKey, minioserver.SecretKey, ""), Region: "us-east-1"})
	if err != nil {
		b.Fatal(err)
	}
	for _, size := range []int{64 << 10, 4 << 20, 64 << 20} {
		data := blobtest.Bytes(1, size)
		ref := blobs.RefOf(data)
		b.Run(fmt.Sprintf("s3blob/%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				if created, err := blobs.Receive(b.Context(), store, "org", ref, int64(size), bytes.NewReader(data)); err != nil || !created {
					b.Fatal(created, err)
				}
				b.StopTimer()
				if err := store.Remove(b.Context(), "org", ref); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
		b.Run(fmt.Sprintf("minio-go/%dKiB", size>>10), func(b *testing.B) {
			b.SetBytes(int64(size))
			for b.Loop() {
				// The reader is wrapped as the body of an upload is: it cannot be read twice.
				src := struct{ io.Reader }{bytes.NewReader(data)}
				if _, err := direct.PutObject(b.Context(), "files", "direct", src, int64(size), minio.PutObjectOptions{}); err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				if err := direct.RemoveObject(b.Context(), "files", "direct", minio.RemoveObjectOptions{}); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
	}
}

// direct stores an object without a checksum, past s3blob.
func direct(t testing.TB, server *minioserver.Server, key string, data []byte) {
	t.Helper()
	c, err := minio.New(server.Endpoint, &minio.Options{Creds: credentials.NewStaticV4(minioserver.AccessKey, minioserver.SecretKey, ""), Region: "us-east-1"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.PutObject(t.Context(), "files", key, bytes.NewReader(data), int64(len(data)), minio.PutObjectOptions{DisableContentSha256: true}); err != nil {
		t.Fatal(err)
	}
}

package diskblob

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
)

// BenchmarkReceive compares storing a file (verified, fsynced twice, renamed) with the least that any program must do:
// copying to a file while hashing, with and without an fsync.
func BenchmarkReceive(b *testing.B) {
	for _, size := range []int{64 << 10, 4 << 20, 64 << 20} {
		data := blobtest.Bytes(1, size)
		ref := blobs.RefOf(data)
		b.Run(fmt.Sprintf("receive/%dKiB", size>>10), func(b *testing.B) {
			s := open(b, b.TempDir())
			b.SetBytes(int64(size))
			for b.Loop() {
				if created, err := blobs.Receive(b.Context(), s, "org", ref, int64(size), bytes.NewReader(data)); err != nil || !created {
					b.Fatal(created, err)
				}
				b.StopTimer()
				if err := s.Remove(b.Context(), "org", ref); err != nil {
					b.Fatal(err)
				}
				b.StartTimer()
			}
		})
		for _, sync := range []bool{true, false} {
			b.Run(fmt.Sprintf("copy+sha256,fsync=%v/%dKiB", sync, size>>10), func(b *testing.B) {
				name := filepath.Join(b.TempDir(), "copy")
				b.SetBytes(int64(size))
				for b.Loop() {
					copyAndHash(b, name, data, sync)
					b.StopTimer()
					if err := os.Remove(name); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
			})
		}
	}
}

func copyAndHash(b *testing.B, name string, data []byte, sync bool) {
	b.Helper()
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	sum := sha256.New()
	buf := make([]byte, blobs.CopyBuffer)
	src := struct{ io.Reader }{bytes.NewReader(data)}
	if _, err := io.CopyBuffer(struct{ io.Writer }{io.MultiWriter(f, sum)}, src, buf); err != nil {
		b.Fatal(err)
	}
	if sync {
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}

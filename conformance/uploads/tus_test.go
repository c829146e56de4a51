package uploads

import (
	"slices"
	"testing"

	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/s3blob"
	"fieldsync/conformance/minioserver"
)

// bucket reads what the server wrote.
func (w *world) bucket() *s3blob.Store {
	w.t.Helper()
	s, err := s3blob.Open(w.t.Context(), s3blob.Config{Endpoint: w.minio.Endpoint, AccessKey: minioserver.AccessKey, SecretKey: minioserver.SecretKey, Bucket: bucketOf(w.t)})
	if err != nil {
		w.t.Fatal(err)
	}
	return s
}

// onBoth runs a test over a folder and over a MinIO.
func onBoth(t *testing.T, test func(t *testing.T, w *world)) {
	t.Run("folder", func(t *testing.T) { test(t, newWorld(t, nil)) })
	t.Run("MinIO", func(t *testing.T) { test(t, newWorld(t, minioserver.Start(t))) })
}

// onAll is onBoth, and on an S3 server that has no code in common with MinIO.
func onAll(t *testing.T, test func(t *testing.T, w *world)) {
	onBoth(t, test)
	t.Run("versitygw", func(t *testing.T) { test(t, newWorld(t, minioserver.StartVersitygw(t))) })
}

func TestTusJSClientUploadsUnmodified(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		job := w.newJob("photos")
		for i, c := range []struct {
			size, chunk int
			during      bool
		}{{20, 1, false}, {300_000, 65_536, false}, {300_000, 0, false}, {300_000, 0, true}, {300_000, 100_000, true}, {11 << 20, 3 << 20, false}, {0, 0, false}} {
			data := blobtest.Bytes(uint64(i+1), c.size)
			j := w.tusJob(job, data)
			j.ChunkSize, j.During = c.chunk, c.during
			r := w.run(j)
			if seen := r.until(t, done); seen[len(seen)-1] != "done" || !w.held(data) {
				t.Errorf("%+v: %q; held: %v", c, seen, w.held(data))
			}
		}
		data := blobtest.Bytes(9, 100_000)
		j := w.tusJob(job, data)
		j.SHA256 = w.tusJob(job, data[1:]).SHA256
		if seen := w.run(j).until(t, done); !slices.ContainsFunc(seen, func(l string) bool { return len(l) > 10 && l[:10] == "failed 400" }) {
			t.Errorf("another hash than the file's: %q", seen)
		}
	})
}

// TestTusJSClientResumesAfterKillOfBothEnds kills the server, and later the client, in the middle of a file.
func TestTusJSClientResumesAfterKillOfBothEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, w *world) {
		const size, chunk = 24 << 20, 1 << 20
		data := blobtest.Bytes(1, size)
		j := w.tusJob(w.newJob("photos"), data)
		j.ChunkSize = chunk
		before := w.link.Sent()
		r := w.run(j)
		r.until(t, atLeast("at", 6*chunk))
		w.server.Kill()
		w.start()
		r.until(t, atLeast("at", 12*chunk))
		if err := r.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		again := w.run(j)
		seen := again.until(t, done)
		if seen[0] != "resuming" || seen[len(seen)-1] != "done" || !w.held(data) {
			t.Fatalf("%q ... %q; held: %v", seen[0], seen[len(seen)-1], w.held(data))
		}
		// Two cuts cost at most a chunk each; and what the client says beside the file's bytes.
		if sent := w.link.Sent() - before; sent > size+2*chunk+100_000 {
			t.Errorf("%d bytes were sent for %d", sent, size)
		}
	})
}

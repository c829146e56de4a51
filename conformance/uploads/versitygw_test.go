package uploads

import (
	"bytes"
	"net/http"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
)

// TestFilesGoInAndOutOverVersitygw: the real server over an S3 server that has no code in common with MinIO.
func TestFilesGoInAndOutOverVersitygw(t *testing.T) {
	w := newWorld(t, minioserver.StartVersitygw(t))
	job := w.newJob("on another store")
	photo, video := blobtest.Bytes(1, photoBytes), blobtest.Bytes(2, 27<<20+3)
	for _, c := range []struct {
		data   []byte
		breaks []int // where a chunk ends, and the server is killed
	}{{photo, []int{1, 700_000}}, {video, []int{5, 9 << 20, 26 << 20}}} {
		up, at := w.open(job, c.data), 0
		for _, to := range c.breaks {
			if answer, code := up.patch(at, to-at); answer.StatusCode != http.StatusNoContent {
				t.Fatalf("%s %s", answer.Status, code)
			}
			w.server.Kill()
			w.start()
			if got := up.offset(); got != to {
				t.Fatalf("after a kill it ends at %d, not %d", got, to)
			}
			at = to
		}
		if answer, code := up.patch(at, len(c.data)-at); answer.StatusCode != http.StatusNoContent {
			t.Fatalf("%s %s", answer.Status, code)
		}
		w.attach(sut.WorkerAnna, job, c.data)
		if status, got := w.get(sut.WorkerAnna, job, c.data); status != http.StatusOK || !bytes.Equal(got, c.data) {
			t.Errorf("%d, %d of %d bytes", status, len(got), len(c.data))
		}
		answer, got := w.do("GET", "/api/v1/files/"+blobs.RefOf(c.data).String()+"?job="+job, sut.WorkerAnna, nil, "Range", "bytes=1000-2999")
		if answer.StatusCode != http.StatusPartialContent || !bytes.Equal(got, c.data[1000:3000]) {
			t.Errorf("a range: %s, %d bytes", answer.Status, len(got))
		}
	}
	lie := w.openAs(job, blobs.RefOf([]byte("something else")), video)
	if answer, code := lie.patch(0, len(video)); answer.StatusCode != http.StatusBadRequest || code != "mismatch" {
		t.Errorf("another file than was declared: %s %s", answer.Status, code)
	}
	if got := w.objects(); got != 2 {
		t.Errorf("%d files in the store, not 2", got)
	}
}

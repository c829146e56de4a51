package uploads

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/conformance/internal/sut"
)

// attach names a file in a job's attachments, as somebody.
func (w *world) attach(token, job string, data []byte) {
	w.t.Helper()
	w.attachAs(token, job, blobs.RefOf(data), int64(len(data)))
}

// attachAs is attach for who has the file's hash already.
func (w *world) attachAs(token, job string, ref blobs.Ref, size int64) {
	w.t.Helper()
	answer, body := w.do("POST", "/api/v1/jobs/"+job+"/attachments", token, map[string]any{"sha256": ref.String(), "size": size, "name": "photo.jpg"})
	if answer.StatusCode/100 != 2 {
		w.t.Fatalf("%s %s", answer.Status, body)
	}
}

func (w *world) get(token, job string, data []byte) (int, []byte) {
	w.t.Helper()
	answer, body := w.do("GET", "/api/v1/files/"+blobs.RefOf(data).String()+"?job="+job, token, nil)
	return answer.StatusCode, body
}

func (w *world) put(token, job string, data []byte) int {
	w.t.Helper()
	return w.putAs(token, job, blobs.RefOf(data), data)
}

// putAs is put for who has the file's hash already.
func (w *world) putAs(token, job string, ref blobs.Ref, data []byte) int {
	w.t.Helper()
	answer, _ := w.do("PUT", "/api/v1/files/"+ref.String()+"?job="+job, token, bytes.NewReader(data))
	return answer.StatusCode
}

// TestNamingAFileInOnesOwnJobGivesNothingToWhoOnlyKnowsItsHash: a worker who learned a hash, say from a job that is his no
// more, names it in a job that is his.
func TestNamingAFileInOnesOwnJobGivesNothingToWhoOnlyKnowsItsHash(t *testing.T) {
	w := newWorld(t, nil)
	data := blobtest.Bytes(1, 10_000)
	theirs, mine, copied := w.newJob("not anna's any more"), w.newJob("anna's"), w.newJob("copied")
	if got := w.put(sut.Dispatcher, theirs, data); got != http.StatusCreated {
		t.Fatal(got)
	}
	w.attach(sut.Dispatcher, theirs, data)
	w.attach(sut.WorkerAnna, mine, data)
	for _, token := range []string{sut.WorkerAnna, sut.Dispatcher} {
		if status, _ := w.get(token, mine, data); status != http.StatusNotFound {
			t.Errorf("%s reads it by the job of who only named it: %d", token, status)
		}
	}
	// A dispatcher may read every job: what he names, its readers may have.
	w.attach(sut.Dispatcher, copied, data)
	if status, body := w.get(sut.WorkerAnna, copied, data); status != http.StatusOK || !bytes.Equal(body, data) {
		t.Errorf("named by a dispatcher: %d, %d bytes", status, len(body))
	}
	// Who sends the file has it.
	if got := w.put(sut.WorkerAnna, mine, data); got != http.StatusCreated {
		t.Errorf("PUT: %d", got)
	}
	if status, _ := w.get(sut.WorkerAnna, mine, data); status != http.StatusOK {
		t.Errorf("after it was sent: %d", status)
	}
	if status, _ := w.get(sut.WorkerBen, mine, data); status != http.StatusNotFound {
		t.Errorf("somebody who may not know the job: %d", status)
	}
}

func TestUploadsAreForThoseWhoMayWriteToTheJob(t *testing.T) {
	w := newWorld(t, nil)
	data := blobtest.Bytes(2, 10_000)
	job := w.newJob("anna's")
	open := func(token string) (string, string) {
		t.Helper()
		answer, body := w.do("POST", "/api/v1/uploads", token, nil, "Tus-Resumable", "1.0.0", "Upload-Length", "10000",
			"Upload-Metadata", metadata(map[string]string{"sha256": blobs.RefOf(data).String(), "job": job, "filename": `..\..\evil.jpg`}))
		return answer.Header.Get("Location"), answer.Status + " " + string(body)
	}
	for token, want := range map[string]string{"": "401", sut.WorkerBen: "404", "wrong": "401"} {
		if at, status := open(token); at != "" || !strings.HasPrefix(status, want) {
			t.Errorf("with %q: %q %s", token, at, status)
		}
	}
	at, status := open(sut.WorkerAnna)
	if at == "" {
		t.Fatal(status)
	}
	patch := func(token string) string {
		answer, _ := w.do("PATCH", at, token, data[:5000], "Tus-Resumable", "1.0.0", "Upload-Offset", "0", "Content-Type", "application/offset+octet-stream")
		return answer.Status
	}
	for token, want := range map[string]string{"": "401", sut.WorkerBen: "404", sut.Dispatcher: "404"} {
		if got := patch(token); !strings.HasPrefix(got, want) {
			t.Errorf("PATCH with %q: %s", token, got)
		}
		for _, method := range []string{"HEAD", "DELETE"} {
			if answer, _ := w.do(method, at, token, nil, "Tus-Resumable", "1.0.0"); !strings.HasPrefix(answer.Status, want) {
				t.Errorf("%s with %q: %s", method, token, answer.Status)
			}
		}
	}
	if got := patch(sut.WorkerAnna); !strings.HasPrefix(got, "204") {
		t.Errorf("PATCH by her who began it: %s", got)
	}
}

package uploads

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
	"fieldsync/crdt"
)

// upload is a tus upload that a test makes by hand, as anna.
type upload struct {
	w    *world
	at   string
	data []byte
}

func (w *world) open(job string, data []byte) *upload {
	w.t.Helper()
	return w.openAs(job, blobs.RefOf(data), data)
}

// openAs is open for who has the file's hash already.
func (w *world) openAs(job string, ref blobs.Ref, data []byte) *upload {
	w.t.Helper()
	answer, body := w.do("POST", "/api/v1/uploads", sut.WorkerAnna, nil, "Tus-Resumable", "1.0.0", "Upload-Length", strconv.Itoa(len(data)),
		"Upload-Metadata", metadata(map[string]string{"sha256": ref.String(), "job": job}))
	if answer.StatusCode != http.StatusCreated {
		w.t.Fatalf("%s %s", answer.Status, body)
	}
	return &upload{w, answer.Header.Get("Location"), data}
}

// patch sends n bytes from an offset on, and gives the answer and its code.
func (u *upload) patch(offset, n int) (*http.Response, string) {
	u.w.t.Helper()
	answer, body := u.w.do("PATCH", u.at, sut.WorkerAnna, u.data[offset:offset+n], "Tus-Resumable", "1.0.0",
		"Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream")
	var p struct{ Code string }
	_ = json.Unmarshal(body, &p) // a success has none
	return answer, p.Code
}

// offset asks how far it is; -1: the server cannot say.
func (u *upload) offset() int {
	u.w.t.Helper()
	answer, _ := u.w.do("HEAD", u.at, sut.WorkerAnna, nil, "Tus-Resumable", "1.0.0")
	at, err := strconv.Atoi(answer.Header.Get("Upload-Offset"))
	if err != nil || answer.StatusCode != http.StatusOK {
		return -1
	}
	return at
}

// stores are the S3 servers.
var stores = map[string]func(testing.TB) *minioserver.Server{"MinIO": minioserver.Start, "versitygw": minioserver.StartVersitygw}

func TestMinIOThatStopsDuringAnUploadLosesNothingAndTheClientIsToldToComeBack(t *testing.T) {
	for name, start := range stores {
		t.Run(name, func(t *testing.T) { stopsDuringAnUpload(t, start(t)) })
	}
}

func stopsDuringAnUpload(t *testing.T, minio *minioserver.Server) {
	w := newWorld(t, minio)
	const step = 1 << 20
	u := w.open(w.newJob("photos"), blobtest.Bytes(1, 24*step))
	for i := range 11 { // into the second part
		if answer, _ := u.patch(i*step, step); answer.StatusCode != http.StatusNoContent {
			t.Fatalf("chunk %d: %s", i, answer.Status)
		}
	}
	if err := minio.Stop(); err != nil {
		t.Fatal(err)
	}
	if answer, code := u.patch(11*step, step); answer.StatusCode != 503 || code != "unavailable" || answer.Header.Get("Retry-After") == "" {
		t.Errorf("a chunk while it is down: %s %q, retry after %q", answer.Status, code, answer.Header.Get("Retry-After"))
	}
	if answer, _ := w.do("HEAD", u.at, sut.WorkerAnna, nil, "Tus-Resumable", "1.0.0"); answer.StatusCode != 503 {
		t.Errorf("how far it is, while it is down: %s", answer.Status)
	}
	if err := minio.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if at := u.offset(); at != 11*step {
		t.Fatalf("it goes on at %d, not at %d", at, 11*step)
	}
	if answer, code := u.patch(11*step, 13*step); answer.StatusCode != http.StatusNoContent || !w.held(u.data) {
		t.Errorf("the rest: %s %q; held: %v", answer.Status, code, w.held(u.data))
	}
}

// TestTheGoClientWaitsForMinIO is the same from the phone's side: nothing is lost, and nobody has to do anything.
func TestTheGoClientWaitsForMinIO(t *testing.T) {
	for name, start := range stores {
		t.Run(name, func(t *testing.T) { waitsFor(t, start(t)) })
	}
}

func waitsFor(t *testing.T, minio *minioserver.Server) {
	w := newWorld(t, minio)
	c := w.client(sut.WorkerAnna)
	job, err := crdt.ParseDocID(w.newJob("photos"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	data := blobtest.Bytes(1, 3_000_000)
	path := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Attach(t.Context(), job, path, ""); err != nil {
		t.Fatal(err)
	}
	if err := minio.Stop(); err != nil {
		t.Fatal(err)
	}
	r, err := c.Sync(t.Context())
	if err != nil || r.FilesWaiting != 1 || r.FilesError == nil {
		t.Errorf("while it is down: %+v, %v", r, err)
	}
	if err := minio.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := c.Sync(t.Context()); err != nil || r.FilesSent != 1 || !w.held(data) {
		t.Errorf("when it is back: %+v, %v; held: %v", r, err, w.held(data))
	}
}

// rot changes a byte in the middle of every file below dir that is at least as large as the data.
func rot(t *testing.T, dir string, least int64) {
	t.Helper()
	rotten := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil || info.Size() < least {
			return err
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		var b [1]byte
		if _, err := f.ReadAt(b[:], info.Size()/2); err != nil {
			return err
		}
		b[0] ^= 1
		rotten++
		_, err = f.WriteAt(b[:], info.Size()/2)
		return err
	})
	if err != nil || rotten == 0 {
		t.Fatalf("nothing to damage: %v", err)
	}
}

func TestADamagedFileIsNeverServedFoundByVerifyAndMendedByWhoeverHasIt(t *testing.T) {
	onAll(t, func(t *testing.T, w *world) {
		job, data := w.newJob("photos"), blobtest.Bytes(1, 300_000)
		if status := w.put(sut.WorkerAnna, job, data); status != http.StatusCreated {
			t.Fatal(status)
		}
		w.attach(sut.WorkerAnna, job, data)
		verify := func() string {
			t.Helper()
			args := []string{"blobs", "verify", "--data", w.dataDir()}
			for i, a := range w.server.Args {
				if a == "--blobs" {
					args = append(args, a, w.server.Args[i+1])
				}
			}
			cmd := exec.CommandContext(t.Context(), fieldsyncd, args...)
			cmd.Env = w.server.Env
			out, err := cmd.CombinedOutput()
			return fmt.Sprint(err == nil) + " " + string(out)
		}
		if got := verify(); !strings.HasPrefix(got, "true") {
			t.Errorf("before: %s", got)
		}
		dir := filepath.Join(w.dataDir(), "files", "demo")
		if w.minio != nil {
			dir = filepath.Join(w.minio.Folder(), bucketOf(t), "demo")
		}
		rot(t, dir, int64(len(data)))
		at := "http://" + w.server.Addr + "/api/v1/files/" + blobs.RefOf(data).String() + "?job=" + job
		for _, span := range []string{"", "bytes=0-9", "bytes=299990-"} {
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, at, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+sut.WorkerAnna)
			if span != "" {
				req.Header.Set("Range", span)
			}
			answer, err := http.DefaultClient.Do(req)
			if err != nil {
				continue // cut off: so it was noticed
			}
			got, err := io.ReadAll(answer.Body)
			answer.Body.Close()
			switch {
			case span == "" && answer.StatusCode < 500 && (err == nil || len(got) >= len(data)):
				t.Errorf("the whole file was served, %d bytes, %s", len(got), answer.Status)
			case span != "" && w.minio == nil && answer.StatusCode != 500:
				t.Errorf("%s: %s", span, answer.Status)
			case span != "" && err == nil && answer.StatusCode == 206 && !bytes.Contains(data, got):
				t.Errorf("%s: damaged bytes were served", span)
			}
		}
		if got := verify(); !strings.HasPrefix(got, "false") || !strings.Contains(got, blobs.RefOf(data).String()) {
			t.Errorf("afterwards: %s", got)
		}
		// Somebody else who has it sends it for his job.
		if status := w.put(sut.Dispatcher, w.newJob("another"), data); status != http.StatusCreated {
			t.Errorf("sent again: %d", status)
		}
		if status, got := w.get(sut.WorkerAnna, job, data); status != http.StatusOK || !bytes.Equal(got, data) {
			t.Errorf("mended: %d, %d bytes", status, len(got))
		}
	})
}

// A file has marks of each block from the time that it comes, in whatever pieces; they outlive the server. So of a damaged one
// not even the damaged block goes out, from a server that has never read the file.
func TestOfADamagedFileNoDamagedByteGoesOutAfterARestart(t *testing.T) {
	onAll(t, func(t *testing.T, w *world) {
		job, data := w.newJob("video"), blobtest.Bytes(1, 20<<20+1)
		at := 0
		up := w.open(job, data)
		for _, to := range []int{1, 5_000_000, 17 << 20, len(data)} {
			if answer, code := up.patch(at, to-at); answer.StatusCode != http.StatusNoContent {
				t.Fatal(answer.Status, code)
			}
			at = to
		}
		w.attach(sut.WorkerAnna, job, data)
		dir := filepath.Join(w.dataDir(), "files", "demo")
		if w.minio != nil {
			dir = filepath.Join(w.minio.Folder(), bucketOf(t), "demo")
		}
		w.server.Kill()
		rot(t, dir, 4<<20)
		w.start()
		for _, from := range []int{0, 9 << 20} {
			var got bytes.Buffer
			err := w.download(sut.WorkerAnna, job, blobs.RefOf(data), int64(len(data)-from), &got, "Range", fmt.Sprintf("bytes=%d-", from))
			if err == nil || !bytes.HasPrefix(data[from:], got.Bytes()) {
				t.Errorf("from %d: %d bytes, right ones: %v, %v", from, got.Len(), bytes.HasPrefix(data[from:], got.Bytes()), err)
			}
		}
		var got bytes.Buffer
		if err := w.download(sut.WorkerAnna, job, blobs.RefOf(data), int64(len(data)), &got); err == nil || !bytes.HasPrefix(data, got.Bytes()) {
			t.Errorf("the whole: %d bytes, right ones: %v, %v", got.Len(), bytes.HasPrefix(data, got.Bytes()), err)
		}
	})
}

// smallDiskVariable makes this test's process the one that runs a server with its files on a small disk.
const (
	smallDiskVariable = "FIELDSYNC_UPLOADS_SMALL_DISK"
	smallDisk         = 24 << 20
	noMounting        = "mount: operation not permitted"
)

func TestAFullDiskIsSaidAndWhatWasAcknowledgedGoesOnWhenThereIsRoom(t *testing.T) {
	if dir := os.Getenv(smallDiskVariable); dir != "" {
		onSmallDisk(t, dir)
		return
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), smallDiskVariable+"="+t.TempDir(), "FIELDSYNCD="+fieldsyncd)
	// A mount namespace of its own, so that nothing is left mounted however it ends.
	child.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		child.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		child.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		child.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := child.CombinedOutput()
	if errors.Is(err, syscall.EPERM) || bytes.Contains(out, []byte(noMounting)) {
		t.Logf("no mounting here (%v): a full store is tested with a simulated one, in blobs/upload and blobs/diskblob", err)
		return
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

func onSmallDisk(t *testing.T, dir string) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal("mount:", err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", smallDisk)); err != nil {
		t.Fatal("mount:", err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	w := newWorld(t, nil, "--blobs", "disk:"+filepath.Join(dir, "files"))
	job := w.newJob("photos")
	const step = 1 << 20
	u := w.open(job, blobtest.Bytes(1, 10*step))
	if answer, code := u.patch(0, 2*step); answer.StatusCode != http.StatusNoContent {
		t.Fatal(answer.Status, code)
	}
	filler := filepath.Join(dir, "filler")
	fill, err := os.Create(filler)
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := fill.Write(make([]byte, 64<<10)); err != nil {
			break // full
		}
	}
	fill.Close()
	if answer, code := u.patch(2*step, step); answer.StatusCode != 507 || code != "full" || answer.Header.Get("Retry-After") == "" {
		t.Errorf("on a full disk: %s %q", answer.Status, code)
	}
	if status := w.put(sut.WorkerAnna, job, blobtest.Bytes(2, step)); status != 507 {
		t.Errorf("PUT on a full disk: %d", status)
	}
	if at := u.offset(); at != 2*step {
		t.Errorf("it ends at %d", at)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience)
	for at := 2 * step; at < 10*step && time.Now().Before(deadline); at += step {
		if answer, code := u.patch(at, step); answer.StatusCode != http.StatusNoContent {
			t.Fatal(answer.Status, code)
		}
	}
	got, err := filepath.Glob(filepath.Join(dir, "files", "demo", "??", blobs.RefOf(u.data).String()))
	if err != nil || len(got) != 1 {
		t.Errorf("the file: %q, %v", got, err)
	}
}

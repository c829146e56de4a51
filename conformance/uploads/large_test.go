package uploads

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"

	"fieldsync/blobs"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// largeMiB are the sizes of large files.
func largeMiB(t testing.TB) (out []int64) {
	text := os.Getenv("FIELDSYNC_LARGE_MIB")
	if text == "" {
		return []int64{512, 1024, 4096}
	}
	for _, word := range strings.Split(text, ",") {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil || n < 1 || n > 5120 {
			t.Fatalf("FIELDSYNC_LARGE_MIB is no list of numbers from 1 to 5120: %q, %v", text, err)
		}
		out = append(out, n)
	}
	return out
}

// pattern is a file of a size that takes no memory: each of its blocks begins with its number.
func pattern(size int64) io.Reader { return io.LimitReader(&blocks{}, size) }

type blocks struct{ at int64 }

func (b *blocks) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(b.at >> (8 * (b.at % 5)))
		b.at++
	}
	return len(p), nil
}

func sumOf(t testing.TB, size int64) blobs.Ref {
	h := sha256.New()
	if _, err := io.Copy(h, pattern(size)); err != nil {
		t.Fatal(err)
	}
	return blobs.RefFromSum([32]byte(h.Sum(nil)))
}

// download reads a file to its end into to, and tells what is wrong with the answer or its length.
func (w *world) download(token, job string, ref blobs.Ref, size int64, to io.Writer, header ...string) error {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+w.server.Addr+"/api/v1/files/"+ref.String()+"?job="+job, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK && answer.StatusCode != http.StatusPartialContent {
		return errors.New(answer.Status)
	}
	return drain(answer.Body, to, size)
}

// drain copies in pieces of 256 KiB, whatever the reader and the writer would like better.
func drain(from io.Reader, to io.Writer, size int64) error {
	n, err := io.CopyBuffer(struct{ io.Writer }{to}, struct{ io.Reader }{from}, make([]byte, 256<<10))
	if err == nil && n != size {
		err = fmt.Errorf("%d of %d bytes", n, size)
	}
	return err
}

// peak is the most memory that a process had, as the kernel says.
func peak(t testing.TB, pid int) string {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}

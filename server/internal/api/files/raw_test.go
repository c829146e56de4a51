package files_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/diskblob"
	"fieldsync/blobs/memblob"
	"fieldsync/server/internal/api/files"
)

// raw sends the head of a PUT that declares a length, and what of the body is given, on a connection of its own.
func (w *world) raw(ref blobs.Ref, declared int, body []byte) net.Conn {
	w.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "PUT /api/v1/files/%s?job=%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna@org-1\r\nContent-Length: %d\r\n\r\n", ref, job, declared)
	if _, err := conn.Write(body); err != nil {
		w.t.Fatal(err)
	}
	return conn
}

func TestABodyThatStopsComingIsCutOffAndLeavesNothing(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, func(c *files.Config) { c.Idle = 30 * time.Millisecond })
	data := blobtest.Bytes(1, 10_000)
	conn := w.raw(blobs.RefOf(data), len(data), data[:5000]) // and then nothing, for ever
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	if got := problemOf(t, answer, body); got != "408 too-slow" || !answer.Close {
		t.Errorf("%s, closes: %v", got, answer.Close)
	}
	if _, err := store.Stat(t.Context(), "org-1", blobs.RefOf(data)); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("Stat: %v", err)
	}
}

func TestABrokenConnectionLeavesNothing(t *testing.T) {
	disk, err := diskblob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	w := newWorld(t, disk, nil)
	data := blobtest.Bytes(1, 10_000)
	conn := w.raw(blobs.RefOf(data), len(data), data[:9999])
	conn.(*net.TCPConn).CloseWrite() // half closed, so that the answer can still be read
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	if got := problemOf(t, answer, body); got != "400 broken-off" {
		t.Errorf("%s", got)
	}
	if items, err := disk.List(t.Context(), "org-1", blobs.Ref{}, 10); err != nil || len(items) != 0 {
		t.Errorf("%v, %v", items, err)
	}
}

func TestMoreThanTheDeclaredLengthIsNotPartOfTheFile(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	data := []byte("the file")
	// What follows the declared length is the next request to HTTP. It must not get into the file, nor be taken for a request
	// with the first one's login.
	conn := w.raw(blobs.RefOf(data), len(data), append(bytes.Clone(data), "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"...))
	r := bufio.NewReader(conn)
	for _, want := range []int{201, 404} {
		answer, err := http.ReadResponse(r, nil)
		if err != nil || answer.StatusCode != want {
			t.Fatalf("%v, %v, want %d", answer, err, want)
		}
		io.Copy(io.Discard, answer.Body)
	}
	if info, err := store.Stat(t.Context(), "org-1", blobs.RefOf(data)); err != nil || info.Size != int64(len(data)) {
		t.Errorf("%+v, %v", info, err)
	}
}

func TestAFileThatOneMayReadAlreadyIsNotSent(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	data := blobtest.Bytes(1, 1<<20)
	ref := blobtest.Put(t, store, "org-1", data)
	w.refer(job, ref)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "PUT /api/v1/files/%s?job=%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna@org-1\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", ref, job, len(data))
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil) // the body is never sent
	if err != nil || answer.StatusCode != 200 {
		t.Errorf("%v, %v", answer, err)
	}
}

func TestAReaderThatNeverReadsIsCutOff(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, func(c *files.Config) { c.Idle, c.Transfers = 300*time.Millisecond, 1 })
	ref := blobtest.Put(t, store, "org-1", make([]byte, 24<<20)) // more than the kernel's buffers take
	w.refer(job, ref)
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET /api/v1/files/%s?job=%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer anna@org-1\r\n\r\n", ref, job)
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	// It holds the only slot. When the server gives up on it, another one gets its file.
	small := blobtest.Put(t, store, "org-1", []byte("small"))
	w.refer(job, small)
	for {
		answer, body, err := w.do("GET", w.path(small.String(), job), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode == 200 {
			break
		}
		if got := problemOf(t, answer, body); got != "429 busy" {
			t.Fatalf("%s", got)
		}
	}
}

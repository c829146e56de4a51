package upload

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
)

var errForbidden = errors.New("forbidden")

// serve serves uploads under /up; who asks stands in the header Who.
func serve(t *testing.T, u *Uploads, change ...func(*HandlerConfig)) *httptest.Server {
	t.Helper()
	cfg := HandlerConfig{
		Path: "/up",
		Who: func(r *http.Request) (Owner, error) {
			if r.Header.Get("Who") == "" {
				return Owner{}, errForbidden
			}
			return Owner{space, r.Header.Get("Who")}, nil
		},
		Begin: func(_ *http.Request, f File) (File, error) {
			if f.Meta["job"] == "" {
				return f, fmt.Errorf("%w: no job", blobs.ErrInvalid)
			}
			f.Meta = map[string]string{"job": f.Meta["job"]}
			return f, nil
		},
		Continue: func(r *http.Request, _ State) error {
			if r.Header.Get("Gone") != "" {
				return errForbidden
			}
			return nil
		},
		Fail: func(w http.ResponseWriter, _ *http.Request, err error) {
			var r *Refusal
			switch {
			case errors.As(err, &r):
				http.Error(w, r.Code, r.Status)
			case errors.Is(err, errForbidden):
				http.Error(w, "forbidden", http.StatusForbidden)
			case errors.Is(err, ErrTransfers):
				http.Error(w, "busy", http.StatusServiceUnavailable)
			case errors.Is(err, ErrQuota):
				http.Error(w, "quota", http.StatusTooManyRequests)
			case errors.Is(err, blobs.ErrMismatch):
				http.Error(w, "mismatch", http.StatusBadRequest)
			case errors.Is(err, blobs.ErrInvalid):
				http.Error(w, "invalid", http.StatusBadRequest)
			default:
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		},
	}
	for _, c := range change {
		c(&cfg)
	}
	h, err := u.Handler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

// do makes a request as anna, with pairs of header fields, and gives the answer, its body read.
func do(t *testing.T, method, url string, body io.Reader, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Tus-Resumable", "1.0.0")
	req.Header.Set("Who", "anna")
	if method == http.MethodPatch {
		req.Header.Set("Content-Type", "application/offset+octet-stream")
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, strings.TrimSpace(string(text))
}

func metadata(data []byte) string {
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	return "sha256 " + b64(blobs.RefOf(data).String()) + ",job " + b64("j") + ",filename " + b64("../../etc/passwd")
}

// create opens an upload and gives its address.
func create(t *testing.T, srv *httptest.Server, data []byte) string {
	t.Helper()
	answer, text := do(t, "POST", srv.URL+"/up", nil, "Upload-Length", strconv.Itoa(len(data)), "Upload-Metadata", metadata(data))
	at := answer.Header.Get("Location")
	if answer.StatusCode != 201 || !strings.HasPrefix(at, "/up/") || answer.Header.Get("Upload-Expires") == "" {
		t.Fatalf("%s %q: %s", answer.Status, at, text)
	}
	return srv.URL + at
}

func TestTus(t *testing.T) {
	s := s3like()
	u := uploads(t, s)
	srv := serve(t, u)
	data := blobtest.Bytes(1, 9000)
	at := create(t, srv, data)

	answer, _ := do(t, "HEAD", at, nil)
	if answer.StatusCode != 200 || answer.Header.Get("Upload-Offset") != "0" || answer.Header.Get("Upload-Length") != "9000" ||
		answer.Header.Get("Cache-Control") != "no-store" || answer.Header.Get("Upload-Expires") == "" {
		t.Errorf("HEAD: %s, %v", answer.Status, answer.Header)
	}
	if meta := answer.Header.Get("Upload-Metadata"); !strings.Contains(meta, "sha256 ") || strings.Contains(meta, "filename") {
		t.Errorf("metadata %q", meta)
	}
	for _, c := range []struct {
		offset string
		body   []byte
		status int
		want   string
		header []string
	}{
		{"5", data[5:10], 409, "offset", nil}, // a jump
		{"-1", data[:5], 400, "invalid", nil},
		{"x", data[:5], 400, "invalid", nil},
		{"0", data, 403, "forbidden", []string{"Gone", "yes"}},
		{"0", data, 403, "forbidden", []string{"Who", ""}},
		{"0", data, 404, "not-found", []string{"Who", "ben"}},
		{"0", data, 412, "tus-version", []string{"Tus-Resumable", "0.2.2"}},
		{"0", data, 400, "invalid", []string{"Content-Type", "text/html"}},
		{"0", append(bytes.Clone(data), 'x'), 413, "too-large", nil}, // more than the file
		{"0", data[:1], 204, "", nil},
		{"1", data[1:5000], 204, "", nil},
		{"1", data[1:5000], 409, "offset", nil}, // sent again
		{"5000", data[5000:8999], 204, "", nil},
		{"8999", data[8999:], 204, "", nil},
		{"9000", nil, 204, "", nil},
	} {
		answer, text := do(t, "PATCH", at, bytes.NewReader(c.body), append([]string{"Upload-Offset", c.offset}, c.header...)...)
		if answer.StatusCode != c.status || text != c.want {
			t.Errorf("PATCH at %s, %d bytes, %q: %s %q", c.offset, len(c.body), c.header, answer.Status, text)
		}
	}
	mustHold(t, s, data)
	if answer, _ := do(t, "HEAD", at, nil); answer.Header.Get("Upload-Offset") != "9000" {
		t.Errorf("HEAD afterwards: %s, %v", answer.Status, answer.Header)
	}
	for _, method := range []string{"GET", "PUT"} {
		if answer, _ := do(t, method, at, nil); answer.StatusCode != 405 {
			t.Errorf("%s: %s", method, answer.Status)
		}
	}
	if answer, _ := do(t, "POST", at, nil, "X-HTTP-Method-Override", "DELETE"); answer.StatusCode != 405 {
		t.Errorf("a method in a header: %s", answer.Status)
	}
	answer, _ = do(t, "OPTIONS", srv.URL+"/up", nil, "Who", "")
	if ext := answer.Header.Get("Tus-Extension"); answer.StatusCode != 200 || ext != "creation,creation-with-upload,termination,expiration" ||
		answer.Header.Get("Tus-Max-Size") != strconv.Itoa(blobs.MaxSize) {
		t.Errorf("OPTIONS: %s, %v", answer.Status, answer.Header)
	}
}

func TestTusCreation(t *testing.T) {
	s := s3like()
	u := uploads(t, s, func(c *Config) { c.MaxSize, c.PerOwner = 100_000, Quota{5, 1 << 20} })
	srv := serve(t, u)
	data := blobtest.Bytes(2, 3000)
	wrong := bytes.Clone(data)
	wrong[0] ^= 1
	chunk := []string{"Content-Type", "application/offset+octet-stream"}
	for _, c := range []struct {
		name   string
		body   []byte
		header []string
		status int
		want   string
	}{
		{"no length", nil, []string{"Upload-Metadata", metadata(data)}, 400, "invalid"},
		{"a negative length", nil, []string{"Upload-Length", "-1", "Upload-Metadata", metadata(data)}, 400, "invalid"},
		{"a length that comes later", nil, []string{"Upload-Defer-Length", "1", "Upload-Metadata", metadata(data)}, 501, "unsupported"},
		{"too large", nil, []string{"Upload-Length", "100001", "Upload-Metadata", metadata(data)}, 413, "too-large"},
		{"no hash", nil, []string{"Upload-Length", "5", "Upload-Metadata", "job ag=="}, 400, "invalid"},
		{"no job", nil, []string{"Upload-Length", "5", "Upload-Metadata", strings.Split(metadata(data), ",")[0]}, 400, "invalid"},
		{"a part of a concatenation", nil, []string{"Upload-Length", "5", "Upload-Concat", "partial", "Upload-Metadata", metadata(data)}, 400, "unsupported"},
		{"a concatenation", nil, []string{"Upload-Concat", "final;/up/a /up/b", "Upload-Metadata", metadata(data)}, 400, "unsupported"},
		{"with a chunk that is the file", data, append([]string{"Upload-Length", "3000", "Upload-Metadata", metadata(data)}, chunk...), 201, ""},
		{"with a chunk that is another file", wrong, append([]string{"Upload-Length", "3000", "Upload-Metadata", metadata(data)}, chunk...), 400, "mismatch"},
		{"with more than the file", append(bytes.Clone(data), 'x'), append([]string{"Upload-Length", "3000", "Upload-Metadata", metadata(data)}, chunk...), 413, "too-large"},
		{"with a part of it", data[:2000], append([]string{"Upload-Length", "3000", "Upload-Metadata", metadata(data)}, chunk...), 201, ""},
		{"an empty file", nil, []string{"Upload-Length", "0", "Upload-Metadata", metadata(nil)}, 201, ""},
		{"an empty file of another hash", nil, []string{"Upload-Length", "0", "Upload-Metadata", metadata(data)}, 400, "mismatch"},
	} {
		answer, text := do(t, "POST", srv.URL+"/up", bytes.NewReader(c.body), c.header...)
		if answer.StatusCode != c.status || text != c.want {
			t.Errorf("%s: %s %q", c.name, answer.Status, text)
		}
		if at := answer.Header.Get("Location"); c.status == 201 && answer.Header.Get("Upload-Offset") != strconv.Itoa(len(c.body)) && len(c.body) > 0 || c.status != 201 && at != "" {
			t.Errorf("%s: offset %q at %q", c.name, answer.Header.Get("Upload-Offset"), at)
		}
	}
	open := 0
	for range 10 { // one is open already, and one that was refused with more than the file
		answer, text := do(t, "POST", srv.URL+"/up", nil, "Upload-Length", "3000", "Upload-Metadata", metadata(data))
		if answer.StatusCode == 201 {
			open++
			continue
		}
		if answer.StatusCode != 429 || text != "quota" {
			t.Errorf("%s %q", answer.Status, text)
		}
	}
	if open != 3 {
		t.Errorf("%d could be opened", open)
	}
}

func TestTusTermination(t *testing.T) {
	s := s3like()
	srv := serve(t, uploads(t, s))
	data := blobtest.Bytes(3, 9000)
	at := create(t, srv, data)
	if answer, _ := do(t, "PATCH", at, bytes.NewReader(data[:8000]), "Upload-Offset", "0"); answer.StatusCode != 204 {
		t.Fatal(answer.Status)
	}
	if answer, _ := do(t, "DELETE", at, nil, "Who", "ben"); answer.StatusCode != 404 {
		t.Errorf("by somebody else: %s", answer.Status)
	}
	if answer, _ := do(t, "DELETE", at, nil); answer.StatusCode != 204 {
		t.Errorf("%s", answer.Status)
	}
	for _, method := range []string{"HEAD", "PATCH", "DELETE"} {
		if answer, _ := do(t, method, at, nil, "Upload-Offset", "8000"); answer.StatusCode != 404 {
			t.Errorf("%s afterwards: %s", method, answer.Status)
		}
	}
	mustBeEmpty(t, s, "")
}

// begin sends the head of a PATCH and the beginning of its body, and leaves the connection as it is.
func begin(t *testing.T, at string, offset, length int, body []byte) net.Conn {
	t.Helper()
	host, path, _ := strings.Cut(strings.TrimPrefix(at, "http://"), "/")
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	head := fmt.Sprintf("PATCH /%s HTTP/1.1\r\nHost: x\r\nWho: anna\r\nTus-Resumable: 1.0.0\r\nContent-Type: application/offset+octet-stream\r\n"+
		"Upload-Offset: %d\r\nContent-Length: %d\r\n\r\n", path, offset, length)
	if _, err := conn.Write(append([]byte(head), body...)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// stored is how far an upload is, without asking the server, which would interrupt who sends.
func stored(t *testing.T, s Backend, at string) int64 {
	t.Helper()
	data, _, err := s.GetNote(t.Context(), space, statePath(at[strings.LastIndexByte(at, '/')+1:]))
	if err != nil {
		t.Fatal(err)
	}
	n, err := decodeNote(data)
	if err != nil {
		t.Fatal(err)
	}
	return n.Offset
}

// until waits until so much is durable. Asking the server would interrupt who sends.
func until(t *testing.T, s Backend, at string, want int64) {
	t.Helper()
	waitFor(t, func() bool { return stored(t, s, at) == want })
}

func TestACutConnectionKeepsWhatArrived(t *testing.T) {
	s := s3like()
	srv := serve(t, uploads(t, s))
	data := blobtest.Bytes(4, 9000)
	at := create(t, srv, data)
	from := 0
	for _, cut := range []int{1, 700, 5000, 8999} {
		begin(t, at, from, len(data)-from, data[from:cut]).Close()
		until(t, s, at, int64(cut))
		from = cut
	}
	if answer, _ := do(t, "PATCH", at, bytes.NewReader(data[8999:]), "Upload-Offset", "8999"); answer.StatusCode != 204 {
		t.Fatal(answer.Status)
	}
	mustHold(t, s, data)
}

// TestADeadSenderDoesNotKeepTheUploadLocked: the connection is there, but nothing comes any more, as when a phone has lost the
// network; and the phone is back over another one.
func TestADeadSenderDoesNotKeepTheUploadLocked(t *testing.T) {
	s := s3like()
	srv := serve(t, uploads(t, s))
	data := blobtest.Bytes(5, 9000)
	at := create(t, srv, data)
	dead := begin(t, at, 0, len(data), data[:6000])
	waitFor(t, func() bool { return stored(t, s, at) >= 4000 }) // it has the upload, and waits for more
	answer, _ := do(t, "HEAD", at, nil)
	from, err := strconv.Atoi(answer.Header.Get("Upload-Offset"))
	if err != nil || from < 4000 || from > 6000 {
		t.Fatal(answer.Status, from, err)
	}
	if answer, _ := do(t, "PATCH", at, bytes.NewReader(data[from:]), "Upload-Offset", strconv.Itoa(from)); answer.StatusCode != 204 {
		t.Fatal(answer.Status)
	}
	mustHold(t, s, data)
	if answer, err := http.ReadResponse(bufio.NewReader(dead), nil); err == nil {
		defer answer.Body.Close()
		if answer.StatusCode != 503 {
			t.Errorf("the first request was answered %s", answer.Status)
		}
	}
}

func TestASilentSenderIsCutAndKeepsWhatHeSent(t *testing.T) {
	s := s3like()
	srv := serve(t, uploads(t, s), func(c *HandlerConfig) { c.Idle = 50 * time.Millisecond })
	data := blobtest.Bytes(6, 9000)
	at := create(t, srv, data)
	conn := begin(t, at, 0, len(data), data[:1500])
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 503 {
		t.Errorf("%s", answer.Status)
	}
	until(t, s, at, 1500)
}

func TestChunksAtOnceAreBoundedForAPersonAndForAll(t *testing.T) {
	s := s3like()
	srv := serve(t, uploads(t, s), func(c *HandlerConfig) { c.Transfers, c.PerOwner = 3, 2 })
	data := blobtest.Bytes(7, 9000)
	at := create(t, srv, data)
	var held []net.Conn
	hold := func() {
		t.Helper()
		address := create(t, srv, data)
		held = append(held, begin(t, address, 0, len(data), data[:6000]))
		waitFor(t, func() bool { return stored(t, s, address) >= 4000 })
	}
	hold()
	hold()
	if answer, text := do(t, "PATCH", at, bytes.NewReader(data), "Upload-Offset", "0"); answer.StatusCode != 503 || text != "busy" {
		t.Errorf("a third chunk of one person: %s %q", answer.Status, text)
	}
	if answer, _ := do(t, "HEAD", at, nil); answer.StatusCode != 200 {
		t.Errorf("asking is always possible: %s", answer.Status)
	}
	for _, c := range held {
		c.Close()
	}
	waitFor(t, func() bool {
		answer, _ := do(t, "PATCH", at, bytes.NewReader(data), "Upload-Offset", "0")
		return answer.StatusCode == 204
	})
}

func waitFor(t *testing.T, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for !ok() {
		if ctx.Err() != nil {
			t.Fatal("it never came so far")
		}
	}
}

func TestAClientThatLostTheAnswerFindsItsUploadAgain(t *testing.T) {
	s := s3like()
	srv := serve(t, uploads(t, s))
	data := blobtest.Bytes(8, 9000)
	head := []string{"Upload-Length", "9000", "Upload-Metadata", metadata(data), ResumeHeader, "true"}
	post := func(body []byte, header ...string) (at, offset string) {
		t.Helper()
		answer, text := do(t, "POST", srv.URL+"/up", bytes.NewReader(body), append(append([]string{}, head...), header...)...)
		if answer.StatusCode != 201 {
			t.Fatal(answer.Status, text)
		}
		return srv.URL + answer.Header.Get("Location"), answer.Header.Get("Upload-Offset")
	}
	at, offset := post(nil)
	if again, o := post(nil); again != at || o != offset || o != "" {
		t.Errorf("%s at %q, then %s at %q", at, offset, again, o)
	}
	if answer, _ := do(t, "PATCH", at, bytes.NewReader(data[:8000]), "Upload-Offset", "0"); answer.StatusCode != 204 {
		t.Fatal(answer.Status)
	}
	if again, o := post(nil); again != at || o != "8000" {
		t.Errorf("%s, then %s at %q", at, again, o)
	}
	if other, o := post(nil, "Who", "ben"); other == at || o != "" {
		t.Errorf("somebody else was given it, at %q", o)
	}
	if other := create(t, srv, data); other == at {
		t.Error("who did not ask for it was given it")
	}
	// With the file's beginning in the request it begins again.
	again, o := post(data[:5000], "Content-Type", "application/offset+octet-stream")
	if again == at || o != "5000" {
		t.Errorf("%s at %q", again, o)
	}
	if answer, _ := do(t, "PATCH", again, bytes.NewReader(data[5000:]), "Upload-Offset", "5000"); answer.StatusCode != 204 {
		t.Fatal(answer.Status)
	}
	if got, err := blobs.ReadAll(t.Context(), s, space, blobs.RefOf(data), 1<<20); err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

package uploads

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/client"
	"fieldsync/conformance/internal/sut"
	"fieldsync/conformance/minioserver"
	"fieldsync/crdt"
)

// direct asks for an address and uses it; change may change the body.
func (w *world) direct(token, job string, data, body []byte) (asked int, put int, confirm func() string) {
	w.t.Helper()
	at := "/api/v1/files/" + blobs.RefOf(data).String()
	answer, text := w.do("POST", at+"/direct?job="+job, token, map[string]any{"size": len(data)})
	var to struct {
		Method, URL, Token string
		Header             map[string]string
	}
	if answer.StatusCode != http.StatusOK {
		return answer.StatusCode, 0, nil
	}
	if err := json.Unmarshal(text, &to); err != nil {
		w.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(w.t.Context(), to.Method, to.URL, bytes.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	for k, v := range to.Header {
		req.Header.Set(k, v)
	}
	sent, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	sent.Body.Close()
	return answer.StatusCode, sent.StatusCode, func() string {
		answer, text := w.do("POST", at+"/confirm?job="+job, token, map[string]any{"token": to.Token})
		return answer.Status + " " + string(text)
	}
}

func TestFilesGoPastTheServerAndCountOnceItHasCheckedThem(t *testing.T) {
	minio := minioserver.Start(t)
	w := newWorld(t, minio, "--s3-public-url", "http://"+minio.Endpoint)
	job := w.newJob("direct")
	data := blobtest.Bytes(1, 3<<20)
	wrong := bytes.Clone(data)
	wrong[0] ^= 1
	for _, c := range []struct {
		body      []byte
		put       bool
		confirmed string
	}{{wrong, false, "404"}, {data, true, "200"}} {
		asked, put, confirm := w.direct(sut.WorkerAnna, job, data, c.body)
		if asked != 200 || (put == 200) != c.put {
			t.Fatalf("asked %d, put %d", asked, put)
		}
		if c.put && w.held(data) {
			t.Error("it has its name before it was confirmed")
		}
		for range 2 { // the second: the answer was lost
			if got := confirm(); got[:3] != c.confirmed {
				t.Errorf("confirmed: %s", got)
			}
		}
	}
	if !w.held(data) {
		t.Error("it is not there")
	}
	if asked, _, _ := w.direct(sut.WorkerBen, job, data, data); asked != http.StatusNotFound {
		t.Errorf("who may not know the job: %d", asked)
	}
	w.attach(sut.WorkerAnna, job, data)
	to := w.redirect("/api/v1/files/" + blobs.RefOf(data).String() + "?job=" + job + "&redirect=true")
	if to.Host != minio.Endpoint {
		t.Fatalf("redirected to %q", to.Host)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to.String(), nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != 200 || !bytes.Equal(got, data) || answer.Header.Get("Content-Disposition") != "attachment" {
		t.Errorf("%s, %d bytes, %v, %v", answer.Status, len(got), answer.Header, err)
	}
	folder := newWorld(t, nil)
	if asked, _, _ := folder.direct(sut.WorkerAnna, folder.newJob("x"), data, data); asked != http.StatusNotFound {
		t.Errorf("with files in a folder: %d", asked)
	}
}

// TestTheGoClientSendsLargeFilesPastTheServerOnAFastLinkAndFetchesThemThere: its first files make it find the link fast.
func TestTheGoClientSendsLargeFilesPastTheServerOnAFastLinkAndFetchesThemThere(t *testing.T) {
	minio := minioserver.Start(t)
	w := newWorld(t, minio, "--s3-public-url", "http://"+minio.Endpoint)
	anna, dora := w.client(sut.WorkerAnna), w.client(sut.Dispatcher)
	job, err := crdt.ParseDocID(w.newJob("direct"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := anna.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	first, large := blobtest.Bytes(1, 30<<20), blobtest.Bytes(2, 9<<20)
	for i, data := range [][]byte{first, large} {
		path := filepath.Join(t.TempDir(), "video.mp4")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := anna.Attach(t.Context(), job, path, ""); err != nil {
			t.Fatal(err)
		}
		before := w.link.Sent()
		if r, err := anna.Sync(t.Context()); err != nil || r.FilesSent != 1 {
			t.Fatalf("%+v, %v", r, err)
		}
		if past := w.link.Sent()-before < int64(len(data)); past != (i == 1) || !w.held(data) {
			t.Errorf("file %d: %d of %d bytes went through the server; held: %v", i, w.link.Sent()-before, len(data), w.held(data))
		}
	}
	r, err := dora.Sync(t.Context())
	if err != nil || r.FilesReceived != 2 || r.BytesReceived != 39<<20 {
		t.Errorf("%+v, %v", r, err)
	}
}

// client is a client of somebody, over the link.
func (w *world) client(token string) *client.Client {
	w.t.Helper()
	c, err := client.Open(client.Options{Dir: filepath.Join(w.t.TempDir(), "client")})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	if _, err := c.Login(w.t.Context(), "http://"+w.link.Addr(), token); err != nil {
		w.t.Fatal(err)
	}
	return c
}

// redirect asks as anna, and gives where the server points to. (Go's client would send the token along to another port of the
// same machine; between machines no client does.)
func (w *world) redirect(path string) *url.URL {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, "http://"+w.server.Addr+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+sut.WorkerAnna)
	answer, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	answer.Body.Close()
	to, err := answer.Location()
	if err != nil || answer.StatusCode != http.StatusTemporaryRedirect || answer.Header.Get("Cache-Control") != "no-store" {
		w.t.Fatal(answer.Status, err)
	}
	return to
}

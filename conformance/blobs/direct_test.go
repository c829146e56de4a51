package blobs

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/s3blob"
	"fieldsync/conformance/minioserver"
)

// perform makes a direct request as a browser would, with some of its header changed.
func perform(t *testing.T, d blobs.DirectRequest, body []byte, change func(http.Header)) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), d.Method, d.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = d.Header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Del("Content-Length") // the client's own business
	if change != nil {
		change(req.Header)
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
	return answer.StatusCode, text
}

func TestDirectUploadsTakeTheSignedFileOnceAndNothingElse(t *testing.T) {
	server := minioserver.Start(t)
	cfg := config(server, "files")
	cfg.PublicEndpoint = "http://" + server.Endpoint
	s, err := s3blob.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	d := s.Direct()
	data := blobtest.Bytes(1, 300_000)
	ref := blobs.RefOf(data)
	put := func(id string) blobs.DirectRequest {
		t.Helper()
		r, err := d.DirectPut(t.Context(), "org", ref, int64(len(data)), id, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	other := bytes.Clone(data)
	other[5] ^= 1
	otherSum := func(h http.Header) { h.Set("x-amz-checksum-sha256", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=") }
	for name, c := range map[string]struct {
		body   []byte
		change func(http.Header)
	}{
		"other bytes":                   {other, nil},
		"fewer bytes":                   {data[:1000], nil},
		"more bytes":                    {append(bytes.Clone(data), 'x'), nil},
		"another checksum":              {data, otherSum},
		"without the checksum":          {data, func(h http.Header) { h.Del("x-amz-checksum-sha256") }},
		"even if it exists":             {data, func(h http.Header) { h.Del("If-None-Match") }},
		"our word that it was verified": {data, func(h http.Header) { h.Set("x-amz-meta-fieldsync-sha256", ref.String()) }},
	} {
		if status, text := perform(t, put("refused"), c.body, c.change); status != 400 && status != 403 {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if err := d.Accept(t.Context(), "org", ref, int64(len(data)), "refused"); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("accepted, although all was refused: %v", err)
	}
	if _, err := s.Stat(t.Context(), "org", ref); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("the name is there: %v", err)
	}
	if status, text := perform(t, put("good"), data, nil); status != 200 {
		t.Fatalf("the file itself: %d %s", status, text)
	}
	if status, _ := perform(t, put("good"), data, nil); status != 412 {
		t.Errorf("a second time: %d", status)
	}
	if _, err := s.Stat(t.Context(), "org", ref); !errors.Is(err, blobs.ErrNotFound) {
		t.Errorf("the name is there before it is accepted: %v", err)
	}
	if err := d.Accept(t.Context(), "org", ref, int64(len(data))+1, "good"); !errors.Is(err, blobs.ErrMismatch) {
		t.Errorf("accepted with another size: %v", err)
	}
	if status, _ := perform(t, put("good"), data, nil); status != 200 {
		t.Fatal(status)
	}
	if err := d.Accept(t.Context(), "org", ref, int64(len(data)), "good"); err != nil {
		t.Fatal(err)
	}
	if info, err := s.Stat(t.Context(), "org", ref); err != nil || !info.Attested || info.Size != int64(len(data)) {
		t.Errorf("%+v, %v", info, err)
	}
	if notes, err := s.ListNotes(t.Context(), "org", "", "", 10); err != nil || len(notes) != 0 {
		t.Errorf("left: %v, %v", notes, err)
	}
	at, err := d.DirectGet(t.Context(), "org", ref, "image/jpeg", "inline", time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	status, got := perform(t, blobs.DirectRequest{Method: "GET", URL: at}, nil, func(h http.Header) { h.Set("Range", "bytes=100-199") })
	if status != 206 || !bytes.Equal(got, data[100:200]) {
		t.Errorf("a range: %d, %d bytes", status, len(got))
	}
}

func TestWhatCameDirectlyToAServerWithoutChecksumsIsReadBeforeItIsAccepted(t *testing.T) {
	server := minioserver.Start(t)
	cfg := config(server, "files")
	cfg.PublicEndpoint = "http://" + server.Endpoint
	s, err := s3blob.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	data := blobtest.Bytes(1, 300_000)
	ref := blobs.RefOf(data)
	wrong := bytes.Clone(data)
	wrong[5] ^= 1
	for _, body := range [][]byte{wrong, data} {
		// As if the server had taken the PUT and kept no checksum.
		direct(t, server, ".stage/org/direct/x", body)
		err := s.Direct().Accept(t.Context(), "org", ref, int64(len(data)), "x")
		if right := bytes.Equal(body, data); (err == nil) != right || !right && !errors.Is(err, blobs.ErrMismatch) {
			t.Errorf("the right bytes: %v; %v", right, err)
		}
		if _, err := s.Stat(t.Context(), "org", ref); (err == nil) != bytes.Equal(body, data) {
			t.Errorf("the name: %v", err)
		}
	}
	if s, err := s3blob.Open(t.Context(), config(server, "files")); err != nil || s.Direct() != nil {
		t.Errorf("without a public endpoint: %v", err)
	}
}

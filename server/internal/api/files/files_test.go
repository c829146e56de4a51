package files_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/iotest"
	"time"

	"fieldsync/blobs"
	"fieldsync/blobs/blobtest"
	"fieldsync/blobs/diskblob"
	"fieldsync/blobs/mark"
	"fieldsync/blobs/memblob"
	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api/files"
)

var (
	job      = crdt.DocID{1} // anna may read and write it
	readOnly = crdt.DocID{2} // anna may read it
	foreign  = crdt.DocID{3} // anna may not know of it
)

// world is a server over a store, with a token "anna" and a list of what the jobs refer to.
type world struct {
	t     *testing.T
	url   string
	store blobs.Store
	log   bytes.Buffer
	// aborted counts the answers that the handler cut off on purpose. (Over HTTP/1 net/http would also do it by itself, when
	// fewer bytes than declared were written; the handler does not rely on that.)
	aborted atomic.Int64

	mu        sync.Mutex
	refs      map[crdt.DocID][]blobs.Ref
	delivered map[string]string // document and file -> who
	handler   *files.Handler
	named     []files.Named
	sizes     map[blobs.Ref]int64
	coming    map[blobs.Ref][]files.Arriving
}

func newWorld(t *testing.T, store mark.Backend, change func(*files.Config)) *world {
	t.Helper()
	w := &world{t: t, store: store, refs: make(map[crdt.DocID][]blobs.Ref), delivered: make(map[string]string)}
	cfg := files.Config{
		Store: mark.New(store, mark.Secret{}, &blobtest.Book{}, nil),
		Who: func(r *http.Request) (access.Principal, error) {
			who, org, ok := strings.Cut(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), "@")
			if !ok {
				return access.Principal{}, crdt.Errorf(crdt.KindUnauthenticated, "who are you?")
			}
			return access.Principal{ID: who, Org: org}, nil
		},
		May: func(_ context.Context, _ access.Principal, doc crdt.DocID, write bool) error {
			switch {
			case doc == foreign:
				return crdt.Errorf(crdt.KindNotFound, "no such document")
			case doc == readOnly && write:
				return crdt.Errorf(crdt.KindForbidden, "reading only")
			}
			return nil
		},
		Serves: func(_ context.Context, _ access.Principal, doc crdt.DocID, ref blobs.Ref) (bool, error) {
			return w.refers(doc, ref), nil
		},
		Held: func(_ context.Context, p access.Principal, doc crdt.DocID, ref blobs.Ref) (bool, error) {
			w.mu.Lock()
			by := w.delivered[doc.String()+ref.String()]
			w.mu.Unlock()
			return by == p.ID || doc != foreign && w.refers(doc, ref), nil
		},
		Delivered: func(_ context.Context, p access.Principal, doc crdt.DocID, ref blobs.Ref, _ int64) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.delivered[doc.String()+ref.String()] = p.ID
			return nil
		},
		Names: func(_ context.Context, _ access.Principal, doc crdt.DocID) ([]files.Named, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			var out []files.Named
			for i, ref := range w.refs[doc] {
				out = append(out, files.Named{Attachment: fmt.Sprint(i), Kind: "file", SHA256: ref.String()})
			}
			return append(out, w.named...), nil
		},
		WasDelivered: func(_ context.Context, _ access.Principal, doc crdt.DocID, ref blobs.Ref) (bool, int64, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			_, ok := w.delivered[doc.String()+ref.String()]
			return ok, w.sizes[ref], nil
		},
		Arriving: func(_ context.Context, _ blobs.Space, ref blobs.Ref) ([]files.Arriving, error) {
			return w.coming[ref], nil
		},
		MaxFile: 8 << 20,
		Log:     slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	if change != nil {
		change(&cfg)
	}
	handler, err := files.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	w.handler = handler
	mux := http.NewServeMux()
	mux.HandleFunc(files.Pattern, func(rw http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler:
				w.aborted.Add(1)
				panic(p)
			default:
				t.Errorf("the handler panicked: %v", p)
			}
		}()
		handler.ServeHTTP(rw, r)
	})
	server := httptest.NewUnstartedServer(mux)
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	server.Start()
	t.Cleanup(server.Close)
	w.url = server.URL
	return w
}

func (w *world) refer(doc crdt.DocID, ref blobs.Ref) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refs[doc] = append(w.refs[doc], ref)
}

func (w *world) refers(doc crdt.DocID, ref blobs.Ref) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Contains(w.refs[doc], ref)
}

func (w *world) path(name string, doc crdt.DocID) string {
	return w.url + "/api/v1/files/" + name + "?job=" + doc.String()
}

// do makes a request as anna of org-1 and reads the answer. err is how reading the body ended.
func (w *world) do(method, url string, body io.Reader, change func(*http.Request)) (*http.Response, []byte, error) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, url, body)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer anna@org-1")
	if change != nil {
		change(req)
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	return answer, data, err
}

// problemOf checks that an answer is a problem document, and gives its code.
func problemOf(t *testing.T, answer *http.Response, body []byte) string {
	t.Helper()
	var doc struct {
		Code   string
		Status int
	}
	if err := json.Unmarshal(body, &doc); err != nil || doc.Status != answer.StatusCode || answer.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("not a problem document: %s %q %s", answer.Status, answer.Header.Get("Content-Type"), body)
	}
	return fmt.Sprintf("%d %s", answer.StatusCode, doc.Code)
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestAFileIsStoredOnceAndReadBackWithRanges(t *testing.T) {
	disk, err := diskblob.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	for name, store := range map[string]mark.Backend{"disk": disk, "memory": memblob.New(0)} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, store, nil)
			data := blobtest.Bytes(1, 700_000)
			ref := blobs.RefOf(data)
			w.refer(job, ref)
			url := w.path(ref.String(), job)
			for i, want := range []int{http.StatusCreated, http.StatusOK} {
				if answer, body, err := w.do("PUT", url, bytes.NewReader(data), nil); err != nil || answer.StatusCode != want {
					t.Fatalf("PUT %d: %v, %s, %v", i, answer.Status, body, err)
				}
			}
			answer, body, err := w.do("GET", url, nil, nil)
			if err != nil || answer.StatusCode != 200 || !bytes.Equal(body, data) {
				t.Fatalf("GET: %v, %d bytes, %v", answer.Status, len(body), err)
			}
			tag := answer.Header.Get("ETag")
			for name, want := range map[string]string{
				"ETag": `"` + ref.String() + `"`, "Cache-Control": "private, max-age=31536000, immutable",
				"X-Content-Type-Options": "nosniff", "Accept-Ranges": "bytes", "Content-Length": "700000",
				"Content-Type": "application/octet-stream", "Content-Disposition": "attachment",
			} {
				if got := answer.Header.Get(name); got != want {
					t.Errorf("%s: %q", name, got)
				}
			}
			if answer, body, _ := w.do("HEAD", url, nil, nil); answer.StatusCode != 200 || len(body) != 0 || answer.ContentLength != 700_000 {
				t.Errorf("HEAD: %v, length %d", answer.Status, answer.ContentLength)
			}
			for spec, want := range map[string][]byte{
				"bytes=0-0": data[:1], "bytes=699999-": data[699_999:], "bytes=-10": data[699_990:], "bytes=1000-1999": data[1000:2000],
			} {
				answer, body, err := w.do("GET", url, nil, header("Range", spec))
				if err != nil || answer.StatusCode != 206 || !bytes.Equal(body, want) {
					t.Errorf("%s: %v, %d bytes, %v", spec, answer.Status, len(body), err)
				}
			}
			if answer, _, _ := w.do("GET", url, nil, header("Range", "bytes=700000-")); answer.StatusCode != 416 {
				t.Errorf("behind the end: %v", answer.Status)
			}
			if answer, body, _ := w.do("GET", url, nil, header("Range", "bytes=0-0,5-5,9-9")); answer.StatusCode != 200 || !bytes.Equal(body, data) {
				t.Errorf("several ranges: %v, %d bytes", answer.Status, len(body))
			}
			if answer, _, _ := w.do("GET", url, nil, header("If-None-Match", tag)); answer.StatusCode != 304 {
				t.Errorf("If-None-Match: %v", answer.Status)
			}
			for ifRange, want := range map[string]int{tag: 206, `"other"`: 200} {
				answer, _, _ := w.do("GET", url, nil, func(r *http.Request) {
					r.Header.Set("Range", "bytes=5-")
					r.Header.Set("If-Range", ifRange)
				})
				if answer.StatusCode != want {
					t.Errorf("If-Range %s: %v", ifRange, answer.Status)
				}
			}
		})
	}
}

func TestAnEmptyFileIsAFile(t *testing.T) {
	w := newWorld(t, memblob.New(0), nil)
	ref := blobs.RefOf(nil)
	w.refer(job, ref)
	if answer, body, err := w.do("PUT", w.path(ref.String(), job), http.NoBody, nil); err != nil || answer.StatusCode != 201 {
		t.Errorf("%v, %s, %v", answer.Status, body, err)
	}
	if answer, body, err := w.do("GET", w.path(ref.String(), job), nil, nil); err != nil || answer.StatusCode != 200 || len(body) != 0 {
		t.Errorf("%v, %q, %v", answer.Status, body, err)
	}
}

func TestWhoMayNotLearnsNothing(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	data := []byte("a photo")
	ref := blobtest.Put(t, store, "org-1", data)
	w.refer(job, ref)
	anonymous := func(r *http.Request) { r.Header.Del("Authorization") }
	other := header("Authorization", "Bearer anna@org-2")
	for name, c := range map[string]struct {
		method string
		doc    crdt.DocID
		change func(*http.Request)
		want   string
	}{
		"reading without a login":                    {"GET", job, anonymous, "401 unauthenticated"},
		"writing without a login":                    {"PUT", job, anonymous, "401 unauthenticated"},
		"reading by a job that one may not know":     {"GET", foreign, nil, "404 not-found"},
		"writing to a job that one may only read":    {"PUT", readOnly, nil, "403 forbidden"},
		"reading by a job that does not refer to it": {"GET", readOnly, nil, "404 not-found"},
		"reading from another organisation":          {"GET", job, other, "404 not-found"},
	} {
		answer, body, err := w.do(c.method, w.path(ref.String(), c.doc), nil, c.change)
		if err != nil {
			t.Fatal(err)
		}
		if got := problemOf(t, answer, body); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	// A file that exists but is not referred to, and one that does not exist, look the same.
	_, there, _ := w.do("GET", w.path(ref.String(), readOnly), nil, nil)
	_, absent, _ := w.do("GET", w.path(blobs.RefOf([]byte("none")).String(), readOnly), nil, nil)
	if !bytes.Equal(there, absent) {
		t.Errorf("they differ:\n%s%s", there, absent)
	}
	if store.Opened() != 0 {
		t.Error("the store was read")
	}
}

func TestWhatIsNotAFileRequestIsRefusedWithAReason(t *testing.T) {
	w := newWorld(t, memblob.New(5<<20), nil)
	data := blobtest.Bytes(1, 1000)
	name := blobs.RefOf(data).String()
	good := w.path(name, job)
	put := func(url string, body io.Reader, change func(*http.Request)) string {
		t.Helper()
		answer, body2, err := w.do("PUT", url, body, change)
		if err != nil {
			t.Fatal(err)
		}
		return problemOf(t, answer, body2)
	}
	whole := func() io.Reader { return bytes.NewReader(data) }
	for what, got := range map[string][2]string{
		"another file":     {put(good, bytes.NewReader(blobtest.Bytes(2, 1000)), nil), "400 mismatch"},
		"a shorter file":   {put(good, bytes.NewReader(data[:999]), nil), "400 mismatch"},
		"no length":        {put(good, io.MultiReader(whole()), nil), "411 length-required"},
		"too large":        {put(good, bytes.NewReader(make([]byte, 8<<20+1)), nil), "413 too-large"},
		"no room":          {put(w.path(blobs.RefOf(make([]byte, 6<<20)).String(), job), bytes.NewReader(make([]byte, 6<<20)), nil), "507 full"},
		"a part":           {put(good, whole(), header("Content-Range", "bytes 0-999/2000")), "400 invalid"},
		"packed":           {put(good, whole(), header("Content-Encoding", "gzip")), "415 unsupported"},
		"no job":           {put(w.url+"/api/v1/files/"+name, whole(), nil), "400 invalid"},
		"two jobs":         {put(good+"&job="+readOnly.String(), whole(), nil), "400 invalid"},
		"not a job":        {put(w.url+"/api/v1/files/"+name+"?job=../../x", whole(), nil), "400 invalid"},
		"upper case":       {put(w.path(strings.ToUpper(name), job), whole(), nil), "400 invalid"},
		"too short a name": {put(w.path(name[:63], job), whole(), nil), "400 invalid"},
		"a path":           {put(w.path("..%2f..%2f..%2fetc%2fpasswd", job), whole(), nil), "400 invalid"},
		"dots":             {put(w.path("%2e%2e", job), whole(), nil), "400 invalid"},
		"a null byte":      {put(w.path(name[:63]+"%00", job), whole(), nil), "400 invalid"},
	} {
		if got[0] != got[1] {
			t.Errorf("%s: %s, want %s", what, got[0], got[1])
		}
	}
	answer, body, err := w.do("DELETE", good, nil, nil)
	if err != nil || problemOf(t, answer, body) != "405 method-not-allowed" || answer.Header.Get("Allow") != "GET, HEAD, PUT" {
		t.Errorf("DELETE: %v, Allow %q, %v", answer.Status, answer.Header.Get("Allow"), err)
	}
	if items, err := w.store.List(t.Context(), "org-1", blobs.Ref{}, 10); err != nil || len(items) != 0 {
		t.Errorf("something was stored: %v, %v", items, err)
	}
}

func TestAStoreThatFailsIsUnavailableWithRetryAfter(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	data := []byte("a photo")
	ref := blobs.RefOf(data)
	w.refer(job, ref)
	store.Fail(memblob.Stat, fmt.Errorf("dial tcp 10.1.2.3:9000: %w", blobs.ErrUnavailable))
	for _, method := range []string{"PUT", "GET"} {
		answer, body, err := w.do(method, w.path(ref.String(), job), bytes.NewReader(data), nil)
		if err != nil || problemOf(t, answer, body) != "503 unavailable" || answer.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %v %s %v", method, answer.Status, body, err)
		}
		if bytes.Contains(body, []byte("10.1.2.3")) {
			t.Errorf("the answer tells of our inside: %s", body)
		}
	}
	if !strings.Contains(w.log.String(), "10.1.2.3") {
		t.Error("the log does not tell the cause")
	}
	store.Fail(memblob.Stat, nil)
	if answer, _, _ := w.do("PUT", w.path(ref.String(), job), bytes.NewReader(data), nil); answer.StatusCode != 201 {
		t.Errorf("afterwards: %v", answer.Status)
	}
}

// What is seen before the first byte goes out is said; later the connection is cut.
func TestADamagedFileIsNeverServedAsTheWholeOrInParts(t *testing.T) {
	for _, c := range []struct {
		size   int
		marked bool // as what came through the server is
		at     int
		whole  string // empty: cut off
	}{{10, false, 9, "500 damaged"}, {3 << 20, false, 3<<20 - 1, ""}, {10, true, 9, "500 damaged"}, {3 << 20, true, 7, "500 damaged"}, {3 << 20, true, 3<<20 - 1, ""}} {
		store := memblob.New(0)
		w := newWorld(t, store, nil)
		data := blobtest.Bytes(1, c.size)
		ref := blobs.RefOf(data)
		w.refer(job, ref)
		if c.marked {
			if answer, _, err := w.do("PUT", w.path(ref.String(), job), bytes.NewReader(data), nil); err != nil || answer.StatusCode != 201 {
				t.Fatal(answer, err)
			}
		} else {
			blobtest.Put(t, store, "org-1", data)
		}
		store.Corrupt("org-1", ref, c.at)
		answer, body, err := w.do("GET", w.path(ref.String(), job), nil, nil)
		if c.whole == "" && (err == nil || len(body) >= c.size || w.aborted.Load() != 1) {
			t.Errorf("%+v: got %d bytes, %v, cut off %d times", c, len(body), err, w.aborted.Load())
		}
		if c.whole != "" && (err != nil || problemOf(t, answer, body) != c.whole || answer.Header.Get("ETag")+answer.Header.Get("Content-Disposition")+answer.Header.Get("Repr-Digest") != "" ||
			strings.Contains(answer.Header.Get("Cache-Control"), "immutable")) {
			t.Errorf("%+v: %v %s %v", c, answer.Header, body, err)
		}
		answer, body, err = w.do("GET", w.path(ref.String(), job), nil, header("Range", fmt.Sprintf("bytes=%d-%d", c.at, c.at)))
		if err != nil || problemOf(t, answer, body) != "500 damaged" {
			t.Errorf("a range of %+v: %v %s %v", c, answer.Status, body, err)
		}
		if n := strings.Count(w.log.String(), "level=ERROR"); n != 2 {
			t.Errorf("%+v: %d lines in the log:\n%s", c, n, w.log.String())
		}
	}
}

func TestAStoreThatBreaksOffCutsTheAnswer(t *testing.T) {
	for _, at := range []int64{0, 2 << 20} {
		store := &breaking{backend: memblob.New(0), at: at}
		w := newWorld(t, store, nil)
		ref := blobtest.Put(t, store.backend, "org-1", blobtest.Bytes(1, 3<<20))
		w.refer(job, ref)
		answer, body, err := w.do("GET", w.path(ref.String(), job), nil, nil)
		switch {
		case at == 0 && (err != nil || problemOf(t, answer, body) != "503 unavailable" || w.aborted.Load() != 0):
			t.Errorf("before it began: %v %s %v", answer.Status, body, err)
		case at > 0 && (err == nil || w.aborted.Load() != 1):
			t.Errorf("later: %d bytes as if they were the file", len(body))
		}
	}
}

// breaking breaks off each reading after some bytes.
type breaking struct {
	backend
	at int64
}

func (b *breaking) OpenRange(ctx context.Context, space blobs.Space, ref blobs.Ref, offset, length int64) (io.ReadCloser, error) {
	body, err := b.backend.OpenRange(ctx, space, ref, offset, length)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(body, b.at), iotest.ErrReader(blobs.ErrUnavailable)), body}, nil
}

func TestAFileIsCheckedOnceBeforeItsRanges(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	ref := blobtest.Put(t, store, "org-1", blobtest.Bytes(1, 100_000))
	w.refer(job, ref)
	for range 5 {
		if answer, _, err := w.do("GET", w.path(ref.String(), job), nil, header("Range", "bytes=10-19")); err != nil || answer.StatusCode != 206 {
			t.Fatalf("%v, %v", answer.Status, err)
		}
	}
	if got := store.Opened(); got != 6 {
		t.Errorf("the store was opened %d times for 5 ranges, want 1 + 5", got)
	}
	whole := blobtest.Put(t, store, "org-1", blobtest.Bytes(2, 100_000))
	w.refer(job, whole)
	w.do("GET", w.path(whole.String(), job), nil, nil)
	w.do("GET", w.path(whole.String(), job), nil, header("Range", "bytes=10-19"))
	if got := store.Opened(); got != 8 {
		t.Errorf("opened %d times: a whole reading did not count as a check", got)
	}
}

func TestWhatCouldActIsServedInert(t *testing.T) {
	store := memblob.New(0)
	w := newWorld(t, store, nil)
	for _, content := range []string{
		"<!doctype html><script>alert(1)</script>", `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "%PDF-1.7", "#!/bin/sh",
	} {
		ref := blobtest.Put(t, store, "org-1", []byte(content))
		w.refer(job, ref)
		for _, query := range []string{"", "&type=image/jpeg", "&inline=true"} {
			answer, _, err := w.do("GET", w.path(ref.String(), job)+query, nil, nil)
			if err != nil || answer.Header.Get("Content-Type") != "application/octet-stream" || answer.Header.Get("X-Content-Type-Options") != "nosniff" ||
				answer.Header.Get("Content-Security-Policy") != "default-src 'none'; sandbox" {
				t.Errorf("%q: %v, %v", content, answer.Header, err)
			}
			if got := answer.Header.Get("Content-Disposition"); got != "attachment" {
				t.Errorf("%q: disposition %q", content, got)
			}
		}
		for _, bad := range []string{"text/html", "image/svg+xml", "application/pdf", "text/javascript", "image/jpeg%0d%0aX: y"} {
			answer, body, err := w.do("GET", w.path(ref.String(), job)+"&type="+strings.ReplaceAll(bad, " ", "%20"), nil, nil)
			if err != nil || problemOf(t, answer, body) != "400 invalid" {
				t.Errorf("type %s: %v, %v", bad, answer.Status, err)
			}
		}
	}
}

func TestTransfersAreBounded(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	store := memblob.New(0)
	w := newWorld(t, &gate{backend: store, entered: entered, release: release}, func(c *files.Config) { c.Transfers = 1 })
	first, second := []byte("one"), []byte("two")
	done := make(chan int)
	go func() {
		answer, _, err := w.do("PUT", w.path(blobs.RefOf(first).String(), job), bytes.NewReader(first), nil)
		if err != nil {
			t.Error(err)
		}
		done <- answer.StatusCode
	}()
	<-entered
	answer, body, err := w.do("PUT", w.path(blobs.RefOf(second).String(), job), bytes.NewReader(second), nil)
	if err != nil || problemOf(t, answer, body) != "429 busy" || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the second of one: %v, %v", answer.Status, err)
	}
	close(release)
	if got := <-done; got != 201 {
		t.Errorf("the first: %d", got)
	}
}

// backend is a mark.Backend under a name that does not hide its method Store.
type backend interface{ mark.Backend }

// gate holds each write until it is released.
type gate struct {
	backend
	entered, release chan struct{}
}

func (g *gate) Stat(ctx context.Context, space blobs.Space, ref blobs.Ref) (blobs.Info, error) {
	close(g.entered) // a second caller would panic: he must not get this far
	<-g.release
	return g.backend.Stat(ctx, space, ref)
}

func TestNewRefusesAnUnfinishedConfiguration(t *testing.T) {
	if _, err := files.New(files.Config{}); err == nil {
		t.Error("no store, and no error")
	}
	full := files.Config{Store: mark.New(memblob.New(0), mark.Secret{}, &blobtest.Book{}, nil), Who: func(*http.Request) (access.Principal, error) { return access.Principal{}, nil },
		May:       func(context.Context, access.Principal, crdt.DocID, bool) error { return nil },
		Serves:    func(context.Context, access.Principal, crdt.DocID, blobs.Ref) (bool, error) { return false, nil },
		Held:      func(context.Context, access.Principal, crdt.DocID, blobs.Ref) (bool, error) { return false, nil },
		Delivered: func(context.Context, access.Principal, crdt.DocID, blobs.Ref, int64) error { return nil },
		Names:     func(context.Context, access.Principal, crdt.DocID) ([]files.Named, error) { return nil, nil },
		WasDelivered: func(context.Context, access.Principal, crdt.DocID, blobs.Ref) (bool, int64, error) {
			return false, 0, nil
		},
		Arriving: func(context.Context, blobs.Space, blobs.Ref) ([]files.Arriving, error) { return nil, nil }}
	if _, err := files.New(full); err != nil {
		t.Error(err)
	}
	full.MaxFile = blobs.MaxSize + 1
	if _, err := files.New(full); err == nil {
		t.Error("a limit over the store's, and no error")
	}
	full.MaxFile, full.Idle = 0, -time.Second
	if _, err := files.New(full); err == nil {
		t.Error("a negative time, and no error")
	}
}

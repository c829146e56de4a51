package web

import (
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func built(t *testing.T) http.Handler {
	t.Helper()
	p, err := newPages(fstest.MapFS{
		"index.html":             {Data: []byte(`<meta property="csp-nonce" nonce="FIELDSYNC_CSP_NONCE"><script nonce="FIELDSYNC_CSP_NONCE" src="/m/assets/a-1.js">`)},
		"assets/a-1.js":          {Data: []byte("plain")},
		"assets/a-1.js.br":       {Data: []byte("brotli")},
		"assets/a-1.js.gz":       {Data: []byte("gzip")},
		"assets/core-2.wasm":     {Data: []byte("wasm")},
		"assets/_helpers-3.js":   {Data: []byte("underscore")},
		"sw.js":                  {Data: []byte("worker")},
		"manifest.webmanifest":   {Data: []byte("{}")},
		"icons/icon-192.png":     {Data: []byte("png")},
		"assets/picture-4.png":   {Data: []byte("png")},
		"locales/de.json":        {Data: []byte("{}")},
		"assets/picture-4.br.js": {Data: []byte("named br, not encoded")},
	}, "/m/")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func ask(h http.Handler, method, path string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFilesComeInTheEncodingThatIsAccepted(t *testing.T) {
	h := built(t)
	for accepted, want := range map[string]string{
		"gzip, deflate, br": "brotli", "gzip": "gzip", "": "plain", "br;q=0, gzip;q=0.5": "gzip", "identity": "plain", "BR": "brotli", "gzip;q=0": "plain", "xbr": "plain",
	} {
		w := ask(h, "GET", "/m/assets/a-1.js", "Accept-Encoding", accepted)
		encoding := map[string]string{"brotli": "br", "gzip": "gzip"}[want]
		if w.Code != 200 || w.Body.String() != want || w.Header().Get("Content-Encoding") != encoding || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: %d %s %v", accepted, w.Code, w.Body, w.Header())
		}
	}
}

func TestWhatNeverChangesIsKeptForeverAndTheRestIsAskedFor(t *testing.T) {
	h := built(t)
	for path, want := range map[string]struct{ cache, kind string }{
		"/m/assets/a-1.js":        {forever, "text/javascript; charset=utf-8"},
		"/m/assets/core-2.wasm":   {forever, "application/wasm"},
		"/m/assets/_helpers-3.js": {forever, "text/javascript; charset=utf-8"},
		"/m/sw.js":                {askEach, "text/javascript; charset=utf-8"},
		"/m/manifest.webmanifest": {askEach, "application/manifest+json"},
		"/m/icons/icon-192.png":   {askEach, "image/png"},
		"/m/":                     {askEach, "text/html; charset=utf-8"},
	} {
		w := ask(h, "GET", path)
		if w.Code != 200 || w.Header().Get("Cache-Control") != want.cache || w.Header().Get("Content-Type") != want.kind {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

func TestAFileThatTheBrowserHasIsNotSentAgain(t *testing.T) {
	h := built(t)
	first := ask(h, "GET", "/m/sw.js")
	tag := first.Header().Get("ETag")
	for _, header := range []string{tag, "W/" + tag, `"other", ` + tag, "*"} {
		if w := ask(h, "GET", "/m/sw.js", "If-None-Match", header); w.Code != 304 || w.Body.Len() != 0 {
			t.Errorf("%s: %d", header, w.Code)
		}
	}
	if w := ask(h, "GET", "/m/sw.js", "If-None-Match", `"other"`); w.Code != 200 {
		t.Errorf("another tag: %d", w.Code)
	}
	one, other := ask(h, "GET", "/m/assets/a-1.js", "Accept-Encoding", "br").Header().Get("ETag"), ask(h, "GET", "/m/assets/a-1.js").Header().Get("ETag")
	if one == other {
		t.Error("two encodings have one tag")
	}
}

func TestAddressesWithinTheAppGiveThePageAndMissingFilesDoNot(t *testing.T) {
	h := built(t)
	for path, want := range map[string]int{
		"/m/": 200, "/m": 200, "/m/jobs/2Z7x": 200, "/m/unsent": 200, "/m/index.html": 200,
		"/m/assets/gone-9.js": 404, "/m/assets/gone": 404, "/m/gone.png": 404, "/m/favicon.ico": 404, "/m/../../etc/passwd.txt": 404, "/m/assets/a-1.js.br": 404,
	} {
		if w := ask(h, "GET", path); w.Code != want {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	if w := ask(h, "POST", "/m/"); w.Code != 405 {
		t.Errorf("POST: %d", w.Code)
	}
	if w := ask(h, "HEAD", "/m/sw.js"); w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Length") != "6" {
		t.Errorf("HEAD: %d %s %v", w.Code, w.Body, w.Header())
	}
}

func TestThePageRunsNoInlineCodeAndEachHasItsOwnNonce(t *testing.T) {
	h := built(t)
	seen := map[string]bool{}
	for range 3 {
		w := ask(h, "GET", "/m/jobs")
		policy := w.Header().Get("Content-Security-Policy")
		m := regexp.MustCompile(`style-src 'self' 'nonce-([A-Za-z0-9_-]{24})'`).FindStringSubmatch(policy)
		if m == nil || strings.Count(w.Body.String(), `nonce="`+m[1]+`"`) != 2 || strings.Contains(w.Body.String(), noncePlaceholder) || seen[m[1]] {
			t.Fatalf("%s\n%s", policy, w.Body)
		}
		seen[m[1]] = true
		if strings.Contains(policy, "unsafe-inline") || strings.Contains(policy, "'unsafe-eval'") || !strings.Contains(policy, "script-src 'self' 'wasm-unsafe-eval';") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Error(policy)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" || w.Header().Get("X-Frame-Options") != "DENY" {
			t.Error(w.Header())
		}
	}
	if policy := ask(h, "GET", "/m/sw.js").Header().Get("Content-Security-Policy"); strings.Contains(policy, "nonce") || !strings.Contains(policy, "default-src 'none'") {
		t.Error(policy)
	}
}

func TestWhereNothingWasBuiltThereAreNoPages(t *testing.T) {
	if _, err := newPages(fstest.MapFS{}, "/m/"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if _, err := fs.Stat(dist, "dist/README.txt"); err != nil {
		t.Error("the folder that go build needs:", err)
	}
}

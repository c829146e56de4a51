package web

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// What vite.shared.ts has the build put where a nonce belongs.
const noncePlaceholder = "FIELDSYNC_CSP_NONCE"

// The names under assetsFolder hold a hash of what is in the files, so that these never change.
const assetsFolder = "assets/"

const (
	forever = "public, max-age=31536000, immutable"
	askEach = "no-cache" // keep it, and ask each time whether it is still so
)

// pages are the built files of one app.
type pages struct {
	base  string // with a slash at both ends
	files map[string]file
	index []byte // the page itself, with noncePlaceholder in it
}

// file is a built file, in the encodings there are. It is never changed.
type file struct {
	contentType, cacheControl string
	etag                      string // without quotes, of the plain bytes
	plain, br, gz             []byte // br, gz: nil where there is none
}

// newPages reads a build. The error is fs.ErrNotExist where there is none.
func newPages(files fs.FS, base string) (*pages, error) {
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	p := &pages{base: base, files: map[string]file{}, index: index}
	encoded := map[string][]byte{}
	err = fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "index.html" {
			return err
		}
		content, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		switch path.Ext(name) {
		case ".br", ".gz":
			encoded[name] = content
		default:
			p.files[name] = describe(name, content)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	for name, f := range p.files {
		f.br, f.gz = encoded[name+".br"], encoded[name+".gz"]
		p.files[name] = f
	}
	return p, nil
}

func describe(name string, content []byte) file {
	sum := sha256.Sum256(content)
	f := file{plain: content, contentType: contentType(name), cacheControl: askEach, etag: hex.EncodeToString(sum[:12])}
	if strings.HasPrefix(name, assetsFolder) {
		f.cacheControl = forever
	}
	return f
}

// contentType is ours for what we build, so that no table of the machine decides what a browser runs.
func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".wasm":
		return "application/wasm"
	case ".webmanifest":
		return "application/manifest+json"
	case ".json":
		return "application/json"
	case ".svg":
		return "image/svg+xml"
	case ".png":
		return "image/png"
	case ".ico":
		return "image/x-icon"
	case ".woff2":
		return "font/woff2"
	case ".txt":
		return "text/plain; charset=utf-8"
	default:
		if t := mime.TypeByExtension(ext); t != "" {
			return t
		}
		return "application/octet-stream"
	}
}

// ServeHTTP gives a built file, or the page for whatever may be an address within the app.
func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, strings.TrimSuffix(p.base, "/")), "/")
	if f, ok := p.files[name]; ok {
		f.serve(w, r)
		return
	}
	// What looks like a file and is none is not the page: a script that is gone must fail, not be HTML.
	if name != "index.html" && (strings.HasPrefix(name, assetsFolder) || path.Ext(name) != "") {
		http.NotFound(w, r)
		return
	}
	p.serveIndex(w, r)
}

func (p *pages) serveIndex(w http.ResponseWriter, r *http.Request) {
	var random [18]byte
	_, _ = rand.Read(random[:]) // never fails
	nonce := base64.RawURLEncoding.EncodeToString(random[:])
	body := bytes.ReplaceAll(p.index, []byte(noncePlaceholder), []byte(nonce))
	protect(w.Header(), nonce)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", askEach)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

func (f file) serve(w http.ResponseWriter, r *http.Request) {
	body, etag := f.plain, f.etag
	h := w.Header()
	switch accepted := r.Header.Get("Accept-Encoding"); {
	case f.br != nil && accepts(accepted, "br"):
		body, etag = f.br, etag+"-br"
		h.Set("Content-Encoding", "br")
	case f.gz != nil && accepts(accepted, "gzip"):
		body, etag = f.gz, etag+"-gz"
		h.Set("Content-Encoding", "gzip")
	}
	protect(h, "")
	h.Set("Content-Type", f.contentType)
	h.Set("Cache-Control", f.cacheControl)
	h.Set("ETag", `"`+etag+`"`)
	if f.br != nil || f.gz != nil {
		h.Set("Vary", "Accept-Encoding")
	}
	if matches(r.Header.Get("If-None-Match"), etag) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

// accepts tells whether an Accept-Encoding names the coding, and not with a weight of zero.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		weight, found := strings.CutPrefix(strings.ReplaceAll(parameters, " ", ""), "q=")
		q, err := strconv.ParseFloat(weight, 64)
		return !found || err == nil && q > 0
	}
	return false
}

// matches tells whether an If-None-Match names the tag. A proxy that compressed by itself made it a weak one.
func matches(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "W/")
		if part == "*" || part == `"`+etag+`"` {
			return true
		}
	}
	return false
}

// protect says what a page of ours may do. No code but our files runs (WebAssembly is Automerge's); <style> elements need the
// nonce, which only the page itself has; nobody frames us. docs/adr/0022 says why styles have a nonce.
func protect(h http.Header, nonce string) {
	style := "style-src 'self'"
	if nonce != "" {
		style += " 'nonce-" + nonce + "'"
	}
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
		style,
		"img-src 'self' blob: data:",
		"media-src 'self' blob:",
		"font-src 'self'",
		"connect-src 'self' blob:",
		"worker-src 'self'",
		"manifest-src 'self'",
		"form-action 'self'",
		"base-uri 'none'",
		"frame-ancestors 'none'",
	}, "; "))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(self), geolocation=(self), microphone=(self), payment=(), usb=(), serial=()")
}

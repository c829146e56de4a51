// Package web is the web of fieldsync as the server gives it out: the dispatchers' board at / and the workers' app at
// /m/, both built by `make web` into dist and embedded. Where nothing was built it compiles all the same, and Built says so.
// It touches nothing but the embedded files; the TypeScript beside it is described in client/web/sdk/README.md and docs/adr/0022.
package web

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed all:dist
var dist embed.FS

// Worker serves the workers' app under /m/. Ready is false where it was not built; the handler is nil then.
func Worker() (handler http.Handler, ready bool) { return app("worker", "/m/") }

// Dispatcher serves the dispatchers' board under /. Ready is false where it was not built; the handler is nil then.
func Dispatcher() (handler http.Handler, ready bool) { return app("dispatcher", "/") }

func app(name, base string) (http.Handler, bool) {
	files, err := fs.Sub(dist, "dist/"+name)
	if err != nil {
		return nil, false
	}
	p, err := newPages(files, base)
	if err != nil {
		return nil, false
	}
	return p, true
}

package server

import (
	"fmt"
	"net/http"
)

// welcome tells a person who opens the address in a browser what this is, where the web apps were not built.
func (s *Server) welcome(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, _ = fmt.Fprintf(w, `fieldsync %s: a sync service for field-service jobs.

The web apps are not in this program: run "make web", and build it again.

/sync             WebSocket, the automerge-repo protocol; needs a token
/api/v1/session   who am I; POST a login and a password to sign in
/api/v1/tokens    the same, for a device that keeps a token
/api/v1/files/    files by their SHA-256
/healthz /readyz  is it alive, is it ready
/metrics          for Prometheus
`, s.cfg.Version)
}

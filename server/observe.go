package server

import (
	"bufio"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"time"
)

// observe logs and counts each request by the route that it matched. Neither the path nor the query is logged: one
// holds names of documents and files, the other may hold a token.
func (s *Server) observe(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		seen := &observed{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // this very value, as net/http looks for it
					panic(p)
				}
				s.log.Error("a handler panicked", "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
				if seen.status == 0 {
					http.Error(seen, "something went wrong here; it is logged", http.StatusInternalServerError)
				}
			}
			took := time.Since(started)
			s.metrics.Request(r.Pattern, seen.statusOr200(), took)
			s.log.LogAttrs(r.Context(), levelOf(r.Pattern), "request", slog.String("method", r.Method), slog.String("route", r.Pattern),
				slog.Int("status", seen.statusOr200()), slog.Duration("took", took), slog.Int64("bytes", seen.bytes))
		}()
		mux.ServeHTTP(seen, r)
	})
}

// levelOf keeps what machines ask every few seconds out of the ordinary log.
func levelOf(route string) slog.Level {
	switch route {
	case "GET /healthz", "GET /readyz", "GET /metrics":
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

// observed remembers what was answered.
type observed struct {
	http.ResponseWriter
	status int   // 0: no header yet
	bytes  int64 // of the body
}

func (o *observed) statusOr200() int {
	if o.status == 0 {
		return http.StatusOK
	}
	return o.status
}

// WriteHeader notes the status that counts: not an informational one before it.
func (o *observed) WriteHeader(status int) {
	if o.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write notes the bytes.
func (o *observed) Write(p []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(p)
	o.bytes += int64(n)
	return n, err
}

// Hijack hands the connection to a WebSocket, which looks for this very method.
func (o *observed) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, rw, err := http.NewResponseController(o.ResponseWriter).Hijack()
	if err == nil && o.status == 0 {
		o.status = http.StatusSwitchingProtocols
	}
	return c, rw, err
}

// Unwrap lets http.ResponseController reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

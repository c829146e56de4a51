package server

import (
	"net/http"
	"time"
)

// How long a connection may take over a request. http.Server's own timeouts for a whole request would cut a large
// file on a slow link, so each kind of route has its own patience: the file routes and the
// sync endpoint set theirs themselves.
const (
	headerPatience = 10 * time.Second // for the request's header, from its first byte
	idlePatience   = 2 * time.Minute  // for the next request on an open connection: the phone's sync interval
	quickPatience  = 30 * time.Second // for a small request and its answer, 2G included
	pagePatience   = 5 * time.Minute  // for a file of the web apps: a megabyte over GPRS
	maxHeaderBytes = 16 << 10         // cookies and a token are under 1 KiB
)

// quickly bounds the time of a whole request and its answer.
func quickly(next http.Handler) http.Handler { return patiently(quickPatience, next) }

// patiently bounds the time of a whole request and its answer.
func patiently(patience time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := http.NewResponseController(w)
		deadline := time.Now().Add(patience)
		_ = c.SetReadDeadline(deadline) // not every ResponseWriter of a test has deadlines
		_ = c.SetWriteDeadline(deadline)
		next.ServeHTTP(w, r)
	})
}

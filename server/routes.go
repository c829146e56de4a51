package server

import (
	"net/http"

	"fieldsync/client/web"
)

// routes is every address of the server, in one place.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	quick := func(h http.HandlerFunc) http.Handler { return quickly(h) }

	mux.Handle("GET /healthz", quick(s.healthz))
	mux.Handle("GET /readyz", quick(s.readyz))
	mux.Handle("GET /metrics", quickly(s.metrics.Handler()))

	s.mountAPI(mux)
	if s.sync != nil {
		mux.Handle("GET /sync", s.auth.Require(s.sync))
	}

	// The pages answer for whatever is not the service's: an address within an app is the app's matter. Two levels, so that
	// what the service does not know stays unknown, and a wrong method is told as one.
	all := http.NewServeMux()
	for _, prefix := range []string{"/api/", "/sync", "/healthz", "/readyz", "/metrics"} {
		all.Handle(prefix, mux)
	}
	s.mountPages(all)
	return s.observe(all)
}

// mountPages serves the dispatchers' board and the workers' app, or says what to do where they were not built.
func (s *Server) mountPages(mux *http.ServeMux) {
	worker, ready := web.Worker()
	dispatcher, ready2 := web.Dispatcher()
	if !ready || !ready2 {
		mux.Handle("GET /{$}", quickly(http.HandlerFunc(s.welcome)))
		mux.Handle("GET /m/{$}", quickly(http.HandlerFunc(s.welcome)))
		return
	}
	mux.Handle("/m/", patiently(pagePatience, worker))
	mux.Handle("/", patiently(pagePatience, dispatcher))
}

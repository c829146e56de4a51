package server

import "net/http"

// routes is every address of the server, in one place.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	quick := func(h http.HandlerFunc) http.Handler { return quickly(h) }

	mux.Handle("GET /{$}", quick(s.welcome))
	mux.Handle("GET /healthz", quick(s.healthz))
	mux.Handle("GET /readyz", quick(s.readyz))
	mux.Handle("GET /metrics", quickly(s.metrics.Handler()))

	s.mountAPI(mux)
	if s.sync != nil {
		mux.Handle("GET /sync", s.auth.Require(s.sync))
	}
	return s.observe(mux)
}

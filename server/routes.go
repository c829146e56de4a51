package server

import (
	"net/http"

	"fieldsync/server/internal/api/accounts"
	"fieldsync/server/internal/api/files"
)

// routes is every address of the server, in one place.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	quick := func(h http.HandlerFunc) http.Handler { return quickly(h) }

	mux.Handle("GET /{$}", quick(s.welcome))
	mux.Handle("GET /healthz", quick(s.healthz))
	mux.Handle("GET /readyz", quick(s.readyz))
	mux.Handle("GET /metrics", quickly(s.metrics.Handler()))

	people := accounts.Handlers{Auth: s.auth}
	mux.Handle("POST /api/v1/session", quick(people.SignIn))
	mux.Handle("GET /api/v1/session", quickly(s.auth.Require(http.HandlerFunc(people.WhoAmI))))
	mux.Handle("DELETE /api/v1/session", quickly(s.auth.Require(http.HandlerFunc(people.SignOut))))

	if s.sync != nil {
		mux.Handle("GET /sync", s.auth.Require(s.sync))
	}
	if s.files != nil {
		mux.Handle(files.Pattern, s.auth.Require(s.files))
	}
	return s.observe(mux)
}

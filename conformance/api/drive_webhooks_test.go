package api

import (
	"net/http"
	"net/http/httptest"
)

func (s *server) driveWebhooks() {
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }))
	defer receiver.Close()
	s.valid("dora", "GET", "webhooks", nil, 403)
	s.valid("ada", "POST", "webhooks", form("url", "https://10.0.0.1/"), 400)
	a := s.valid("ada", "POST", "webhooks", form("url", receiver.URL, "events", list("job.finished"), "description", "ERP"), 201, "Idempotency-Key", "hook")
	path := "webhooks/" + a.str("id")
	s.valid("ada", "GET", path, nil, 200)
	s.valid("rita", "GET", path, nil, 404)
	s.valid("ada", "GET", "webhooks", nil, 200)
	s.valid("ada", "PATCH", path, form("active", false, "events", list("*")), 200)
	s.valid("ada", "POST", path+"/rotate", nil, 200)
	if d := s.valid("ada", "POST", path+"/test", nil, 200); d.at("ok") != true || d.at("status") != 202.0 {
		s.t.Errorf("%s", d.body)
	}
	s.valid("ada", "GET", path+"/deliveries", nil, 200)
	s.valid("ada", "DELETE", path, nil, 204)
	s.valid("ada", "DELETE", path, nil, 404)
}

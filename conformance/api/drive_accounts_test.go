package api

import (
	"net/http"
	"strings"
)

func (s *server) driveSession() {
	s.valid("", "POST", "session", form("login", "dora", "password", "wrong"), 401)
	a := s.valid("", "POST", "session", form("login", "dora", "password", password), 200)
	cookie, _, _ := strings.Cut(a.header.Get("Set-Cookie"), ";")
	s.valid("", "GET", "session", nil, 200, "Cookie", cookie)
	s.valid("", "GET", "session", nil, 401)
	if b := s.do("", "DELETE", "session", nil, "Cookie", cookie); b.status != 403 {
		s.t.Errorf("a session without an Origin: %d %s", b.status, b.body)
	}
	s.valid("", "DELETE", "session", nil, 204, "Cookie", cookie, "Origin", "http://"+s.Addr)
	t := s.valid("", "POST", "tokens", form("login", "ben", "password", password, "label", "a phone"), 201)
	s.tokens["phone"] = t.str("token")
	s.valid("phone", "GET", "session", nil, 200)
	s.valid("", "POST", "tokens", form("login", "ben", "password", "wrong", "label", "a phone"), 401)
}

func (s *server) driveAccounts() {
	o := s.valid("dora", "GET", "organisation", nil, 200)
	s.valid("ada", "PATCH", "organisation", form("name", "Acme", "settings", form("worker_jobs", "templates")), 200, "If-Match", o.header.Get("ETag"))
	s.valid("ada", "PATCH", "organisation", form("name", "Acme"), 412, "If-Match", o.header.Get("ETag"))
	s.valid("ada", "PATCH", "organisation", form("settings", form("worker_jobs", "all")), 400)
	s.valid("dora", "PATCH", "organisation", form("name", "Mine"), 403)
	s.valid("owner", "GET", "account-log", nil, 200)

	u := s.valid("ada", "POST", "users", form("login", "carl", "name", "Carl", "role", "worker", "password", password), 201)
	s.valid("ada", "POST", "users", form("login", "carl", "name", "Carl", "role", "worker", "password", password), 409)
	user := "users/" + u.str("id")
	s.valid("dora", "GET", "users?limit=2", nil, 200)
	s.valid("dora", "GET", "users?limit=0", nil, 400)
	s.valid("dora", "GET", user, nil, 200)
	s.valid("rita", "GET", user, nil, 404)
	s.valid("ada", "PATCH", user, form("name", "Carlo"), 200)
	s.valid("ada", "PUT", user+"/password", form("password", password+"!"), 204)
	s.valid("ada", "DELETE", user+"/lock", nil, 204)
	s.valid("ada", "DELETE", user+"/single-sign-on", nil, 204)
	s.valid("anna", "GET", "me", nil, 200)
	s.valid("phone", "PUT", "me/password", form("old_password", password, "new_password", password+"2"), 204)
	s.valid("phone", "PUT", "me/password", form("old_password", password+"2", "new_password", password), 204)

	s.valid("phone", "PUT", "me/device/report", form("link", "slow", "unsent", form("changes", 1, "files", 2, "bytes", 300), "since_sync", 60), 204)
	s.valid("phone", "PUT", "me/device/report", form("link", "none", "unsent", form("changes", 0, "files", 0, "bytes", 0)), 400)
	v := s.valid("dora", "GET", "me/views", nil, 200)
	mine := form("views", list(form("name", "Mine", "search", form("status", "started"))))
	s.valid("dora", "PUT", "me/views", mine, 200, "If-Match", v.header.Get("ETag"))
	s.valid("dora", "PUT", "me/views", mine, 412, "If-Match", v.header.Get("ETag"))

	t := s.valid("ada", "POST", "teams", form("name", "Heating", "foreman", s.ids["anna"], "members", list(s.ids["ben"])), 201)
	team := "teams/" + t.str("id")
	s.valid("dora", "GET", "teams", nil, 200)
	s.valid("dora", "GET", team, nil, 200)
	s.valid("ada", "PATCH", team, form("name", "Heating and lifts"), 200, "If-Match", t.header.Get("ETag"))
	job := s.valid("dora", "POST", "jobs", form("title", "for a team"), 201)
	s.valid("dora", "POST", "jobs/"+job.str("id")+"/assignees", form("team", t.str("id")), 200)
	s.valid("ada", "DELETE", team, nil, 204)

	d := s.valid("ben", "GET", "users/"+s.ids["ben"]+"/devices", nil, 200)
	s.valid("dora", "GET", "devices", nil, 200)
	device := "users/" + s.ids["ben"] + "/devices/" + d.str("devices", 0, "id")
	s.valid("ben", "PATCH", device, form("label", "mine"), 200)
	other := s.do("", "POST", "tokens", form("login", "carl", "password", password+"!", "label", "a phone"))
	s.tokens["carl"] = other.str("token")
	e := s.valid("carl", "GET", user+"/devices", nil, 200)
	s.valid("ada", "DELETE", user+"/devices/"+e.str("devices", 0, "id"), nil, 204)
	s.valid("carl", "GET", "me", nil, http.StatusUnauthorized)
	s.valid("ada", "DELETE", user+"/devices", nil, 204)
	s.valid("ada", "PATCH", user, form("disabled", true), 200)

	k := s.valid("owner", "POST", "apikeys", form("name", "BI", "role", "director", "expires_at", "2099-01-01T00:00:00Z"), 201)
	s.valid("owner", "GET", "apikeys", nil, 200)
	s.valid("dora", "GET", "apikeys", nil, 403)
	s.valid("owner", "DELETE", "apikeys/"+k.str("id"), nil, 204)
}

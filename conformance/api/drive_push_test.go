package api

import (
	"fieldsync/server/pushtest"
)

func (s *server) drivePush() {
	service := pushtest.New()
	defer service.Close()
	key := s.valid("ben", "GET", "push/key", nil, 200)
	s.valid("", "GET", "push/key", nil, 401)
	s.valid("ben", "GET", "push/subscription", nil, 404)
	browser := service.Subscribe()
	keys := form("p256dh", browser.P256dh, "auth", browser.Auth)
	for _, bad := range []map[string]any{
		form("endpoint", "https://10.0.0.1/", "keys", keys), form("endpoint", "https://[::1]/", "keys", keys), form("endpoint", "ftp://example.org/", "keys", keys),
		form("endpoint", "https://169.254.169.254/latest", "keys", keys), form("endpoint", service.URL+"/a"), form("endpoint", service.URL+"/a", "keys", form("p256dh", "!", "auth", "!")),
		form("service", "fcm", "token", "x"), form("endpoint", service.URL+"/a", "keys", keys, "server_key", browser.P256dh),
		form("endpoint", service.URL+"/a", "keys", keys, "time_zone", "Mars/Olympus"),
	} {
		s.valid("ben", "PUT", "push/subscription", bad, 400)
	}
	of := form("service", "webpush", "endpoint", browser.Endpoint, "keys", keys, "server_key", key.str("key"), "time_zone", "Europe/Berlin")
	a := s.valid("ben", "PUT", "push/subscription", of, 200)
	s.valid("ben", "PUT", "push/subscription", of, 200)
	s.valid("ben", "GET", "push/subscription", nil, 200)
	s.valid("ben", "GET", "push/subscriptions", nil, 403)
	s.valid("ben", "GET", "push/subscriptions?user="+s.ids["ben"], nil, 200)
	s.valid("dora", "GET", "push/subscriptions", nil, 200)
	one := "push/subscriptions/" + a.str("device")
	if e := s.valid("ben", "POST", one+"/test", nil, 200); e.at("result") != "sent" || e.at("status") != 201.0 {
		s.t.Errorf("%s", e.body)
	}
	s.valid("anna", "POST", one+"/test", nil, 404)
	s.valid("rita", "POST", one+"/test", nil, 404)
	s.valid("ada", "POST", one+"/test", nil, 200)
	if len(browser.Messages()) != 2 || service.Wrong() != nil {
		s.t.Errorf("%d tests came: %v", len(browser.Messages()), service.Wrong())
	}
	s.valid("ada", "GET", "push/log?limit=1", nil, 200)
	s.valid("ada", "GET", "push/log?result=sent&user="+s.ids["ben"], nil, 200)
	s.valid("ada", "GET", "push/log?result=eaten", nil, 400)
	s.valid("dora", "GET", "push/log", nil, 403)
	s.valid("ben", "GET", "push/settings", nil, 200)
	s.valid("ben", "PUT", "push/settings", form("quiet_from", "22:00", "quiet_to", "06:00", "only_today", true), 200)
	s.valid("ben", "PUT", "push/settings", form("quiet_from", "22:00"), 400)
	s.valid("ben", "PUT", "push/settings", form("time_zone", "Mars/Olympus"), 400)
	s.valid("anna", "DELETE", one, nil, 404)
	s.valid("ada", "DELETE", one, nil, 204)
	s.valid("ben", "PUT", "push/subscription", of, 200)
	s.valid("ben", "DELETE", "push/subscription", nil, 204)
	s.valid("ben", "DELETE", "push/subscription", nil, 204)
	s.valid("ada", "DELETE", one, nil, 404)
}

package accounts

import (
	"strings"
	"testing"

	"fieldsync/server/internal/auth"
)

// TestEveryRoleAndOperation is the whole table: everybody who may ask against everything that can be asked for. A cell is the
// status; what stands in braces is made anew for each cell.
func TestEveryRoleAndOperation(t *testing.T) {
	w := newWorld(t).withRoles()
	columns := strings.Fields("acme/owner acme/administrator acme/dispatcher acme/worker acme/director acme/key:administrator acme/key:dispatcher acme/key:director rival/owner nobody")
	rows := []struct{ ask, body, want string }{
		{"GET organisation", "", "200 200 200 200 200 200 200 200 200 401"},
		{"PATCH organisation", `{"settings":{"worker_jobs":"any"}}`, "200 200 403 403 403 200 403 403 200 401"},
		{"GET account-log", "", "200 200 403 403 403 200 403 403 200 401"},
		{"GET account-log?own=true", "", "200 200 403 403 403 200 403 403 200 401"},

		{"GET users", "", "200 200 200 200 200 200 200 200 200 401"},
		{"GET users?role=worker", "", "200 200 200 403 403 200 200 403 200 401"},
		{"GET users?login=worker", "", "200 200 200 403 403 200 200 403 200 401"},
		{"POST users", `{"login":"{fresh}","name":"x","role":"worker"}`, "201 201 403 403 403 201 403 403 201 401"},
		{"POST users", `{"login":"{fresh}","name":"x","role":"administrator"}`, "201 201 403 403 403 201 403 403 201 401"},
		{"POST users", `{"login":"{fresh}","name":"x","role":"owner"}`, "201 403 403 403 403 403 403 403 201 401"},
		{"GET users/{worker}", "", "200 200 200 200 200 200 200 200 404 401"},
		{"PATCH users/{worker}", `{"name":"y"}`, "200 200 403 403 403 200 403 403 404 401"},
		{"PATCH users/{worker}", `{"disabled":true}`, "200 200 403 403 403 200 403 403 404 401"},
		{"PATCH users/{worker}", `{"role":"owner"}`, "200 403 403 403 403 403 403 403 404 401"},
		{"PATCH users/{owner}", `{"name":"y"}`, "200 403 403 403 403 403 403 403 404 401"},
		{"PATCH users/{owner}", `{"disabled":true}`, "200 403 403 403 403 403 403 403 404 401"},
		{"PATCH users/{owner}", `{"role":"worker"}`, "200 403 403 403 403 403 403 403 404 401"},
		{"PATCH users/{own}", `{"role":"owner"}`, "200 403 403 403 403 - - - 200 401"},
		{"PATCH users/{own}", `{"disabled":true}`, "409 409 403 403 403 - - - 409 401"},
		{"PUT users/{worker}/password", `{"password":"a new password"}`, "204 204 403 403 403 204 403 403 404 401"},
		{"PUT users/{owner}/password", `{"password":"a new password"}`, "204 403 403 403 403 403 403 403 404 401"},
		{"PUT users/{own}/password", `{"password":"a new password"}`, "409 409 409 409 409 - - - 409 401"},
		{"DELETE users/{worker}/lock", "", "204 204 403 403 403 204 403 403 404 401"},
		{"DELETE users/{owner}/lock", "", "204 403 403 403 403 403 403 403 404 401"},
		{"DELETE users/{worker}/single-sign-on", "", "204 204 403 403 403 204 403 403 404 401"},
		{"DELETE users/{owner}/single-sign-on", "", "204 403 403 403 403 403 403 403 404 401"},

		{"GET me", "", "200 200 200 200 200 403 403 403 200 401"},
		{"PUT me/password", `{"old_password":"` + password + `","new_password":"a new password"}`, "204 204 204 204 204 403 403 403 204 401"},
		{"PUT me/password", `{"old_password":"a new password","new_password":"` + password + `"}`, "204 204 204 204 204 403 403 403 204 401"},
		{"PUT me/device/report", `{"link":"fast","unsent":{"changes":0,"files":0,"bytes":0}}`, "204 204 204 204 204 403 403 403 204 401"},
		{"GET me/views", "", "200 200 200 200 200 403 403 403 200 401"},
		{"PUT me/views", `{"views":[{"name":"Mine","search":{"status":"started"}}]}`, "200 200 200 200 200 403 403 403 200 401"},

		{"GET teams", "", "200 200 200 403 403 200 200 403 200 401"},
		{"POST teams", `{"name":"x","foreman":"{worker}"}`, "201 201 403 403 403 201 403 403 400 401"},
		{"GET teams/{team}", "", "200 200 200 403 403 200 200 403 404 401"},
		{"PATCH teams/{team}", `{"name":"y"}`, "200 200 403 403 403 200 403 403 404 401"},
		{"DELETE teams/{team}", "", "204 204 403 403 403 204 403 403 404 401"},

		{"GET devices", "", "200 200 200 403 403 200 200 403 200 401"},
		{"GET users/{worker}/devices", "", "200 200 200 403 403 200 200 403 404 401"},
		{"GET users/{owner}/devices", "", "200 200 200 403 403 200 200 403 404 401"},
		{"GET users/{own}/devices", "", "200 200 200 200 200 - - - 200 401"},
		{"PATCH users/{worker}/devices/{device}", `{"label":"y"}`, "200 200 403 403 403 200 403 403 404 401"},
		{"PATCH users/{owner}/devices/{device}", `{"label":"y"}`, "200 403 403 403 403 403 403 403 404 401"},
		{"PATCH users/{own}/devices/{device}", `{"label":"y"}`, "200 200 200 200 200 - - - 200 401"},
		{"PATCH users/{own}/devices/device-none", `{"label":"y"}`, "404 404 404 404 404 - - - 404 401"},
		{"DELETE users/{worker}/devices/{device}", "", "204 204 403 403 403 204 403 403 404 401"},
		{"DELETE users/{owner}/devices/{device}", "", "204 403 403 403 403 403 403 403 404 401"},
		{"DELETE users/{own}/devices/{device}", "", "204 204 204 204 204 - - - 204 401"},
		{"DELETE users/{worker}/devices", "", "204 204 403 403 403 204 403 403 404 401"},
		{"DELETE users/{owner}/devices", "", "204 403 403 403 403 403 403 403 404 401"},

		{"GET apikeys", "", "200 200 403 403 403 200 403 403 200 401"},
		{"POST apikeys", `{"name":"x","role":"administrator"}`, "201 201 403 403 403 403 403 403 201 401"},
		{"DELETE apikeys/{key}", "", "204 204 403 403 403 403 403 403 404 401"},
	}
	for _, row := range rows {
		want := strings.Fields(row.want)
		if len(want) != len(columns) {
			t.Fatalf("%s: %d cells for %d columns", row.ask, len(want), len(columns))
		}
		for i, who := range columns {
			if want[i] == "-" { // an integration has nothing of its own
				continue
			}
			made := w.fill(who, row.ask+" "+row.body)
			method, rest, _ := strings.Cut(made.text, " ")
			path, body, _ := strings.Cut(rest, " ")
			rec := w.ask(who, method, path, body)
			if got := rec.Result().Status[:3]; got != want[i] {
				t.Errorf("%s %s as %s: %s, want %s: %s", row.ask, row.body, who, got, want[i], rec.Body)
			}
			for _, id := range made.ids {
				if who == "rival/owner" && strings.Contains(rec.Body.String(), id) {
					t.Errorf("%s as %s tells of %s: %s", row.ask, who, id, rec.Body)
				}
			}
		}
	}
}

// filled is a request with what it is about, and the ids in it that are acme's.
type filled struct {
	text string
	ids  []string
}

// fill makes what stands in braces, in acme.
func (w *world) fill(who, text string) filled {
	w.t.Helper()
	out := filled{text: text}
	put := func(name string, made func() string, foreign bool) {
		if !strings.Contains(out.text, "{"+name+"}") {
			return
		}
		id := made()
		out.text = strings.ReplaceAll(out.text, "{"+name+"}", id)
		if foreign {
			out.ids = append(out.ids, id)
		}
	}
	withDevice := strings.Contains(text, "{device}")
	login, secret := "", ""
	if withDevice {
		secret = password
	}
	user := func(role string) func() string {
		return func() string {
			login = w.fresh()
			return w.target("acme", login, role, secret).ID
		}
	}
	own := w.users[who]
	if who == "nobody" {
		own = "somebody"
	}
	org, mine, _ := strings.Cut(who, "/")
	put("fresh", w.fresh, false)
	put("worker", user("worker"), true)
	put("owner", user("owner"), true)
	put("own", func() string { login = mine; return own }, false)
	put("device", func() string {
		of := "acme"
		if strings.Contains(text, "{own}") {
			of = org
			if who == "nobody" {
				return "device-none"
			}
		}
		p, err := w.auth.Authenticate(w.signIn(of, login))
		if err != nil {
			w.t.Fatal(err)
		}
		return p.Device
	}, !strings.Contains(text, "{own}"))
	put("team", func() string {
		name, foreman := "A team", w.users["acme/worker"]
		t, err := w.auth.CreateTeam(auth.Operator("acme"), auth.TeamChange{Name: &name, Foreman: &foreman})
		if err != nil {
			w.t.Fatal(err)
		}
		return t.ID
	}, true)
	put("key", func() string {
		k, _, err := w.auth.CreateAPIKey(auth.Operator("acme"), "a key", "director", w.clock.AddDate(1, 0, 0))
		if err != nil {
			w.t.Fatal(err)
		}
		return k.ID
	}, true)
	return out
}

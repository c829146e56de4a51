package accounts

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/server/internal/problem"
)

func TestWorkersAndDirectorsSeeNamesAndNoMore(t *testing.T) {
	w := newWorld(t).withRoles()
	for _, who := range []string{"acme/worker", "acme/director", "acme/key:director"} {
		list := must[struct{ Users []map[string]any }](w, who, "GET", "users", "")
		if len(list.Users) != len(roles) {
			t.Fatalf("%s sees %d users", who, len(list.Users))
		}
		for _, u := range append(list.Users, must[map[string]any](w, who, "GET", "users/"+w.users["acme/owner"], "")) {
			if own := u["id"] == w.users[who]; (len(u) == 2) == own || u["name"] == "" {
				t.Errorf("%s sees %v", who, u)
			}
		}
	}
	for _, u := range must[UserList](w, "acme/dispatcher", "GET", "users", "").Users {
		if u.Login == "" || u.Role == "" || u.Disabled == nil || u.Locked != nil {
			t.Errorf("a dispatcher sees %+v", u)
		}
	}
}

func TestNoAnswerHoldsAPasswordOrASecretTwice(t *testing.T) {
	w := newWorld(t).withRoles()
	key := must[APIKeySecret](w, "acme/owner", "POST", "apikeys", `{"name":"Billing","role":"director"}`)
	w.tokens["billing"] = key.Secret
	if who := must[Identity](w, "billing", "GET", "session", ""); who.Org != "acme" || who.User != "" || who.Role != "director" || who.Name != "Billing" {
		t.Errorf("%+v", who)
	}
	for _, path := range []string{"users", "users/" + w.users["acme/owner"], "apikeys", "devices", "account-log", "account-log?own=true", "me"} {
		body := w.ask("acme/owner", "GET", path, "").Body.String()
		for _, secret := range []string{"argon2", key.Secret, w.tokens["acme/owner"], password} {
			if strings.Contains(body, secret) {
				t.Errorf("%s holds %s", path, secret)
			}
		}
	}
}

func TestAChangeIsRefusedWhereSomebodyWasFaster(t *testing.T) {
	w := newWorld(t).withRoles()
	worker := w.target("acme", "target", "worker", "").ID
	team := must[Team](w, "acme/owner", "POST", "teams", `{"name":"North","foreman":"`+worker+`"}`).ID
	for path, patch := range map[string][2]string{
		"organisation":    {`{"name":"A"}`, `{"name":"B"}`},
		"users/" + worker: {`{"name":"A"}`, `{"name":"B"}`},
		"teams/" + team:   {`{"name":"A"}`, `{"name":"B"}`},
	} {
		tag := w.ask("acme/owner", "GET", path, "").Header().Get("ETag")
		first := w.ask("acme/owner", "PATCH", path, patch[0], "If-Match", tag)
		if tag == "" || first.Code != 200 || first.Header().Get("ETag") == tag {
			t.Errorf("%s: %d, %s then %s", path, first.Code, tag, first.Header().Get("ETag"))
		}
		for _, stale := range []string{tag, `"999"`, `"x"`, `W/` + first.Header().Get("ETag"), `0`, `"0"`} {
			if rec := w.ask("acme/owner", "PATCH", path, patch[1], "If-Match", stale); rec.Code != http.StatusPreconditionFailed {
				t.Errorf("%s with %s: %d %s", path, stale, rec.Code, rec.Body)
			}
		}
		for _, fine := range []string{"*", ""} {
			if rec := w.ask("acme/owner", "PATCH", path, patch[1], "If-Match", fine); rec.Code != 200 {
				t.Errorf("%s with %q: %d %s", path, fine, rec.Code, rec.Body)
			}
		}
		if got := must[struct{ Name string }](w, "acme/owner", "GET", path, "").Name; got != "B" {
			t.Errorf("%s is called %q", path, got)
		}
	}
}

func TestErrorsNameTheField(t *testing.T) {
	w := newWorld(t).withRoles()
	worker := w.users["acme/worker"]
	disabled := w.target("acme", "gone", "worker", "").ID
	must[any](w, "acme/owner", "PATCH", "users/"+disabled, `{"disabled":true}`)
	rival := w.users["rival/owner"]
	for _, c := range []struct {
		ask, body string
		status    int
		field     string
	}{
		{"POST users", `{"login":"a b","name":"x","role":"worker"}`, 400, "login"},
		{"POST users", `{"login":"a/b","name":"x","role":"worker"}`, 400, "login"},
		{"POST users", `{"login":"WORKER","name":"x","role":"worker"}`, 409, "login"},
		{"POST users", `{"login":"new","name":"x","role":"king"}`, 400, "role"},
		{"POST users", `{"login":"new","name":"two\nlines","role":"worker"}`, 400, "name"},
		{"POST users", `{"login":"new","name":"x","role":"worker","password":"short"}`, 400, "password"},
		{"POST users", `{"login":"new","name":"x","role":"worker","password":"password123"}`, 400, "password"},
		{"POST users", `{"login":"new","name":"x","role":"worker","password":"aaaaaaaaaaaaaa"}`, 400, "password"},
		{"POST users", `{"login":"margarethe","name":"x","role":"worker","password":"margarethe2026"}`, 400, "password"},
		{"PATCH users/" + worker, `{"login":"owner"}`, 409, "login"},
		{"PUT users/" + worker + "/password", `{"password":"1234567890"}`, 400, "password"},
		{"PUT me/password", `{"old_password":"wrong","new_password":"a new password"}`, 403, "old_password"},
		{"PUT me/password", `{"old_password":"` + password + `","new_password":"new"}`, 400, "new_password"},
		{"PATCH organisation", `{"settings":{"worker_jobs":"some"}}`, 400, "settings.worker_jobs"},
		{"POST teams", `{"name":"North","foreman":"nobody"}`, 400, "foreman"},
		{"POST teams", `{"name":"North","foreman":"` + rival + `"}`, 400, "foreman"},
		{"POST teams", `{"name":"North","foreman":"` + worker + `","members":["` + rival + `"]}`, 400, "members"},
		{"POST teams", `{"name":"North","foreman":"` + worker + `","members":["` + disabled + `"]}`, 400, "members"},
		{"POST teams", `{"name":" ","foreman":"` + worker + `"}`, 400, "name"},
		{"POST apikeys", `{"name":"x","role":"worker"}`, 400, "role"},
		{"POST apikeys", `{"name":"x","role":"owner"}`, 400, "role"},
		{"POST apikeys", `{"name":"x","role":"director","expires_at":"2020-01-01T00:00:00Z"}`, 400, "expires_at"},
		{"POST apikeys", `{"name":"x","role":"director","expires_at":"9999-12-31T23:59:59-23:59"}`, 400, "expires_at"},
		{"GET users?cursor=../x", "", 400, "query.cursor"},
		{"GET users?limit=100000", "", 400, "query.limit"},
	} {
		method, path, _ := strings.Cut(c.ask, " ")
		rec := w.ask("acme/owner", method, path, c.body)
		var doc problem.Document
		if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil || rec.Code != c.status || len(doc.Errors) != 1 || doc.Errors[0].Field != c.field || doc.Errors[0].Message == "" {
			t.Errorf("%s %s: %d %s", c.ask, c.body, rec.Code, rec.Body)
		}
	}
}

func TestListsAreReadInPages(t *testing.T) {
	w := newWorld(t).withRoles()
	foreman := w.users["acme/worker"]
	for range 7 {
		w.target("acme", w.fresh(), "worker", "")
		must[Team](w, "acme/owner", "POST", "teams", `{"name":"T","foreman":"`+foreman+`"}`)
	}
	for path, want := range map[string]int{"users": 12, "teams": 7, "devices": 5} {
		var all []string
		cursor, pages := "", 0
		for {
			page := must[struct {
				Users, Teams, Devices []struct{ ID string }
				Next                  string
			}](w, "acme/owner", "GET", path+"?limit=2&cursor="+cursor, "")
			for _, x := range append(append(page.Users, page.Teams...), page.Devices...) {
				all = append(all, x.ID)
			}
			if len(page.Users) > 2 || len(page.Teams) > 2 {
				t.Errorf("%s: a page of %d", path, len(page.Users)+len(page.Teams))
			}
			if pages++; page.Next == "" {
				break
			}
			cursor = page.Next
		}
		slices.Sort(all)
		if len(all) != want || len(slices.Compact(all)) != want || pages < 3 {
			t.Errorf("%s: %d on %d pages, want %d", path, len(all), pages, want)
		}
	}
}

func TestATeamIsAForemanAndOthers(t *testing.T) {
	w := newWorld(t).withRoles()
	a, b, c := w.target("acme", "a", "worker", "").ID, w.target("acme", "b", "worker", "").ID, w.target("acme", "c", "worker", "").ID
	made := must[Team](w, "acme/owner", "POST", "teams", `{"name":" North ","foreman":"`+a+`","members":["`+b+`","`+a+`","`+b+`"]}`)
	if made.Name != "North" || made.Foreman != a || !slices.Equal(made.Members, []string{b}) {
		t.Errorf("%+v", made)
	}
	path := "teams/" + made.ID
	if got := must[Team](w, "acme/owner", "PATCH", path, `{"foreman":"`+b+`"}`); got.Foreman != b || len(got.Members) != 0 {
		t.Errorf("the new foreman is a member too: %+v", got)
	}
	must[Team](w, "acme/owner", "PATCH", path, `{"members":["`+c+`","`+a+`"]}`)
	must[User](w, "acme/owner", "PATCH", "users/"+c, `{"disabled":true}`)
	got, err := w.auth.Assignees("acme", made.ID)
	if err != nil || len(got) != 2 || got[0].User != b || !got[0].Edit || got[1].User != a || got[1].Edit {
		t.Errorf("an assignment comes to %+v, %v", got, err)
	}
	if _, err := w.auth.Assignees("rival", made.ID); err == nil {
		t.Error("another organisation assigns the team")
	}
}

func TestDevicesSayWhenTheyWereSeen(t *testing.T) {
	w := newWorld(t).withRoles()
	mine := func() Device {
		t.Helper()
		all := must[DeviceList](w, "acme/worker", "GET", "users/"+w.users["acme/worker"]+"/devices", "").Devices
		if len(all) != 1 {
			t.Fatalf("%+v", all)
		}
		return all[0]
	}
	d := mine()
	if !d.Current || d.Kind != "token" || d.Label != "phone of worker" || d.LastSeen == nil || !d.LastSeen.Equal(w.clock) || !d.Created.Equal(w.clock) || d.Expires != nil {
		t.Errorf("%+v", d)
	}
	if err := w.auth.SaveSeen(nil); err != nil {
		t.Fatal(err)
	}
	others := func() *time.Time {
		t.Helper()
		return must[DeviceList](w, "acme/owner", "GET", "users/"+d.User+"/devices", "").Devices[0].LastSeen
	}
	seen := w.clock
	w.clock = w.clock.Add(time.Hour)
	if at := others(); at == nil || !at.Equal(seen) {
		t.Errorf("an hour after it was seen: %v", at)
	}
	must[Device](w, "acme/worker", "PATCH", "users/"+d.User+"/devices/"+d.ID, `{"label":"the old phone"}`)
	if at := others(); at == nil || !at.Equal(w.clock) {
		t.Errorf("just now, and not written down yet: %v", at)
	}
	if err := w.auth.SaveSeen(nil); err != nil {
		t.Fatal(err)
	}
	if d := mine(); d.Label != "the old phone" || !d.LastSeen.Equal(w.clock) {
		t.Errorf("%+v", d)
	}
}

func TestTheAccountLogSaysWhoDidWhat(t *testing.T) {
	w := newWorld(t).withRoles()
	u := must[User](w, "acme/administrator", "POST", "users", `{"login":"new","name":"N","role":"worker"}`)
	must[User](w, "acme/owner", "PATCH", "users/"+u.ID, `{"role":"dispatcher","name":"M"}`)
	must[any](w, "acme/worker", "PATCH", "users/"+w.users["acme/worker"]+"/devices/"+w.principal("acme/worker").Device, `{"label":"x"}`)
	log := must[AccountLog](w, "acme/owner", "GET", "account-log?limit=2", "").Entries
	if len(log) != 2 || log[0].Action != "user.changed" || log[0].By != "user:"+w.users["acme/owner"] || log[0].Subject != u.ID ||
		!slices.Equal(log[0].Fields, []string{"name", "role"}) || log[0].Detail != "worker to dispatcher" || !log[0].At.Equal(w.clock) ||
		log[1].Action != "user.created" || log[1].By != "user:"+w.users["acme/administrator"] {
		t.Errorf("%+v", log)
	}
	own := must[AccountLog](w, "acme/owner", "GET", "account-log?own=true", "").Entries
	if own[0].Action != "device.renamed" || own[0].By != "user:"+w.users["acme/worker"] {
		t.Errorf("%+v", own[0])
	}
	older := must[AccountLog](w, "acme/owner", "GET", "account-log?before="+"2", "").Entries
	if len(older) != 1 || older[0].Number != 1 || older[0].Action != "organisation.created" || older[0].By != "operator" {
		t.Errorf("%+v", older)
	}
}

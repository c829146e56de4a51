package access_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// device signs a user in on a phone, which may be told of changes, and gives the device's id.
func (w *world) device(org, user, login string) string {
	w.t.Helper()
	w.signIn(login, org)
	_, body := w.call(w.people[name("owner", org)].token, "GET", "/api/v1/users/"+user+"/devices", nil)
	var list struct{ Devices []struct{ ID string } }
	if err := json.Unmarshal(body, &list); err != nil || len(list.Devices) == 0 {
		w.t.Fatalf("devices: %s", body)
	}
	if status, body := w.call(w.people[name(login, org)].token, "PUT", "/api/v1/push/subscription", m("endpoint", "https://push.example.org/"+user, "silent", true)); status != http.StatusOK {
		w.t.Fatalf("a subscription: %d %s", status, body)
	}
	return list.Devices[len(list.Devices)-1].ID
}

// upload begins the upload of a file that does not come, and gives its id.
func (w *world) upload(token, job string) string {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), "POST", "http://"+w.Addr+"/api/v1/uploads", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
	for k, v := range map[string]string{"Authorization": "Bearer " + token, "Tus-Resumable": "1.0.0", "Upload-Length": "3",
		"Upload-Metadata": "sha256 " + b64(strings.Repeat("ab", 32)) + ",job " + b64(job)} {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode != http.StatusCreated {
		w.t.Fatalf("an upload: %v, %v", res, err)
	}
	_ = res.Body.Close()
	at := res.Header.Get("Location")
	return at[strings.LastIndexByte(at, '/')+1:]
}

// cursor is the place behind the first page of an organisation's jobs.
func (w *world) cursor(token string) string {
	w.t.Helper()
	if status, body := w.call(token, "POST", "/api/v1/jobs", m("title", "another")); status != http.StatusCreated {
		w.t.Fatalf("another job: %d %s", status, body)
	}
	var list struct{ Next string }
	w.eventually("there are two pages of jobs", func() bool { // the index follows
		_, body := w.call(token, "GET", "/api/v1/jobs?limit=1", nil)
		return json.Unmarshal(body, &list) == nil && list.Next != ""
	})
	return list.Next
}

// seen are the times at which somebody was seen, which change by asking.
var seen = regexp.MustCompile(`"(last_)?seen(_at)?":"[^"]*",?`)

// inventory is what an organisation sees of its own things.
func (w *world) inventory(n names) string {
	w.t.Helper()
	as := w.people[name("owner", n["org"])].token
	var out []string
	for _, path := range []string{"jobs/" + n["job"], "clients/" + n["client"], "sites/" + n["site"], "templates/" + n["template"], "teams/" + n["team"],
		"users", "users/" + n["user"], "users/" + n["user"] + "/devices", "teams", "apikeys", "webhooks", "webhooks/" + n["webhook"], "organisation", "push/subscriptions",
		"files/" + n["file"] + "?job=" + url.QueryEscape(n["job"])} {
		status, body := w.call(as, "GET", "/api/v1/"+path, nil)
		if status != http.StatusOK {
			w.t.Fatalf("%s: %d %s", path, status, body)
		}
		lines := strings.Split(string(seen.ReplaceAll(body, nil)), "},")
		slices.Sort(lines)
		out = append(out, path+" "+strings.Join(lines, "},"))
	}
	return strings.Join(out, "\n")
}

package access_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// names are what an organisation's things are called: ids, logins, hashes, words in them.
type names map[string]string

// ask is a request to an operation of the API, that may name things.
type ask struct {
	query  url.Values
	header http.Header
	raw    []byte
}

// bodies are what the operations with a body are sent, with names of things wherever some fit; own are the stranger's own things.
var bodies = map[string]func(n, own names) any{
	"create-apikey": func(names, names) any { return m("name", "x", "role", "dispatcher") },
	"create-client": func(n, _ names) any {
		return m("name", "x", "external_id", n["external"], "external_ids", m("erp", n["external"]))
	},
	"patch-client": func(n, _ names) any { return m("name", "x", "external_id", n["external"]) },
	"create-job": func(n, _ names) any {
		return m("title", "x", "client", n["client"], "site", n["site"], "external_id", n["external"], "serial_no", n["serial"])
	},
	"patch-job":          func(n, _ names) any { return m("title", "x", "client", n["client"]) },
	"assign-job":         func(n, _ names) any { return m("user", n["user"], "edit", true) },
	"attach-file":        func(n, _ names) any { return m("sha256", n["file"], "size", 3) },
	"tick-item":          func(names, names) any { return m("done", true) },
	"settle-clash":       func(names, names) any { return m("field", "title", "value", 0) },
	"comment-job":        func(names, names) any { return m("text", "x") },
	"edit-comment":       func(names, names) any { return m("text", "x") },
	"fill-field":         func(names, names) any { return m("value", "x") },
	"restore-job":        func(n, _ names) any { return m("heads", []string{n["head"]}) },
	"set-job-status":     func(names, names) any { return m("status", "started") },
	"change-password":    func(names, names) any { return m("old_password", "not it at all", "new_password", password) },
	"patch-organisation": func(names, names) any { return m("name", "rival") },
	"sign-in":            func(n, _ names) any { return m("login", n["login"], "org", n["org"], "password", "not it at all") },
	"sign-in-device":     func(n, _ names) any { return m("login", n["login"], "org", n["org"], "password", "not it at all") },
	"create-site":        func(n, _ names) any { return m("name", "x", "client", n["client"]) },
	"patch-site":         func(n, _ names) any { return m("name", "x", "client", n["client"]) },
	"create-team":        func(n, _ names) any { return m("name", "x", "foreman", n["user"], "members", []string{n["user"]}) },
	"patch-team":         func(n, _ names) any { return m("foreman", n["user"], "members", []string{n["user"]}) },
	"create-template":    func(n, _ names) any { return m("name", "x", "client", n["client"], "site", n["site"]) },
	"patch-template":     func(n, _ names) any { return m("name", "x", "client", n["client"]) },
	"create-user": func(names, names) any {
		return m("login", "nobody-new", "name", "x", "role", "owner", "password", "short")
	},
	"patch-user":     func(n, _ names) any { return m("name", "x") },
	"patch-device":   func(names, names) any { return m("label", "x") },
	"reset-password": func(names, names) any { return m("password", password) },
	"create-webhook": func(names, names) any { return m("url", "https://hooks.example.org/x", "active", false) },
	"patch-webhook":  func(names, names) any { return m("description", "x") },
	"claim-file":     func(names, names) any { return m("size", 3) },
	"confirm-file":   func(n, _ names) any { return m("token", n["token"]) },
	"exchange-receipts": func(n, _ names) any {
		return m("receipts", []any{m("job", n["job"], "heads", []string{n["head"]}, "seen", []string{n["head"]})}, "ask", []string{n["job"]})
	},
	"direct-file": func(names, names) any { return m("size", 3) },
	"put-push-subscription": func(names, names) any {
		return m("service", "webpush", "endpoint", "https://push.example.org/x", "silent", true, "time_zone", "Europe/Berlin")
	},
	"put-push-settings": func(names, names) any { return m("only_today", true) },
	"put-views": func(n, _ names) any {
		return m("views", []any{m("name", "theirs", "search", map[string]string{"client": n["client"]})})
	},
	"report-device": func(names, names) any {
		return m("link", "fast", "unsent", m("changes", 1, "files", 0, "bytes", 0))
	},
}

func m(kv ...any) map[string]any {
	out := map[string]any{}
	for i := 0; i < len(kv); i += 2 {
		out[kv[i].(string)] = kv[i+1]
	}
	return out
}

// thing gives which of the names a path's parameter takes.
func thing(path, param string) string {
	switch param {
	case "id":
		for _, kind := range []string{"jobs", "clients", "sites", "templates", "uploads"} {
			if strings.Contains(path, "/"+kind+"/") {
				return strings.TrimSuffix(kind, "s")
			}
		}
	case "sha256":
		return "file"
	}
	return param
}

// queries are what the query's parameters may name.
var queries = map[string]string{"assignee": "user", "client": "client", "site": "site", "template": "template", "territory": "word", "type": "word", "skill": "word",
	"external_id": "external", "external_order_id": "external", "serial_no": "serial", "q": "word", "cursor": "cursor", "after": "sequence", "at": "head",
	"job": "job", "login": "login", "since": "head", "path": "word", "state": "token", "code": "token", "before": "sequence", "user": "user"}

// operation is one of the API's description.
type operation struct {
	id, method, path string
	params           []struct{ Name, In string }
	hasBody          bool
}

// operations reads the description that the server gives.
func (w *world) operations() []operation {
	w.t.Helper()
	_, body := w.call("", "GET", "/api/v1/openapi.json", nil)
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string
			Parameters  []struct{ Name, In string }
			RequestBody any
		}
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		w.t.Fatal(err)
	}
	var out []operation
	for _, path := range slices.Sorted(maps.Keys(doc.Paths)) {
		for _, method := range slices.Sorted(maps.Keys(doc.Paths[path])) {
			o := doc.Paths[path][method]
			out = append(out, operation{o.OperationID, strings.ToUpper(method), path, o.Parameters, o.RequestBody != nil})
		}
	}
	if len(out) < 70 {
		w.t.Fatalf("%d operations", len(out))
	}
	return out
}

// answered is what a request was answered with, but for what tells one request from another.
type answered struct {
	status int
	header string
	body   string
}

// send sends a request to an operation whose names are of n; what they are called is taken out of the answer.
func (w *world) send(token string, op operation, path string, a ask, n names) answered {
	w.t.Helper()
	u := "http://" + w.Addr + path
	if len(a.query) > 0 {
		u += "?" + a.query.Encode()
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), watchdog)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, op.method, u, bytes.NewReader(a.raw))
	if err != nil {
		w.t.Fatal(err)
	}
	maps.Copy(req.Header, a.header)
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	var body []byte
	if strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		one := make([]byte, 1)
		_, err = io.ReadFull(res.Body, one) // it has begun; what there is to come is another test's
		body = one
	} else {
		body, err = io.ReadAll(res.Body)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	plain := func(s string) string {
		for _, name := range slices.SortedFunc(maps.Keys(n), func(a, b string) int { return len(n[b]) - len(n[a]) }) {
			if len(n[name]) >= 8 && name != "change" { // that is the head
				s = strings.ReplaceAll(s, n[name], "<"+name+">")
			}
		}
		return s
	}
	var header []string
	for k, v := range res.Header {
		if k != "Date" && k != "Retry-After" && k != "Content-Length" {
			header = append(header, k+": "+strings.Join(v, ", "))
		}
	}
	slices.Sort(header)
	return answered{res.StatusCode, plain(strings.Join(header, "\n")), plain(string(body))}
}

// ask makes a request to an operation that names the things of n; the first of several in a path is own's, if so asked.
func (op operation) ask(n, own names, ownFirst bool) (path string, a ask) {
	path, a = op.path, ask{query: url.Values{}, header: http.Header{}}
	first := true
	for _, p := range op.params {
		switch p.In {
		case "path":
			of := n
			if ownFirst && first {
				of = own
			}
			first = false
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(of[thing(op.path, p.Name)]))
		}
	}
	switch {
	case op.id == "create-upload" || op.id == "continue-upload" || op.id == "end-upload" || op.id == "get-upload":
		a.header.Set("Tus-Resumable", "1.0.0")
		a.header.Set("Content-Type", "application/offset+octet-stream")
		a.header.Set("Upload-Offset", "0")
		if op.id == "create-upload" {
			a.header.Del("Upload-Offset")
			a.header.Set("Upload-Length", "3")
			of := n
			if ownFirst {
				of = own
			}
			b64 := func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
			a.header.Set("Upload-Metadata", "sha256 "+b64(n["file"])+",job "+b64(of["job"]))
		}
	case op.id == "put-file":
		a.header.Set("Content-Type", "application/octet-stream")
		a.raw = []byte("no!")
	case op.hasBody:
		a.header.Set("Content-Type", "application/json")
		a.raw, _ = json.Marshal(bodies[op.id](n, own))
	}
	return path, a
}

// TestOrganisationsAreSealed asks, as everybody of one organisation, every operation of the API about the things of another, and about
// things that do not exist: the answers are the same, and hold nothing of the other's.
func TestOrganisationsAreSealed(t *testing.T) {
	w := newWorld(t)
	w.add("rival", "dispatcher", "dora")
	w.add("rival", "worker", "wanda")
	w.add("rival", "director", "dirk")
	w.key("rival", "erp", "administrator")
	theirs, own := w.furnish("acme", "zanzibar"), w.furnish("rival", "lisbon")
	before := w.inventory(theirs)
	asked := 0
	for _, op := range w.operations() {
		if op.hasBody && bodies[op.id] == nil && !strings.Contains(op.id, "upload") && op.id != "put-file" {
			t.Errorf("nobody knows how to ask %s: add it to bodies", op.id)
			continue
		}
		if op.id == "sign-out" || op.id == "finish-oidc" {
			continue // names nothing
		}
		for _, who := range []string{"owner@rival", "dora@rival", "wanda@rival", "dirk@rival", "erp@rival"} {
			token := w.people[who].token
			if strings.HasPrefix(op.id, "sign-in") {
				token = ""
			}
			other := alike(theirs)
			for _, how := range op.ways(theirs, other) {
				path, a := op.ask(theirs, own, how.ownFirst)
				otherPath, b := op.ask(other, own, how.ownFirst)
				if how.query != "" {
					a.query.Set(how.query, theirs[queries[how.query]])
					b.query.Set(how.query, other[queries[how.query]])
					if how.query == "job" && how.ownFirst {
						a.query.Set("job", own["job"])
						b.query.Set("job", own["job"])
					}
				}
				asked++
				got, want := w.send(token, op, path, a, theirs), w.send(token, op, otherPath, b, other)
				what := fmt.Sprintf("%s as %s %+v", op.id, who, how)
				if got.status >= 200 && got.status < 300 && want.status == got.status {
					got.body, want.body = shape(got.body), shape(want.body) // what was made has ids and times of its own
					got.header, want.header = headerNames(got.header), headerNames(want.header)
				}
				if got != want {
					t.Errorf("%s: of theirs %d\n%s\n%s\nof nothing %d\n%s\n%s", what, got.status, got.header, got.body, want.status, want.header, want.body)
				}
				for name, secret := range theirs {
					if name != "org" && name != "login" && name != "sequence" && strings.Contains(got.body, secret) {
						t.Errorf("%s: the answer holds their %s", what, name)
					}
				}
			}
			if strings.HasPrefix(op.id, "sign-in") {
				break
			}
		}
	}
	if asked < 800 {
		t.Errorf("only %d questions were asked", asked)
	}
	if after := w.inventory(theirs); after != before {
		t.Errorf("something of theirs was changed:\n%s\n%s", before, after)
	}
}

// Which organisations there are is told to nobody, nor whose key an idempotency key is.
func TestNeitherOrganisationsNorKeysAreTold(t *testing.T) {
	w := newWorld(t)
	w.add("acme", "worker", "anna")
	same := func(what string, one, two any) {
		t.Helper()
		if fmt.Sprint(one) != fmt.Sprint(two) {
			t.Errorf("%s: %v and %v", what, one, two)
		}
	}
	signIn := func(path, login, org string) string {
		body := m("login", login, "password", "not it at all")
		if org != "" {
			body["org"] = org
		}
		status, out := w.call("", "POST", path, body)
		return fmt.Sprint(status, " ", string(out))
	}
	for _, path := range []string{"/api/v1/session", "/api/v1/tokens"} {
		nobody := signIn(path, "nobody-1", "nowhere")
		same("an organisation that is there", signIn(path, "nobody-2", "acme"), nobody)
		same("a login of an organisation", signIn(path, "anna", "acme"), nobody)
		same("a login of another one", signIn(path, "anna", "rival"), nobody)
		same("a login without an organisation", signIn(path, "anna", ""), nobody)
		same("a login that nobody has", signIn(path, "nobody-3", ""), nobody)
	}
	made := func(who string) string {
		body, _ := json.Marshal(m("title", "Leak"))
		req, err := http.NewRequestWithContext(t.Context(), "POST", "http://"+w.Addr+"/api/v1/jobs", bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for k, v := range map[string]string{"Authorization": "Bearer " + w.people[who].token, "Content-Type": "application/json", "Idempotency-Key": "the-same"} {
			req.Header.Set(k, v)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var job struct{ ID string }
		if err := json.NewDecoder(res.Body).Decode(&job); err != nil || res.StatusCode != http.StatusCreated || job.ID == "" {
			t.Fatalf("%d, %v", res.StatusCode, err)
		}
		return job.ID
	}
	first := made("owner")
	same("the key again", made("owner"), first)
	if made("owner@rival") == first {
		t.Error("one organisation's key gives another what it made")
	}
}

// way is how an operation is asked: with one of the query's names, and with one's own things before the others in the path.
type way struct {
	query    string
	ownFirst bool
}

func (op operation) ways(n, other names) (out []way) {
	inPath := strings.Count(op.path, "{")
	inBody := false
	if body := bodies[op.id]; body != nil {
		inBody = fmt.Sprint(body(n, n)) != fmt.Sprint(body(other, other))
	}
	takesJob := op.id == "create-upload" || slices.ContainsFunc(op.params, func(p struct{ Name, In string }) bool { return p.Name == "job" })
	out = append(out, way{})
	if inPath > 1 || takesJob || inPath == 1 && inBody {
		out = append(out, way{ownFirst: true})
	}
	for _, p := range op.params {
		if p.In == "query" && queries[p.Name] != "" {
			out = append(out, way{query: p.Name})
			if takesJob || inPath > 0 {
				out = append(out, way{query: p.Name, ownFirst: true})
			}
		}
	}
	return out
}

// shape is an answer's JSON without its values.
func shape(body string) string {
	var v any
	if json.Unmarshal([]byte(body), &v) != nil {
		return ""
	}
	var walk func(any) any
	walk = func(v any) any {
		switch v := v.(type) {
		case map[string]any:
			for k := range v {
				v[k] = walk(v[k])
			}
			return v
		case []any:
			return "several"
		}
		return nil
	}
	b, _ := json.Marshal(walk(v))
	return string(b)
}

func headerNames(h string) string {
	lines := strings.Split(h, "\n")
	for i := range lines {
		lines[i], _, _ = strings.Cut(lines[i], ":")
	}
	return strings.Join(lines, " ")
}

// alike gives names of the same form of things that do not exist.
func alike(n names) names {
	out := names{}
	for name, s := range n {
		switch name {
		case "job", "client", "site", "template":
			out[name] = newDoc()
		case "org":
			out[name] = s // whether there is an organisation is told to nobody either: see below
		case "sequence":
			out[name] = s
		default:
			b := []byte(s)
			for i, c := range b {
				var r [1]byte
				_, _ = rand.Read(r[:])
				switch {
				case name == "file" || name == "head" || name == "change":
					b[i] = "0123456789abcdef"[r[0]%16]
				case c >= 'a' && c <= 'z' && i > 5:
					b[i] = 'a' + r[0]%26
				case c >= '0' && c <= '9' && i > 5:
					b[i] = '2' + r[0]%6
				}
			}
			out[name] = string(b)
		}
	}
	out["change"] = out["head"] // a change is named by what it made the heads
	return out
}

// furnish gives an organisation one of everything; word stands in all of it.
func (w *world) furnish(org, word string) names {
	w.t.Helper()
	as := w.people[name("owner", org)].token
	must := func(method, path string, body any, want int) map[string]any {
		w.t.Helper()
		status, out := w.call(as, method, "/api/v1/"+path, body)
		var v map[string]any
		_ = json.Unmarshal(out, &v)
		if status != want {
			w.t.Fatalf("%s %s: %d %s", method, path, status, out)
		}
		return v
	}
	str := func(v any) string { s, _ := v.(string); return s }
	n := names{"org": org, "word": word, "external": "external-" + word, "serial": "serial-" + word, "token": "token-of-" + word, "sequence": "1", "login": "login-" + word}
	n["user"] = str(must("POST", "users", m("login", n["login"], "name", word, "role", "worker", "password", password), 201)["id"])
	n["client"] = str(must("POST", "clients", m("name", word, "external_id", n["external"]), 201)["id"])
	n["site"] = str(must("POST", "sites", m("name", word), 201)["id"])
	n["template"] = str(must("POST", "templates", m("name", word, "report_fields", []any{m("name", word, "field_type", "text")}), 201)["id"])
	n["team"] = str(must("POST", "teams", m("name", word, "foreman", n["user"], "members", []string{n["user"]}), 201)["id"])
	n["key"] = str(must("POST", "apikeys", m("name", word, "role", "dispatcher"), 201)["id"])
	n["webhook"] = str(must("POST", "webhooks", m("url", "https://hooks.example.org/"+word, "active", false), 201)["id"])
	j := must("POST", "jobs", m("title", word, "template", n["template"], "client", n["client"], "site", n["site"], "serial_no", n["serial"], "external_id", n["external"],
		"external_order_id", n["external"], "status", "published", "assignees", []any{m("user", n["user"], "edit", true)}, "checklist", []any{m("text", word)},
		"territory", word, "type", word, "skills", []string{word}), 201)
	n["job"] = str(j["id"])
	file := sha256.Sum256([]byte(word))
	n["file"] = hex.EncodeToString(file[:])
	req, err := http.NewRequestWithContext(w.t.Context(), "PUT", "http://"+w.Addr+"/api/v1/files/"+n["file"]+"?job="+n["job"], strings.NewReader(word))
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+as)
	req.Header.Set("Content-Type", "application/octet-stream")
	res, err := http.DefaultClient.Do(req)
	if err != nil || res.StatusCode >= 300 {
		w.t.Fatalf("putting a file: %v, %v", res, err)
	}
	_ = res.Body.Close()
	must("POST", "jobs/"+n["job"]+"/comments", m("text", word), 200)
	must("POST", "jobs/"+n["job"]+"/attachments", m("sha256", n["file"], "size", len(word), "name", word), 200)
	must("POST", "jobs/"+n["job"]+"/status", m("status", "en_route"), 200)
	j = must("GET", "jobs/"+n["job"], nil, 200)
	first := func(key, field string) string {
		l, _ := j[key].([]any)
		if len(l) == 0 {
			w.t.Fatalf("no %s in %v", key, j)
		}
		e, _ := l[0].(map[string]any)
		return str(e[field])
	}
	n["comment"], n["attachment"], n["item"], n["field"] = first("comments", "uuid"), first("attachments", "uuid"), first("checklist", "uuid"), first("report_fields", "uuid")
	n["event"] = first("status_log", "uuid")
	heads, _ := j["heads"].([]any)
	if len(heads) == 0 {
		w.t.Fatalf("no heads in %v", j)
	}
	n["head"], n["change"] = str(heads[0]), str(heads[0])
	n["device"], n["upload"], n["cursor"] = w.device(org, n["user"], n["login"]), w.upload(as, n["job"]), w.cursor(as)
	for name, s := range n {
		if s == "" {
			w.t.Fatalf("%s has no %s", org, name)
		}
	}
	return n
}

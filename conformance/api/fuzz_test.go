package api

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// perOperation is how many requests of each role go to each operation. FIELDSYNC_API_FUZZ names more, for a longer run.
const perOperation = 6

// What an answer may hold at most: the work that one request may cause.
const (
	mostBytes = 4 << 20 // a document with its history
	mostRows  = 1000    // of any list at the top of an answer
)

// slow are the operations whose work is a password's hash, a tenth of a second of a processor.
var slow = map[string]bool{"sign-in": true, "sign-in-device": true, "create-user": true, "reset-password": true, "change-password": true}

// TestNoRequestMadeFromTheDescriptionBreaksTheServer sends generated requests to every operation as everybody: no answer is a
// failure of the server's, all are as described, and none is larger than a page.
func TestNoRequestMadeFromTheDescriptionBreaksTheServer(t *testing.T) {
	s := start(t)
	n, seed := perOperation, uint64(1)
	if more, err := strconv.Atoi(os.Getenv("FIELDSYNC_API_FUZZ")); err == nil {
		n = more
		seed = rand.Uint64()
	}
	t.Logf("seed %d", seed)
	sp := parseSpec(t, s.raw)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), spec: sp, pool: s.furnish()}
	pid := s.PID()
	sent, statuses := 0, map[int]int{}
	for _, op := range sp.ops {
		if op.id == "sign-out" { // would end what all others need
			continue
		}
		for _, as := range []string{"owner", "ada", "dora", "anna", "dirk", "key", "rita", ""} {
			for range max(1, n/map[bool]int{false: 1, true: 6}[slow[op.id]]) {
				m := g.request(op)
				if op.stream {
					s.opened(as, m)
					continue
				}
				status := s.hold(as, m)
				sent++
				statuses[status]++
			}
		}
		if t.Failed() {
			return
		}
	}
	if s.PID() != pid || !s.Alive() {
		t.Fatal("the server ended")
	}
	for as := range s.tokens {
		if a := s.do(as, "GET", "session", nil); a.status != 200 {
			t.Errorf("%s afterwards: %d %s", as, a.status, a.body)
		}
	}
	if strings.Contains(s.Output(), "panicked") {
		t.Errorf("a handler panicked:\n%s", s.Output())
	}
	t.Logf("%d requests to %d operations: %v", sent, len(sp.ops), statuses)
	if statuses[200]+statuses[201]+statuses[204] < sent/20 || statuses[400] < sent/20 {
		t.Error("the generator makes almost nothing that succeeds, or almost nothing that is refused: it finds nothing")
	}
}

// hold sends a generated request and checks its answer.
func (s *server) hold(as string, m made) int {
	s.t.Helper()
	r, sent := s.request(as, m.method, m.path, m.body, m.header...)
	a, err := s.send(r, sent)
	show := func() string {
		return fmt.Sprintf("%s %.300s as %q %q\n%.600q", m.method, m.path, as, m.header, m.body)
	}
	if err != nil {
		s.t.Errorf("%s\nno answer: %v", show(), err)
		return 0
	}
	if a.status >= 500 {
		s.t.Errorf("%s\n%d %s", show(), a.status, a.body)
	}
	if a.status/100 == 3 && a.status != 304 {
		return a.status // to the clean form of the path
	}
	if len(a.body) > mostBytes {
		s.t.Errorf("%s\nan answer of %d bytes", show(), len(a.body))
	}
	if top, ok := a.json.(map[string]any); ok {
		for name, v := range top {
			if l, ok := v.([]any); ok && len(l) > mostRows {
				s.t.Errorf("%s\n%d rows in %s", show(), len(l), name)
			}
		}
	}
	if wrong := s.answered(r, a); wrong != "" {
		s.t.Errorf("%s\n%d %.1000s\nthe answer is not as described: %s", show(), a.status, a.body, wrong)
	}
	return a.status
}

// opened checks that a stream begins, or is refused, and leaves it.
func (s *server) opened(as string, m made) {
	s.t.Helper()
	r, _ := s.request(as, m.method, m.path, m.body, m.header...)
	ctx, cancel := context.WithCancel(s.t.Context())
	defer cancel()
	res, err := client.Do(r.WithContext(ctx))
	if err != nil {
		s.t.Errorf("%s %s as %s: %v", m.method, m.path, as, err)
		return
	}
	if res.StatusCode >= 500 {
		s.t.Errorf("%s %s as %s: %d", m.method, m.path, as, res.StatusCode)
	}
	cancel()
	_ = res.Body.Close()
}

// furnish makes some of everything, and gives its names by the names of the parameters and fields that refer to it.
func (s *server) furnish() map[string][]string {
	s.t.Helper()
	must := func(as, method, path string, body any, header ...string) answer {
		s.t.Helper()
		a := s.do(as, method, path, body, header...)
		if a.status/100 != 2 {
			s.t.Fatalf("%s %s: %d %s", method, path, a.status, a.body)
		}
		return a
	}
	pool := map[string][]string{}
	add := func(name string, values ...string) { pool[name] = append(pool[name], values...) }
	var decoys []string
	for i := range 3 {
		u := must("owner", "POST", "users", map[string]any{"login": fmt.Sprint("decoy", i), "name": "D", "role": "worker", "password": password})
		decoys = append(decoys, u.str("id"))
	}
	add("user", decoys...)
	add("foreman", decoys[0])
	team := must("owner", "POST", "teams", map[string]any{"name": "T", "foreman": decoys[0], "members": []string{decoys[1]}})
	add("team", team.str("id"))
	hook := must("owner", "POST", "webhooks", map[string]any{"url": "https://example.org/"})
	add("webhook", hook.str("id"))
	for _, kind := range []string{"templates", "clients", "sites"} {
		d := must("dora", "POST", kind, map[string]any{"name": "D"})
		add("id", d.str("id"))
		add(kind, d.str("id"))
		add(strings.TrimSuffix(kind, "s"), d.str("id"))
		add("at", d.str("heads", 0))
	}
	for range 3 {
		j := must("dora", "POST", "jobs", form("title", "D", "status", "published", "assignees", list(form("user", s.ids["anna"], "edit", true)),
			"report_fields", list(form("name", "N", "field_type", "number"), form("name", "T", "field_type", "text"), form("name", "P", "field_type", "photo")),
			"checklist", list(form("text", "C")), "possible_resolutions", list(form("name", "R", "successful", true))))
		path := "jobs/" + j.str("id")
		must("anna", "POST", path+"/status", form("status", "started"))
		j = must("anna", "POST", path+"/comments", form("text", "C"))
		j = must("anna", "POST", path+"/attachments", form("sha256", strings.Repeat("a", 64), "size", 1))
		add("id", j.str("id"))
		add("jobs", j.str("id"))
		add("job", j.str("id"))
		add("follows", j.str("id"))
		add("at", j.str("heads", 0))
		add("change", j.str("heads", 0))
		add("since", j.str("heads", 0))
		add("heads", j.str("heads", 0))
		add("path", "title", "report_fields")
		add("q", "D", "boiler")
		add("cursor", "")
		add("If-Match", j.header.Get("ETag"))
		add("If-None-Match", j.header.Get("ETag"))
		add("item", j.str("checklist", 0, "uuid"))
		add("comment", j.str("comments", 0, "uuid"))
		add("attachment", j.str("attachments", 0, "uuid"))
		add("event", j.str("status_log", 0, "uuid"), j.str("status_log", 1, "uuid"))
		add("field", j.str("report_fields", 0, "uuid"), j.str("report_fields", 2, "uuid"), "status", "title")
		add("resolution", "R")
	}
	add("sha256", strings.Repeat("a", 64))
	return pool
}

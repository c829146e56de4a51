package jobs_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/crdt/store/memstore"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/api/idempotency"
	"fieldsync/server/internal/api/jobs"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
	"fieldsync/server/internal/problem"
)

const org = "acme"

func person(role access.Role, user string) access.Principal {
	return access.Principal{ID: "user:" + user, Org: org, Role: role, User: user, Device: "device-" + user}
}

var (
	dora = person(access.RoleDispatcher, "dora")
	anna = person(access.RoleWorker, "anna")
	ben  = person(access.RoleWorker, "ben")
	dirk = person(access.RoleDirector, "dirk")
	erp  = access.Principal{ID: "integration:erp", Org: org, Role: access.RoleDispatcher}
	rita = access.Principal{ID: "user:rita", Org: "rival", Role: access.RoleOwner, User: "rita"}
)

// silent counts nothing.
type silent struct{ documents.Metrics }

func (silent) Refused(crdt.RefusalCode, int)      {}
func (silent) ChangesAdmitted(int)                {}
func (silent) SnapshotBuilt(time.Duration, error) {}

// people are the accounts of these tests: a foreman with a member, and some more.
type people struct{}

func (people) Active(o, user string) (bool, error) {
	return o == org && slices.Contains([]string{"dora", "anna", "ben", "carl", "dirk"}, user), nil
}

func (people) Worker(_, user string) (bool, error) {
	return user == "anna" || user == "ben" || user == "carl", nil
}

func (people) Assignees(o, team string) ([]job.Assignee, error) {
	if o != org || team != "heating" {
		return nil, crdt.Errorf(crdt.KindNotFound, "no such team")
	}
	return []job.Assignee{{User: "ben", Edit: true}, {User: "carl"}}, nil
}

// office is the API over a store.
type office struct {
	t     *testing.T
	store *memstore.Store
	docs  *documents.Service
	index *index.Index
	mux   *http.ServeMux
	clock time.Time

	stopping chan struct{} // closed: the server stops
}

func open(t *testing.T) *office {
	o := &office{t: t, store: memstore.New(memstore.Options{}), clock: time.Now(), stopping: make(chan struct{})}
	o.reopen()
	return o
}

// reopen is a restart of the server over what is stored.
func (o *office) reopen() {
	o.t.Helper()
	log := slog.New(slog.DiscardHandler)
	ix, err := index.New(index.Options{Store: o.store, Load: index.FromStore(o.store, documents.NewRoom()), Search: o.t.TempDir(), Gather: time.Millisecond, Log: log})
	if err != nil {
		o.t.Fatal(err)
	}
	docs, err := documents.New(documents.Options{Store: o.store, Metrics: silent{}, Log: log, OnChange: ix.Changed})
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() {
		docs.Close()
		if err := ix.Close(); err != nil {
			o.t.Error(err)
		}
	})
	o.index = ix
	keys, err := idempotency.New(o.store, func() time.Time { return o.clock })
	if err != nil {
		o.t.Fatal(err)
	}
	o.docs, o.mux = docs, http.NewServeMux()
	a := api.New(o.mux, api.Options{Version: "1", Keys: keys, Log: log,
		Quickly: func(h http.Handler) http.Handler { return h },
		Require: func(h http.Handler) http.Handler { return h }, // the test says who asks
	})
	jobs.New(jobs.Options{Documents: docs, Index: ix, People: people{}, Now: func() time.Time { return o.clock }, Log: log,
		Stopping: o.stopping, Heartbeat: 50 * time.Millisecond}).Register(a)
}

// answer is what was answered.
type answer struct {
	*httptest.ResponseRecorder
	t    *testing.T
	json map[string]any
}

// ask sends a request as somebody. A body that is no string is sent as JSON.
func (o *office) ask(p access.Principal, method, path string, body any, header ...string) answer {
	o.t.Helper()
	o.clock = o.clock.Add(time.Millisecond) // so that what happens has an order
	text, ok := body.(string)
	if !ok && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			o.t.Fatal(err)
		}
		text = string(b)
	}
	r := httptest.NewRequest(method, "/api/v1/"+path, strings.NewReader(text))
	r = r.WithContext(auth.WithPrincipal(r.Context(), p))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	a := answer{ResponseRecorder: httptest.NewRecorder(), t: o.t}
	o.mux.ServeHTTP(a, r)
	_ = json.Unmarshal(a.Body.Bytes(), &a.json)
	return a
}

// must is ask for what must succeed.
func (o *office) must(p access.Principal, method, path string, body any, header ...string) answer {
	o.t.Helper()
	a := o.ask(p, method, path, body, header...)
	if a.Code/100 != 2 {
		o.t.Fatalf("%s %s as %s: %d %s", method, path, p.ID, a.Code, a.Body)
	}
	return a
}

// refused checks that a request is answered with this status, code and, if not empty, field.
func (o *office) refused(p access.Principal, method, path string, body any, status int, code, field string, header ...string) {
	o.t.Helper()
	a := o.ask(p, method, path, body, header...)
	var d problem.Document
	_ = json.Unmarshal(a.Body.Bytes(), &d)
	if a.Code != status || d.Code != code || d.Status != status {
		o.t.Errorf("%s %s as %s: %d %s; want %d %s", method, path, p.ID, a.Code, a.Body, status, code)
		return
	}
	if field != "" && !slices.ContainsFunc(d.Errors, func(f problem.FieldError) bool { return f.Field == field }) {
		o.t.Errorf("%s %s: errors %+v do not name %s", method, path, d.Errors, field)
	}
}

func (a answer) etag() string { return a.Header().Get("ETag") }

// at gives a value inside the answer: at("report_fields", 0, "uuid").
func (a answer) at(path ...any) any {
	a.t.Helper()
	var v any = a.json
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[s]
		case int:
			l, _ := v.([]any)
			if s >= len(l) {
				a.t.Fatalf("nothing at %v in %s", path, a.Body)
			}
			v = l[s]
		}
	}
	return v
}

func (a answer) str(path ...any) string {
	a.t.Helper()
	s, ok := a.at(path...).(string)
	if !ok {
		a.t.Fatalf("no text at %v in %s", path, a.Body)
	}
	return s
}

// is checks values inside the answer: is("title", "Boiler", "assignees.0.user", "anna").
func (a answer) is(pairs ...any) {
	a.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		var path []any
		for step := range strings.SplitSeq(pairs[i].(string), ".") {
			if n := 0; step != "" && step[0] >= '0' && step[0] <= '9' {
				fmt.Sscan(step, &n)
				path = append(path, n)
				continue
			}
			path = append(path, step)
		}
		if got := fmt.Sprint(a.at(path...)); got != fmt.Sprint(pairs[i+1]) {
			a.t.Errorf("%v is %s, want %v", pairs[i], got, pairs[i+1])
		}
	}
}

// job makes a job and gives its path.
func (o *office) job(form map[string]any) (path string, a answer) {
	o.t.Helper()
	a = o.must(dora, "POST", "jobs", form)
	return "jobs/" + a.str("id"), a
}

// byPhone makes a change of a document as it was at heads, as a phone does that was away.
func (o *office) byPhone(p access.Principal, path string, at crdt.Heads, edits ...crdt.Edit) {
	o.t.Helper()
	id, err := crdt.ParseDocID(path[strings.IndexByte(path, '/')+1:])
	if err != nil {
		o.t.Fatal(err)
	}
	c, err := documents.ReadFrom(o.store, documents.NewRoom(), id)
	if err != nil {
		o.t.Fatal(err)
	}
	defer c.Close()
	h, _, err := c.History()
	if err != nil {
		o.t.Fatal(err)
	}
	later := h.Since(at)
	var raws [][]byte
	for i := range h.Len() {
		if !slices.Contains(later, i) {
			raws = append(raws, h.Raw(i))
		}
	}
	phone, err := engine.Load(raws...)
	if err != nil {
		o.t.Fatal(err)
	}
	defer phone.Close()
	raw, err := phone.Edit(engine.Commit{Actor: crdt.ActorID(fmt.Sprintf("%-16s", "phone "+p.User)), Time: 1}, func(tx *engine.Tx) error { return tx.Apply(edits...) })
	if err != nil {
		o.t.Fatal(err)
	}
	if err := o.docs.Append(o.t.Context(), p, id, [][]byte{raw}); err != nil {
		o.t.Fatal(err)
	}
}

func headsOf(a answer) (out crdt.Heads) {
	a.t.Helper()
	for i := range a.at("heads").([]any) {
		h, err := crdt.ParseHash(a.str("heads", i))
		if err != nil {
			a.t.Fatal(err)
		}
		out = append(out, h)
	}
	return crdt.NewHeads(out...)
}

// forgetAnswers removes what is kept under idempotency keys, as if the server had died before it was kept.
func (o *office) forgetAnswers() {
	o.t.Helper()
	var ops []store.Op
	if err := o.store.Scan(store.API('i'), nil, func(key, _ []byte) error {
		ops = append(ops, store.Op{Key: slices.Clone(key)})
		return nil
	}); err != nil {
		o.t.Fatal(err)
	}
	if len(ops) == 0 {
		o.t.Fatal("nothing is kept")
	}
	if err := store.Write(o.store, ops); err != nil {
		o.t.Fatal(err)
	}
}

package jobs_test

import (
	"encoding/json"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/auth"
)

func TestTheHistoryTellsWhoDidWhatWhenAndWhatCameLate(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "Boiler", "assignees", list("anna"), "status", "published"))
	o.must(erp, "PATCH", path, form("title", "Boiler in the cellar"), "Fieldsync-Mute", "true")
	o.must(dora, "PATCH", path, form("assignees", list("ben")))
	for at := time.Now().UnixMilli(); time.Now().UnixMilli() == at; { // what arrives in one millisecond has no order
		runtime.Gosched()
	}
	said := crdt.Timestamp(o.clock.UnixMilli() - 5000)
	edits, err := job.AddComment(job.Comment{ID: "c1", Text: "I was there", By: "anna", HappenedAt: said})
	if err != nil {
		t.Fatal(err)
	}
	o.byPhone(anna, path, headsOf(a), edits...)
	h := o.must(dora, "GET", path+"/history", nil)
	h.is("entries.0.user", "anna", "entries.0.late", true, "entries.0.source", "app", "entries.0.did.0.path", "[comments c1]", "entries.0.version", 4,
		"entries.1.user", "dora", "entries.2.source", "api", "entries.2.author", "acme/integration:erp", "entries.2.did.0.old", "[Boiler]", "entries.2.did.0.new", "Boiler in the cellar",
		"entries.3.version", 1)
	if got := h.str("entries", 0, "happened_at"); got != said.String() {
		t.Errorf("happened at %s", got)
	}
	var versions []any
	next := ""
	for range 4 {
		page := o.must(dora, "GET", path+"/history?oldest=true&limit=1&after="+next, nil)
		versions = append(versions, page.at("entries", 0, "version"))
		next, _ = page.at("next").(string)
	}
	if got := jsonOf(t, versions); got != "[1,2,3,4]" || next != "" {
		t.Errorf("page by page: %s, and then %q", got, next)
	}
	only := o.must(dora, "GET", path+"/history?path=title", nil)
	if n := len(only.at("entries").([]any)); n != 2 {
		t.Errorf("%d entries about the title", n)
	}
	since := o.must(dora, "GET", path+"/history?since="+a.str("heads", 0), nil)
	if n := len(since.at("entries").([]any)); n != 3 {
		t.Errorf("%d entries since the first", n)
	}
	e := o.must(dora, "GET", path+"/history/events?oldest=true", nil)
	e.is("events.0.type", "created", "events.2.type", "assigned", "events.3.type", "comment_added", "events.3.payload.late", true, "events.3.context.user_uuid", "anna")
	o.must(dora, "GET", path+"/history/"+a.str("heads", 0), nil).is("version", 1, "user", "dora")
	o.refused(dora, "GET", path+"/history/"+strings.Repeat("0", 64), nil, 404, "not-found", "")
	o.refused(dora, "GET", path+"/history?after="+strings.Repeat("0", 64), nil, 400, "invalid", "query.after")
	o.refused(dora, "GET", path+"/history?after="+strings.Repeat("1", 64), nil, 404, "not-found", "")
	o.refused(anna, "GET", path+"/history", nil, 404, "not-found", "")
	o.refused(rita, "GET", path+"/history", nil, 404, "not-found", "")

	x := o.must(dora, "GET", path+"/history/export", nil)
	x.is("schema", audit.ExportSchema, "changes", 4, "entries.3.late", true, "document", path[5:])
	if x.Header().Get("Content-Disposition") == "" || x.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%v", x.Header())
	}
	o.refused(rita, "GET", path+"/history/export", nil, 404, "not-found", "")
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWhatThePhoneKnewWhenAStatusWasSet(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "Boiler", "assignees", list("anna"), "status", "published"))
	o.must(dora, "PATCH", path, form("description", "Mind the dog"))
	edits, err := job.AddEvent(job.Event{ID: "offline", Status: job.Started, HappenedAt: 5, By: "anna", After: lastOf(a, "status_log")})
	if err != nil {
		t.Fatal(err)
	}
	o.byPhone(anna, path, headsOf(a), edits...)
	o.must(dora, "GET", path, nil).is("description", "Mind the dog", "status", "started")
	knew := o.must(dora, "GET", path+"/status/offline/knew", nil)
	knew.is("description", nil, "status", "published", "heads.0", a.str("heads", 0))
	o.refused(dora, "GET", path+"/status/nothing/knew", nil, 404, "not-found", "")
	o.refused(dora, "GET", path+"/status/"+lastOf(a, "status_log")[0]+"/knew", nil, 404, "not-found", "")
}

func TestOneChangeIsUndoneAndLaterOnesStay(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("title", "Boiler", "description", "One two three", "assignees", list("anna"), "status", "published"))
	b := o.must(dora, "PATCH", path, form("title", "Wrong", "description", "One two three four"))
	o.must(dora, "PATCH", path, form("territory", "North"))
	u := o.must(dora, "POST", path+"/history/"+b.str("heads", 0)+"/undo", nil, "Fieldsync-Mute", "true")
	u.is("title", "Boiler", "description", "One two three", "territory.name", "North", "left", "[]")
	h := o.must(dora, "GET", path+"/history", nil)
	h.is("entries.0.undoes", b.str("heads", 0))
	if !strings.HasSuffix(h.str("entries", 0, "message"), " fieldsync-mute") {
		t.Errorf("message %q", h.str("entries", 0, "message"))
	}
	o.must(dora, "POST", path+"/history/"+h.str("entries", 0, "hash")+"/undo", nil).is("title", "Wrong")
	o.refused(dora, "POST", path+"/history/"+b.str("heads", 0)+"/undo", nil, 412, "changed", "", "If-Match", b.etag())
	b = o.must(dora, "PATCH", path, form("title", "Wrong again", "description", "One two three, four, five"))
	c := o.must(dora, "PATCH", path, form("title", "Later"))
	o.must(dora, "POST", path+"/history/"+b.str("heads", 0)+"/undo", nil).is("title", "Later", "description", "One two three four", "left.0.why", "changed", "left.0.path", "[title]")
	o.refused(dora, "POST", path+"/history/"+strings.Repeat("0", 64)+"/undo", nil, 404, "not-found", "")
	o.refused(dirk, "POST", path+"/history/"+c.str("heads", 0)+"/undo", nil, 403, "forbidden", "")

	s := o.must(anna, "POST", path+"/status", form("status", "started"))
	o.must(dora, "POST", path+"/history/"+s.str("heads", 0)+"/undo", nil).is("status", "published", "status_log.2.by", "dora")
}

func TestAJobsPlanAndReportGoBackToWhatTheyWere(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("title", "Boiler", "address", form("formatted", "Main street", "floor", "2"), "assignees", list("anna"), "status", "published", "skills", list("gas"),
		"report_fields", list(form("name", "Pressure", "field_type", "number", "value", 1), form("name", "Photos", "field_type", "photo")),
		"checklist", list(form("text", "Gas off")), "contacts", list(form("name", "Janitor")), "scheduled_at", "2026-11-24T09:30:00Z"))
	before := o.must(dora, "GET", path, nil)
	o.must(dora, "PATCH", path, form("title", "Changed", "address", form("formatted", "Back street", "floor", nil, "apartment", "7"), "skills", nil, "contacts", list(), "scheduled_at", nil,
		"description", "new", "external_ids", form("erp", "1"), "checklist", list(), "report_fields", list(form("name", "Other", "field_type", "text")), "assignees", list("ben")))
	comment := o.must(dora, "POST", path+"/comments", form("text", "stays"))
	back := o.must(dora, "POST", path+"/restore", form("heads", before.at("heads")))
	for _, key := range []string{"title", "address", "skills", "contacts", "scheduled_at", "description", "external_ids", "checklist", "report_fields", "assignees"} {
		if got, want := jsonOf(t, back.at(key)), jsonOf(t, before.at(key)); got != want {
			t.Errorf("%s is %s, was %s", key, got, want)
		}
	}
	back.is("comments.0.text", "stays", "version", 4)
	o.must(dora, "POST", path+"/restore", form("heads", comment.at("heads"), "fields", list("title"))).is("title", "Changed", "address.formatted", "Main street")
	o.must(anna, "POST", path+"/status", form("status", "started"))
	o.refused(dora, "POST", path+"/restore", form("heads", comment.at("heads")), 409, "conflict", "assignees")
	o.must(dora, "POST", path+"/restore", form("heads", comment.at("heads"), "fields", list("description"))).is("description", "new")
	o.refused(dora, "POST", path+"/restore", form("heads", list(strings.Repeat("0", 64))), 404, "no-such-heads", "")
	o.refused(dora, "POST", path+"/restore", form("heads", list("x")), 400, "invalid", "heads")
	o.refused(dora, "POST", path+"/restore", form("heads", before.at("heads"), "fields", list("status_log")), 400, "invalid", "fields")
}

// waiter is a reader who takes nothing until he is let.
type waiter struct {
	*httptest.ResponseRecorder
	reached, let chan struct{}
}

func (s waiter) Write(b []byte) (int, error) {
	s.reached <- struct{}{}
	<-s.let
	return s.ResponseRecorder.Write(b)
}

func TestReadersOfExportsWhoDoNotReadAreInTheWayOfTheirOwnOnly(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("title", "Boiler"))
	let := make(chan struct{})
	var reading sync.WaitGroup
	for range 2 {
		s := waiter{httptest.NewRecorder(), make(chan struct{}, 100), let}
		r := httptest.NewRequest("GET", "/api/v1/"+path+"/history/export", nil)
		reading.Go(func() {
			o.mux.ServeHTTP(s, r.WithContext(auth.WithPrincipal(r.Context(), dora)))
			if !json.Valid(s.Body.Bytes()) {
				t.Errorf("an export that was read late: %q", s.Body)
			}
		})
		<-s.reached
	}
	o.refused(dora, "GET", path+"/history/export", nil, 429, "busy", "")
	other := dora
	other.Org = "elsewhere"
	o.refused(other, "GET", path+"/history/export", nil, 404, "not-found", "")
	o.must(dora, "GET", path+"/history", nil)
	close(let)
	reading.Wait()
	o.must(dora, "GET", path+"/history/export", nil)
}

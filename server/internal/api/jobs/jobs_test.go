package jobs_test

import (
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/api/idempotency"
)

func form(kv ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return m
}

func list(v ...any) []any { return v }

func TestAJobIsMadeReadAndChanged(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "Boiler", "description", "No hot water", "assignees", list("anna"), "status", "published", "scheduled_duration", form("minutes", 90)))
	a.is("kind", "job", "title", "Boiler", "status", "published", "assignees.0.user", "anna", "assignees.0.edit", true, "version", 1, "created_by", "user:dora",
		"status_log.0.by", "dora", "status_log.0.device", "device-dora", "scheduled_duration.minutes", 90)
	if a.Code != 201 || a.Header().Get("Location") != "/api/v1/"+path || a.etag() == "" || a.str("url") != "automerge:"+a.str("id") {
		t.Errorf("%d %v", a.Code, a.Header())
	}
	got := o.must(anna, "GET", path, nil)
	got.is("title", "Boiler", "next_statuses", "[en_route started]")
	if got.etag() != a.etag() {
		t.Errorf("%s and %s", got.etag(), a.etag())
	}
	b := o.must(dora, "PATCH", path, form("title", "Boiler 2", "description", nil, "scheduled_duration", form("minutes", 60), "site", "Cellar"))
	b.is("title", "Boiler 2", "scheduled_duration.minutes", 60, "site.name", "Cellar", "version", 2, "description", nil)
	if b.etag() == a.etag() {
		t.Error("a change leaves the tag")
	}
	same := o.must(dora, "PATCH", path, form("title", "Boiler 2"), "Content-Type", "application/merge-patch+json")
	same.is("version", 2)
	if same.etag() != b.etag() {
		t.Error("a patch that changes nothing makes a change")
	}
}

func TestOtherStatesThanAreMeantAreNotChangedAndWhatTheClientHasIsNotSent(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "Boiler"))
	if w := o.ask(dora, "GET", path, nil, "If-None-Match", `"x", W/`+a.etag()); w.Code != 304 || w.Body.Len() > 0 || w.etag() != a.etag() {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	b := o.must(dora, "PATCH", path, form("title", "B"), "If-Match", a.etag())
	o.refused(dora, "PATCH", path, form("title", "C"), 412, "changed", "", "If-Match", a.etag())
	o.refused(dora, "PATCH", path, form("title", "C"), 412, "changed", "", "If-Match", "W/"+b.etag())
	o.refused(dora, "POST", path+"/comments", form("text", "x"), 412, "changed", "", "If-Match", `"none"`)
	o.must(dora, "PATCH", path, form("title", "C"), "If-Match", `"other", `+b.etag())
	o.must(dora, "PATCH", path, form("title", "D"), "If-Match", "*")
	if w := o.must(dora, "GET", path, nil, "If-None-Match", a.etag()); w.Code != 200 {
		t.Errorf("%d", w.Code)
	}
}

func TestWhatAPhoneWroteMeanwhileMergesWithAPatch(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "Boiler", "assignees", list("anna"), "status", "published"))
	o.must(dora, "PATCH", path, form("title", "Boiler in the cellar"))
	o.byPhone(anna, path, headsOf(a), crdt.Edit{Kind: crdt.EditSet, Path: crdt.Path{"comments", "c1"}, Value: map[string]any{"text": crdt.Text("I am there"), "by": "anna"}})
	b := o.must(dora, "PATCH", path, form("external_id", "4711"))
	b.is("title", "Boiler in the cellar", "comments.0.text", "I am there", "external_id", "4711")
}

func TestAJobAsItWas(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "One"))
	b := o.must(dora, "PATCH", path, form("title", "Two"))
	o.must(dora, "PATCH", path, form("title", "Three"))
	was := o.must(dora, "GET", path+"?at="+a.str("heads", 0), nil)
	was.is("title", "One", "version", 1, "heads.0", a.str("heads", 0), "next_statuses", "[]")
	if was.etag() != a.etag() {
		t.Error("the tag of a state depends on when it is read")
	}
	o.must(dora, "GET", path+"?at="+b.str("heads", 0)+","+a.str("heads", 0), nil).is("title", "Two", "version", 2)
	o.refused(dora, "GET", path+"?at="+strings.Repeat("0", 64), nil, 404, "no-such-heads", "")
	o.refused(dora, "GET", path+"?at=x", nil, 400, "invalid", "query.at")
}

func TestAJobFromATemplateAndAFollowUp(t *testing.T) {
	o := open(t)
	tpl := o.must(dora, "POST", "templates", form("name", "Inspection", "title", "Yearly inspection", "worker_create", true,
		"report_fields", list(form("name", "Pressure", "field_type", "number", "required", true)), "possible_resolutions", list(form("name", "fine", "successful", true))))
	for _, ref := range []any{tpl.str("id"), form("uuid", tpl.str("id"))} {
		_, a := o.job(form("template", ref, "assignees", list("anna"), "status", "published"))
		a.is("title", "Yearly inspection", "template.uuid", tpl.str("id"), "template.name", "Inspection", "report_fields.0.name", "Pressure", "possible_resolutions.0.name", "fine")
	}
	path, a := o.job(form("template", tpl.str("id"), "title", "Mine"))
	a.is("title", "Mine")
	_, b := o.job(form("follows", a.str("id")))
	b.is("follows", a.str("id"), "title", "Mine", "report_fields.0.name", "Pressure", "template.uuid", tpl.str("id"), "status", "scheduled")
	o.must(dora, "GET", path, nil)
	o.refused(dora, "POST", "jobs", form("template", a.str("id")), 400, "invalid", "template")
	o.refused(dora, "POST", "jobs", form("follows", tpl.str("id")), 400, "invalid", "follows")
	o.refused(dora, "POST", "jobs", form("follows", "a job"), 400, "invalid", "follows")
	o.refused(dora, "POST", "jobs", form("client", form("uuid", a.str("id"))), 400, "invalid", "client")
	_, c := o.job(form("template", "Another system's"))
	c.is("template.name", "Another system's")
}

func TestAJobTakesThePlaceOfItsSiteElseOfItsClient(t *testing.T) {
	o := open(t)
	client := o.must(dora, "POST", "clients", form("name", "Hotel", "address", form("formatted", "Main street 1"), "contacts", list(form("name", "Reception", "value", "+49"))))
	site := o.must(dora, "POST", "sites", form("name", "Cellar", "client", client.str("id"), "address", form("formatted", "Back street 2")))
	site.is("client.uuid", client.str("id"), "client.name", "Hotel")
	path, a := o.job(form("client", client.str("id"), "site", form("uuid", site.str("id"), "name", "wrong")))
	a.is("client.name", "Hotel", "site.name", "Cellar", "address.formatted", "Back street 2", "contacts.0.name", "Reception")
	_, b := o.job(form("client", client.str("id"), "address", form("formatted", "Elsewhere")))
	b.is("address.formatted", "Elsewhere")
	o.must(dora, "PATCH", path, form("site", form("uuid", "from-another-system"))).is("site.uuid", "from-another-system")
	o.must(dora, "PATCH", path, form("site", site.str("id"))).is("site.name", "Cellar", "site.uuid", site.str("id"))
	o.refused(dora, "PATCH", path, form("site", client.str("id")), 400, "invalid", "site")
}

func TestTemplatesClientsAndSitesAreReadChangedAndArchived(t *testing.T) {
	o := open(t)
	for _, kind := range []string{"templates", "clients", "sites"} {
		a := o.must(dora, "POST", kind, form("name", "A", "external_id", "x"))
		path := kind + "/" + a.str("id")
		if a.Code != 201 || a.Header().Get("Location") != "/api/v1/"+path {
			t.Errorf("%d %v", a.Code, a.Header())
		}
		a.is("archived", false, "name", "A", "external_id", "x")
		b := o.must(erp, "PATCH", path, form("name", "B", "archived", true), "If-Match", a.etag())
		b.is("archived", true, "name", "B")
		o.refused(dora, "PATCH", path, form("name", "C"), 412, "changed", "", "If-Match", a.etag())
		o.must(dora, "PATCH", path, form("archived", nil)).is("archived", false, "name", "B")
		o.must(dora, "GET", path+"?at="+a.str("heads", 0), nil).is("name", "A")
		if w := o.ask(dora, "GET", path, nil, "If-None-Match", "*"); w.Code != 304 {
			t.Errorf("%d", w.Code)
		}
		o.refused(dora, "POST", kind, form("external_id", "x"), 400, "invalid", "name")
		o.refused(dora, "PATCH", path, form("name", ""), 400, "invalid", "name")
		o.refused(dora, "PATCH", path, form("archived", "yes"), 400, "invalid", "archived")
		o.refused(dora, "PATCH", path, form("colour", "red"), 400, "invalid", "colour")
		o.refused(dirk, "PATCH", path, form("name", "C"), 403, "forbidden", "")
		o.refused(dora, "GET", "jobs/"+a.str("id"), nil, 404, "not-found", "")
		o.refused(dora, "PATCH", "jobs/"+a.str("id"), form("title", "x"), 404, "not-found", "")
	}
}

func TestWhatAnOrganisationHasIsNotThereForAnother(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "Boiler", "assignees", list("anna")))
	client := o.must(dora, "POST", "clients", form("name", "Hotel"))
	missing := "jobs/" + o.must(rita, "POST", "jobs", form("title", "theirs")).str("id")
	for _, p := range []struct{ mine, none string }{{path, missing}, {"clients/" + client.str("id"), "clients/" + missing[5:]}} {
		for _, r := range []struct {
			method, path string
			body         any
		}{{"GET", "", nil}, {"PATCH", "", form("external_id", "x")}, {"POST", "/comments", form("text", "x")}, {"POST", "/status", form("status", "cancelled")}} {
			theirs := o.ask(rita, r.method, p.mine+r.path, r.body)
			nobodys := o.ask(dora, r.method, p.none+r.path, r.body)
			if theirs.Code != 404 || theirs.Body.String() != nobodys.Body.String() {
				t.Errorf("%s %s: %d %s; what is not there: %d %s", r.method, p.mine+r.path, theirs.Code, theirs.Body, nobodys.Code, nobodys.Body)
			}
		}
	}
	there := o.ask(rita, "POST", "jobs", form("follows", a.str("id")))
	none := o.ask(rita, "POST", "jobs", form("follows", crdt.DocID{1}.String()))
	if there.Code != 400 || there.Body.String() != none.Body.String() {
		t.Errorf("%s and %s", there.Body, none.Body)
	}
	o.refused(rita, "POST", "jobs", form("assignees", list("anna")), 400, "invalid", "assignees")
	o.refused(rita, "POST", missing+"/assignees", form("team", "heating"), 400, "invalid", "team")
}

func TestARequestThatIsRepeatedAfterACrashMakesNothingTwice(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("title", "Boiler", "assignees", list("anna"), "status", "published"))
	for name, r := range map[string]struct {
		path string
		body any
		list string // of the job that grows by one
	}{
		"job":        {"jobs", form("title", "New", "report_fields", list(form("name", "a", "field_type", "text"))), ""},
		"client":     {"clients", form("name", "New"), ""},
		"comment":    {path + "/comments", form("text", "x"), "comments"},
		"status":     {path + "/status", form("status", "en_route"), "status_log"},
		"attachment": {path + "/attachments", form("sha256", strings.Repeat("a", 64), "size", 1), "attachments"},
	} {
		key := []string{"Idempotency-Key", "key-" + name}
		first := o.must(dora, "POST", r.path, r.body, key...)
		o.forgetAnswers()
		o.reopen()
		again := o.must(dora, "POST", r.path, r.body, key...)
		if again.Header().Get("Idempotent-Replayed") != "" {
			t.Fatalf("%s: the answer was kept, so that this shows nothing", name)
		}
		if again.Code != first.Code || again.str("id") != first.str("id") || again.etag() != first.etag() {
			t.Errorf("%s: first %d %s, again %d %s", name, first.Code, first.Body, again.Code, again.Body)
		}
		if r.list != "" && len(again.at(r.list).([]any)) != len(first.at(r.list).([]any)) {
			t.Errorf("%s: %s", name, again.Body)
		}
		o.must(dora, "POST", r.path, r.body, key...)
	}
	o.forgetAnswers()
	o.clock = o.clock.Add(idempotency.Keep + 2*time.Hour)
	o.refused(dora, "POST", "jobs", form("title", "Another"), 422, "idempotency-key-reused", "", "Idempotency-Key", "key-job")
}

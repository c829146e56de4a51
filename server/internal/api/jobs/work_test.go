package jobs_test

import (
	"strings"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
)

func TestAJobIsWorkedOnByTheAPI(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "Boiler", "assignees", list("anna"), "status", "published",
		"report_fields", list(form("name", "Pressure", "field_type", "number", "required", true), form("name", "Remark", "field_type", "text")),
		"checklist", list(form("text", "Gas off")), "possible_resolutions", list(form("name", "repaired", "successful", true), form("name", "no access", "note_required", true))))
	pressure, item := a.str("report_fields", 0, "uuid"), a.str("checklist", 0, "uuid")
	o.refused(anna, "PUT", path+"/fields/"+pressure, form("value", 2.5), 409, "conflict", "")
	o.must(anna, "POST", path+"/status", form("status", "en_route", "location", form("latitude", 52.5, "longitude", 13.4, "accuracy_m", 8))).
		is("status", "en_route", "status_log.1.by", "anna", "status_log.1.location.accuracy_m", 8)
	o.must(anna, "POST", path+"/status", form("status", "started"))
	o.must(anna, "PUT", path+"/checklist/"+item, form("done", true)).is("checklist.0.done", true, "checklist.0.by", "anna")
	o.refused(anna, "POST", path+"/status", form("status", "finished"), 400, "invalid", "resolution")
	o.refused(anna, "POST", path+"/status", form("status", "finished", "resolution", "repaired"), 400, "invalid", "report_fields[0]")
	o.refused(anna, "PUT", path+"/fields/"+pressure, form("value", "much"), 400, "invalid", "report_fields."+pressure+".value")
	o.must(anna, "PUT", path+"/fields/"+pressure, form("value", 2.5)).is("report_fields.0.value", 2.5)
	o.refused(anna, "POST", path+"/status", form("status", "finished", "resolution", "no access"), 400, "invalid", "note")
	done := o.must(anna, "POST", path+"/status", form("status", "finished", "resolution", "repaired", "note", "new valve"))
	done.is("status", "finished", "resolution.name", "repaired", "resolution.successful", true, "resolution.note", "new valve")
	o.refused(anna, "POST", path+"/status", form("status", "published"), 409, "conflict", "")
	event := done.str("status_log", 3, "uuid")
	o.must(anna, "POST", path+"/status/"+event+"/undo", nil).is("status", "started", "status_log.4.by", "anna")
	o.refused(anna, "POST", path+"/status/"+event+"/undo", nil, 409, "conflict", "")
	o.refused(anna, "POST", path+"/status/nothing/undo", nil, 404, "not-found", "")
	o.must(dora, "POST", path+"/status", form("status", "cancelled")).is("status", "cancelled")
}

func TestWhenSomethingHappenedLiesNeitherLongAgoNorAhead(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("status", "published", "assignees", list("anna")))
	at := func(d time.Duration) string { return crdt.Timestamp(o.clock.Add(d).UnixMilli()).String() }
	for _, bad := range []string{at(-91 * 24 * time.Hour), at(6 * time.Minute)} {
		o.refused(dora, "POST", path+"/status", form("status", "started", "happened_at", bad), 400, "invalid", "happened_at")
		o.refused(dora, "POST", path+"/comments", form("text", "x", "happened_at", bad), 400, "invalid", "happened_at")
	}
	ago := at(-time.Hour)
	o.must(dora, "POST", path+"/status", form("status", "en_route", "happened_at", ago)).is("status_log.0.happened_at", ago)
	o.must(dora, "POST", path+"/status", form("status", "started")).is("status_log.2.happened_at", at(0))
}

func TestAssigneesAreUsersOfTheOrganisationAndOneFillsInTheReport(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("title", "Boiler"))
	o.must(dora, "POST", path+"/assignees", form("user", "anna")).is("assignees", "[map[edit:true user:anna]]")
	o.must(dora, "POST", path+"/assignees", form("user", "ben")).is("assignees", "[map[edit:true user:anna] map[edit:false user:ben]]")
	o.must(dora, "POST", path+"/assignees", form("user", "ben", "edit", true)).is("assignees", "[map[edit:false user:anna] map[edit:true user:ben]]")
	o.must(dora, "DELETE", path+"/assignees/ben", nil).is("assignees", "[map[edit:true user:anna]]")
	o.must(dora, "POST", path+"/assignees", form("team", "heating")).is("assignees", "[map[edit:true user:ben] map[edit:false user:carl]]")
	o.refused(dora, "DELETE", path+"/assignees/anna", nil, 404, "not-found", "")
	o.refused(dora, "POST", path+"/assignees", form("user", "nobody"), 400, "invalid", "user")
	o.refused(dora, "POST", path+"/assignees", form("team", "nobody"), 400, "invalid", "team")
	o.refused(dora, "POST", path+"/assignees", form(), 400, "invalid", "user")
	o.refused(dora, "POST", path+"/assignees", form("team", "heating", "user", "anna"), 400, "invalid", "user")
	o.refused(dora, "PATCH", path, form("assignees", list("anna", "nobody")), 400, "invalid", "assignees")
	o.refused(dora, "PATCH", path, form("assignees", form("nobody", form("edit", false))), 400, "invalid", "assignees")
	o.refused(dora, "POST", "jobs", form("assignees", list(form("user", "nobody", "edit", true))), 400, "invalid", "assignees")
}

func TestCommentsAndFilesAreAddedAndTakenAwayByWhoeverMay(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("assignees", list("anna"), "status", "published"))
	a := o.must(anna, "POST", path+"/comments", form("text", "The key is missing"))
	a.is("comments.0.text", "The key is missing", "comments.0.by", "anna")
	hers := path + "/comments/" + a.str("comments", 0, "uuid")
	b := o.must(dora, "POST", path+"/comments", form("text", "Ask the janitor"))
	his := ""
	for i := range 2 {
		if b.str("comments", i, "by") == "dora" {
			his = path + "/comments/" + b.str("comments", i, "uuid")
		}
	}
	o.must(anna, "PATCH", hers, form("text", "The key was missing"))
	o.refused(anna, "PATCH", his, form("text", "x"), 403, "forbidden", "")
	o.refused(anna, "DELETE", his, nil, 403, "forbidden", "")
	o.must(dora, "DELETE", his, nil).is("comments.0.text", "The key was missing")
	o.refused(dora, "DELETE", his, nil, 404, "not-found", "")
	o.refused(dora, "POST", path+"/comments", form("text", ""), 400, "invalid", "text")

	file := o.must(anna, "POST", path+"/attachments", form("sha256", strings.Repeat("ab", 32), "size", 10, "name", "a.jpg", "media_type", "image/jpeg"))
	file.is("attachments.0.by", "anna", "attachments.0.name", "a.jpg")
	o.refused(anna, "POST", path+"/attachments", form("sha256", "AB", "size", 10), 400, "invalid", "sha256")
	o.refused(anna, "POST", path+"/attachments", form("sha256", strings.Repeat("ab", 32), "size", 10, "field", "nothing"), 404, "not-found", "")
	o.must(anna, "DELETE", path+"/attachments/"+file.str("attachments", 0, "uuid"), nil).is("attachments", "[]")
}

func TestAClashIsShownAndSettled(t *testing.T) {
	o := open(t)
	path, a := o.job(form("title", "Boiler", "assignees", list("anna"), "status", "published"))
	started := o.must(anna, "POST", path+"/status", form("status", "started"))
	edits, err := job.AddEvent(job.Event{ID: "offline", Status: job.Finished, HappenedAt: 5, By: "anna", After: lastOf(started, "status_log")})
	if err != nil {
		t.Fatal(err)
	}
	o.must(dora, "POST", path+"/status", form("status", "cancelled", "note", "called off"))
	o.byPhone(anna, path, headsOf(started), edits...)
	c := o.must(dora, "GET", path, nil)
	c.is("status", "finished", "clash", true, "clashes.0.kind", "status", "clashes.0.values.1.value", "cancelled")
	o.refused(dora, "POST", path+"/clashes/settle", form("field", "title", "value", 0), 404, "not-found", "")
	o.refused(dora, "POST", path+"/clashes/settle", form("field", "status", "value", 7), 400, "invalid", "")
	o.refused(dora, "POST", path+"/clashes/settle", form("field", "status", "value", 1), 412, "changed", "", "If-Match", a.etag())
	o.must(dora, "POST", path+"/clashes/settle", form("field", "status", "value", 1), "If-Match", c.etag()).is("status", "cancelled", "clash", false, "clashes", "[]")
}

// lastOf is the id of the last event of a job.
func lastOf(a answer, key string) []string {
	all := a.at(key).([]any)
	return []string{a.str(key, len(all)-1, "uuid")}
}

func TestWorkersDoWhatWorkersMay(t *testing.T) {
	o := open(t)
	path, _ := o.job(form("title", "Boiler", "assignees", list("anna"), "status", "published"))
	for _, r := range []struct {
		method, path string
		body         any
	}{
		{"POST", path + "/assignees", form("user", "ben")},
		{"PATCH", path, form("assignees", list("ben"))},
		{"DELETE", path + "/assignees/anna", nil},
	} {
		if a := o.ask(dirk, r.method, r.path, r.body); a.Code != 403 {
			t.Errorf("a director: %s %s: %d %s", r.method, r.path, a.Code, a.Body)
		}
		if a := o.ask(ben, r.method, r.path, r.body); a.Code != 404 {
			t.Errorf("a worker whose job it is not: %s %s: %d %s", r.method, r.path, a.Code, a.Body)
		}
	}
	o.must(anna, "GET", path, nil)
}

func TestAWorkerMakesJobsFromTemplatesThatAreMeantForIt(t *testing.T) {
	o := open(t)
	open := o.must(dora, "POST", "templates", form("name", "Fault", "worker_create", true, "report_fields", list(form("name", "What", "field_type", "text"))))
	closed := o.must(dora, "POST", "templates", form("name", "Inspection"))
	o.listed(anna, "templates", 2)
	a := o.must(anna, "POST", "jobs", form("template", open.str("id"), "title", "Found a leak", "status", "published"))
	a.is("assignees", "[map[edit:true user:anna]]", "report_fields.0.name", "What", "created_by", "user:anna")
	o.must(anna, "POST", "jobs/"+a.str("id")+"/status", form("status", "started"))
	o.refused(anna, "POST", "jobs", form("template", closed.str("id")), 403, "forbidden", "")
	o.refused(anna, "POST", "jobs", form("title", "Mine"), 403, "forbidden", "")
	o.refused(anna, "POST", "jobs", form("template", open.str("id"), "assignees", list("ben")), 403, "forbidden", "")
	o.refused(anna, "POST", "clients", form("name", "Mine"), 403, "forbidden", "")
	o.refused(anna, "PATCH", "templates/"+open.str("id"), form("name", "Mine"), 403, "forbidden", "")
	o.refused(dirk, "POST", "jobs", form("title", "Mine"), 403, "forbidden", "")
}

func TestWhatAWorkerMayNotWriteOfAJobIsRefused(t *testing.T) {
	o := open(t)
	path, first := o.job(form("title", "Before", "assignees", list(form("user", "anna", "edit", true), form("user", "ben", "edit", false)), "status", "published",
		"report_fields", list(form("uuid", "f", "name", "Pressure", "field_type", "number"))))
	changed := o.must(dora, "PATCH", path, form("title", "Boiler"))
	o.must(anna, "POST", path+"/status", form("status", "started"))
	for _, c := range []struct {
		as           access.Principal
		method, path string
		body         any
	}{
		{anna, "PATCH", path, form("title", "Mine")},
		{anna, "PATCH", path, form("scheduled_at", "2026-11-24T09:30:00Z")},
		{anna, "POST", path + "/assignees", form("user", "carl")},
		{anna, "POST", path + "/restore", form("heads", first.at("heads"), "fields", list("title"))},
		{anna, "POST", path + "/history/" + changed.str("heads", 0) + "/undo", nil},
		{ben, "POST", path + "/status", form("status", "paused")},
		{ben, "PUT", path + "/fields/f", form("value", 3)},
	} {
		if a := o.ask(c.as, c.method, c.path, c.body); a.Code != 403 && a.Code != 409 {
			t.Errorf("%s %s as %s: %d %s", c.method, c.path, c.as.ID, a.Code, a.Body)
		}
	}
	o.must(ben, "POST", path+"/comments", form("text", "I look on"))
	o.must(anna, "PUT", path+"/fields/f", form("value", 3))
	o.must(dora, "GET", path, nil).is("title", "Boiler", "scheduled_at", nil, "status", "started", "report_fields.0.value", 3)
}

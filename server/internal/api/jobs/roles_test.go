package jobs_test

import (
	"strconv"
	"strings"
	"testing"

	"fieldsync/server/internal/access"
)

// TestEveryRoleAndOperation is the whole table: who is answered what. Anna fills in the job's report, ben looks on, carl has nothing to do
// with it.
func TestEveryRoleAndOperation(t *testing.T) {
	carl := person(access.RoleWorker, "carl")
	who := []access.Principal{person(access.RoleOwner, "dora"), person(access.RoleAdministrator, "dora"), dora, erp, dirk, anna, ben, carl, rita}
	const all = "200 200 200 200"
	o := open(t)
	for _, c := range []struct {
		method, path string
		body         any
		want         string // owner, administrator, dispatcher, integration, director, editor, viewer, another worker, another organisation
	}{
		{"GET", "JOB", nil, all + " 200 200 200 404 404"},
		{"GET", "JOB/history", nil, all + " 200 200 200 404 404"},
		{"GET", "JOB/history/events", nil, all + " 200 200 200 404 404"},
		{"GET", "JOB/history/export", nil, all + " 200 200 200 404 404"},
		{"GET", "JOB/history/CHANGE", nil, all + " 200 200 200 404 404"},
		{"GET", "JOB/status/EVENT/knew", nil, all + " 200 200 200 404 404"},
		{"PATCH", "JOB", form("title", "Another"), all + " 403 403 403 404 404"},
		{"PATCH", "JOB", form("assignees", form("carl", form("edit", false))), "409 409 409 409 409 409 409 404 400"},
		{"POST", "JOB/status", form("status", "paused"), all + " 403 200 403 404 404"},
		{"POST", "JOB/status", form("status", "cancelled"), all + " 409 409 409 404 404"},
		{"POST", "JOB/status/EVENT/undo", nil, all + " 409 200 409 404 404"},
		{"POST", "JOB/comments", form("text", "x"), all + " 403 200 200 404 404"},
		{"PATCH", "JOB/comments/COMMENT", form("text", "y"), all + " 403 200 403 404 404"},
		{"DELETE", "JOB/comments/COMMENT", nil, all + " 403 200 403 404 404"},
		{"PUT", "JOB/fields/report", form("value", 3), all + " 403 200 403 404 404"},
		{"PUT", "JOB/fields/custom", form("value", 3), all + " 403 403 403 404 404"},
		{"PUT", "JOB/checklist/item", form("done", true), all + " 403 200 403 404 404"},
		{"POST", "JOB/attachments", form("sha256", strings.Repeat("a", 64), "size", 1), all + " 403 200 403 404 404"},
		{"POST", "JOB/history/CHANGE/undo", nil, all + " 403 200 403 404 404"},
		{"POST", "JOB/restore", form("heads", []string{"FIRST"}, "fields", list("title")), all + " 403 403 403 404 404"},
		{"POST", "JOB/assignees", form("user", "carl"), "409 409 409 409 409 409 409 404 400"},
		{"DELETE", "JOB/assignees/ben", nil, "409 409 409 409 409 409 409 404 404"},
		{"POST", "jobs", form("title", "New"), "201 201 201 201 403 403 403 403 201"},
		{"POST", "templates", form("name", "New"), "201 201 201 201 403 403 403 403 201"},
		{"POST", "clients", form("name", "New"), "201 201 201 201 403 403 403 403 201"},
		{"POST", "sites", form("name", "New"), "201 201 201 201 403 403 403 403 201"},
		{"GET", "TEMPLATE", nil, all + " 200 200 200 200 404"},
		{"PATCH", "TEMPLATE", form("name", "Another"), all + " 403 403 403 403 404"},
		{"GET", "CLIENT", nil, all + " 200 404 404 404 404"},
		{"PATCH", "CLIENT", form("name", "Another"), all + " 403 404 404 404 404"},
		{"GET", "jobs", nil, all + " 200 200 200 200 200"},
		{"GET", "templates", nil, all + " 200 200 200 200 200"},
		{"GET", "clients", nil, all + " 200 403 403 403 200"},
		{"GET", "sites", nil, all + " 200 403 403 403 200"},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			var got []string
			for _, p := range who { // each on things of its own
				got = append(got, o.answered(p, c.method, c.path, c.body))
			}
			if strings.Join(got, " ") != c.want {
				t.Errorf("got  %s\nwant %s", strings.Join(got, " "), c.want)
			}
		})
	}
}

// answered makes a job that anna has begun, and asks for something of it.
func (o *office) answered(p access.Principal, method, path string, body any) string {
	o.t.Helper()
	job, first := o.job(form("title", "Boiler", "status", "published", "assignees", list(form("user", "anna", "edit", true), form("user", "ben", "edit", false)),
		"report_fields", list(form("uuid", "report", "name", "R", "field_type", "number")), "custom_fields", list(form("uuid", "custom", "name", "C", "field_type", "number")),
		"checklist", list(form("uuid", "item", "text", "I"))))
	if strings.Contains(path, "restore") {
		o.must(dora, "PATCH", job, form("title", "Changed"))
	}
	said := o.must(anna, "POST", job+"/comments", form("text", "x"))
	begun := o.must(anna, "POST", job+"/status", form("status", "started"))
	path = strings.NewReplacer("JOB", job, "EVENT", lastOf(begun, "status_log")[0], "COMMENT", said.str("comments", 0, "uuid"), "CHANGE", begun.str("heads", 0),
		"TEMPLATE", "templates/"+o.must(dora, "POST", "templates", form("name", "T")).str("id"),
		"CLIENT", "clients/"+o.must(dora, "POST", "clients", form("name", "C")).str("id")).Replace(path)
	if f, ok := body.(map[string]any); ok && f["heads"] != nil {
		body = form("heads", first.at("heads"), "fields", f["fields"])
	}
	a := o.ask(p, method, path, body)
	return strconv.Itoa(a.Code)
}

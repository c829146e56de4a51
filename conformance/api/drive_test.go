package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func form(kv ...any) map[string]any {
	m := map[string]any{}
	for i := 0; i+1 < len(kv); i += 2 {
		m[kv[i].(string)] = kv[i+1]
	}
	return m
}

func list(v ...any) []any { return v }

// elsewhere are the operations that succeed only beside an object storage: here they are driven to their described failure,
// conformance/uploads drives them to success.
var elsewhere = []string{"direct-file", "confirm-file"}

// TestEveryOperationIsAsTheDescriptionSays drives each operation at least once to success, and many to failure. Whoever adds an operation
// drives it here.
func TestEveryOperationIsAsTheDescriptionSays(t *testing.T) {
	i := newIssuer(t)
	s := start(t, "--webhook-allow", "127.0.0.1", "--push-allow", "127.0.0.1", "--oidc-issuer", i.URL, "--oidc-client-id", "us", "--oidc-org", "acme", "--oidc-claim", "preferred_username")
	s.driveDescription()
	s.driveSession()
	s.driveOIDC(i)
	s.driveAccounts()
	tpl := s.drivePlans()
	s.driveJobs(tpl)
	s.driveEvents()
	s.driveWebhooks()
	s.drivePush()
	s.driveStop()
	for _, op := range s.operations() {
		succeeded := false
		for status := range s.seen[op] {
			succeeded = succeeded || status < 400 || slices.Contains(elsewhere, op)
		}
		if !succeeded {
			t.Errorf("operation %s was not driven to success: %v", op, s.seen[op])
		}
	}
	for op := range s.seen {
		if op != "" && !slices.Contains(s.operations(), op) {
			t.Errorf("%s is not described", op)
		}
	}
}

func (s *server) driveDescription() {
	a := s.valid("", "GET", "openapi.json", nil, 200)
	s.valid("", "GET", "openapi.json", nil, 304, "If-None-Match", a.header.Get("ETag"))
	s.valid("", "GET", "openapi.yaml", nil, 200)
	for _, path := range []string{"openapi", "nothing", "jobs/a/b/c/d"} {
		if a := s.do("dora", "GET", path, nil); a.status != 404 || a.at("code") != "not-found" {
			s.t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	if a := s.do("dora", "DELETE", "jobs", nil); a.status != 405 || a.at("code") != "method-not-allowed" || a.header.Get("Allow") == "" {
		s.t.Errorf("%d %s", a.status, a.body)
	}
}

func (s *server) drivePlans() (template string) {
	for _, kind := range []string{"templates", "clients", "sites"} {
		f := form("name", "A "+kind, "external_ids", form("erp", "1"), "address", form("formatted", "Main street", "geolocation", form("longitude", 13.4, "latitude", 52.5)))
		if kind == "templates" {
			f["report_fields"] = list(form("name", "Pressure", "field_type", "number"), form("name", "State", "field_type", "pick_list", "options", list("good", "bad")))
			f["worker_create"] = true
		}
		a := s.valid("dora", "POST", kind, f, 201, "Idempotency-Key", "make-"+kind)
		s.valid("dora", "POST", kind, f, 201, "Idempotency-Key", "make-"+kind)
		s.valid("dora", "POST", kind, form("name", "Another"), 422, "Idempotency-Key", "make-"+kind)
		path := kind + "/" + a.str("id")
		s.valid("dirk", "GET", path, nil, 200)
		s.valid("dirk", "GET", kind+"?q=a&sort=-updated_at&archived=true&total=true&limit=1", nil, 200)
		s.valid("rita", "GET", kind, nil, 200)
		s.valid("dora", "GET", path, nil, 304, "If-None-Match", a.header.Get("ETag"))
		s.valid("rita", "GET", path, nil, 404)
		b := s.valid("key", "PATCH", path, form("description", "more", "contacts", form("c1", form("name", "Janitor", "type", "phone", "value", "+49")), "external_id", nil), 200, "If-Match", a.header.Get("ETag"))
		s.valid("key", "PATCH", path, form("archived", true), 412, "If-Match", a.header.Get("ETag"))
		s.valid("key", "PATCH", path, form("archived", true), 200)
		s.valid("key", "GET", path+"?at="+b.str("heads", 0), nil, 200)
		s.valid("key", "PATCH", path, form("archived", false), 200)
		s.valid("dirk", "PATCH", path, form("archived", true), 403)
		if kind == "templates" {
			template = a.str("id")
		}
	}
	return template
}

func (s *server) driveJobs(template string) {
	a := s.valid("key", "POST", "jobs", form("template", template, "title", "Boiler", "assignees", list(form("user", s.ids["anna"], "edit", true)), "status", "published",
		"scheduled_at", "2026-11-24T09:30:00Z", "scheduled_duration", form("minutes", 90), "skills", list("gas"), "checklist", list(form("text", "Gas off")),
		"contacts", list(form("name", "Janitor")), "possible_resolutions", list(form("name", "repaired", "successful", true)), "client", "A hotel", "external_id", "4711"), 201,
		"Idempotency-Key", "make-job", "Fieldsync-Mute", "true")
	path := "jobs/" + a.str("id")
	s.valid("anna", "GET", path, nil, 200)
	s.valid("anna", "GET", path, nil, 304, "If-None-Match", a.header.Get("ETag"))
	s.valid("ben", "GET", path, nil, 404)
	s.valid("", "GET", path, nil, 401)
	s.valid("dora", "PATCH", path, form("description", "No hot water", "territory", "North", "assignees", form(s.ids["ben"], form("edit", false)), "scheduled_at", nil), 200)
	s.valid("dora", "PATCH", path, form("title", "x"), 412, "If-Match", a.header.Get("ETag"))
	s.valid("anna", "POST", "receipts", form("receipts", list(form("job", a.str("id"), "heads", list(a.str("heads", 0)), "seen", list(a.str("heads", 0))))), 200)
	s.valid("dora", "POST", "receipts", form("ask", list(a.str("id"))), 200)
	s.valid("key", "POST", "receipts", form("ask", list(a.str("id"))), 403)
	s.valid("dora", "POST", "receipts", form("ask", 1), 400)
	s.valid("anna", "POST", path+"/status", form("status", "started", "location", form("latitude", 52.5, "longitude", 13.4)), 200)
	c := s.valid("anna", "POST", path+"/comments", form("text", "I am there"), 200)
	comment := path + "/comments/" + c.str("comments", 0, "uuid")
	s.valid("anna", "PATCH", comment, form("text", "I was there"), 200)
	s.valid("anna", "DELETE", comment, nil, 200)
	s.valid("anna", "PUT", path+"/fields/"+c.str("report_fields", 0, "uuid"), form("value", 2.5), 200)
	s.valid("anna", "PUT", path+"/fields/"+c.str("report_fields", 1, "uuid"), form("value", "ugly"), 400)
	s.valid("anna", "PUT", path+"/checklist/"+c.str("checklist", 0, "uuid"), form("done", true), 200)
	s.driveFiles(path, a.str("id"))
	s.valid("anna", "POST", path+"/status", form("status", "finished"), 400)
	s.valid("anna", "POST", path+"/status", form("status", "finished", "resolution", "repaired"), 200)
	f := s.valid("dora", "GET", path, nil, 200)
	log := f.at("status_log").([]any)
	s.valid("anna", "POST", path+"/status/"+f.str("status_log", len(log)-1, "uuid")+"/undo", nil, 200)
	s.valid("dora", "POST", path+"/status", form("status", "cancelled"), 200)
	s.valid("dora", "POST", path+"/status", form("status", "en_route"), 409)
	s.valid("dora", "GET", path+"?at="+a.str("heads", 0), nil, 200)

	s.driveHistory(path, a, f.str("status_log", len(log)-1, "uuid"))
	waitFor(s.t, "the job in the list", func() bool {
		rows, _ := s.valid("dora", "GET", "jobs?external_id=4711&total=true&status=cancelled,finished&scheduled_to=2099-01-01T00:00:00Z&updated_since=2020-01-01T00:00:00Z", nil, 200).at("jobs").([]any)
		all, _ := s.valid("anna", "GET", "jobs?sort=-updated_at", nil, 200).at("jobs").([]any)
		return len(rows) == 0 && len(all) > 0 // it has no time any more, so that no range of times holds it
	})
	s.valid("dora", "GET", "jobs?sort=colour", nil, 400)
	s.valid("dora", "GET", "jobs?q=boiler&skill=gas&limit=1", nil, 200)

	b := s.valid("dora", "POST", "jobs", form("follows", a.str("id")), 201)
	plan := "jobs/" + b.str("id")
	s.valid("dora", "POST", plan+"/assignees", form("user", s.ids["anna"]), 200)
	s.valid("dora", "DELETE", plan+"/assignees/"+s.ids["anna"], nil, 200)
	s.valid("dora", "POST", plan+"/clashes/settle", form("field", "title", "value", 0), 404)
	s.clash(plan, "external_order_id")
	c = s.valid("dora", "GET", plan, nil, 200)
	s.valid("dora", "POST", plan+"/clashes/settle", form("field", c.str("clashes", 0, "field"), "value", 1), 200, "If-Match", c.header.Get("ETag"))
}

func (s *server) driveHistory(path string, first answer, finished string) {
	h := s.valid("dora", "GET", path+"/history?limit=2&fold=true", nil, 200)
	s.valid("dora", "GET", path+"/history?after="+h.str("next"), nil, 200)
	s.valid("dora", "GET", path+"/history?oldest=true&path=status_log&since="+first.str("heads", 0), nil, 200)
	s.valid("dora", "GET", path+"/history/events?oldest=true", nil, 200)
	s.valid("dora", "GET", path+"/history/export", nil, 200)
	s.valid("rita", "GET", path+"/history/export", nil, 404)
	s.valid("dora", "GET", path+"/history/"+first.str("heads", 0), nil, 200)
	s.valid("dora", "GET", path+"/status/"+finished+"/knew", nil, 200)
	b := s.valid("dora", "PATCH", path, form("title", "Wrong"), 200)
	s.valid("dora", "POST", path+"/history/"+b.str("heads", 0)+"/undo", nil, 200)
	s.valid("dora", "POST", path+"/history/"+first.str("heads", 0)+"/undo", nil, 409)
	s.valid("dora", "POST", path+"/restore", form("heads", list(first.str("heads", 0)), "fields", list("title", "description")), 200)
}

func (s *server) driveFiles(path, id string) {
	bytes := []byte("a picture")
	sum := sha256.Sum256(bytes)
	name := hex.EncodeToString(sum[:])
	s.valid("anna", "PUT", "files/"+name+"?job="+id, bytes, 201, "Content-Type", "application/octet-stream")
	s.valid("anna", "PUT", "files/"+name+"?job="+id, bytes, 200, "Content-Type", "application/octet-stream")
	a := s.valid("anna", "POST", path+"/attachments", form("sha256", name, "size", len(bytes), "name", "a.jpg", "media_type", "image/jpeg"), 200)
	s.valid("anna", "GET", path+"/files", nil, 200)
	s.valid("anna", "GET", "files/"+name+"?job="+id, nil, 200)
	s.valid("anna", "GET", "files/"+name+"?job="+id, nil, 206, "Range", "bytes=0-2")
	s.valid("rita", "GET", "files/"+name+"?job="+id, nil, 404)
	s.valid("anna", "POST", "files/"+name+"/claim?job="+id, form("size", len(bytes), "from", id), 200)
	s.valid("anna", "POST", "files/"+name+"/direct?job="+id, form("size", len(bytes)), 404)
	s.valid("anna", "POST", "files/"+name+"/confirm?job="+id, form("token", "t"), 404)
	s.driveUploads(id)
	s.valid("anna", "DELETE", path+"/attachments/"+a.str("attachments", 0, "uuid"), nil, 200)
}

func (s *server) driveUploads(id string) {
	bytes := "a picture in pieces"
	sum := sha256.Sum256([]byte(bytes))
	var metadata []string
	for k, v := range map[string]string{"sha256": hex.EncodeToString(sum[:]), "job": id, "filename": "b.jpg", "filetype": "image/jpeg"} {
		metadata = append(metadata, k+" "+base64.StdEncoding.EncodeToString([]byte(v)))
	}
	tus := []string{"Tus-Resumable", "1.0.0"}
	chunk := append(tus, "Content-Type", "application/offset+octet-stream")
	s.valid("", "OPTIONS", "uploads", nil, 200)
	for _, finish := range []bool{true, false} {
		a := s.valid("anna", "POST", "uploads", nil, 201, append(tus, "Upload-Length", fmt.Sprint(len(bytes)), "Upload-Metadata", strings.Join(metadata, ","))...)
		_, path, _ := strings.Cut(a.header.Get("Location"), "/api/v1/")
		s.valid("anna", "PATCH", path, bytes[:5], 204, append(chunk, "Upload-Offset", "0")...)
		s.valid("anna", "HEAD", path, nil, 200, tus...)
		s.valid("anna", "PATCH", path, bytes[5:], 409, append(chunk, "Upload-Offset", "7")...)
		if finish {
			s.valid("anna", "PATCH", path, bytes[5:], 204, append(chunk, "Upload-Offset", "5")...)
		} else {
			s.valid("anna", "DELETE", path, nil, 204, tus...)
		}
	}
}

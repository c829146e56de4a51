package jobs_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"fieldsync/server/internal/access"
)

// listed are the titles or names of a list, once it has as many as wanted: the index follows the documents.
func (o *office) listed(p access.Principal, path string, want int) (out []string) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		a := o.must(p, "GET", path, nil)
		out = nil
		for _, key := range []string{"jobs", "templates", "clients", "sites"} {
			rows, _ := a.json[key].([]any)
			for _, row := range rows {
				m := row.(map[string]any)
				name, ok := m["title"]
				if !ok {
					name = m["name"]
				}
				out = append(out, fmt.Sprint(name))
			}
		}
		if len(out) == want {
			return out
		}
		select {
		case <-ctx.Done():
			o.t.Fatalf("%s lists %v, want %d", path, out, want)
		case <-tick.C:
		}
	}
}

func TestJobsAreListedByFilterOrderAndPage(t *testing.T) {
	o := open(t)
	for i, title := range []string{"Boiler", "Lift", "Radiator", "Pump"} {
		o.job(form("title", title, "status", []string{"scheduled", "published"}[i%2], "scheduled_at", fmt.Sprintf("2026-11-2%dT09:30:00Z", 4-i), "territory", "North",
			"assignees", []any{list(), list("anna")}[i%2], "external_ids", form("erp", fmt.Sprint(i))))
	}
	for path, want := range map[string][]string{
		"jobs":                    {"Pump", "Radiator", "Lift", "Boiler"},
		"jobs?sort=-scheduled_at": {"Boiler", "Lift", "Radiator", "Pump"},
		"jobs?status=published":   {"Pump", "Lift"},
		"jobs?status=published,scheduled&limit=200": {"Pump", "Radiator", "Lift", "Boiler"},
		"jobs?assignee=anna":                        {"Pump", "Lift"},
		"jobs?unassigned=true":                      {"Radiator", "Boiler"},
		"jobs?external_id=erp:2":                    {"Radiator"},
		"jobs?scheduled_from=2026-11-23T00:00:00Z&scheduled_to=2026-11-24T00:00:00%2B00:00": {"Lift"},
		"jobs?territory=North&q=radi": {"Radiator"},
		"jobs?territory=South":        nil,
	} {
		if got := o.listed(dora, path, len(want)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", path, got, want)
		}
	}
	var all []string
	next := ""
	for range 4 {
		a := o.must(dirk, "GET", "jobs?limit=1&total=true&cursor="+next, nil)
		all = append(all, a.str("jobs", 0, "title"))
		if next == "" {
			a.is("total", 4)
		}
		next, _ = a.at("next").(string)
	}
	if !slices.Equal(all, []string{"Pump", "Radiator", "Lift", "Boiler"}) || next != "" {
		t.Errorf("page by page: %v, and then %q", all, next)
	}
	row := o.must(dora, "GET", "jobs?q=boiler", nil)
	if got := o.must(dora, "GET", "jobs/"+row.str("jobs", 0, "id"), nil); got.etag() != row.str("jobs", 0, "etag") {
		t.Errorf("the row's tag is %s, the job's %s", row.str("jobs", 0, "etag"), got.etag())
	}
	for path, field := range map[string]string{
		"jobs?status=done": "query.status[0]", "jobs?limit=201": "query.limit", "jobs?limit=x": "query.limit", "jobs?sort=title": "query.sort", "jobs?sort=relevance": "query.sort",
		"jobs?scheduled_from=yesterday": "query.scheduled_from", "jobs?cursor=x": "query.cursor", "jobs?assigne=anna": "query.assigne", "jobs?q=%2B": "query.q",
		"templates?sort=scheduled_at": "query.sort",
	} {
		o.refused(dora, "GET", path, nil, 400, "invalid", field)
	}
}

func TestAWorkerListsWhatIsHisAndTemplates(t *testing.T) {
	o := open(t)
	o.job(form("title", "Hers", "assignees", list("anna"), "status", "published"))
	o.job(form("title", "His", "assignees", list("ben"), "status", "published"))
	o.must(dora, "POST", "templates", form("name", "T"))
	o.must(dora, "POST", "clients", form("name", "C"))
	o.listed(dora, "jobs", 2)
	if got := o.listed(anna, "jobs", 1); got[0] != "Hers" {
		t.Errorf("%v", got)
	}
	o.listed(anna, "jobs?assignee=ben", 0)
	o.listed(anna, "templates", 1)
	o.refused(anna, "GET", "clients", nil, 403, "forbidden", "")
	o.refused(anna, "GET", "sites", nil, 403, "forbidden", "")
	o.listed(dirk, "clients", 1)
	o.listed(rita, "jobs", 0)
	o.listed(rita, "templates", 0)
}

func TestWhatIsArchivedIsListedWhereThatIsAskedFor(t *testing.T) {
	o := open(t)
	for _, kind := range []string{"templates", "clients", "sites"} {
		a := o.must(dora, "POST", kind, form("name", "B"))
		o.must(dora, "POST", kind, form("name", "A", "external_id", "4711"))
		o.listed(dora, kind+"?sort=-name", 2)
		o.must(dora, "PATCH", kind+"/"+a.str("id"), form("archived", true))
		if got := o.listed(dora, kind, 1); got[0] != "A" {
			t.Errorf("%v", got)
		}
		if got := o.listed(dora, kind+"?archived=true&sort=name", 2); got[0] != "A" {
			t.Errorf("%v", got)
		}
		o.listed(dora, kind+"?external_id=4711", 1)
	}
}

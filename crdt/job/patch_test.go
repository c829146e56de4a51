package job_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

const whole = `{
	"title": "Boiler", "description": "Leaks.", "serial_no": "17", "external_id": "x", "client": {"uuid": "c1", "name": "Miller"}, "territory": {"name": "North"},
	"scheduled_at": "2026-11-24T09:30:00.000Z", "scheduled_duration": {"minutes": 90}, "skills": ["gas"], "external_ids": {"erp": "4711"},
	"address": {"formatted": "Main St 1", "floor": "2", "geolocation": {"longitude": 13.4, "latitude": 52.5}},
	"assignees": [{"user": "anna", "edit": true}, {"user": "ben", "edit": false}],
	"contacts": [{"uuid": "k1", "name": "Tenant", "type": "phone", "value": "+49 30 1"}],
	"possible_resolutions": [{"uuid": "r1", "name": "Done", "successful": true, "note_required": false}, {"uuid": "r2", "name": "Nobody there", "successful": false, "note_required": true}],
	"custom_fields": [{"uuid": "f0", "name": "Order", "field_type": "number", "value": 5}],
	"report_fields": [{"uuid": "f1", "name": "Remarks", "field_type": "text", "required": true},
		{"uuid": "f2", "name": "Colour", "field_type": "pick_list", "options": ["red", "green"]},
		{"uuid": "f3", "name": "Photos", "field_type": "photo"}, {"uuid": "f4", "name": "Secret", "field_type": "text", "hidden": true},
		{"uuid": "f5", "name": "Meter", "field_type": "number", "read_only": true}],
	"checklist": [{"uuid": "i1", "text": "Gas off", "done": false}, {"uuid": "i2", "text": "Gas on", "done": false}]
}`

// wrong are values that nobody may write, each with the field that the error must name.
var wrong = []struct{ patch, field string }{
	{`{"title": 5}`, "title"},
	{`{"title": "two\nlines"}`, "title"},
	{`{"title": "` + strings.Repeat("ä", job.MaxLine+1) + `"}`, "title"},
	{`{"description": "` + strings.Repeat("a", job.MaxText+1) + `"}`, "description"},
	{`{"description": "\u0000"}`, "description"},
	{`{"description": ["a"]}`, "description"},
	{`{"client": 5}`, "client"},
	{`{"client": {"uuid": 5}}`, "client.uuid"},
	{`{"client": {"name": "a\tb"}}`, "client.name"},
	{`{"client": {"phone": "5"}}`, "client.phone"},
	{`{"scheduled_at": "tomorrow"}`, "scheduled_at"},
	{`{"scheduled_at": 1790000000000}`, "scheduled_at"},
	{`{"scheduled_duration": 90}`, "scheduled_duration"},
	{`{"scheduled_duration": {"minutes": -1}}`, "scheduled_duration.minutes"},
	{`{"scheduled_duration": {"minutes": 1.5}}`, "scheduled_duration.minutes"},
	{`{"scheduled_duration": {"minutes": 600000}}`, "scheduled_duration.minutes"},
	{`{"scheduled_duration": {"minutes": "90"}}`, "scheduled_duration.minutes"},
	{`{"scheduled_duration": {"hours": 1}}`, "scheduled_duration.hours"},
	{`{"skills": "gas"}`, "skills"},
	{`{"skills": ["gas", ""]}`, "skills[1]"},
	{`{"skills": ["` + strings.Repeat("a", job.MaxID+1) + `"]}`, "skills[0]"},
	{`{"external_ids": {"erp": 5}}`, "external_ids.erp"},
	{`{"external_ids": ["erp"]}`, "external_ids"},
	{`{"external_ids": {"": "a"}}`, "external_ids."},
	{`{"address": "Main St"}`, "address"},
	{`{"address": {"floor": 2}}`, "address.floor"},
	{`{"address": {"geolocation": {"longitude": 181}}}`, "address.geolocation.longitude"},
	{`{"address": {"geolocation": {"latitude": -90.5}}}`, "address.geolocation.latitude"},
	{`{"address": {"geolocation": {"latitude": null}}}`, "address.geolocation.latitude"},
	{`{"address": {"geolocation": {"longitude": "13"}}}`, "address.geolocation.longitude"},
	{`{"assignees": [{"user": "anna"}, {"user": "ben"}]}`, "assignees"},
	{`{"assignees": [{"user": "anna", "edit": true}, {"user": "ben", "edit": true}]}`, "assignees"},
	{`{"assignees": [{"user": "anna", "edit": false}]}`, "assignees"},
	{`{"assignees": {"anna": null}}`, "assignees"}, // ben only looks on
	{`{"assignees": [{"edit": true}]}`, "assignees[0].user"},
	{`{"assignees": [{"user": "carl", "edit": "yes"}]}`, "assignees[0].edit"},
	{`{"assignees": ["anna", "anna"]}`, "assignees[1]"},
	{`{"assignees": [{"user": "anna", "edit": true, "name": "Anna"}]}`, "assignees[0].name"},
	{`{"assignees": "anna"}`, "assignees"},
	{`{"contacts": [{"name": "A", "value": "1"}, 5]}`, "contacts[1]"},
	{`{"contacts": [{"name": "A", "phone": "1"}]}`, "contacts[0].phone"},
	{`{"contacts": [{"type": "phone"}]}`, "contacts[0].value"},
	{`{"contacts": [{"uuid": "k1", "value": "1"}, {"uuid": "k1", "value": "2"}]}`, "contacts[1].uuid"},
	{`{"contacts": [{"uuid": "", "value": "1"}]}`, "contacts[0].uuid"},
	{`{"contacts": {"k1": {"value": 5}}}`, "contacts.k1.value"},
	{`{"contacts": "none"}`, "contacts"},
	{`{"possible_resolutions": [{"successful": true}]}`, "possible_resolutions[0].name"},
	{`{"possible_resolutions": {"r1": {"successful": "yes"}}}`, "possible_resolutions.r1.successful"},
	{`{"custom_fields": {"f0": {"value": "five"}}}`, "custom_fields.f0.value"},
	{`{"custom_fields": {"f0": {"field_type": "rating"}}}`, "custom_fields.f0.field_type"},
	{`{"custom_fields": [{"name": "A"}]}`, "custom_fields[0].field_type"},
	{`{"custom_fields": [{"field_type": "text"}]}`, "custom_fields[0].name"},
	{`{"custom_fields": [{"name": "A", "field_type": "text", "value": true}]}`, "custom_fields[0].value"},
	{`{"custom_fields": [{"name": "A", "field_type": "date", "value": "24.11.2026"}]}`, "custom_fields[0].value"},
	{`{"custom_fields": [{"name": "A", "field_type": "yes_no", "value": "yes"}]}`, "custom_fields[0].value"},
	{`{"custom_fields": [{"name": "A", "field_type": "pick_list", "value": "yes"}]}`, "custom_fields[0].options"},
	{`{"custom_fields": [{"name": "A", "field_type": "pick_list", "options": ["a", "a"]}]}`, "custom_fields[0].options[1]"},
	{`{"custom_fields": [{"name": "A", "field_type": "text", "options": ["a"]}]}`, "custom_fields[0].options"},
	{`{"report_fields": {"f2": {"value": "blue"}}}`, "report_fields.f2.value"},
	{`{"report_fields": {"f3": {"value": ["p1"]}}}`, "report_fields.f3.value"},
	{`{"checklist": [{"done": true}]}`, "checklist[0].text"},
	{`{"checklist": {"i1": {"done_at": "2026-11-24T09:30:00Z"}}}`, "checklist.i1.done_at"},
	{`{"checklist": {"i1": {"by": "eve"}}}`, "checklist.i1.by"},
	{`{"status": "finished"}`, "status"},
	{`{"clash": true}`, "clash"},
	{`{"status_log": []}`, "status_log"},
	{`{"timestamps": {"started_at": "2026-11-24T09:30:00Z"}}`, "timestamps"},
	{`{"resolution": {"name": "Done"}}`, "resolution"},
	{`{"uuid": "other"}`, "uuid"},
	{`{"kind": "template"}`, "kind"},
	{`{"schema_version": 2}`, "schema_version"},
	{`{"created_at": "2026-11-24T09:30:00Z"}`, "created_at"},
	{`{"comments": [{"text": "hi"}]}`, "comments"},
	{`{"attachments": [{"uuid": "x"}]}`, "attachments"},
	{`{"follows": "x"}`, "follows"},
	{`{"version": 3}`, "version"},
	{`{"tittle": "Boiler"}`, "tittle"},
	{`{"worker_create": true}`, "worker_create"}, // a template's
}

func TestWhatCannotBeWrittenIsRefusedByItsFieldsName(t *testing.T) {
	c := made(t, "a", parsed(t, whole))
	defer c.close()
	tree := c.tree()
	for _, w := range wrong {
		edits, err := job.Patch(tree, parsed(t, w.patch), author("new"))
		var errs job.FieldErrors
		if !errors.As(err, &errs) || len(errs) != 1 || errs[0].Field != w.field || errs[0].Message == "" || crdt.KindOf(err) != crdt.KindInvalid || edits != nil {
			t.Errorf("%.80s: %v, want one about %s", w.patch, err, w.field)
		}
	}
}

func TestEveryWrongFieldOfAnInputIsNamedUpToABound(t *testing.T) {
	c := made(t, "a", parsed(t, whole))
	defer c.close()
	_, err := job.Patch(c.tree(), parsed(t, `{"title": 5, "scheduled_at": 5, "skills": [5, "gas", 6]}`), author("new"))
	var errs job.FieldErrors
	if !errors.As(err, &errs) {
		t.Fatal(err)
	}
	got := []string{}
	for _, e := range errs {
		got = append(got, e.Field)
	}
	same(t, []string{"scheduled_at", "skills[0]", "skills[2]", "title"}, got, "the fields")

	many := map[string]any{}
	for i := range 10_000 {
		many[fmt.Sprint("unknown", i)] = strings.Repeat("x", 100)
	}
	if _, err = job.Patch(c.tree(), many, author("new")); !errors.As(err, &errs) || len(errs) != job.MaxFieldErrors {
		t.Errorf("%d errors", len(errs))
	}
	if _, err = job.Patch(c.tree(), map[string]any{strings.Repeat("long", 10_000): 1}, author("new")); !errors.As(err, &errs) || len(errs[0].Field) > 200 {
		t.Errorf("the name of a field is repeated whole: %d bytes", len(errs[0].Field))
	}
}

func TestWhatTheFormSaysAlreadyMayStandInAPatch(t *testing.T) {
	c := made(t, "a", parsed(t, whole))
	defer c.close()
	c.edit(must(t)(job.AddComment(job.Comment{ID: "c", Text: "hi", By: "dora", HappenedAt: 5}))...)
	c.edit(must(t)(job.AddAttachment(job.Attachment{ID: "p", SHA256: strings.Repeat("ab", 32), Field: "f3"}))...)
	edits, err := job.Patch(c.tree(), c.form(), author("new"))
	if err != nil || len(edits) > 0 {
		t.Errorf("%v, %s", err, show(edits))
	}
}

func TestWhatIsThereAlreadyIsNotExaminedAgain(t *testing.T) {
	c := made(t, "a", parsed(t, whole))
	defer c.close()
	long := strings.Repeat("long", job.MaxLine)
	for _, e := range []crdt.Edit{
		{Path: crdt.Path{"title"}, Value: long},
		{Path: crdt.Path{"contacts", "k1", "name"}, Value: long},
		{Path: crdt.Path{"report_fields", "f9"}, Value: map[string]any{"name": "Stars", "field_type": "rating", "value": int64(4), "position": int64(9)}},
		{Path: crdt.Path{"report_fields", "f2", "value"}, Value: "no longer an option"},
	} {
		c.edit(e)
	}
	form := given(c.form())
	form["serial_no"] = "18"
	edits := must(t)(job.Patch(c.tree(), form, author("new")))
	want := []crdt.Edit{{Kind: crdt.EditSet, Path: crdt.Path{"serial_no"}, Value: "18"}}
	same(t, want, edits, "the edits of a patch of one field")
	if _, err := job.Patch(c.tree(), parsed(t, `{"report_fields": {"f9": {"value": 5}}}`), author("new")); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("a field of a later version's type is written: %v", err)
	}
	c.edit(must(t)(job.Patch(c.tree(), parsed(t, `{"report_fields": {"f9": {"name": "Rating"}}}`), author("new")))...)
	if f, _ := theJob(c).Field("f9"); f.Name != "Rating" || f.Type != "rating" || f.Value != 4.0 {
		t.Errorf("%+v", f)
	}
}

func TestPatchesAreSmallEdits(t *testing.T) {
	c := made(t, "a", parsed(t, whole))
	defer c.close()
	for _, p := range []struct {
		patch string
		want  []crdt.Edit
	}{
		{`{"title": "Boiler"}`, nil},
		{`{"description": "Leaks!"}`, []crdt.Edit{{Kind: crdt.EditSetText, Path: crdt.Path{"description"}, Text: "Leaks!"}}},
		{`{"client": {"name": "Miller & Sons"}}`, []crdt.Edit{{Path: crdt.Path{"client", "name"}, Value: "Miller & Sons"}}},
		{`{"client": {"uuid": "c2"}}`, []crdt.Edit{{Path: crdt.Path{"client"}, Value: map[string]any{"uuid": "c2", "name": "Miller"}}}},
		{`{"client": null}`, []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{"client"}}}},
		{`{"client": "Schmidt"}`, []crdt.Edit{{Path: crdt.Path{"client"}, Value: map[string]any{"name": "Schmidt"}}}},
		{`{"address": {"floor": null, "apartment": "7"}}`, []crdt.Edit{{Path: crdt.Path{"address", "apartment"}, Value: "7"}, {Kind: crdt.EditDelete, Path: crdt.Path{"address", "floor"}}}},
		{`{"address": {"geolocation": {"longitude": 13.5}}}`, []crdt.Edit{{Path: crdt.Path{"address", "geolocation"}, Value: map[string]any{"longitude": 13.5, "latitude": 52.5}}}},
		{`{"scheduled_duration": {"minutes": 60}}`, []crdt.Edit{{Path: crdt.Path{"scheduled_duration", "minutes"}, Value: int64(60)}}},
		{`{"scheduled_at": "2026-11-24T10:30:00+01:00"}`, nil},
		{`{"scheduled_at": null}`, []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{"scheduled_at"}}}},
		{`{"skills": ["lift", "gas"]}`, []crdt.Edit{{Path: crdt.Path{"skills", "lift"}, Value: true}}},
		{`{"external_ids": {"erp": null, "crm": "5"}}`, []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{"external_ids", "erp"}}, {Path: crdt.Path{"external_ids", "crm"}, Value: "5"}}},
		{`{"assignees": ["carl"]}`, []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{"assignees", "anna"}}, {Kind: crdt.EditDelete, Path: crdt.Path{"assignees", "ben"}},
			{Path: crdt.Path{"assignees", "carl"}, Value: map[string]any{"edit": true}}}},
		{`{"assignees": {"anna": {"edit": false}, "ben": {"edit": true}}}`, []crdt.Edit{{Path: crdt.Path{"assignees", "anna", "edit"}, Value: false}, {Path: crdt.Path{"assignees", "ben", "edit"}, Value: true}}},
		{`{"assignees": {"carl": {}}}`, []crdt.Edit{{Path: crdt.Path{"assignees", "carl"}, Value: map[string]any{"edit": false}}}},
		{`{"contacts": {"k1": {"value": "2"}, "k2": {"value": "3"}}}`, []crdt.Edit{{Path: crdt.Path{"contacts", "k1", "value"}, Value: "2"},
			{Path: crdt.Path{"contacts", "k2"}, Value: map[string]any{"value": "3", "position": int64(2)}}}},
		{`{"contacts": {"k1": null}}`, []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{"contacts", "k1"}}}},
		{`{"contacts": [{"name": "Landlord", "value": "9"}, {"name": "Tenant", "type": "phone", "value": "+49 30 1"}]}`,
			[]crdt.Edit{{Path: crdt.Path{"contacts", "new1"}, Value: map[string]any{"name": "Landlord", "value": "9", "position": int64(0)}}}},
		{`{"report_fields": {"f1": {"value": "Fine."}}}`, []crdt.Edit{{Kind: crdt.EditSetText, Path: crdt.Path{"report_fields", "f1", "value"}, Text: "Fine."}}},
		{`{"report_fields": {"f2": {"value": "red"}}}`, []crdt.Edit{{Path: crdt.Path{"report_fields", "f2", "value"}, Value: "red"}}},
		{`{"custom_fields": {"f0": {"value": null}}}`, []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{"custom_fields", "f0", "value"}}}},
		{`{"custom_fields": {"f0": {"field_type": "text", "value": null}}}`, []crdt.Edit{{Path: crdt.Path{"custom_fields", "f0", "field_type"}, Value: "text"}, {Path: crdt.Path{"custom_fields", "f0", "value"}, Value: crdt.Text("")}}},
		{`{"checklist": {"i1": {"done": true}}}`, []crdt.Edit{{Path: crdt.Path{"checklist", "i1", "done"}, Value: true}, {Path: crdt.Path{"checklist", "i1", "done_at"}, Value: crdt.Timestamp(1_790_000_000_000)},
			{Path: crdt.Path{"checklist", "i1", "by"}, Value: "dora"}}},
		{`{"checklist": [{"uuid": "i2", "text": "Gas on", "done": false}, {"uuid": "i1", "text": "Gas off", "done": false}]}`, []crdt.Edit{{Path: crdt.Path{"checklist", "i2", "position"}, Value: int64(0)}}},
	} {
		edits, err := job.Patch(c.tree(), parsed(t, p.patch), author("new"))
		if diff := cmp.Diff(p.want, edits); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", p.patch, err, diff)
		}
	}
}

func TestOnceStartedTheAssigneesAndResolutionsAreFixed(t *testing.T) {
	c := made(t, "a", parsed(t, whole))
	defer c.close()
	status := func(id string, s job.Status, at crdt.Timestamp) {
		t.Helper()
		j := c.job()
		c.edit(must(t)(job.SetStatus(&j, job.Event{ID: id, Status: s, HappenedAt: at}, job.ClassDispatcher))...)
	}
	try := func(patch string) error {
		_, err := job.Patch(c.tree(), parsed(t, patch), author("new"))
		return err
	}
	status("e1", job.Published, 1)
	for _, open := range []string{`{"assignees": ["carl"]}`, `{"possible_resolutions": {"r1": null}}`} {
		if err := try(open); err != nil {
			t.Errorf("before the start, %s: %v", open, err)
		}
	}
	status("e2", job.Started, 2)
	for patch, field := range map[string]string{
		`{"assignees": ["carl"]}`:                                        "assignees",
		`{"assignees": {"ben": null}}`:                                   "assignees",
		`{"possible_resolutions": {"r1": null}}`:                         "possible_resolutions",
		`{"possible_resolutions": {"r1": {"name": "Did it"}}}`:           "possible_resolutions",
		`{"title": "New", "possible_resolutions": [{"name": "Did it"}]}`: "possible_resolutions",
	} {
		err := try(patch)
		var errs job.FieldErrors
		if crdt.KindOf(err) != crdt.KindConflict || !errors.As(err, &errs) || errs[0].Field != field || !strings.Contains(err.Error(), "started") {
			t.Errorf("%s: %v", patch, err)
		}
	}
	if err := try(`{"title": "New", "assignees": [{"user": "anna", "edit": true}, {"user": "ben", "edit": false}]}`); err != nil {
		t.Errorf("the assignees that there are: %v", err)
	}
	status("e3", job.Published, 3)
	if err := try(`{"assignees": ["carl"]}`); err != nil {
		t.Errorf("taken back to published: %v", err)
	}
}

func TestAWorkersReportOpensWithTheStart(t *testing.T) {
	c := made(t, "a", parsed(t, whole))
	defer c.close()
	anna := job.Author{User: "anna", Class: job.ClassWorker, Now: 5}
	patch := parsed(t, `{"report_fields": {"f1": {"value": "Fine."}}}`)
	if _, err := job.Patch(c.tree(), patch, anna); crdt.KindOf(err) != crdt.KindConflict {
		t.Errorf("before the start: %v", err)
	}
	if _, err := job.Patch(c.tree(), parsed(t, `{"title": "Her own job"}`), anna); err != nil {
		t.Errorf("another field: %v", err)
	}
	c.edit(must(t)(job.AddEvent(job.Event{ID: "e", Status: job.Started, After: theJob(c).Tips()}))...)
	if _, err := job.Patch(c.tree(), patch, anna); err != nil {
		t.Errorf("after the start: %v", err)
	}
}

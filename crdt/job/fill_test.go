package job_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

func started(t *testing.T) *copyOf {
	t.Helper()
	c := made(t, "a", parsed(t, whole))
	t.Cleanup(c.close)
	for i, s := range []job.Status{job.Published, job.Started} {
		c.edit(must(t)(job.SetStatus(theJob(c), job.Event{ID: fmt.Sprint("e", i), Status: s}, job.ClassDispatcher))...)
	}
	return c
}

var (
	anna = job.Author{User: "anna", Class: job.ClassWorker, Now: 7}
	dora = job.Author{User: "dora", Class: job.ClassDispatcher, Now: 7}
)

func TestAFieldIsFilledInByWhoMayAndWithWhatFits(t *testing.T) {
	c, notYet := started(t), made(t, "b", parsed(t, whole))
	defer notYet.close()
	for _, f := range []struct {
		in    *copyOf
		who   job.Author
		field string
		value any
		kind  crdt.Kind // internal: it is taken
		want  any
	}{
		{c, anna, "f1", "All fine.\nTwo lines.", 0, "All fine.\nTwo lines."},
		{c, anna, "f1", nil, 0, nil},
		{c, anna, "f1", 5.0, crdt.KindInvalid, nil},
		{c, anna, "f1", strings.Repeat("a", job.MaxText+1), crdt.KindInvalid, nil},
		{c, anna, "f2", "red", 0, "red"},
		{c, anna, "f2", "green", 0, "green"},
		{c, anna, "f2", "blue", crdt.KindInvalid, "green"},
		{c, anna, "f2", "", 0, nil},
		{c, anna, "f3", "photo", crdt.KindInvalid, nil},
		{c, anna, "f4", "x", crdt.KindNotFound, nil},  // hidden from workers
		{c, anna, "f5", 5.0, crdt.KindForbidden, nil}, // read-only
		{c, anna, "f0", 5.0, crdt.KindForbidden, 5.0}, // the office's
		{c, anna, "nothing", 5.0, crdt.KindNotFound, nil},
		{c, dora, "f0", 7.5, 0, 7.5},
		{c, dora, "f0", 8, 0, 8.0},
		{c, dora, "f0", nil, 0, nil},
		{c, dora, "f4", "x", 0, "x"},
		{c, dora, "f5", 5.0, 0, 5.0},
		{notYet, anna, "f1", "x", crdt.KindConflict, nil},
		{notYet, dora, "f1", "x", 0, "x"},
	} {
		edits, err := job.Fill(f.in.tree(), f.field, f.value, f.who)
		if crdt.KindOf(err) != f.kind || (err != nil) != (f.kind != 0) {
			t.Errorf("%s fills %s with %.20v: %v", f.who.User, f.field, f.value, err)
			continue
		}
		f.in.edit(edits...)
		if field, _ := theJob(f.in).Field(f.field); field != nil && field.Value != f.want {
			t.Errorf("%s fills %s with %v: it is %v, want %v", f.who.User, f.field, f.value, field.Value, f.want)
		}
	}
}

// A browser decodes no change that holds a whole number beyond 2^53 as an integer.
func TestANumberThatJavaScriptCannotCountIsNoInteger(t *testing.T) {
	c := started(t)
	for value, want := range map[float64]any{1<<53 - 1: int64(1<<53 - 1), 1 << 53: float64(1 << 53), -(1 << 53): float64(-(1 << 53)), 1e300: 1e300} {
		edits := must(t)(job.Fill(c.tree(), "f0", value, dora))
		if len(edits) != 1 || edits[0].Value != want {
			t.Errorf("%v: %#v", value, edits)
		}
	}
}

func TestATextAnsweredByTwoAtOnceHoldsBothAnswers(t *testing.T) {
	c := started(t)
	a, b := apart(t, c, must(t)(job.Fill(c.tree(), "f1", "anna was here", anna)), must(t)(job.Fill(c.tree(), "f1", "ben too", anna)))
	defer a.close()
	defer b.close()
	f, _ := theJob(a).Field("f1")
	if s := f.Text(); !strings.Contains(s, "anna was here") || !strings.Contains(s, "ben too") {
		t.Errorf("the answer is %q", s)
	}
}

func TestAnAnswerOfTheWrongTypeGivesWayToOneThatFits(t *testing.T) {
	c := started(t)
	for _, junk := range []any{int64(5), true, nil, []any{"a"}, map[string]any{"a": true}} {
		c.edit(setAt("report_fields", "f1", "value", junk)...)
		c.edit(must(t)(job.Fill(c.tree(), "f1", "fits", anna))...)
		if f, _ := theJob(c).Field("f1"); f.Value != "fits" {
			t.Errorf("over %v: %v", junk, f.Value)
		}
	}
}

func TestAnItemSaysWhenAndByWhomItWasTicked(t *testing.T) {
	c := started(t)
	tick := func(done bool, a job.Author) []crdt.Edit {
		edits := must(t)(job.Tick(theJob(c), "i1", done, a))
		c.edit(edits...)
		return edits
	}
	want := job.Item{ID: "i1", Text: "Gas off", Position: 1}
	check := func() {
		t.Helper()
		same(t, want, theJob(c).Checklist[0], "the item")
	}
	tick(true, anna)
	want.Done, want.DoneAt, want.By = true, 7, "anna"
	check()
	if edits := tick(true, dora); len(edits) > 0 {
		t.Errorf("ticked twice: %s", show(edits))
	}
	tick(false, dora)
	want.Done, want.DoneAt, want.By = false, 0, ""
	check()
	if _, err := job.Tick(theJob(c), "nothing", true, anna); crdt.KindOf(err) != crdt.KindNotFound {
		t.Errorf("an item that is not there: %v", err)
	}
}

func TestCommentsAndFilesAreChangedOneByOne(t *testing.T) {
	c := started(t)
	c.edit(must(t)(job.AddComment(job.Comment{ID: "c1", Text: "On my way", By: "anna", HappenedAt: 5}))...)
	a, b := apart(t, c, must(t)(job.EditComment(theJob(c), "c1", "On my way!")), must(t)(job.EditComment(theJob(c), "c1", "I am on my way")))
	defer a.close()
	defer b.close()
	if got := theJob(a).Comments[0].Text; got != "I am on my way!" {
		t.Errorf("both corrected it: %q", got)
	}
	c.edit(must(t)(job.RemoveComment(theJob(c), "c1"))...)
	for name, try := range map[string]func() ([]crdt.Edit, error){
		"correct": func() ([]crdt.Edit, error) { return job.EditComment(theJob(c), "c1", "x") },
		"remove":  func() ([]crdt.Edit, error) { return job.RemoveComment(theJob(c), "c1") },
		"detach":  func() ([]crdt.Edit, error) { return job.RemoveAttachment(theJob(c), "p1") },
	} {
		if _, err := try(); crdt.KindOf(err) != crdt.KindNotFound {
			t.Errorf("%s what is not there: %v", name, err)
		}
	}
	if _, err := job.EditComment(&job.Job{Comments: []job.Comment{{ID: "c1"}}}, "c1", ""); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("a comment without a text: %v", err)
	}
}

func TestFilesAnswerAFieldThatTakesThem(t *testing.T) {
	c, notYet := started(t), made(t, "b", parsed(t, whole))
	defer notYet.close()
	c.edit(setAt("report_fields", "sig", map[string]any{"name": "Signature", "field_type": "signature", "position": int64(9)})...)
	hash := strings.Repeat("ab", 32)
	attach := func(in *copyOf, id, field string, who job.Class) error {
		edits, err := job.Attach(theJob(in), job.Attachment{ID: id, SHA256: hash, Field: field, TakenAt: 9}, who)
		if err == nil {
			in.edit(edits...)
		}
		return err
	}
	for _, a := range []struct {
		in        *copyOf
		id, field string
		who       job.Class
		kind      crdt.Kind
	}{
		{c, "p1", "f3", job.ClassWorker, 0},
		{c, "p1", "f3", job.ClassWorker, crdt.KindConflict}, // the id is taken
		{c, "p0", "f3", job.ClassWorker, 0},
		{c, "own", "", job.ClassWorker, 0},
		{c, "x", "f1", job.ClassWorker, crdt.KindInvalid},
		{c, "x", "f4", job.ClassWorker, crdt.KindNotFound},
		{c, "x", "nothing", job.ClassDispatcher, crdt.KindNotFound},
		{c, "s1", "sig", job.ClassWorker, 0},
		{c, "s2", "sig", job.ClassWorker, crdt.KindConflict},
		{notYet, "p", "f3", job.ClassWorker, crdt.KindConflict},
		{notYet, "p", "f3", job.ClassDispatcher, 0},
		{notYet, "q", "", job.ClassWorker, 0},
	} {
		if err := attach(a.in, a.id, a.field, a.who); crdt.KindOf(err) != a.kind || (err != nil) != (a.kind != 0) {
			t.Errorf("%s to %q: %v", a.id, a.field, err)
		}
	}
	f, _ := theJob(c).Field("f3")
	same(t, []string{"p0", "p1"}, f.Files(), "the answer")
	same(t, any([]any{"p0", "p1"}), c.form()["report_fields"].([]any)[2].(map[string]any)["value"], "the answer in the JSON form")
	for i := range job.MaxPhotos - 2 {
		if err := attach(c, fmt.Sprint("more", i), "f3", job.ClassWorker); err != nil {
			t.Fatal(err)
		}
	}
	if err := attach(c, "one too many", "f3", job.ClassWorker); crdt.KindOf(err) != crdt.KindConflict {
		t.Errorf("%d photos: %v", job.MaxPhotos+1, err)
	}
	c.edit(must(t)(job.RemoveAttachment(theJob(c), "p0"))...)
	if err := attach(c, "another", "f3", job.ClassWorker); err != nil {
		t.Errorf("after one was removed: %v", err)
	}
}

func TestTemplatesClientsAndSitesAreMadeReadAndPatched(t *testing.T) {
	for name, c := range map[string]struct {
		make func(form map[string]any) ([]crdt.Edit, job.FieldErrors)
		form string
		no   string // a name that this kind has not
	}{
		"template": {func(f map[string]any) ([]crdt.Edit, job.FieldErrors) {
			v, errs := job.ParseTemplate(f, author("t"))
			return must(t)(job.NewTemplate(v)), errs
		}, strings.Replace(strings.Replace(whole, `"serial_no": "17", `, `"name": "Boiler", "worker_create": true, `, 1), `"assignees": [{"user": "anna", "edit": true}, {"user": "ben", "edit": false}],
	`, "", 1), "assignees"},
		"client": {func(f map[string]any) ([]crdt.Edit, job.FieldErrors) {
			v, errs := job.ParseClient(f, author("t"))
			return must(t)(job.NewClient(v)), errs
		}, `{"uuid": "u", "name": "Miller", "description": "Pays late.", "address": {"formatted": "Main St"}, "contacts": [{"uuid": "k", "name": "A"}], "external_id": "5", "external_ids": {"erp": "6"}}`, "site"},
		"site": {func(f map[string]any) ([]crdt.Edit, job.FieldErrors) {
			v, errs := job.ParseSite(f, author("t"))
			return must(t)(job.NewSite(v)), errs
		}, `{"name": "Plant 3", "client": {"uuid": "u", "name": "Miller"}, "territory": {"name": "North"}, "description": "Ring.", "address": {"geolocation": {"longitude": 1, "latitude": 2}}, "contacts": []}`, "title"},
	} {
		t.Run(name, func(t *testing.T) {
			form := parsed(t, c.form)
			delete(form, "scheduled_at")
			edits, errs := c.make(form)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			d := open(t, "a")
			defer d.close()
			d.edit(edits...)
			if job.KindOf(d.tree()) != name {
				t.Fatalf("it is a %q", job.KindOf(d.tree()))
			}
			got := d.form()
			again, errs := c.make(got)
			if len(errs) > 0 {
				t.Fatal(errs)
			}
			same(t, edits, again, "made again of its form")
			for k, v := range form {
				if k == "report_fields" || k == "custom_fields" { // in which what is not said has a default
					continue
				}
				same(t, normal(v), normal(got[k]), "%s", k)
			}
			d.edit(must(t)(job.Patch(d.tree(), parsed(t, `{"name": "New name", "archived": true, "contacts": {"n": {"name": "B"}}, "address": {"floor": "2"}}`), author("p")))...)
			now := d.form()
			if now["name"] != "New name" || now["archived"] != true || len(now["contacts"].([]any)) != len(got["contacts"].([]any))+1 || now["address"].(map[string]any)["floor"] != "2" {
				t.Errorf("%v", now)
			}
			for _, wrong := range []string{`{"name": ""}`, `{"` + c.no + `": null}`, `{"status": "started"}`, `{"kind": "job"}`} {
				if _, err := job.Patch(d.tree(), parsed(t, wrong), author("p")); crdt.KindOf(err) != crdt.KindInvalid {
					t.Errorf("%s: %v", wrong, err)
				}
			}
			delete(form, "name")
			if _, errs := c.make(form); len(errs) != 1 || errs[0].Field != "name" {
				t.Errorf("without a name: %v", errs)
			}
		})
	}
	opaque := open(t, "a")
	defer opaque.close()
	opaque.edit(setAt("title", "x")...)
	if _, err := job.Patch(opaque.tree(), map[string]any{"title": "y"}, author("p")); crdt.KindOf(err) != crdt.KindInvalid {
		t.Errorf("a document of no kind: %v", err)
	}
}

func TestAJobFromATemplateCopiesItsPlanAndAFormChangesThat(t *testing.T) {
	tpl, errs := job.ParseTemplate(parsed(t, `{"name": "Inspection", "uuid": "t1", "title": "Yearly inspection", "type": "inspection", "scheduled_duration": {"minutes": 45},
		"report_fields": [{"uuid": "f1", "name": "OK", "field_type": "yes_no", "value": true}], "custom_fields": [{"uuid": "f2", "name": "Note", "field_type": "text", "value": "ring"}],
		"checklist": [{"uuid": "i1", "text": "Gas off", "done": true}], "possible_resolutions": [{"uuid": "r1", "name": "Done", "successful": true}]}`), author("t"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	draft, errs := job.Parse(job.FromTemplate(tpl, job.Ref{UUID: tpl.UUID, Name: tpl.Name}), parsed(t, `{"title": "Boiler 5", "status": "published", "uuid": "j1",
		"custom_fields": {"f2": {"value": "knock"}}, "assignees": ["anna"], "follows": "other"}`), author("j"))
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	c := open(t, "a")
	defer c.close()
	c.edit(must(t)(job.New(draft))...)
	j := theJob(c)
	want := tpl.Plan
	want.Title = "Boiler 5"
	want.CustomFields = []job.Field{tpl.CustomFields[0]}
	want.CustomFields[0].Value = "knock"
	want.Checklist = []job.Item{{ID: "i1", Text: "Gas off"}}
	if diff := cmp.Diff(want, j.Plan, ignorePositions, cmp.Options{emptyIsNil}); diff != "" {
		t.Error(diff)
	}
	if tpl.CustomFields[0].Value != "ring" || !tpl.Checklist[0].Done {
		t.Error("the template itself was changed")
	}
	if j.Template != (job.Ref{UUID: "t1", Name: "Inspection"}) || j.Status != job.Published || j.UUID != "j1" || j.Follows != "other" || j.CreatedAt != 1_790_000_000_000 ||
		j.Log[0].By != "dora" || j.Log[0].HappenedAt != 1_790_000_000_000 || len(j.Assignees) != 1 || !j.Assignees[0].Edit {
		t.Errorf("%+v", j)
	}

	follow := job.FollowUp(*j, "doc")
	if follow.Follows != "doc" || follow.Title != "Boiler 5" || follow.UUID != "" || len(follow.Assignees) > 0 || follow.ReportFields[0].Value != nil ||
		follow.CustomFields[0].Value != "knock" || follow.Template != j.Template || j.ReportFields[0].Value != true {
		t.Errorf("%+v", follow)
	}
}

func TestANewJobTakesNoStatusThatHasToHappen(t *testing.T) {
	for form, field := range map[string]string{`{"status": "finished"}`: "status", `{"status": 5}`: "status", `{"resolution": {"name": "x"}}`: "resolution", `{"kind": "site"}`: "kind",
		`{"timestamps": {"started_at": "2026-11-24T09:30:00Z"}}`: "timestamps", `{"comments": [{"text": "x"}]}`: "comments", `{"uuid": ""}`: "uuid", `{"color": "red"}`: "color",
		`{"created_at": "now"}`: "created_at", `{"assignees": ["a", "b"]}`: "assignees", `{"follows": 5}`: "follows"} {
		if _, errs := job.Parse(job.Draft{}, parsed(t, form), author("x")); len(errs) != 1 || errs[0].Field != field {
			t.Errorf("%s: %v, want one about %s", form, errs, field)
		}
	}
	d, errs := job.Parse(job.Draft{}, parsed(t, `{"kind": "job", "schema_version": 1, "clash": false, "timestamps": {}, "status_log": [], "comments": [], "attachments": [], "resolution": null, "status": null}`), author("x"))
	if len(errs) > 0 || d.First.Status != job.Scheduled {
		t.Errorf("what says nothing: %v, %+v", errs, d.First)
	}
	if _, errs := job.Parse(job.Draft{}, parsed(t, `{"contacts": [{"name": "A"}]}`), job.Author{}); len(errs) != 1 || errs[0].Field != "contacts[0].uuid" {
		t.Errorf("an entry without an id where none can be made: %v", errs)
	}
}

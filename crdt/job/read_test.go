package job

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"fieldsync/crdt"
)

var sha = strings.Repeat("0a", 32)

func TestAWellFormedJobIsReadWhole(t *testing.T) {
	tree := map[string]any{
		"kind": "job", "schema_version": float64(1), "uuid": "u", "serial_no": float64(17), "title": crdt.Text("Boiler"),
		"description": crdt.Text("Leaks\nbadly"), "client": map[string]any{"name": "Miller"}, "site": "Plant 3",
		"scheduled_at": crdt.Timestamp(1000), "scheduled_duration": map[string]any{"minutes": int64(90)},
		"address":     map[string]any{"formatted": "Main St 1", "floor": int64(2), "geolocation": map[string]any{"latitude": 52.5, "longitude": int64(13)}},
		"assignees":   map[string]any{"ben": map[string]any{"edit": false}, "anna": map[string]any{"edit": true}},
		"status_log":  map[string]any{"e2": map[string]any{"status": "published", "happened_at": crdt.Timestamp(5), "by": "d", "device": "web", "after": []any{"e1"}, "note": "go"}, "e1": map[string]any{"status": "scheduled", "happened_at": float64(4), "after": []any{}, "location": map[string]any{"latitude": 1.0, "longitude": 2.0, "accuracy_m": 3.0}}},
		"attachments": map[string]any{"p": map[string]any{"sha256": sha, "size": int64(3), "media_type": "image/jpeg", "name": "a.jpg", "field": "f", "taken_at": crdt.Timestamp(6), "by": "anna", "preview_sha256": sha, "thumbnail_sha256": sha}},
		"comments":    map[string]any{"c": map[string]any{"text": crdt.Text("hi"), "by": "ben", "happened_at": crdt.Timestamp(7)}},
		"unknown":     []any{"kept"},
	}
	got, problems := Read(tree)
	e1 := Event{ID: "e1", Status: Scheduled, HappenedAt: 4, Location: &Location{Latitude: 1, Longitude: 2, AccuracyM: 3}}
	e2 := Event{ID: "e2", Status: Published, HappenedAt: 5, By: "d", Device: "web", After: []string{"e1"}, Note: "go"}
	want := Job{
		Kind: Kind, SchemaVersion: 1, UUID: "u", SerialNo: "17", ScheduledAt: 1000,
		Plan: Plan{Title: "Boiler", Description: "Leaks\nbadly", Client: Ref{Name: "Miller"}, Site: Ref{Name: "Plant 3"}, ScheduledDuration: Duration{90},
			Address: Address{Formatted: "Main St 1", Floor: "2", Location: &Location{Latitude: 52.5, Longitude: 13}}},
		Log: []Event{e1, e2}, Outcome: Outcome{Status: Published, Standing: []Event{e2}}, Assignees: []Assignee{{"anna", true}, {"ben", false}},
		Attachments: []Attachment{{ID: "p", SHA256: sha, Size: 3, MediaType: "image/jpeg", Name: "a.jpg", Field: "f", TakenAt: 6, By: "anna", PreviewSHA256: sha, ThumbnailSHA256: sha}},
		Comments:    []Comment{{ID: "c", Text: "hi", By: "ben", HappenedAt: 7}},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if len(problems) > 0 {
		t.Errorf("problems: %v", problems)
	}
	if is, may := got.Assigned("ben"); !is || may {
		t.Error("ben is assigned without edit access")
	}
	if is, _ := got.Assigned("eve"); is {
		t.Error("eve is not assigned")
	}
	if got.Label() != "Boiler" || (&Job{Plan: Plan{Description: " \nLeaks\nbadly"}}).Label() != "Leaks" || (&Job{SerialNo: "7"}).Label() != "7" {
		t.Error("label")
	}
}

func TestWrongTypesArePassedOverAndListed(t *testing.T) {
	for path, tree := range map[string]map[string]any{
		"/kind":                           {"kind": int64(1)},
		"/title":                          {"title": int64(1)},
		"/serial_no":                      {"serial_no": 1.5},
		"/client":                         {"client": map[string]any{"name": true}},
		"/scheduled_at":                   {"scheduled_at": "tomorrow"},
		"/created_at":                     {"created_at": math.NaN()},
		"/scheduled_duration":             {"scheduled_duration": int64(5)},
		"/address":                        {"address": "Main St"},
		"/address/geolocation":            {"address": map[string]any{"geolocation": map[string]any{"latitude": 91.0, "longitude": 1.0}}},
		"/assignees":                      {"assignees": []any{"anna"}},
		"/assignees/anna":                 {"assignees": map[string]any{"anna": true}},
		"/assignees/anna/edit":            {"assignees": map[string]any{"anna": map[string]any{"edit": "yes"}}},
		"/status_log/e":                   {"status_log": map[string]any{"e": []any{}}},
		"/status_log/e/status":            {"status_log": map[string]any{"e": map[string]any{"by": "x"}}},
		"/status_log/e/after/1":           {"status_log": map[string]any{"e": map[string]any{"status": "started", "after": []any{"a", int64(1)}}}},
		"/attachments/p/sha256":           {"attachments": map[string]any{"p": map[string]any{"sha256": strings.ToUpper(sha)}}},
		"/attachments/p/size":             {"attachments": map[string]any{"p": map[string]any{"sha256": sha, "size": int64(-1)}}},
		"/comments/c/happened_at":         {"comments": map[string]any{"c": map[string]any{"happened_at": crdt.Counter(1)}}},
		"/attachments/p/thumbnail_sha256": {"attachments": map[string]any{"p": map[string]any{"sha256": sha, "thumbnail_sha256": "../x"}}},
		"/attachments/p/preview_sha256":   {"attachments": map[string]any{"p": map[string]any{"sha256": sha, "preview_sha256": "../x"}}},
	} {
		t.Run(path, func(t *testing.T) {
			if _, has := tree["kind"]; !has {
				tree["kind"] = "job"
			}
			_, problems := Read(tree)
			if len(problems) == 0 || problems[0].Path.String() != path {
				t.Errorf("problems %v, want one at %s", problems, path)
			}
		})
	}
}

func TestAStatusEventThatIsNoneSettlesNothing(t *testing.T) {
	j, _ := Read(map[string]any{"kind": "job", "status_log": map[string]any{
		"a": map[string]any{"status": "finished"},
		"b": map[string]any{"status": int64(3), "after": []any{"a"}},
	}})
	if j.Status != Finished || len(j.Log) != 1 {
		t.Errorf("%s with %d events", j.Status, len(j.Log))
	}
}

func TestProblemsAreBounded(t *testing.T) {
	comments := map[string]any{}
	for i := range 10 * MaxProblems {
		comments[fmt.Sprint(i)] = int64(i)
	}
	if _, problems := Read(map[string]any{"kind": "job", "comments": comments}); len(problems) != MaxProblems {
		t.Errorf("%d problems", len(problems))
	}
}

func TestAnyTreeIsReadWithoutPanicAndAlwaysTheSame(t *testing.T) {
	names := []string{"kind", "title", "serial_no", "client", "name", "scheduled_at", "scheduled_duration", "minutes", "address", "geolocation", "latitude", "longitude",
		"assignees", "edit", "status_log", "status", "after", "happened_at", "location", "attachments", "sha256", "size", "comments", "text", "x",
		"template", "uuid", "territory", "skills", "contacts", "value", "position", "possible_resolutions", "resolution", "successful", "custom_fields", "report_fields",
		"field_type", "options", "required", "checklist", "done", "done_at", "external_ids", "field", "worker_create"}
	var value func(t *rapid.T, depth int) any
	value = func(t *rapid.T, depth int) any {
		switch rapid.IntRange(0, 13-min(depth, 4)).Draw(t, "type") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.Int64().Draw(t, "int")
		case 3:
			return rapid.Uint64().Draw(t, "uint")
		case 4:
			return rapid.Float64().Draw(t, "float")
		case 5:
			return rapid.SampledFrom([]string{"job", "started", "finished", "photo", "text", "number", "date", "pick_list", "rating", "2026-11-24", sha, "e1", ""}).Draw(t, "string")
		case 6:
			return crdt.Text("text")
		case 7:
			return crdt.Timestamp(rapid.Int64().Draw(t, "time"))
		case 8:
			return crdt.Unknown{Type: 12}
		case 9:
			return []byte{1}
		case 10:
			list := []any{}
			for range rapid.IntRange(0, 3).Draw(t, "len") {
				list = append(list, value(t, depth+1))
			}
			return list
		default:
			m := map[string]any{}
			for range rapid.IntRange(0, 6).Draw(t, "len") {
				m[rapid.SampledFrom(names).Draw(t, "key")] = value(t, depth+1)
			}
			return m
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		tree := map[string]any{}
		for _, n := range names {
			if rapid.Bool().Draw(t, "has") {
				tree[n] = value(t, 0)
			}
		}
		a, pa := Read(tree)
		b, pb := Read(tree)
		if diff := cmp.Diff(a, b) + cmp.Diff(pa, pb); diff != "" {
			t.Fatal(diff)
		}
		tpl, _ := ReadTemplate(tree)
		client, _ := ReadClient(tree)
		site, _ := ReadSite(tree)
		for _, v := range []any{a, tpl, client, site} {
			if _, err := json.Marshal(v); err != nil {
				t.Fatalf("it has no JSON form: %v", err)
			}
		}
		for _, kind := range Kinds() { // whatever stands there, a form can be written over it
			tree[KeyKind] = kind
			if _, err := Patch(tree, map[string]any{"address": map[string]any{"floor": "1"}, "contacts": []any{map[string]any{"name": "A"}}}, Author{NewID: func() string { return "n" }}); err != nil {
				t.Fatal(err)
			}
		}
	})
	if j, problems := Read(nil); len(problems) != 1 || j.Outcome.Status != Scheduled {
		t.Error("an empty document")
	}
}

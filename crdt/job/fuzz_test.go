package job_test

import (
	"encoding/json"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// FuzzPatch holds any merge patch, over documents of every kind: it is refused, or its edits can be made, lead to a document that is
// read without a problem, and make nothing new when it comes a second time.
func FuzzPatch(f *testing.F) {
	for _, w := range wrong {
		if len(w.patch) < 1000 {
			f.Add(w.patch)
		}
	}
	f.Add(whole)
	f.Add(`{"contacts": [{"value": "1"}, {"value": "1"}], "checklist": {"i1": {"done": true}, "i3": {"text": "x"}}, "report_fields": {"f1": {"field_type": "number", "value": 1e400}}}`)
	f.Add(`{"name": "x", "client": "y", "worker_create": true, "external_ids": {"a": "b"}, "address": null}`)
	bases := documents(f)
	f.Fuzz(func(t *testing.T, text string) {
		var patch map[string]any
		if json.Unmarshal([]byte(text), &patch) == nil {
			for kind, base := range bases {
				patchTwice(t, kind, base, patch)
			}
		}
	})
}

// The same with patches that have the form's names, and anything in them.
func TestAPatchOfAnythingIsRefusedOrHolds(t *testing.T) {
	bases := documents(t)
	keys := append(names(bases), "i1", "k1", "r1", "f0", "f1", "f2", "anna", "new", "", "a.b")
	rapid.Check(t, func(t *rapid.T) {
		patch := map[string]any{}
		for _, k := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 1, 3, rapid.ID[string]).Draw(t, "keys") {
			patch[k] = drawJSON(t, keys, 0)
		}
		kind := rapid.SampledFrom(job.Kinds()).Draw(t, "kind")
		patchTwice(t, kind, bases[kind], patch)
	})
}

// names are all names in the JSON forms of documents.
func names(bases map[string][][]byte) []string {
	seen := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch x := v.(type) {
		case map[string]any:
			for k, e := range x {
				seen[k] = true
				walk(e)
			}
		case []any:
			for _, e := range x {
				walk(e)
			}
		}
	}
	for _, base := range bases {
		doc := must1(engine.Load(base...))
		walk(must1(doc.Tree()))
		doc.Close()
	}
	return slices.Sorted(maps.Keys(seen))
}

// drawJSON draws any JSON value; its names and texts are mostly ones that mean something.
func drawJSON(t *rapid.T, keys []string, depth int) any {
	switch rapid.IntRange(0, 11-3*depth).Draw(t, "type") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.SampledFrom([]float64{0, 1, -1, 1.5, 90, 1e18, -1e300}).Draw(t, "number")
	case 3, 4:
		return rapid.SampledFrom(append([]string{"text", "number", "pick_list", "photo", "red", "2026-11-24", "2026-11-24T09:30:00Z", "a\nb", "\x00"}, keys...)).Draw(t, "string")
	case 5, 6, 7:
		list := []any{}
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			list = append(list, drawJSON(t, keys, depth+1))
		}
		return list
	default:
		m := map[string]any{}
		for _, k := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 4, rapid.ID[string]).Draw(t, "keys") {
			m[k] = drawJSON(t, keys, depth+1)
		}
		return m
	}
}

func patchTwice(t failer, kind string, base [][]byte, patch map[string]any) {
	t.Helper()
	c := open(t, "patcher", base...)
	defer c.close()
	edits, err := job.Patch(c.tree(), patch, author("new"))
	if err != nil {
		if crdt.KindOf(err) != crdt.KindInvalid || len(edits) > 0 {
			t.Fatalf("%s: %v", kind, err)
		}
		return
	}
	c.edit(edits...)
	c.form() // fails where there is a problem
	if again, err := job.Patch(c.tree(), patch, author("other")); err != nil || len(again) > 0 {
		t.Fatalf("%s, %v: a second time: %v %s", kind, patch, err, show(again))
	}
}

// documents are one of each kind, as their changes.
func documents(f failer) map[string][][]byte {
	bases := map[string][][]byte{}
	keep := func(kind string, edits []crdt.Edit, errs job.FieldErrors) {
		if len(errs) > 0 {
			f.Fatal(errs)
		}
		c := open(f, "base")
		defer c.close()
		c.edit(edits...)
		bases[kind] = must1(c.doc.Changes())
	}
	d, errs := job.Parse(job.Draft{}, parsed(f, whole), author("made"))
	keep(job.Kind, must(f)(job.New(d)), errs)
	tpl, errs := job.ParseTemplate(map[string]any{"name": "T"}, author("made"))
	tpl.Plan = d.Plan
	keep(job.KindTemplate, must(f)(job.NewTemplate(tpl)), errs)
	client, errs := job.ParseClient(map[string]any{"name": "C", "contacts": []any{map[string]any{"name": "A"}}}, author("made"))
	keep(job.KindClient, must(f)(job.NewClient(client)), errs)
	site, errs := job.ParseSite(map[string]any{"name": "S", "address": map[string]any{"floor": "1"}}, author("made"))
	keep(job.KindSite, must(f)(job.NewSite(site)), errs)
	return bases
}

// FuzzParse holds any form of a new job: it is refused, or makes a document whose form makes the same one again.
func FuzzParse(f *testing.F) {
	for key, v := range parsed(f, whole) {
		text, err := json.Marshal(map[string]any{key: v})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Add(`{"status": "published", "assignees": ["a"], "contacts": {"k": {"name": "A"}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var form map[string]any
		if json.Unmarshal([]byte(text), &form) != nil {
			return
		}
		d, errs := job.Parse(job.Draft{}, form, author("new"))
		if len(errs) > job.MaxFieldErrors {
			t.Fatalf("%d errors", len(errs))
		}
		if len(errs) > 0 {
			return
		}
		c := open(t, "a")
		defer c.close()
		c.edit(must(t)(job.New(d))...)
		first := given(c.form())
		again := made(t, "b", first)
		defer again.close()
		same(t, first, given(again.form()), "made again")
	})
}

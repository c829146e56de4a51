package job_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// The model of a patch is RFC 7396 itself, over the JSON form: what it gives must be what the document says after the edits.

// merged is MergePatch of RFC 7396, section 2.
func merged(target, patch any) any {
	p, ok := patch.(map[string]any)
	if !ok {
		return patch
	}
	out := map[string]any{}
	if t, ok := target.(map[string]any); ok {
		maps.Copy(out, t)
	}
	for name, v := range p {
		if v == nil {
			delete(out, name)
		} else {
			out[name] = merged(out[name], v)
		}
	}
	return out
}

// patchFrom is a merge patch that leads from one form to another.
func patchFrom(have, want map[string]any) map[string]any {
	patch := map[string]any{}
	for k, v := range want {
		h, hasMap := have[k].(map[string]any)
		if w, isMap := v.(map[string]any); isMap && hasMap {
			if inner := patchFrom(h, w); len(inner) > 0 {
				patch[k] = inner
			}
		} else if !reflect.DeepEqual(have[k], v) {
			patch[k] = v
		}
	}
	for k := range have {
		if _, stays := want[k]; !stays {
			patch[k] = nil
		}
	}
	return patch
}

// normal is a form without what says nothing: absent, null, empty and false are the same to it.
func normal(v any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, e := range x {
			if e = normal(e); e != nil {
				out[k] = e
			}
		}
		if len(out) == 0 {
			return nil
		}
		return out
	case []any:
		if len(x) == 0 {
			return nil
		}
		out := make([]any, len(x))
		for i := range x {
			out[i] = normal(x[i])
		}
		return out
	case string:
		if x == "" {
			return nil
		}
	case bool:
		if !x {
			return nil
		}
	}
	return v
}

// given are the names of the JSON form that are planned.
func given(form map[string]any) map[string]any {
	out := maps.Clone(form)
	for _, k := range []string{"kind", "schema_version", "uuid", "status", "clash", "timestamps", "resolution", "status_log", "comments", "attachments", "created_at", "follows"} {
		delete(out, k)
	}
	return out
}

// The generators draw from few words, so that edits often meet the same place, and equal values are common.
var (
	drawLine = rapid.SampledFrom([]string{"", "a", "b", "pump", "Grüße 😀", "Müller & Söhne", "7"})
	drawWord = rapid.SampledFrom([]string{"a", "b", "pump", "Grüße 😀", "7"})
	drawText = rapid.OneOf(drawLine, rapid.StringOfN(rapid.SampledFrom([]rune("ab \n😀é")), 0, 30, -1))
	drawID   = rapid.SampledFrom([]string{"i1", "i2", "i3", "i4", "i5", "😀"})
)

func drawRef(t *rapid.T, name string) map[string]any {
	return map[string]any{"uuid": rapid.SampledFrom([]string{"u1", "u2"}).Draw(t, name), "name": drawWord.Draw(t, name)}
}

// drawEntries draws a list of entries with different ids, in any order.
func drawEntries(t *rapid.T, name string, draw func(t *rapid.T, name string) map[string]any) []any {
	out := []any{}
	for _, id := range rapid.SliceOfNDistinct(drawID, 0, 5, rapid.ID[string]).Draw(t, name+" ids") {
		e := draw(t, name)
		e["uuid"] = id
		out = append(out, e)
	}
	return out
}

func drawField(t *rapid.T, name string) map[string]any {
	typ := rapid.SampledFrom(job.FieldTypes()).Draw(t, name)
	f := map[string]any{"name": drawWord.Draw(t, name), "field_type": string(typ), "data_type": typ.DataType(), "required": rapid.Bool().Draw(t, name),
		"hidden": rapid.Bool().Draw(t, name), "read_only": rapid.Bool().Draw(t, name)}
	var v any
	switch typ {
	case job.FieldText:
		v = drawText.Draw(t, name)
	case job.FieldNumber:
		v = rapid.SampledFrom([]float64{0, 1, -2.5, 1e300, 1 << 60}).Draw(t, name)
	case job.FieldYesNo, job.FieldAction:
		v = rapid.Bool().Draw(t, name)
	case job.FieldDate:
		v = rapid.SampledFrom([]string{"2026-11-24", "2024-02-29"}).Draw(t, name)
	case job.FieldPickList:
		f["options"] = rapid.SampledFrom([][]any{{"a", "b"}, {"b"}, {"7", "b", "a"}}).Draw(t, name)
		v = "b"
	}
	if rapid.Bool().Draw(t, name) {
		v = nil
	}
	f["value"] = v
	return f
}

// drawForm draws the planned part of a job.
func drawForm(t *rapid.T) map[string]any {
	f := map[string]any{}
	some := func(key string, v func() any) {
		if rapid.Bool().Draw(t, "has "+key) {
			f[key] = v()
		}
	}
	for _, key := range []string{"title", "serial_no", "external_id", "external_order_id", "type"} {
		some(key, func() any { return drawLine.Draw(t, key) })
	}
	some("description", func() any { return drawText.Draw(t, "description") })
	for _, key := range []string{"client", "site", "territory", "template"} {
		some(key, func() any { return drawRef(t, key) })
	}
	some("external_ids", func() any {
		out := map[string]any{}
		for _, k := range rapid.SliceOfDistinct(drawID, rapid.ID[string]).Draw(t, "systems") {
			out[k] = drawWord.Draw(t, "external id")
		}
		return out
	})
	some("skills", func() any {
		out := []any{}
		for _, s := range slices.Sorted(slices.Values(rapid.SliceOfDistinct(drawWord, rapid.ID[string]).Draw(t, "skills"))) {
			out = append(out, s)
		}
		return out
	})
	some("assignees", func() any {
		out := []any{}
		users := slices.Sorted(slices.Values(rapid.SliceOfDistinct(drawID, rapid.ID[string]).Draw(t, "users")))
		editor := rapid.IntRange(0, max(0, len(users)-1)).Draw(t, "editor")
		for i, u := range users {
			out = append(out, map[string]any{"user": u, "edit": i == editor})
		}
		return out
	})
	some("address", func() any {
		a := map[string]any{}
		for _, key := range []string{"formatted", "entrance_no", "apartment", "floor", "description"} {
			if rapid.Bool().Draw(t, key) {
				a[key] = drawLine.Draw(t, key)
			}
		}
		if rapid.Bool().Draw(t, "geolocation") {
			a["geolocation"] = map[string]any{"longitude": rapid.Float64Range(-180, 180).Draw(t, "longitude"), "latitude": rapid.SampledFrom([]float64{-90, 0, 52.5}).Draw(t, "latitude")}
		}
		return a
	})
	some("scheduled_at", func() any {
		return rapid.SampledFrom([]string{"2026-11-24T09:30:00.000Z", "2026-11-24T09:30:00.001Z"}).Draw(t, "at")
	})
	some("scheduled_duration", func() any {
		return map[string]any{"minutes": rapid.SampledFrom([]float64{1, 45, 90}).Draw(t, "minutes")}
	})
	some("contacts", func() any {
		return drawEntries(t, "contact", func(t *rapid.T, name string) map[string]any {
			return map[string]any{"name": drawLine.Draw(t, name), "type": drawLine.Draw(t, name), "value": drawWord.Draw(t, name)}
		})
	})
	some("possible_resolutions", func() any {
		return drawEntries(t, "resolution", func(t *rapid.T, name string) map[string]any {
			return map[string]any{"name": drawWord.Draw(t, name), "successful": rapid.Bool().Draw(t, name), "note_required": rapid.Bool().Draw(t, name)}
		})
	})
	some("custom_fields", func() any { return drawEntries(t, "custom field", drawField) })
	some("report_fields", func() any { return drawEntries(t, "report field", drawField) })
	some("checklist", func() any {
		return drawEntries(t, "item", func(t *rapid.T, name string) map[string]any {
			return map[string]any{"text": drawWord.Draw(t, name), "done": false}
		})
	})
	return f
}

// strangers puts a key that this version does not know into every map of the document, and gives where.
func strangers(c *copyOf) []crdt.Path {
	var at []crdt.Path
	var walk func(v any, path crdt.Path)
	walk = func(v any, path crdt.Path) {
		m, ok := v.(map[string]any)
		if !ok {
			return
		}
		for _, k := range slices.Sorted(maps.Keys(m)) {
			walk(m[k], path.Join(k))
		}
		if len(path) == 1 && slices.Contains([]any{"external_ids", "skills", "assignees", "contacts", "possible_resolutions", "custom_fields", "report_fields",
			"checklist", "status_log", "comments", "attachments"}, path[0]) {
			return // whose keys are entries
		}
		at = append(at, path.Join("from a later version"))
	}
	walk(c.tree(), nil)
	for _, p := range at {
		c.edit(crdt.Edit{Kind: crdt.EditSet, Path: p, Value: "kept"})
	}
	return at
}

func at(tree any, path crdt.Path) (any, bool) {
	for _, step := range path {
		m, ok := tree.(map[string]any)
		if !ok {
			return nil, false
		}
		if tree, ok = m[step.(string)]; !ok {
			return nil, false
		}
	}
	return tree, true
}

func TestAJobMadeOfItsJSONFormSaysTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawForm(t)
		c := made(t, "a", want)
		defer c.close()
		first := c.form()
		same(t, normal(want), normal(given(first)), "the form of the document")

		// And the form that the document gives makes the same document again.
		again := made(t, "b", given(first))
		defer again.close()
		same(t, given(first), given(again.form()), "the form of a job made of the form")
	})
}

func TestAPatchedJobSaysWhatTheMergePatchMakesOfItsForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := made(t, "a", drawForm(t))
		defer c.close()
		kept := strangers(c)
		for range rapid.IntRange(1, 3).Draw(t, "patches") {
			have := given(c.form())
			patch := patchFrom(have, drawForm(t))
			want := normal(merged(have, patch))
			edits, err := job.Patch(c.tree(), patch, author("new"))
			if err != nil {
				t.Fatalf("%v: %v", patch, err)
			}
			before := c.tree()
			c.edit(edits...)
			same(t, want, normal(given(c.form())), "after the patch %v and the edits %s", patch, show(edits))
			if again, err := job.Patch(c.tree(), patch, author("other")); err != nil || len(again) > 0 {
				t.Fatalf("the patch %v changes something a second time: %s, %v", patch, show(again), err)
			}
			survive(t, kept, before, c.tree(), edits)
		}
	})
}

// survive checks that what this version does not know is still there, where the map that it stands in is.
func survive(t failer, kept []crdt.Path, before, after map[string]any, edits []crdt.Edit) {
	t.Helper()
	for _, p := range kept {
		if _, was := at(before, p); !was {
			continue // went in an earlier round
		}
		if v, is := at(after, p); is && v == "kept" {
			continue
		}
		gone := slices.ContainsFunc(edits, func(e crdt.Edit) bool {
			if len(e.Path) >= len(p) || !reflect.DeepEqual(e.Path, p[:len(e.Path)]) {
				return false
			}
			was, _ := at(before, e.Path)
			uuid, isRef := was.(map[string]any)["uuid"]
			now, isSet := e.Value.(map[string]any)
			switch {
			case len(e.Path) > 1:
				return e.Kind == crdt.EditDelete || e.Path[1] == "geolocation" // an entry that went, a place that is another one
			case isRef:
				return e.Kind == crdt.EditDelete || isSet && now["uuid"] != uuid // it leads elsewhere
			}
			return false
		})
		if !gone {
			t.Fatalf("%s did not survive %s", p, show(edits))
		}
	}
}

func TestPatchesMadeAtOnceOfDifferentFieldsBothHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := made(t, "a", drawForm(t))
		defer c.close()
		base := must1(c.doc.Changes())
		have := given(c.form())
		// Each name of the form goes to one of the two.
		one, two := map[string]any{}, map[string]any{}
		for k, v := range patchFrom(have, drawForm(t)) {
			if rapid.Bool().Draw(t, "whose "+k) {
				one[k] = v
			} else {
				two[k] = v
			}
		}
		left, right := open(t, "left", base...), open(t, "right", base...)
		defer left.close()
		defer right.close()
		a := left.edit(must(t)(job.Patch(left.tree(), one, author("left")))...)
		b := right.edit(must(t)(job.Patch(right.tree(), two, author("right")))...)
		for _, side := range []struct {
			c   *copyOf
			raw []byte
		}{{left, b}, {right, a}} {
			if side.raw != nil {
				side.c.apply(side.raw)
			}
			same(t, normal(merged(merged(have, one), two)), normal(given(side.c.form())), "of both patches")
			if places := must1(side.c.doc.Clashes()); len(job.Clashes(side.c.tree(), places)) > 0 {
				t.Fatalf("a clash: %v", places)
			}
		}
	})
}

func must1[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Whoever keeps lists of his own knows no uuids. What he sends again must not make everything anew.
func TestEntriesWithoutUUIDsAreThoseThatSayTheSame(t *testing.T) {
	strip := func(t *rapid.T, form map[string]any) {
		for _, key := range []string{"contacts", "possible_resolutions", "custom_fields", "report_fields", "checklist"} {
			list, _ := form[key].([]any)
			for _, e := range list {
				if rapid.Bool().Draw(t, "strip") {
					delete(e.(map[string]any), "uuid")
				}
			}
		}
	}
	without := func(form map[string]any) any {
		for _, v := range form {
			list, _ := v.([]any)
			for _, e := range list {
				if m, ok := e.(map[string]any); ok {
					delete(m, "uuid")
				}
			}
		}
		return normal(form)
	}
	rapid.Check(t, func(t *rapid.T) {
		c := made(t, "a", drawForm(t))
		defer c.close()
		want := drawForm(t)
		strip(t, want)
		patch := patchFrom(given(c.form()), want)
		expected := merged(given(c.form()), patch)
		c.edit(must(t)(job.Patch(c.tree(), patch, author("new")))...)
		got := given(c.form())
		if again := must(t)(job.Patch(c.tree(), patch, author("other"))); len(again) > 0 {
			t.Fatalf("%v changes something a second time: %s", patch, show(again))
		}
		same(t, without(decoded(t, expected)), without(got), "after %v", patch)
	})
}

func TestALongListIsReorderedByFewEdits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(t, "entries")
		items := make([]any, n)
		for i := range items {
			items[i] = map[string]any{"uuid": fmt.Sprint("i", i), "text": fmt.Sprint("step ", i)}
		}
		c := made(t, "a", map[string]any{"checklist": items})
		defer c.close()
		for range 8 {
			items = c.form()["checklist"].([]any)
			from := rapid.IntRange(0, n-1).Draw(t, "from")
			moved := items[from]
			items = slices.Delete(slices.Clone(items), from, from+1)
			items = slices.Insert(items, rapid.IntRange(0, n-1).Draw(t, "to"), moved)
			edits := must(t)(job.Patch(c.tree(), map[string]any{"checklist": items}, author("x")))
			if len(edits) > 1 {
				t.Fatalf("one item moved by %s", show(edits))
			}
			c.edit(edits...)
			same(t, items, c.form()["checklist"], "after one moved")
		}
	})
}

// drawJunk draws a value as any client may have written it.
func drawJunk(t *rapid.T, depth int) any {
	switch rapid.IntRange(0, 12-3*depth).Draw(t, "junk") {
	case 0:
		return nil
	case 1:
		return rapid.Bool().Draw(t, "bool")
	case 2:
		return rapid.SampledFrom([]any{int64(1), uint64(1 << 63), 1.5, crdt.Counter(3), crdt.Timestamp(1 << 60)}).Draw(t, "number")
	case 3:
		return rapid.SampledFrom([]string{"", "a", "text", "pick_list", "photo"}).Draw(t, "string")
	case 4:
		return crdt.Text("text")
	case 5:
		return []any{"a", int64(1)}
	}
	m := map[string]any{}
	keys := []string{"uuid", "name", "i1", "i2", "i3", "value", "field_type", "options", "position", "edit", "minutes", "geolocation", "longitude", "latitude", "floor", "text", "done", "a", "b"}
	for _, k := range rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 5, rapid.ID[string]).Draw(t, "keys") {
		m[k] = drawJunk(t, depth+1)
	}
	return m
}

func TestAPatchHoldsOverWhateverOtherClientsWrote(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawForm(t)
		c := open(t, "a")
		defer c.close()
		c.edit(setAt("kind", "job")...)
		for k := range want {
			if rapid.Bool().Draw(t, "junk in "+k) {
				c.edit(setAt(k, drawJunk(t, 0))...)
			}
		}
		have := given(decoded(t, theJob(c)))
		patch := map[string]any{}
		for k, v := range patchFrom(have, want) {
			if _, wanted := want[k]; wanted {
				patch[k] = v
			}
		}
		expected, _ := merged(have, patch).(map[string]any)
		edits, err := job.Patch(c.tree(), patch, author("new"))
		if err != nil {
			t.Fatalf("%v: %v", patch, err)
		}
		c.edit(edits...)
		now := given(decoded(t, theJob(c)))
		for k := range want {
			same(t, normal(expected[k]), normal(now[k]), "%s after %s", k, show(edits))
		}
	})
}

package job

import (
	"encoding/json"
	"reflect"
	"slices"

	"fieldsync/crdt"
)

// Patch gives the edits by which a document (a job, template, client or site, as its tree says) becomes what a JSON Merge Patch
// (RFC 7396) over its JSON form makes of it. Beyond the RFC, a list of entries may be patched by an object of uuid to entry, or of user to assignee.
//
// The edits are small: a text by the splice that changes it, a map by its keys, lists by their entries' uuids. What the patch does not name, and
// what this version does not know, they leave alone. A patch that changes nothing gives none.
//
// The error is FieldErrors (kind invalid) that name what cannot be taken, or of kind conflict with FieldErrors within, where the
// job's status does not permit it now.
func Patch(tree map[string]any, patch map[string]any, a Author) ([]crdt.Edit, error) {
	kind := KindOf(tree)
	var j Job
	var is *body
	var whole any
	switch kind {
	case Kind:
		j, _ = Read(tree)
		is, whole = j.body(), &j
	case KindTemplate:
		t, _ := ReadTemplate(tree)
		is, whole = t.body(), &t
	case KindClient:
		c, _ := ReadClient(tree)
		is, whole = c.body(), &c
	case KindSite:
		s, _ := ReadSite(tree)
		is, whole = s.body(), &s
	default:
		return nil, invalid("the document is of no kind that has fields")
	}
	f := reading(kind, a)
	shall := *is
	var have map[string]any // the JSON form, once it is needed
	for _, key := range sortedKeys(patch) {
		if part := memberOf(kind, key); part != nil {
			part.read(f, key, patch[key], &shall)
			continue
		}
		why := readOnly(kind, key)
		if why == "" {
			f.errs.add(join("", key), "is no field of a %s", kind)
			continue
		}
		if have == nil {
			have, _ = plainJSON(whole).(map[string]any)
		}
		// What the document says already may stand in a patch: it wants nothing.
		if is, there := have[key]; !there || !reflect.DeepEqual(is, plainJSON(patch[key])) {
			f.errs.add(key, "is read-only: %s", why)
		}
	}
	if _, has := patch[KeyName]; has && kind != Kind {
		f.needs("", KeyName, shall.Name)
	}
	if err := f.errs.Err(); err != nil {
		return nil, err
	}
	if kind == Kind {
		if err := j.permits(is, &shall, a).Err(); err != nil {
			return nil, conflict(err)
		}
	}
	return rewrite(kind, tree, is, &shall), nil
}

// permits tells what the job's status does not permit to be changed now.
func (j *Job) permits(is, shall *body, a Author) FieldErrors {
	var errs FieldErrors
	if j.ReportOpen() {
		const fixed = "are fixed once the job is started; take it back to published first"
		if !slices.Equal(is.Assignees, shall.Assignees) {
			errs.add(KeyAssignees, fixed)
		}
		if !slices.EqualFunc(is.Possible, shall.Possible, func(a, b PossibleResolution) bool { a.Position, b.Position = 0, 0; return a == b }) {
			errs.add(KeyPossible, fixed)
		}
	} else if a.Class == ClassWorker {
		answers := func(fields []Field) map[string]any {
			m := map[string]any{}
			for _, f := range fields {
				if !f.Type.IsFile() && f.Value != nil {
					m[f.ID] = f.Value
				}
			}
			return m
		}
		if !reflect.DeepEqual(answers(is.ReportFields), answers(shall.ReportFields)) {
			errs.add(KeyReportFields, reportClosed)
		}
	}
	return errs
}

const reportClosed = "the report opens when the job is started"

// conflict is an error of that kind that keeps what it wraps.
func conflict(err error) error {
	return &crdt.Error{Kind: crdt.KindConflict, Msg: "job: " + err.Error(), Err: err}
}

// plainJSON is a value as encoding/json decodes it into an any; nil where it has no JSON.
func plainJSON(v any) any {
	text, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	var out any
	if err := json.Unmarshal(text, &out); err != nil {
		return nil
	}
	return out
}

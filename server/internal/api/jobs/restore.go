package jobs

import (
	"encoding/json"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// restorables are the fields of a job that can go back to what they were: its plan and its report.
var restorables = []string{
	job.KeySerialNo, job.KeyExternalID, job.KeyExternalOrderID, job.KeyExternalIDs, job.KeyTitle, job.KeyDescription, job.KeyTemplate, job.KeyType,
	job.KeyClient, job.KeySite, job.KeyTerritory, job.KeySkills, job.KeyContacts, job.KeyAddress, job.KeyScheduledAt, job.KeyScheduledDuration,
	job.KeyAssignees, job.KeyPossible, job.KeyCustomFields, job.KeyReportFields, job.KeyChecklist,
}

// restorable checks which fields are to go back; none named are all.
func restorable(fields []string) ([]string, error) {
	if len(fields) == 0 {
		return restorables, nil
	}
	for _, f := range fields {
		if !slices.Contains(restorables, f) {
			return nil, wrong("fields", "%.80q cannot go back; these can: %v", f, restorables)
		}
	}
	return fields, nil
}

// formOf is a job in its JSON form.
func formOf(tree map[string]any) (Form, error) {
	j, _ := job.Read(tree)
	text, err := json.Marshal(&j)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "a job that is no JSON: %w", err)
	}
	var out Form
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "a job that is no JSON: %w", err)
	}
	return out, nil
}

// back is the merge patch that makes of some fields what they were.
func back(is, was Form, fields []string) Form {
	patch := Form{}
	for _, f := range fields {
		patch[f] = toward(is[f], was[f])
		switch f {
		case job.KeyChecklist: // when and by whom an item was ticked follows from the tick
			without(patch[f], job.KeyDoneAt, job.KeyBy)
		case job.KeyCustomFields, job.KeyReportFields: // files are attached and taken away, not written
			for _, e := range entries(patch[f]) {
				if t, _ := e[job.KeyFieldType].(string); job.FieldType(t).IsFile() {
					delete(e, job.KeyValue)
				}
			}
		}
	}
	return patch
}

// toward is a value as a merge patch writes it over what is there: of an object, what was not there goes.
func toward(is, was any) any {
	now, isMap := is.(map[string]any)
	then, wasMap := was.(map[string]any)
	if !isMap || !wasMap {
		return was
	}
	out := map[string]any{}
	for k := range now {
		out[k] = nil
	}
	for k, v := range then {
		out[k] = toward(now[k], v)
	}
	return out
}

func entries(list any) (out []map[string]any) {
	l, _ := list.([]any)
	for _, e := range l {
		if m, ok := e.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

func without(list any, keys ...string) {
	for _, e := range entries(list) {
		for _, k := range keys {
			delete(e, k)
		}
	}
}

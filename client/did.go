package client

import (
	"encoding/json"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
)

// teller tells what changes of a document did.
type teller struct {
	h   *history.History
	log *audit.Log
}

func newTeller(h *history.History, d *replica.Document) *teller {
	return &teller{h: h, log: audit.New(h, audit.Options{Arrived: d.Arrived})}
}

// all tells what change i did.
func (t *teller) all(i int) []Did {
	e, err := t.log.Entry(t.h.Hash(i))
	if err != nil {
		return nil // it is a change of this history
	}
	return toDid(e.Did)
}

// toDid gives effects with values as JSON has them.
func toDid(effects []audit.Effect) []Did {
	var out []Did
	data, err := json.Marshal(effects)
	if err == nil {
		err = json.Unmarshal(data, &out)
	}
	if err != nil {
		return nil // what package audit gives can be written, and read
	}
	return out
}

// some tells what of change i these operations did.
func (t *teller) some(i int, ops []int) []Did {
	var paths [][]history.Step
	k := -1
	for place := range t.h.Places(i) {
		if k++; !slices.Contains(ops, k) {
			continue
		}
		path := t.h.Path(place.Object)
		if t.h.Type(place.Object) != format.ActionMakeText { // a text is one value
			path = append(path, history.Step{Key: place.Key, InSeq: place.InSeq})
		}
		paths = append(paths, path)
	}
	return slices.DeleteFunc(t.all(i), func(d Did) bool {
		return !slices.ContainsFunc(paths, func(p []history.Step) bool { return leads(p, d.Path) })
	})
}

// leads tells whether a way leads to a path's end or beyond it. Which element of a sequence it is, is not looked at.
func leads(way []history.Step, path crdt.Path) bool {
	if len(way) < len(path) {
		return false
	}
	for i, step := range path {
		if key, isKey := step.(string); isKey == way[i].InSeq || isKey && key != way[i].Key {
			return false
		}
	}
	return true
}

// filesIn are the hashes of the files that were attached.
func filesIn(did []Did) []string {
	var out []string
	add := func(entry any) {
		m, _ := entry.(map[string]any)
		if sum, ok := m[job.KeySHA256].(string); ok {
			out = append(out, sum)
		}
	}
	for _, d := range did {
		switch {
		case len(d.Path) == 0 || d.Path[0] != job.KeyAttachments:
		case len(d.Path) == 1:
			if m, ok := d.New.(map[string]any); ok {
				for _, entry := range m {
					add(entry)
				}
			}
		case len(d.Path) == 2:
			add(d.New)
		}
	}
	slices.Sort(out)
	return out
}

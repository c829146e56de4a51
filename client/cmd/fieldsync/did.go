package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"fieldsync/client"
	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

// labels are what people call the things of a job, by the ids under which they stand in it.
type labels struct {
	fields, items, resolutions map[string]string
	files                      map[string]string
}

func labelsOf(j *job.Job) labels {
	l := labels{map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}}
	for _, list := range [][]job.Field{j.CustomFields, j.ReportFields} {
		for i := range list {
			l.fields[list[i].ID] = list[i].Name
		}
	}
	for _, i := range j.Checklist {
		l.items[i.ID] = i.Text
	}
	for _, p := range j.Possible {
		l.resolutions[p.ID] = p.Name
	}
	for _, a := range j.Attachments {
		l.files[a.ID] = a.Name
	}
	return l
}

// say tells in a few words what a change did in one place.
func (l labels) say(d client.Did) string {
	if text := l.entry(d); text != "" {
		return text
	}
	name := l.name(d.Path)
	switch d.Kind {
	case audit.Added:
		return name + ": " + l.value(d.Path, d.New)
	case audit.Set:
		return name + ": " + l.values(d.Path, d.Old) + " → " + l.value(d.Path, d.New)
	case audit.Deleted:
		return name + ": " + l.values(d.Path, d.Old) + " taken away"
	case audit.Incremented:
		return fmt.Sprintf("%s: %+d, now %s", name, d.Delta, l.value(d.Path, d.New))
	case audit.Formatted:
		return name + ": formatted, " + clean(d.Mark)
	case audit.TextEdited:
		return name + ": " + splices(d.Splices)
	}
	return name
}

// entry tells of what was added to one of a job's maps of entries, or taken out; empty where it is something else.
func (l labels) entry(d client.Did) string {
	if len(d.Path) != 2 {
		return ""
	}
	key, id := step(d.Path[0]), step(d.Path[1])
	m, gone := d.New, ""
	if d.Kind == audit.Deleted && len(d.Old) > 0 {
		m, gone = d.Old[0], " taken away"
	} else if d.Kind != audit.Added {
		return ""
	}
	get := func(key string) string {
		e, _ := m.(map[string]any)
		return text(e[key])
	}
	switch key {
	case job.KeyStatusLog:
		out := "status " + strings.ReplaceAll(get(job.KeyStatus), "_", " ") + gone
		if r := get(job.KeyResolution); r != "" {
			out += ", " + first(clean(l.resolutions[r]), r)
		}
		if n := get(job.KeyNote); n != "" {
			out += ", note " + quote(n)
		}
		return out
	case job.KeyComments:
		return "comment " + quote(get(job.KeyText)) + gone
	case job.KeyAttachments:
		out := "file " + first(get(job.KeyName), get(job.KeySHA256)) + gone
		if f := clean(l.fields[get(job.KeyField)]); f != "" {
			out += ", for " + f
		}
		return out
	case job.KeyAssignees:
		if gone != "" {
			return clean(id) + " taken off the job"
		}
		return "assigned to " + clean(id)
	case job.KeyReportFields, job.KeyCustomFields:
		return "field " + quote(get(job.KeyName)) + gone
	case job.KeyChecklist:
		return "item " + quote(get(job.KeyText)) + gone
	case job.KeyContacts, job.KeyPossible:
		return strings.TrimSuffix(strings.ReplaceAll(key, "_", " "), "s") + " " + quote(first(get(job.KeyName), get(job.KeyValue))) + gone
	case job.KeySkills:
		return "skill " + clean(id) + gone
	}
	return ""
}

// name is what people call a place.
func (l labels) name(path crdt.Path) string {
	if len(path) >= 2 {
		key, id, rest := step(path[0]), step(path[1]), path[2:]
		known := ""
		switch key {
		case job.KeyReportFields, job.KeyCustomFields:
			known = l.fields[id]
		case job.KeyChecklist:
			known = l.items[id]
		case job.KeyPossible:
			known = l.resolutions[id]
		case job.KeyAttachments:
			known = l.files[id]
		case job.KeyAssignees:
			known = "assignee " + id
		case job.KeyComments:
			known = "comment"
		}
		if known != "" {
			if len(rest) == 1 && (step(rest[0]) == job.KeyValue || step(rest[0]) == job.KeyDone || key == job.KeyComments) {
				rest = nil
			}
			return strings.TrimSpace(clean(known) + " " + plainPath(rest))
		}
	}
	return plainPath(path)
}

func plainPath(path crdt.Path) string {
	parts := make([]string, len(path))
	for i, s := range path {
		parts[i] = strings.ReplaceAll(step(s), "_", " ")
	}
	return clean(strings.Join(parts, " / "))
}

func step(s any) string {
	if n, ok := s.(int); ok {
		return strconv.Itoa(n)
	}
	text, _ := s.(string)
	return text
}

// values are several values that clashed.
func (l labels) values(path crdt.Path, list []any) string {
	parts := make([]string, len(list))
	for i, v := range list {
		parts[i] = l.value(path, v)
	}
	return strings.Join(parts, " | ")
}

// maxShown is how much of a value stands on a line.
const maxShown = 60

// value is a value for people: a text in quotes, yes and no, a time as the clock on the wall has it.
func (l labels) value(path crdt.Path, v any) string {
	switch x := v.(type) {
	case nil:
		return "nothing"
	case bool:
		if x {
			return "yes"
		}
		return "no"
	case string:
		if len(path) > 0 && strings.HasSuffix(step(path[len(path)-1]), "_at") {
			if t, err := time.Parse(time.RFC3339, x); err == nil {
				return t.Local().Format("2 Jan 2006 15:04")
			}
		}
		return quote(x)
	case map[string]any:
		for _, key := range []string{job.KeyName, job.KeyFormatted, job.KeyText} {
			if s := text(x[key]); s != "" {
				return quote(s)
			}
		}
		if n, ok := x[job.KeyMinutes].(float64); ok && len(x) == 1 {
			return minutes(int64(n))
		}
	}
	data, err := json.Marshal(v)
	if err != nil {
		return "…"
	}
	return short(string(data), maxShown)
}

func text(v any) string {
	s, _ := v.(string)
	return clean(s)
}

func quote(s string) string { return "“" + short(s, maxShown) + "”" }

// splices tells of edits to a text: what came, what went.
func splices(list []audit.Splice) string {
	var parts []string
	for _, s := range list {
		switch {
		case s.Deleted != "" && s.Inserted != "":
			parts = append(parts, quote(s.Deleted)+" → "+quote(s.Inserted))
		case s.Inserted != "":
			parts = append(parts, "wrote "+quote(s.Inserted))
		case s.Deleted != "":
			parts = append(parts, "took out "+quote(s.Deleted))
		}
	}
	return strings.Join(parts, ", ")
}

// sayAll tells what a change did, on one line for each place, and of very many the first.
func (l labels) sayAll(did []client.Did, most int) []string {
	if making := l.sayMaking(did); making != nil {
		return making
	}
	did = slices.DeleteFunc(slices.Clone(did), func(d client.Did) bool { return followsTick(did, d.Path) })
	var out []string
	for i, d := range did {
		if i == most && len(did) > most+1 {
			return append(out, fmt.Sprintf("and %d more", len(did)-most))
		}
		out = append(out, l.say(d))
	}
	return out
}

// followsTick tells of who ticked something, and when, that it goes without saying beside the tick.
func followsTick(did []client.Did, path crdt.Path) bool {
	if len(path) != 3 || path[0] != job.KeyChecklist || path[2] != job.KeyDoneAt && path[2] != job.KeyBy {
		return false
	}
	return slices.ContainsFunc(did, func(d client.Did) bool {
		return len(d.Path) == 3 && d.Path[0] == path[0] && d.Path[1] == path[1] && d.Path[2] == job.KeyDone
	})
}

// silent are the things of a new document that say nothing to people.
var silent = []string{job.KeyKind, job.KeySchemaVersion, job.KeyUUID, job.KeyCreatedAt, job.KeyTitle, job.KeyName, job.KeyPossible}

// sayMaking tells of the change that made a document, in the order in which people ask for it; nil: it is another.
func (l labels) sayMaking(did []client.Did) []string {
	at := map[string]any{}
	for _, d := range did {
		if len(d.Path) != 1 || d.Kind != audit.Added {
			return nil
		}
		at[step(d.Path[0])] = d.New
	}
	kind, ok := at[job.KeyKind].(string)
	if !ok {
		return nil
	}
	out := []string{strings.TrimSpace("made the " + clean(kind) + " " + quote(first(text(at[job.KeyTitle]), text(at[job.KeyName]), text(at[job.KeySerialNo]))))}
	for _, d := range did {
		key := step(d.Path[0])
		entries, isMap := d.New.(map[string]any)
		switch {
		case slices.Contains(silent, key) || d.New == "" || isMap && len(entries) == 0:
		case key == job.KeyAssignees || key == job.KeyStatusLog:
			for _, id := range slices.Sorted(maps.Keys(entries)) {
				out = append(out, l.entry(client.Did{Path: crdt.Path{key, id}, Kind: audit.Added, New: entries[id]}))
			}
		case isMap && key == job.KeySkills:
			out = append(out, "skills: "+clean(strings.Join(slices.Sorted(maps.Keys(entries)), ", ")))
		case isMap && (key == job.KeyReportFields || key == job.KeyCustomFields || key == job.KeyChecklist || key == job.KeyContacts):
			out = append(out, plainPath(d.Path)+": "+strconv.Itoa(len(entries)))
		default:
			out = append(out, l.say(d))
		}
	}
	return out
}

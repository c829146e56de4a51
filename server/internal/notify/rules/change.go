package rules

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

// What is in one word what happened in a place of a job.
type What string

// What happens. They are stored.
const (
	Scheduled   What = "scheduled" // Old and New in ms since 1970
	Duration    What = "duration"  // in minutes
	Value       What = "value"     // Name has another value
	Edited      What = "edited"    // Name was edited
	Commented   What = "comment"   // New is the text
	FileAdded   What = "file"      // New is its name
	FileRemoved What = "file-removed"
	Joined      What = "joined" // Name is assigned too
	Left        What = "left"
	SetStatus   What = "status" // New is the status
)

// Change is one thing that somebody else did to a job.
type Change struct {
	Place string `json:"place"` // in the document: one notice tells once of a place
	What  What   `json:"what"`
	Name  string `json:"name,omitempty"` // of what was changed, as people call it
	Old   string `json:"old,omitempty"`
	New   string `json:"new,omitempty"`
	By    string `json:"by,omitempty"` // the name of who did it
}

// reverts tells whether a place is as it was. Of what was edited nobody knows.
func (c Change) reverts() bool {
	switch c.What {
	case Scheduled, Duration, Value:
		return c.Old == c.New
	}
	return false
}

// maxValue bounds the bytes of a value in a notice.
const maxValue = 160

// names of the places at a job's root that people have names for; what is not here is told as a change of the job.
var names = map[string]string{
	job.KeyTitle: "Title", job.KeyDescription: "Description", job.KeyType: "Type", job.KeyClient: "Client", job.KeySite: "Site", job.KeyTerritory: "Territory",
	job.KeySkills: "Skills", job.KeyContacts: "Contacts", job.KeyAddress: "Address", job.KeySerialNo: "Number", job.KeyPossible: "Possible resolutions",
	job.KeyResolution: "Resolution", job.KeyCustomFields: "Fields", job.KeyReportFields: "Report", job.KeyChecklist: "Checklist", job.KeyTemplate: "Template",
}

// silent are places of which nobody is told: nobody looks at them on a phone.
var silent = []string{job.KeyKind, job.KeySchemaVersion, job.KeyUUID, job.KeyExternalID, job.KeyExternalOrderID, job.KeyExternalIDs, job.KeyFollows, job.KeyCreatedAt,
	job.KeyTemplate}

// changesOf says what an effect did, in a person's eyes.
func changesOf(d audit.Effect, by string, j *job.Job, name func(user string) string) []Change {
	root, rest := step(d.Path, 0), d.Path
	if d.Hidden || root == "" || slices.Contains(silent, root) {
		return nil
	}
	if entries, ok := d.New.(map[string]any); ok && len(rest) == 1 && entered(root) { // the map came with its first entries
		var out []Change
		for _, id := range slices.Sorted(maps.Keys(entries)) {
			out = append(out, changesOf(audit.Effect{Path: crdt.Path{root, id}, Kind: audit.Added, New: entries[id]}, by, j, name)...)
		}
		return out
	}
	c := Change{Place: root, By: by}
	id, entry := step(rest, 1), len(rest) == 2
	switch root {
	case job.KeyScheduledAt:
		c.What, c.Old, c.New = Scheduled, number(first(d.Old)), number(d.New)
	case job.KeyScheduledDuration:
		c.What, c.Old, c.New = Duration, minutes(first(d.Old)), minutes(d.New)
	case job.KeyStatusLog:
		if !entry || d.Kind != audit.Added {
			return nil
		}
		event, _ := d.New.(map[string]any)
		c.Place, c.What, c.New = root+"/"+id, SetStatus, text(event[job.KeyStatus])
	case job.KeyAssignees:
		if !entry || d.Kind == audit.Set {
			return nil // his rights changed, or another of the same
		}
		c.Place, c.What, c.Name = root+"/"+id, Joined, name(id)
		if d.Kind == audit.Deleted {
			c.What = Left
		}
	case job.KeyComments:
		c.Place = root + "/" + id
		c.What, c.Name = Edited, "A comment"
		if entry && d.Kind == audit.Added {
			m, _ := d.New.(map[string]any)
			c.What, c.New = Commented, text(m[job.KeyText])
		}
	case job.KeyAttachments:
		c.Place = root + "/" + id
		m, _ := d.New.(map[string]any)
		switch {
		case entry && d.Kind == audit.Added:
			c.What, c.New = FileAdded, text(m[job.KeyName])
		case entry && d.Kind == audit.Deleted:
			m, _ := first(d.Old).(map[string]any)
			c.What, c.Old = FileRemoved, text(m[job.KeyName])
		default:
			return nil // a preview that came later
		}
	case job.KeyCustomFields, job.KeyReportFields:
		c.Place = root + "/" + id
		c.What, c.Name = Edited, names[root]
		if f := field(j, id); f != nil && f.Hidden {
			return nil // workers do not see it
		} else if f != nil && f.Name != "" {
			c.Name = f.Name
		}
		if step(rest, 2) == job.KeyValue {
			c.What, c.Old, c.New = plain(d, len(rest) == 3)
		}
	case job.KeyChecklist, job.KeyContacts, job.KeySkills, job.KeyPossible, job.KeyDescription:
		c.What, c.Name = Edited, names[root]
	case job.KeyAddress:
		c.What, c.Name, c.New = Edited, names[root], j.Address.Formatted
	default:
		if c.Name = names[root]; c.Name == "" {
			c.Place, c.What, c.Name = "", Edited, "The job"
			break
		}
		c.What, c.Old, c.New = plain(d, len(rest) == 1)
	}
	c.Old, c.New, c.Name, c.By = short(c.Old), short(c.New), short(c.Name), short(c.By)
	return []Change{c}
}

// entered are the maps of the root whose entries are told one by one.
func entered(root string) bool {
	return slices.Contains([]string{job.KeyStatusLog, job.KeyAssignees, job.KeyComments, job.KeyAttachments}, root)
}

// plain tells what a place had and has, where that can be said in a word.
func plain(d audit.Effect, whole bool) (what What, was, is string) {
	was, is = word(first(d.Old)), word(d.New)
	if !whole || d.Kind == audit.TextEdited || was == "" && is == "" {
		return Edited, "", ""
	}
	return Value, was, is
}

func field(j *job.Job, id string) *job.Field {
	for _, list := range [][]job.Field{j.CustomFields, j.ReportFields} {
		for i := range list {
			if list[i].ID == id {
				return &list[i]
			}
		}
	}
	return nil
}

func step(p crdt.Path, k int) string {
	if k >= len(p) {
		return ""
	}
	s, _ := p[k].(string)
	return s
}

func first(old []any) any {
	if len(old) == 0 {
		return nil
	}
	return old[0]
}

func text(v any) string {
	switch s := v.(type) {
	case string:
		return s
	case crdt.Text:
		return string(s)
	}
	return ""
}

// word is a value in a word: a {uuid, name} is its name.
func word(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case map[string]any:
		return text(v[job.KeyName])
	case int64, uint64, float64:
		return number(v)
	}
	return text(v)
}

func number(v any) string {
	switch v := v.(type) {
	case crdt.Timestamp:
		return strconv.FormatInt(int64(v), 10)
	case int64:
		return strconv.FormatInt(v, 10)
	case uint64:
		return strconv.FormatUint(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

func minutes(v any) string {
	if m, ok := v.(map[string]any); ok {
		v = m[job.KeyMinutes]
	}
	return number(v)
}

// short is a text as a notice has it: one line, cut.
func short(s string) string {
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "\uFFFD")), " ")
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, s)
	if len(s) <= maxValue {
		return s
	}
	return strings.ToValidUTF8(s[:maxValue], "") + "…"
}

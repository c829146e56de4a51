package job

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"fieldsync/crdt"
)

// ClashKind says what a clash is about.
type ClashKind string

const (
	StatusClash ClashKind = "status" // several events stand
	FieldClash  ClashKind = "field"  // several values stand in one place
	// EntriesClash: a whole map of entries, such as contacts, was made twice at once, and not all entries are in the one that
	// counts. It is settled by putting them there.
	EntriesClash ClashKind = "entries"
)

// Clash is something that several people wrote at once, without knowing of one another. One of the values counts; all are shown
// until somebody settles it.
type Clash struct {
	Kind ClashKind `json:"kind"`
	// Field is the place in the names of the JSON form, entries by their uuid: scheduled_at, report_fields.f1.value, status.
	Field string    `json:"field"`
	Name  string    `json:"name,omitempty"` // what people call it, where it has a name: that of the report field
	Path  crdt.Path `json:"-"`              // of a field clash, in the document
	// Values are what was written, the winner first.
	Values []ClashValue `json:"values"`
}

// ClashValue is one of the values of a clash.
type ClashValue struct {
	Value any `json:"value"` // as the JSON form has it; of a status clash the status
	// Event of a status clash: it says by whom, when, where.
	Event *Event `json:"event,omitempty"`
	// Actor and Counter name the operation that wrote the value of a field clash; whose the actor is, the history knows.
	Actor   crdt.ActorID `json:"-"`
	Counter uint64       `json:"-"`

	raw any
}

// MaxClashes bounds the list: each document has a few, a broken client makes thousands.
const MaxClashes = 1000

// Clashes gives what several people wrote at once, the status first, then by path. The places are those of the engine
// (Doc.Clashes). Not listed are places where all wrote the same; the log's entries, which nobody may change; and what follows from
// something else or matters to nobody: positions, when and by whom an item was ticked.
func Clashes(tree map[string]any, places []crdt.Clash) []Clash {
	out := []Clash{}
	if KindOf(tree) == Kind {
		log, _ := Log(tree)
		if o := Current(log); o.Clash() {
			c := Clash{Kind: StatusClash, Field: KeyStatus}
			for i := range o.Standing {
				e := &o.Standing[i]
				c.Values = append(c.Values, ClashValue{Value: string(e.Status), Event: e})
			}
			out = append(out, c)
		}
	}
	for _, p := range places {
		if len(out) == MaxClashes {
			break
		}
		if c, ok := fieldClash(tree, p); ok {
			out = append(out, c)
		}
	}
	return out
}

func fieldClash(tree map[string]any, p crdt.Clash) (Clash, bool) {
	if len(p.Path) == 0 || len(p.Alternatives) < 2 {
		return Clash{}, false
	}
	steps := make([]string, len(p.Path))
	for i, step := range p.Path {
		name, ok := step.(string)
		if !ok {
			return Clash{}, false // inside of a list: no place that this layout has
		}
		steps[i] = name
	}
	last := steps[len(steps)-1]
	switch {
	case steps[0] == KeyStatusLog && len(steps) > 1, last == KeyPosition,
		steps[0] == KeyChecklist && len(steps) == 3 && (last == KeyDoneAt || last == KeyBy):
		return Clash{}, false
	}
	c := Clash{Kind: FieldClash, Field: strings.Join(steps, "."), Name: nameOf(tree, steps), Path: p.Path}
	if len(steps) == 1 && slices.Contains(mapsOfEntries, last) {
		c.Kind = EntriesClash
	}
	var first []byte
	differ := false
	for i, a := range p.Alternatives {
		v := ClashValue{Value: plain(a.Value, 0), Actor: a.Actor, Counter: a.Counter, raw: a.Value}
		text, err := json.Marshal(v.Value)
		if err != nil {
			return Clash{}, false
		}
		if i == 0 {
			first = text
		}
		differ = differ || c.Kind == FieldClash && !bytes.Equal(first, text)
		c.Values = append(c.Values, v)
	}
	return c, differ || c.Kind == EntriesClash && len(together(c)) > 0
}

// mapsOfEntries are the maps of the root that people add to, where nothing that stands in one contradicts what stands in another.
var mapsOfEntries = []string{KeyStatusLog, KeyAssignees, KeyAttachments, KeyComments, KeyCustomFields, KeyReportFields, KeyChecklist, KeyContacts, KeyPossible,
	KeySkills, KeyExternalIDs}

// nameOf is what people call an entry of one of the root's maps.
func nameOf(tree map[string]any, steps []string) string {
	if len(steps) < 2 {
		return ""
	}
	m, _ := tree[steps[0]].(map[string]any)
	entry, _ := m[steps[1]].(map[string]any)
	for _, key := range []string{KeyName, KeyText} {
		if s, ok := asString(entry[key]); ok && s != "" {
			return s
		}
	}
	return ""
}

// plain turns a value of a document into one that JSON has: times as RFC 3339, what cannot be said as null.
func plain(v any, depth int) any {
	const deepest = 64 // as deep as the engine reads
	switch x := v.(type) {
	case map[string]any:
		if depth == deepest {
			return nil
		}
		out := make(map[string]any, len(x))
		for k, e := range x {
			out[k] = plain(e, depth+1)
		}
		return out
	case []any:
		if depth == deepest {
			return nil
		}
		out := make([]any, len(x))
		for i, e := range x {
			out[i] = plain(e, depth+1)
		}
		return out
	case []byte:
		return x
	case int64, uint64:
		return x
	case crdt.Counter:
		return int64(x)
	}
	return plainScalar(v)
}

// Settle gives the edits by which one of a clash's values counts alone. For a status the event brings id, time, author and device; its status,
// and how the job was finished, are the chosen event's. Entries are put together whatever is chosen: what is in the winner already stays as
// it is there.
func Settle(tree map[string]any, c Clash, choice int, e Event) ([]crdt.Edit, error) {
	if choice < 0 || choice >= len(c.Values) {
		return nil, invalid("the clash has no value %d", choice)
	}
	switch chosen := c.Values[choice]; c.Kind {
	case StatusClash:
		log, _ := Log(tree)
		o := Current(log)
		if !o.Clash() || !slices.ContainsFunc(o.Standing, func(s Event) bool { return s.ID == chosen.Event.ID }) {
			return nil, crdt.Errorf(crdt.KindConflict, "job: the status does not clash any more")
		}
		return AddEvent(settling(e, *chosen.Event, o))
	case EntriesClash:
		return together(c), nil
	default:
		return settleField(tree, c, chosen), nil
	}
}

// settling is the event after all that stand which says again what one of them said.
func settling(e, chosen Event, o Outcome) Event {
	e.Status, e.Resolution, e.After = chosen.Status, chosen.Resolution, o.Tips()
	if e.Note == "" {
		e.Note = chosen.Note
	}
	return e
}

func settleField(tree map[string]any, c Clash, chosen ClashValue) []crdt.Edit {
	edits := []crdt.Edit{{Kind: crdt.EditSet, Path: c.Path, Value: chosen.raw}}
	id, ok := tickPath(c.Path)
	if !ok {
		return edits
	}
	// A tick says when and by whom, no tick says neither; a tick that was contradicted keeps what is written there.
	if done, _ := chosen.raw.(bool); !done {
		list, _ := tree[KeyChecklist].(map[string]any)
		item, _ := list[id].(map[string]any)
		at := spot{m: item, at: crdt.Path{KeyChecklist, id}, out: &edits}
		at.drop(KeyDoneAt)
		at.drop(KeyBy)
	}
	return edits
}

// tickPath tells whether a path is that of an item's tick, and which item's.
func tickPath(p crdt.Path) (id string, ok bool) {
	if len(p) != 3 || p[0] != KeyChecklist || p[2] != KeyDone {
		return "", false
	}
	id, ok = p[1].(string)
	return id, ok
}

// together gives the edits that bring into the map that counts the entries that stand in the others only. The map stays the same, so
// that what phones write into it meanwhile is not lost.
func together(c Clash) []crdt.Edit {
	have, isMap := c.Values[0].raw.(map[string]any)
	missing := map[string]any{}
	for _, v := range c.Values[1:] {
		m, _ := v.raw.(map[string]any)
		for k, e := range m {
			if _, there := have[k]; !there {
				if _, known := missing[k]; !known {
					missing[k] = e
				}
			}
		}
	}
	if !isMap && len(missing) > 0 {
		return []crdt.Edit{{Kind: crdt.EditSet, Path: c.Path, Value: missing}}
	}
	var edits []crdt.Edit
	for _, k := range sortedKeys(missing) {
		edits = append(edits, crdt.Edit{Kind: crdt.EditSet, Path: c.Path.Join(k), Value: missing[k]})
	}
	return edits
}

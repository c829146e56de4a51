package job

import "slices"

// read takes a list as the JSON form has it. A list takes the place of the one that stands there: its entries are those of their uuid,
// or without one the first that says the same, or new. An object of uuid to entry is merged into the list: null takes an entry
// away, an unknown uuid adds one at the end.
func (l list[T]) read(f *form, at string, v any, cur []T) []T {
	var out []T
	switch v := v.(type) {
	case nil:
		return []T{}
	case []any:
		if len(v) > MaxEntries && len(v) > len(cur) {
			f.errs.add(at, "has more than %d entries", MaxEntries)
			return cur
		}
		out = l.replace(f, at, v, cur)
	case map[string]any:
		if len(v) > MaxEntries {
			f.errs.add(at, "has more than %d entries", MaxEntries)
			return cur
		}
		out = l.merge(f, at, v, cur)
	default:
		f.errs.add(at, "must be a list of objects")
		return cur
	}
	if len(out) > MaxEntries && len(out) > len(cur) {
		f.errs.add(at, "has more than %d entries", MaxEntries)
		return cur
	}
	return out
}

func (l list[T]) replace(f *form, at string, entries []any, cur []T) []T {
	index := make(map[string]int, len(cur))
	for i := range cur {
		index[*l.id(&cur[i])] = i
	}
	named := make(map[string]bool, len(entries))
	ids := make([]string, len(entries))
	maps := make([]map[string]any, len(entries))
	for i, e := range entries {
		at := nth(at, i)
		maps[i], _ = f.object(e, at, append(slices.Clone(l.keys), KeyUUID)...)
		v := maps[i][KeyUUID]
		if v == nil {
			continue
		}
		id, ok := v.(string)
		if _, known := index[id]; !ok || !known {
			id, _ = f.id(v, join(at, KeyUUID))
		}
		if id != "" && named[id] {
			f.errs.add(join(at, KeyUUID), "is there twice")
		}
		ids[i], named[id] = id, true
	}
	out := make([]T, 0, len(entries))
	for i := range entries {
		if maps[i] == nil {
			continue
		}
		var was T
		if ids[i] == "" {
			ids[i] = l.find(f, maps[i], cur, named)
		}
		if j, known := index[ids[i]]; known {
			was = cur[j]
		} else if ids[i] == "" {
			ids[i], _ = f.newID(nth(at, i))
		}
		named[ids[i]] = true
		var now T
		*l.id(&now) = ids[i]
		l.parse(f, nth(at, i), maps[i], &was, &now)
		out = append(out, now)
	}
	return out
}

// find gives the id of the entry that says what a nameless one says, unless another entry takes it; else none.
func (l list[T]) find(f *form, m map[string]any, cur []T, named map[string]bool) string {
	scratch := form{Author: f.Author, kind: f.kind}
	var zero, now T
	l.parse(&scratch, "", m, &zero, &now)
	for i := range cur {
		if id := *l.id(&cur[i]); !named[id] && l.same(&now, &cur[i]) {
			return id
		}
	}
	return ""
}

func (l list[T]) merge(f *form, at string, entries map[string]any, cur []T) []T {
	out := slices.Clone(cur)
	index := make(map[string]int, len(cur))
	for i := range cur {
		index[*l.id(&cur[i])] = i
	}
	gone := make(map[int]bool)
	for _, id := range sortedKeys(entries) {
		at := join(at, id)
		i, known := index[id]
		if entries[id] == nil {
			if known {
				gone[i] = true
			}
			continue
		}
		if !known {
			if _, ok := f.id(id, at); !ok {
				continue
			}
			var fresh T
			*l.id(&fresh) = id
			out = append(out, fresh)
			i = len(out) - 1
		}
		m, _ := f.object(entries[id], at, l.keys...)
		if m == nil {
			continue
		}
		was := out[i]
		l.parse(f, at, m, &was, &out[i])
	}
	kept := out[:0]
	for i := range out {
		if !gone[i] {
			kept = append(kept, out[i])
		}
	}
	return kept
}

type lineOf struct {
	key  string
	cur  string
	into *string
}

// lines takes the strings of an entry; what is not named stays.
func (f *form) lines(at string, m map[string]any, lines []lineOf) {
	for _, l := range lines {
		if v, has := m[l.key]; has {
			*l.into = f.line(v, join(at, l.key), l.cur)
		}
	}
}

type flagOf struct {
	key  string
	into *bool
}

func (f *form) flags(at string, m map[string]any, flags []flagOf) {
	for _, l := range flags {
		if v, has := m[l.key]; has {
			*l.into = f.boolean(v, join(at, l.key))
		}
	}
}

// needs complains of a string that must be there.
func (f *form) needs(at, key, s string) {
	if s == "" {
		f.errs.add(join(at, key), "is missing")
	}
}

// assignees takes a list of {user, edit}, or of user ids, which takes the place of the one that stands there; or an object of user id to
// {edit}, which is merged into it. One assignee alone has edit access, unless that is said otherwise.
func (f *form) assignees(v any, at string, cur []Assignee) []Assignee {
	edits := map[string]bool{} // user -> edit
	complaints := len(f.errs)
	said := false
	switch v := v.(type) {
	case nil:
	case []any:
		if len(v) > MaxAssignees && len(v) > len(cur) {
			f.errs.add(at, "has more than %d entries", MaxAssignees)
			return cur
		}
		for i, e := range v {
			at := nth(at, i)
			user, m, in := e, map[string]any(nil), at
			if _, plain := e.(string); !plain {
				m, _ = f.object(e, at, keyUser, KeyEdit)
				user, in = m[keyUser], join(at, keyUser)
			}
			id, ok := f.id(user, in)
			if _, twice := edits[id]; ok && twice {
				f.errs.add(in, "is there twice")
			}
			edit, has := m[KeyEdit]
			edits[id], said = f.boolean(edit, join(at, KeyEdit)), said || has
		}
	case map[string]any:
		if len(v) > MaxAssignees {
			f.errs.add(at, "has more than %d entries", MaxAssignees)
			return cur
		}
		said = len(cur) > 0
		for _, a := range cur {
			edits[a.User] = a.Edit
		}
		for _, id := range sortedKeys(v) {
			at := join(at, id)
			if v[id] == nil {
				delete(edits, id)
				continue
			}
			m, _ := f.object(v[id], at, KeyEdit)
			if _, ok := f.id(id, at); !ok {
				continue
			}
			if edit, has := m[KeyEdit]; has {
				edits[id], said = f.boolean(edit, join(at, KeyEdit)), true
			} else if _, known := edits[id]; !known {
				edits[id] = false
			}
		}
	default:
		f.errs.add(at, "must be a list of objects")
		return cur
	}
	out := make([]Assignee, 0, len(edits))
	editors := 0
	for _, user := range sortedKeys(edits) {
		a := Assignee{User: user, Edit: edits[user] || !said && len(edits) == 1}
		if out = append(out, a); a.Edit {
			editors++
		}
	}
	if len(f.errs) == complaints && len(out) > 0 && editors != 1 && !slices.Equal(out, cur) {
		f.errs.add(at, "exactly one assignee has edit: true, not %d", editors)
	}
	return out
}

// keyUser names the assignee in the JSON form; in the document the user id is the key.
const keyUser = "user"

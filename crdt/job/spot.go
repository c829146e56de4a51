package job

import (
	"maps"
	"math"
	"slices"

	"fieldsync/crdt"
)

// spot is a map of a document that edits go into, as it stands now. Its methods add the smallest edits that lead from
// what was read to what shall be; what they do not name they leave alone.
type spot struct {
	m   map[string]any
	at  crdt.Path
	out *[]crdt.Edit
}

func (p spot) add(e crdt.Edit) { *p.out = append(*p.out, e) }

func (p spot) set(key string, value any) {
	p.add(crdt.Edit{Kind: crdt.EditSet, Path: p.at.Join(key), Value: value})
}

// drop takes a key away, if it is there.
func (p spot) drop(key string) {
	if _, there := p.m[key]; there {
		p.add(crdt.Edit{Kind: crdt.EditDelete, Path: p.at.Join(key)})
	}
}

// sub is the map under a key. Where none stands, or what is no map, the caller sets the whole.
func (p spot) sub(key string) (spot, bool) {
	m, ok := p.m[key].(map[string]any)
	return spot{m: m, at: p.at.Join(key), out: p.out}, ok
}

// line is a string that is replaced as a whole. An empty one is absent.
func (p spot) line(key, old, now string) {
	switch {
	case old == now:
	case now == "":
		p.drop(key)
	default:
		p.set(key, now)
	}
}

// text is a text that merges by characters.
func (p spot) text(key, old, now string) {
	if old != now {
		p.setText(key, now)
	}
}

func (p spot) setText(key, now string) {
	v, there := p.m[key]
	if _, isText := asString(v); there && !isText {
		p.set(key, crdt.Text(now)) // what stands there is no text and cannot become one
		return
	}
	p.add(crdt.Edit{Kind: crdt.EditSetText, Path: p.at.Join(key), Text: now})
}

func (p spot) flag(key string, old, now bool) {
	if old != now {
		p.set(key, now)
	}
}

func (p spot) time(key string, old, now crdt.Timestamp) {
	switch {
	case old == now:
	case now == 0:
		p.drop(key)
	default:
		p.set(key, now)
	}
}

func (p spot) number(key string, old, now float64) {
	if old != now {
		p.set(key, numberValue(now))
	}
}

// ref is replaced as a whole when it leads elsewhere: half of one reference with half of another would name nothing. A new name
// of the same document is a smaller edit.
func (p spot) ref(key string, old, now Ref) {
	in, isMap := p.sub(key)
	switch {
	case old == now:
	case now == Ref{}:
		p.drop(key)
	case isMap && old.UUID == now.UUID && now.UUID != "":
		in.line(KeyName, old.Name, now.Name)
	default:
		p.set(key, refValue(now))
	}
}

// geolocation is replaced as a whole, so that two people who move it leave a place that one of them meant.
func (p spot) geolocation(key string, old, now *Location) {
	switch {
	case old == nil && now == nil || old != nil && now != nil && *old == *now:
	case now == nil:
		p.drop(key)
	default:
		p.set(key, locationValue(now))
	}
}

func (p spot) address(key string, old, now Address) {
	if old.equal(now) {
		return
	}
	in, isMap := p.sub(key)
	if !isMap {
		p.set(key, addressValue(now))
		return
	}
	in.line(KeyFormatted, old.Formatted, now.Formatted)
	in.line(KeyEntranceNo, old.EntranceNo, now.EntranceNo)
	in.line(KeyApartment, old.Apartment, now.Apartment)
	in.line(KeyFloor, old.Floor, now.Floor)
	in.line(KeyDescription, old.Description, now.Description)
	in.geolocation(KeyGeolocation, old.Location, now.Location)
}

func (a Address) equal(b Address) bool {
	la, lb := a.Location, b.Location
	a.Location, b.Location = nil, nil
	return a == b && (la == nil) == (lb == nil) && (la == nil || *la == *lb)
}

func (p spot) minutes(key string, old, now int64) {
	in, isMap := p.sub(key)
	switch {
	case old == now:
	case now == 0 && !isMap:
		p.drop(key)
	case now == 0:
		in.drop(KeyMinutes)
	case isMap:
		in.set(KeyMinutes, now)
	default:
		p.set(key, map[string]any{KeyMinutes: now})
	}
}

// labels is a map of names to names.
func (p spot) labels(key string, old, now map[string]string) {
	if maps.Equal(old, now) {
		return
	}
	in, isMap := p.sub(key)
	if !isMap {
		all := make(map[string]any, len(now))
		for k, v := range now {
			all[k] = v
		}
		p.set(key, all)
		return
	}
	for _, k := range sortedKeys(old) {
		if now[k] == "" {
			in.drop(k)
		}
	}
	for _, k := range sortedKeys(now) {
		in.line(k, old[k], now[k])
	}
}

// names is a map of names to true.
func (p spot) names(key string, old, now []string) {
	if slices.Equal(old, now) {
		return
	}
	in, isMap := p.sub(key)
	if !isMap {
		all := make(map[string]any, len(now))
		for _, name := range now {
			all[name] = true
		}
		p.set(key, all)
		return
	}
	for _, name := range old {
		if !slices.Contains(now, name) {
			in.drop(name)
		}
	}
	for _, name := range now {
		if !slices.Contains(old, name) {
			in.set(name, true)
		}
	}
}

func (p spot) assignees(key string, old, now []Assignee) {
	find := func(list []Assignee, user string) (Assignee, bool) {
		i := slices.IndexFunc(list, func(a Assignee) bool { return a.User == user })
		if i < 0 {
			return Assignee{}, false
		}
		return list[i], true
	}
	if slices.Equal(old, now) {
		return
	}
	in, isMap := p.sub(key)
	if !isMap {
		p.set(key, assigneesValue(now))
		return
	}
	for _, a := range old {
		if _, stays := find(now, a.User); !stays {
			in.drop(a.User)
		}
	}
	for _, a := range now {
		was, known := find(old, a.User)
		if !known {
			in.set(a.User, map[string]any{KeyEdit: a.Edit})
			continue
		}
		one, _ := in.sub(a.User)
		one.flag(KeyEdit, was.Edit, a.Edit)
	}
}

// numberValue writes whole numbers as such, as far as JavaScript counts them exactly: a browser decodes no change with a greater one.
func numberValue(n float64) any {
	if n == math.Trunc(n) && math.Abs(n) < 1<<53 {
		return int64(n)
	}
	return n
}

func refValue(r Ref) map[string]any {
	m := map[string]any{}
	putString(m, KeyUUID, r.UUID)
	putString(m, KeyName, r.Name)
	return m
}

func assigneesValue(list []Assignee) map[string]any {
	m := make(map[string]any, len(list))
	for _, a := range list {
		m[a.User] = map[string]any{KeyEdit: a.Edit}
	}
	return m
}

func addressValue(a Address) map[string]any {
	m := map[string]any{}
	putString(m, KeyFormatted, a.Formatted)
	putString(m, KeyEntranceNo, a.EntranceNo)
	putString(m, KeyApartment, a.Apartment)
	putString(m, KeyFloor, a.Floor)
	putString(m, KeyDescription, a.Description)
	putLocation(m, KeyGeolocation, a.Location)
	return m
}

func putString(m map[string]any, key, s string) {
	if s != "" {
		m[key] = s
	}
}

func putTrue(m map[string]any, key string, b bool) {
	if b {
		m[key] = true
	}
}

func putTime(m map[string]any, key string, t crdt.Timestamp) {
	if t != 0 {
		m[key] = t
	}
}

func putLocation(m map[string]any, key string, l *Location) {
	if l != nil {
		m[key] = locationValue(l)
	}
}

func locationValue(l *Location) map[string]any {
	at := map[string]any{KeyLatitude: l.Latitude, KeyLongitude: l.Longitude}
	if l.AccuracyM != 0 {
		at[KeyAccuracyM] = l.AccuracyM
	}
	putTime(at, KeyCapturedAt, l.CapturedAt)
	putTime(at, KeyUploadedAt, l.UploadedAt)
	return at
}

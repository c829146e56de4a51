package job

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fieldsync/crdt"
)

// Class is what somebody may do by his role, as far as this package decides it: which way a status may go, when a report is open. Who may
// write to which place of a document is decided by the admission policy.
type Class uint8

const (
	ClassWorker     Class = iota // does the job
	ClassDispatcher              // plans it: dispatchers, administrators, owners, integrations
)

// Author says who makes a change, and gives what a pure function cannot make by itself.
type Author struct {
	User   string // user id; empty for an integration
	Device string // device id; empty where there is none
	Class  Class
	Now    crdt.Timestamp
	NewID  func() string // a fresh random id for an entry of a map; needed where entries come without one
}

// form reads a document's JSON form as somebody sends it: strictly, each complaint with the field's name. Values are what
// encoding/json decodes into an any; numbers may also be json.Number or Go's integers.
type form struct {
	Author
	errs FieldErrors
	kind string // of the document
}

// object takes an object that has no other names than the known ones.
func (f *form) object(v any, at string, known ...string) (map[string]any, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		f.errs.add(at, "must be an object")
		return nil, false
	}
	for _, k := range sortedKeys(m) {
		if !slices.Contains(known, k) {
			f.errs.add(join(at, k), "is not known here")
			ok = false
		}
	}
	return m, ok
}

// join names a field inside another. Names that a client made up are cut short.
func join(at, key string) string {
	const most = 80 // characters of a name that are worth repeating
	if r := []rune(strings.ToValidUTF8(key, "�")); len(r) > most {
		key = string(r[:most]) + "…"
	}
	if at == "" {
		return key
	}
	return at + "." + key
}

func nth(at string, i int) string { return fmt.Sprintf("%s[%d]", at, i) }

// line takes a string of one line; null is an empty one. What stands there already passes unexamined.
func (f *form) line(v any, at, cur string) string { return f.str(v, at, cur, MaxLine, false) }

// text takes a string of several lines.
func (f *form) text(v any, at, cur string) string { return f.str(v, at, cur, MaxText, true) }

func (f *form) str(v any, at, cur string, most int, paragraphs bool) string {
	if v == nil {
		return ""
	}
	s, ok := v.(string)
	switch {
	case !ok:
		f.errs.add(at, "must be a string")
	case s == cur:
		return s
	case !utf8.ValidString(s):
		f.errs.add(at, "is not UTF-8")
	case utf8.RuneCountInString(s) > most:
		f.errs.add(at, "has more than %d characters", most)
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) && (!paragraphs || !strings.ContainsRune("\n\r\t", r)) }):
		if paragraphs {
			f.errs.add(at, "has control characters")
		} else {
			f.errs.add(at, "must be one line without control characters")
		}
	default:
		return s
	}
	return cur
}

// id takes what becomes a map's key.
func (f *form) id(v any, at string) (string, bool) {
	s, ok := v.(string)
	if !ok || checkID(s) != nil {
		f.errs.add(at, "must be an id: 1 to %d bytes without control characters", MaxID)
		return "", false
	}
	return s, true
}

// checkID tells whether a string may be a map's key.
func checkID(s string) error {
	if s == "" || len(s) > MaxID || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return invalid("an id is 1 to %d bytes of UTF-8 without control characters", MaxID)
	}
	return nil
}

// newID gives an entry that came without an id a fresh one.
func (f *form) newID(at string) (string, bool) {
	if f.NewID == nil {
		f.errs.add(join(at, KeyUUID), "is missing")
		return "", false
	}
	return f.NewID(), true
}

func (f *form) boolean(v any, at string) bool {
	b, ok := v.(bool)
	if !ok && v != nil {
		f.errs.add(at, "must be true or false")
	}
	return b
}

func (f *form) number(v any, at string) (float64, bool) {
	var n float64
	switch x := v.(type) {
	case float64:
		n = x
	case int:
		n = float64(x)
	case int64:
		n = float64(x)
	case json.Number:
		var err error
		if n, err = x.Float64(); err != nil {
			n = math.NaN()
		}
	default:
		n = math.NaN()
	}
	if math.IsNaN(n) || math.IsInf(n, 0) {
		f.errs.add(at, "must be a number")
		return 0, false
	}
	return n, true
}

// within takes a number of a range.
func (f *form) within(v any, at string, least, most float64) (float64, bool) {
	n, ok := f.number(v, at)
	if ok && (n < least || n > most) {
		f.errs.add(at, "must be between %v and %v", least, most)
		return 0, false
	}
	return n, ok
}

// time takes a moment in RFC 3339.
func (f *form) time(v any, at string, cur crdt.Timestamp) crdt.Timestamp {
	if v == nil {
		return 0
	}
	s, ok := v.(string)
	if !ok {
		f.errs.add(at, "must be a time in RFC 3339, like 2026-11-24T09:30:00Z")
		return cur
	}
	t, err := crdt.ParseTimestamp(s)
	if err != nil {
		f.errs.add(at, "must be a time in RFC 3339, like 2026-11-24T09:30:00Z")
		return cur
	}
	return t
}

// day takes a calendar day.
func (f *form) day(v any, at string) (string, bool) {
	s, ok := v.(string)
	if ok {
		_, err := time.Parse(time.DateOnly, s)
		ok = err == nil
	}
	if !ok {
		f.errs.add(at, "must be a day, like 2026-11-24")
	}
	return s, ok
}

// ref takes {uuid, name}, or the plain name. An object is merged into what stands there.
func (f *form) ref(v any, at string, cur Ref) Ref {
	switch v.(type) {
	case nil:
		return Ref{}
	case string:
		return Ref{Name: f.line(v, at, cur.Name)}
	}
	m, _ := f.object(v, at, KeyUUID, KeyName)
	if v, has := m[KeyName]; has {
		cur.Name = f.line(v, join(at, KeyName), cur.Name)
	}
	if v, has := m[KeyUUID]; has && v == nil {
		cur.UUID = ""
	} else if has && v != cur.UUID {
		cur.UUID, _ = f.id(v, join(at, KeyUUID))
	}
	return cur
}

// labels takes a map of names to texts. An object is merged into what stands there.
func (f *form) labels(v any, at string, cur map[string]string, most int) map[string]string {
	out := map[string]string{}
	if v == nil {
		return nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		f.errs.add(at, "must be an object")
		return cur
	}
	for k, s := range cur {
		out[k] = s
	}
	for _, k := range sortedKeys(m) {
		if _, ok := f.id(k, join(at, k)); !ok {
			continue
		}
		if s := f.line(m[k], join(at, k), cur[k]); s != "" {
			out[k] = s
		} else {
			delete(out, k)
		}
	}
	if len(out) > most && len(out) > len(cur) {
		f.errs.add(at, "has more than %d entries", most)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}

// names takes a list of texts that become map keys; the order does not matter.
func (f *form) names(v any, at string, cur []string, most int) []string {
	out := []string{}
	if v == nil {
		return out
	}
	l, ok := v.([]any)
	if !ok {
		f.errs.add(at, "must be a list of strings")
		return cur
	}
	if len(l) > most && len(l) > len(cur) {
		f.errs.add(at, "has more than %d entries", most)
		return cur
	}
	for i, v := range l {
		if s, ok := v.(string); ok && slices.Contains(cur, s) {
			out = append(out, s)
		} else if s, ok := f.id(v, nth(at, i)); ok {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// address takes an address. An object is merged into what stands there.
func (f *form) address(v any, at string, cur Address) Address {
	if v == nil {
		return Address{}
	}
	m, _ := f.object(v, at, KeyFormatted, KeyEntranceNo, KeyApartment, KeyFloor, KeyDescription, KeyGeolocation)
	for _, into := range []struct {
		key string
		s   *string
	}{{KeyFormatted, &cur.Formatted}, {KeyEntranceNo, &cur.EntranceNo}, {KeyApartment, &cur.Apartment}, {KeyFloor, &cur.Floor}, {KeyDescription, &cur.Description}} {
		if v, has := m[into.key]; has {
			*into.s = f.str(v, join(at, into.key), *into.s, MaxLine, true)
		}
	}
	if v, has := m[KeyGeolocation]; has {
		cur.Location = f.geolocation(v, join(at, KeyGeolocation), cur.Location)
	}
	return cur
}

func (f *form) geolocation(v any, at string, cur *Location) *Location {
	if v == nil {
		return nil
	}
	m, ok := f.object(v, at, KeyLongitude, KeyLatitude)
	var now Location
	if cur != nil {
		now = *cur
	}
	for _, into := range []struct {
		key  string
		n    *float64
		most float64
	}{{KeyLongitude, &now.Longitude, 180}, {KeyLatitude, &now.Latitude, 90}} {
		v, has := m[into.key]
		switch {
		case !has && cur == nil || has && v == nil:
			f.errs.add(join(at, into.key), "is missing")
			ok = false
		case has:
			n, inside := f.within(v, join(at, into.key), -into.most, into.most)
			*into.n = n
			ok = ok && inside
		}
	}
	if !ok {
		return cur
	}
	return &now
}

// duration takes {minutes}.
func (f *form) duration(v any, at string, cur Duration) Duration {
	if v == nil {
		return Duration{}
	}
	m, _ := f.object(v, at, KeyMinutes)
	v, has := m[KeyMinutes]
	if !has {
		return cur
	}
	if v == nil {
		return Duration{}
	}
	n, ok := f.within(v, join(at, KeyMinutes), 0, MaxMinutes)
	if ok && n != math.Trunc(n) {
		f.errs.add(join(at, KeyMinutes), "must be a whole number")
		ok = false
	}
	if !ok {
		return cur
	}
	return Duration{Minutes: int64(n)}
}

package job

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"fieldsync/crdt"
)

// cursor is a map of the tree and where it stands.
type cursor struct {
	m        map[string]any
	at       crdt.Path
	problems *[]Problem
}

func (c cursor) problem(key any, want string) {
	if len(*c.problems) < MaxProblems {
		*c.problems = append(*c.problems, Problem{Path: c.at.Join(key), Want: want})
	}
}

// read takes the value under a key through a conversion; absent and null values are no problem.
func read[T any](c cursor, key, want string, conv func(any) (T, bool)) T {
	var zero T
	v, there := c.m[key]
	if !there || v == nil {
		return zero
	}
	if x, ok := conv(v); ok {
		return x
	}
	c.problem(key, want)
	return zero
}

func (c cursor) str(key string) string    { return read(c, key, "text", asString) }
func (c cursor) boolean(key string) bool  { return read(c, key, "true or false", asBool) }
func (c cursor) integer(key string) int64 { return read(c, key, "a whole number", asInt) }
func (c cursor) number(key string) float64 {
	return read(c, key, "a number", asFloat)
}
func (c cursor) time(key string) crdt.Timestamp { return read(c, key, "a time", asTime) }

// label is a text that may be written as a number.
func (c cursor) label(key string) string {
	return read(c, key, "text or a whole number", func(v any) (string, bool) {
		if s, ok := asString(v); ok {
			return s, true
		}
		n, ok := asInt(v)
		return strconv.FormatInt(n, 10), ok
	})
}

// ref names another document: a map of uuid and name, or the plain name.
func (c cursor) ref(key string) Ref {
	return read(c, key, "a name, or a map of uuid and name", func(v any) (Ref, bool) {
		m, isMap := v.(map[string]any)
		if !isMap {
			name, ok := asString(v)
			return Ref{Name: name}, ok
		}
		var r Ref
		ok := true
		if v := m[KeyUUID]; v != nil {
			r.UUID, ok = asString(v)
		}
		if v := m[KeyName]; v != nil {
			var isText bool
			r.Name, isText = asString(v)
			ok = ok && isText
		}
		return r, ok
	})
}

// key is what names the other end most exactly.
func (r Ref) key() string { return cmp.Or(r.UUID, r.Name) }

// labels is a map of labels; nil where there is none.
func (c cursor) labels(key string) map[string]string {
	all, ok := c.sub(key)
	if !ok || len(all.m) == 0 {
		return nil
	}
	out := make(map[string]string, len(all.m))
	for _, k := range sortedKeys(all.m) {
		if s := all.label(k); s != "" {
			out[k] = s
		}
	}
	return out
}

// set is a map of names to true, sorted. A list of names is taken for one.
func (c cursor) set(key string) []string {
	out := []string{}
	if _, isList := c.m[key].([]any); isList {
		out = append(out, c.strings(key)...)
	} else if all, ok := c.sub(key); ok {
		for _, k := range sortedKeys(all.m) {
			if all.boolean(k) {
				out = append(out, k)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (c cursor) sub(key string) (cursor, bool) {
	m := read(c, key, "a map", func(v any) (map[string]any, bool) { m, ok := v.(map[string]any); return m, ok })
	return cursor{m: m, at: c.at.Join(key), problems: c.problems}, m != nil
}

// each visits the maps inside a map, in the order of their keys.
func (c cursor) each(key string, visit func(id string, c cursor)) {
	all, ok := c.sub(key)
	if !ok {
		return
	}
	for _, id := range sortedKeys(all.m) {
		if one, ok := all.sub(id); ok {
			visit(id, one)
		}
	}
}

func (c cursor) strings(key string) []string {
	list := read(c, key, "a list", func(v any) ([]any, bool) { l, ok := v.([]any); return l, ok })
	var out []string
	for i, v := range list {
		s, ok := asString(v)
		if !ok {
			cursor{at: c.at.Join(key), problems: c.problems}.problem(i, "text")
			continue
		}
		out = append(out, s)
	}
	return out
}

func (c cursor) location(key string) *Location {
	at, ok := c.sub(key)
	if !ok {
		return nil
	}
	l := &Location{Latitude: at.number(KeyLatitude), Longitude: at.number(KeyLongitude), AccuracyM: at.number(KeyAccuracyM),
		CapturedAt: at.time(KeyCapturedAt), UploadedAt: at.time(KeyUploadedAt)}
	_, lat := asFloat(at.m[KeyLatitude])
	_, lon := asFloat(at.m[KeyLongitude])
	if !lat || !lon || math.Abs(l.Latitude) > 90 || math.Abs(l.Longitude) > 180 {
		c.problem(key, "a place on earth")
		return nil
	}
	return l
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func asString(v any) (string, bool) {
	switch s := v.(type) {
	case string:
		return s, true
	case crdt.Text:
		return string(s), true
	}
	return "", false
}

func asBool(v any) (bool, bool) { b, ok := v.(bool); return b, ok }

// asInt takes whole numbers in any form: JavaScript clients write the same number as int or float.
func asInt(v any) (int64, bool) {
	switch n := v.(type) {
	case int64:
		return n, true
	case uint64:
		return int64(n), n <= math.MaxInt64
	case crdt.Counter:
		return int64(n), true
	case float64:
		if n != math.Trunc(n) || math.Abs(n) >= 1<<63 { // NaN is not equal to itself
			return 0, false
		}
		return int64(n), true
	}
	return 0, false
}

func asFloat(v any) (float64, bool) {
	switch n := v.(type) {
	case float64:
		return n, !math.IsNaN(n) && !math.IsInf(n, 0)
	case int64:
		return float64(n), true
	case uint64:
		return float64(n), true
	}
	return 0, false
}

// asTime takes timestamps, and numbers as milliseconds since 1970, of the years 0 to 9999: the others have no name in JSON.
func asTime(v any) (crdt.Timestamp, bool) {
	t, ok := v.(crdt.Timestamp)
	if !ok {
		if _, isCounter := v.(crdt.Counter); isCounter {
			return 0, false
		}
		n, isInt := asInt(v)
		t, ok = crdt.Timestamp(n), isInt
	}
	if !ok || !t.Named() {
		return 0, false
	}
	return t, true
}

// asDay takes a calendar day like 2026-11-24, and a timestamp for its day in UTC.
func asDay(v any) (string, bool) {
	if t, ok := v.(crdt.Timestamp); ok && t.Named() {
		return t.String()[:len(time.DateOnly)], true
	}
	s, ok := asString(v)
	if !ok || s == "" {
		return "", ok
	}
	_, err := time.Parse(time.DateOnly, s)
	return s, err == nil
}

// isSHA256 tells whether a string is the hexadecimal form of a SHA-256, in lower case: the only spelling of a name.
func isSHA256(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

package job

import (
	"math"
	"slices"
	"strconv"

	"fieldsync/crdt"
)

// Problem is a value that could not be understood and was passed over.
type Problem struct {
	Path crdt.Path
	Want string // what should have stood there
}

// MaxProblems bounds the list of problems: one broken job must not fill a log.
const MaxProblems = 50

// IsJob tells whether a document's root says that it is a job.
func IsJob(tree map[string]any) bool {
	kind, ok := asString(tree[KeyKind])
	return ok && kind == Kind
}

// Read understands a document's tree as a job, whatever stands in it: what has the wrong type is passed over and listed.
// The tree is not kept.
func Read(tree map[string]any) (Job, []Problem) {
	var problems []Problem
	root := cursor{m: tree, problems: &problems}
	if !IsJob(tree) {
		root.problem(KeyKind, strconv.Quote(Kind))
	}
	j := Job{
		SchemaVersion:   root.integer(KeySchemaVersion),
		UUID:            root.str(KeyUUID),
		SerialNo:        root.label(KeySerialNo),
		ExternalID:      root.label(KeyExternalID),
		ExternalOrderID: root.label(KeyExternalOrderID),
		Title:           root.str(KeyTitle),
		Description:     root.str(KeyDescription),
		Template:        root.named(KeyTemplate),
		Type:            root.named(KeyType),
		Client:          root.named(KeyClient),
		Site:            root.named(KeySite),
		Territory:       root.named(KeyTerritory),
		ScheduledAt:     root.time(KeyScheduledAt),
		CreatedAt:       root.time(KeyCreatedAt),
		Resolution:      root.named(KeyResolution),
	}
	if duration, ok := root.sub(KeyScheduledDuration); ok {
		j.ScheduledDuration = duration.integer(KeyMinutes)
	}
	if a, ok := root.sub(KeyAddress); ok {
		j.Address = Address{Formatted: a.str(KeyFormatted), EntranceNo: a.label(KeyEntranceNo), Apartment: a.label(KeyApartment),
			Floor: a.label(KeyFloor), Description: a.str(KeyDescription), Location: a.location(KeyGeolocation)}
	}
	j.Log = events(root)
	j.Outcome = Current(j.Log)
	root.each(KeyAssignees, func(id string, c cursor) {
		j.Assignees = append(j.Assignees, Assignee{User: id, Edit: c.boolean(KeyEdit)})
	})
	root.each(KeyAttachments, func(id string, c cursor) {
		a := Attachment{ID: id, SHA256: c.str(KeySHA256), Size: c.integer(KeySize), MediaType: c.str(KeyMediaType), Name: c.str(KeyName),
			Field: c.str(KeyField), TakenAt: c.time(KeyTakenAt), By: c.str(KeyBy), Location: c.location(KeyLocation), PreviewSHA256: c.str(KeyPreviewSHA256)}
		if !isSHA256(a.SHA256) {
			c.problem(KeySHA256, "a SHA-256 in lower-case hexadecimal")
			return
		}
		if a.PreviewSHA256 != "" && !isSHA256(a.PreviewSHA256) {
			c.problem(KeyPreviewSHA256, "a SHA-256 in lower-case hexadecimal")
			a.PreviewSHA256 = ""
		}
		if a.Size < 0 {
			c.problem(KeySize, "a size")
			a.Size = 0
		}
		j.Attachments = append(j.Attachments, a)
	})
	root.each(KeyComments, func(id string, c cursor) {
		j.Comments = append(j.Comments, Comment{ID: id, Text: c.str(KeyText), By: c.str(KeyBy), HappenedAt: c.time(KeyHappenedAt)})
	})
	return j, problems
}

// Log reads the status log alone. An entry without a status is passed over, as if it were not there.
func Log(tree map[string]any) ([]Event, []Problem) {
	var problems []Problem
	return events(cursor{m: tree, problems: &problems}), problems
}

func events(root cursor) []Event {
	var out []Event
	root.each(KeyStatusLog, func(id string, c cursor) {
		e := Event{ID: id, Status: Status(c.str(KeyStatus)), HappenedAt: c.time(KeyHappenedAt), By: c.str(KeyBy), Device: c.str(KeyDevice),
			After: c.strings(KeyAfter), Location: c.location(KeyLocation), Note: c.str(KeyNote), Resolution: c.named(KeyResolution)}
		if e.Status == "" {
			c.problem(KeyStatus, "a status")
			return
		}
		out = append(out, e)
	})
	return out
}

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

// named is a name, or a map that has one.
func (c cursor) named(key string) string {
	return read(c, key, "a name", func(v any) (string, bool) {
		if m, ok := v.(map[string]any); ok {
			v = m[KeyName]
		}
		return asString(v)
	})
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
	ids := make([]string, 0, len(all.m))
	for id := range all.m {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	for _, id := range ids {
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

// asTime takes timestamps, and numbers as milliseconds since 1970.
func asTime(v any) (crdt.Timestamp, bool) {
	if t, ok := v.(crdt.Timestamp); ok {
		return t, true
	}
	if _, ok := v.(crdt.Counter); ok {
		return 0, false
	}
	n, ok := asInt(v)
	return crdt.Timestamp(n), ok
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

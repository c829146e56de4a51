package job

import (
	"slices"

	"fieldsync/crdt"
)

// SetField gives the edits that set one of the job's simple fields; an empty string, a zero time or nil takes the field away.
// Times are crdt.Timestamp, the duration is minutes as int64, all others are strings; a reference becomes one of that name. The
// description merges by characters.
func SetField(key string, value any) ([]crdt.Edit, error) {
	at := crdt.Path{key}
	s, isString := value.(string)
	switch key {
	case KeyDescription:
		if !isString && value != nil {
			return nil, invalid("%s is a text, not %T", key, value)
		}
		return []crdt.Edit{{Kind: crdt.EditSetText, Path: at, Text: s}}, nil
	case KeyUUID, KeySerialNo, KeyExternalID, KeyExternalOrderID, KeyTitle, KeyTemplate, KeyType, KeyClient, KeySite, KeyTerritory, KeyResolution:
		if !isString && value != nil {
			return nil, invalid("%s is a text, not %T", key, value)
		}
		switch {
		case s == "":
			value = nil
		case key == KeyTemplate || key == KeyClient || key == KeySite || key == KeyTerritory:
			value = refValue(Ref{Name: s})
		}
	case KeyScheduledAt, KeyCreatedAt:
		t, ok := value.(crdt.Timestamp)
		if !ok && value != nil {
			return nil, invalid("%s is a time, not %T", key, value)
		}
		if t == 0 {
			value = nil
		}
	case KeyScheduledDuration:
		n, ok := value.(int64)
		if !ok && value != nil || n < 0 {
			return nil, invalid("%s is a number of minutes, not %v", key, value)
		}
		if n == 0 {
			value = nil
			break
		}
		return []crdt.Edit{
			{Kind: crdt.EditEnsureMap, Path: at},
			{Kind: crdt.EditSet, Path: at.Join(KeyMinutes), Value: n},
		}, nil
	default:
		return nil, invalid("%q is not a simple field of a job", key)
	}
	if value == nil {
		return []crdt.Edit{{Kind: crdt.EditDelete, Path: at}}, nil
	}
	return []crdt.Edit{{Kind: crdt.EditSet, Path: at, Value: value}}, nil
}

// AddEvent gives the edits that add an entry to the status log. Its After should be the Tips of the outcome that its author saw.
func AddEvent(e Event) ([]crdt.Edit, error) {
	if err := checkEvent(e); err != nil {
		return nil, err
	}
	return entry(KeyStatusLog, e.ID, eventValue(e)), nil
}

// AddAttachment gives the edits that reference a file.
func AddAttachment(a Attachment) ([]crdt.Edit, error) {
	switch {
	case checkID(a.ID) != nil:
		return nil, invalid("an attachment without an id")
	case !isSHA256(a.SHA256), a.PreviewSHA256 != "" && !isSHA256(a.PreviewSHA256), a.ThumbnailSHA256 != "" && !isSHA256(a.ThumbnailSHA256):
		return nil, invalid("an attachment's hashes are SHA-256 in lower-case hexadecimal")
	case a.Size < 0:
		return nil, invalid("an attachment of %d bytes", a.Size)
	}
	if err := checkLines(nil, map[string]string{KeyName: a.Name, KeyMediaType: a.MediaType, KeyField: a.Field}); err != nil {
		return nil, err
	}
	m := map[string]any{KeySHA256: a.SHA256, KeySize: a.Size}
	putString(m, KeyMediaType, a.MediaType)
	putString(m, KeyName, a.Name)
	putString(m, KeyField, a.Field)
	putString(m, KeyBy, a.By)
	putString(m, KeyPreviewSHA256, a.PreviewSHA256)
	putString(m, KeyThumbnailSHA256, a.ThumbnailSHA256)
	putTime(m, KeyTakenAt, a.TakenAt)
	putLocation(m, KeyLocation, a.Location)
	return entry(KeyAttachments, a.ID, m), nil
}

// AddComment gives the edits that add a comment. Its text merges by characters, should somebody correct it.
func AddComment(c Comment) ([]crdt.Edit, error) {
	if checkID(c.ID) != nil || c.Text == "" {
		return nil, invalid("a comment needs an id and a text")
	}
	if err := checkLines(map[string]string{KeyText: c.Text}, nil); err != nil {
		return nil, err
	}
	m := map[string]any{KeyText: crdt.Text(c.Text)}
	putString(m, KeyBy, c.By)
	putTime(m, KeyHappenedAt, c.HappenedAt)
	return entry(KeyComments, c.ID, m), nil
}

// Assign gives the edits that make a user an assignee, or change whether with edit access.
func Assign(a Assignee) ([]crdt.Edit, error) {
	if checkID(a.User) != nil {
		return nil, invalid("an assignee without a user id")
	}
	at := crdt.Path{KeyAssignees, a.User}
	return []crdt.Edit{
		{Kind: crdt.EditEnsureMap, Path: at[:1]},
		{Kind: crdt.EditEnsureMap, Path: at},
		{Kind: crdt.EditSet, Path: at.Join(KeyEdit), Value: a.Edit},
	}, nil
}

// Unassign gives the edits that take a user off the job.
func Unassign(user string) ([]crdt.Edit, error) {
	if checkID(user) != nil {
		return nil, invalid("an assignee without a user id")
	}
	return []crdt.Edit{{Kind: crdt.EditEnsureMap, Path: crdt.Path{KeyAssignees}}, {Kind: crdt.EditDelete, Path: crdt.Path{KeyAssignees, user}}}, nil
}

// checkLines holds texts and lines against their limits.
func checkLines(texts, lines map[string]string) error {
	f := form{}
	for _, k := range sortedKeys(texts) {
		f.text(texts[k], k, "")
	}
	for _, k := range sortedKeys(lines) {
		f.line(lines[k], k, "")
	}
	return f.errs.Err()
}

func entry(in, id string, value map[string]any) []crdt.Edit {
	return []crdt.Edit{
		{Kind: crdt.EditEnsureMap, Path: crdt.Path{in}},
		{Kind: crdt.EditSet, Path: crdt.Path{in, id}, Value: value},
	}
}

func checkEvent(e Event) error {
	if checkID(e.ID) != nil {
		return invalid("a status event without an id")
	}
	if e.Status.Rank() == 0 {
		return invalid("%q is not a status", e.Status)
	}
	if slices.Contains(e.After, e.ID) {
		return invalid("a status event cannot come after itself")
	}
	return nil
}

func eventValue(e Event) map[string]any {
	after := make([]any, len(e.After))
	for i, id := range e.After {
		after[i] = id
	}
	m := map[string]any{KeyStatus: string(e.Status), KeyHappenedAt: e.HappenedAt, KeyAfter: after}
	putString(m, KeyBy, e.By)
	putString(m, KeyDevice, e.Device)
	putString(m, KeyNote, e.Note)
	putString(m, KeyResolution, e.Resolution)
	putLocation(m, KeyLocation, e.Location)
	return m
}

func invalid(format string, args ...any) error {
	return crdt.Errorf(crdt.KindInvalid, "job: "+format, args...)
}

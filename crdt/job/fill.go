package job

import (
	"slices"

	"fieldsync/crdt"
)

// Fill gives the edits that answer a custom or report field; nil takes the answer away. A text merges by characters. A worker fills in the
// report, once the job is started, and of that what is shown to him and is not read-only; custom fields are the dispatcher's.
// The value is what JSON has: a string, a number, true or false.
func Fill(tree map[string]any, id string, value any, a Author) ([]crdt.Edit, error) {
	j, _ := Read(tree)
	is, report := j.Field(id)
	if is == nil || a.Class == ClassWorker && is.Hidden {
		return nil, crdt.Errorf(crdt.KindNotFound, "job: it has no field %q", id)
	}
	key := KeyCustomFields
	if report {
		key = KeyReportFields
	}
	if a.Class == ClassWorker {
		switch {
		case !report || is.ReadOnly:
			return nil, crdt.Errorf(crdt.KindForbidden, "job: %q is filled in by the dispatcher", is.Name)
		case !j.ReportOpen():
			return nil, crdt.Errorf(crdt.KindConflict, "job: %s", reportClosed)
		}
	}
	f := reading(Kind, a)
	shall := *is
	shall.Value = f.answer(&shall, join(key, id)+"."+KeyValue, value, is)
	if err := f.errs.Err(); err != nil {
		return nil, err
	}
	var edits []crdt.Edit
	list, ok := spot{m: tree, out: &edits}.sub(key)
	if one, isMap := list.sub(id); ok && isMap {
		one.answer(is, &shall)
	}
	return edits, nil
}

// Tick gives the edits that tick an item of the checklist, or take the tick away. Who ticks what is ticked changes nothing.
func Tick(j *Job, id string, done bool, a Author) ([]crdt.Edit, error) {
	i := slices.IndexFunc(j.Checklist, func(i Item) bool { return i.ID == id })
	if i < 0 {
		return nil, crdt.Errorf(crdt.KindNotFound, "job: its checklist has no item %q", id)
	}
	was := j.Checklist[i]
	if was.Done == done {
		return nil, nil
	}
	now := was
	now.Done = done
	now = a.tick(now)
	var edits []crdt.Edit
	m := map[string]any{}
	putTime(m, KeyDoneAt, was.DoneAt)
	putString(m, KeyBy, was.By)
	spot{m: m, at: crdt.Path{KeyChecklist, id}, out: &edits}.ticks(&was, &now)
	return edits, nil
}

// EditComment gives the edits that correct a comment; the text merges by characters.
func EditComment(j *Job, id, text string) ([]crdt.Edit, error) {
	if err := j.hasComment(id); err != nil {
		return nil, err
	}
	if text == "" {
		return nil, FieldErrors{{Field: KeyText, Message: "is missing"}}
	}
	if err := checkLines(map[string]string{KeyText: text}, nil); err != nil {
		return nil, err
	}
	return []crdt.Edit{{Kind: crdt.EditSetText, Path: crdt.Path{KeyComments, id, KeyText}, Text: text}}, nil
}

// RemoveComment gives the edits that take a comment away.
func RemoveComment(j *Job, id string) ([]crdt.Edit, error) {
	if err := j.hasComment(id); err != nil {
		return nil, err
	}
	return []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{KeyComments, id}}}, nil
}

func (j *Job) hasComment(id string) error {
	if !slices.ContainsFunc(j.Comments, func(c Comment) bool { return c.ID == id }) {
		return crdt.Errorf(crdt.KindNotFound, "job: it has no comment %q", id)
	}
	return nil
}

// Attach gives the edits that add a file to a job, as an answer to the field that the attachment names, if it names one.
// A photo field takes [MaxPhotos], a signature one.
func Attach(j *Job, a Attachment, who Class) ([]crdt.Edit, error) {
	if slices.ContainsFunc(j.Attachments, func(b Attachment) bool { return b.ID == a.ID }) {
		return nil, crdt.Errorf(crdt.KindConflict, "job: it has an attachment of this id")
	}
	if a.Field != "" {
		f, report := j.Field(a.Field)
		switch {
		case f == nil || who == ClassWorker && f.Hidden:
			return nil, crdt.Errorf(crdt.KindNotFound, "job: it has no field %q", a.Field)
		case !f.Type.IsFile():
			return nil, FieldErrors{{Field: KeyField, Message: "is not answered by files"}}
		case who == ClassWorker && (!report || f.ReadOnly):
			return nil, crdt.Errorf(crdt.KindForbidden, "job: %q is filled in by the dispatcher", f.Name)
		case who == ClassWorker && !j.ReportOpen():
			return nil, crdt.Errorf(crdt.KindConflict, "job: %s", reportClosed)
		case f.Type == FieldPhoto && len(f.Files()) >= MaxPhotos:
			return nil, crdt.Errorf(crdt.KindConflict, "job: %q has %d photos already", f.Name, MaxPhotos)
		case f.Type == FieldSignature && len(f.Files()) > 0:
			return nil, crdt.Errorf(crdt.KindConflict, "job: %q is signed already; remove that signature first", f.Name)
		}
	}
	return AddAttachment(a)
}

// RemoveAttachment gives the edits that take a file off the job. The bytes stay in the store as long as something names them.
func RemoveAttachment(j *Job, id string) ([]crdt.Edit, error) {
	if !slices.ContainsFunc(j.Attachments, func(a Attachment) bool { return a.ID == id }) {
		return nil, crdt.Errorf(crdt.KindNotFound, "job: it has no attachment %q", id)
	}
	return []crdt.Edit{{Kind: crdt.EditDelete, Path: crdt.Path{KeyAttachments, id}}}, nil
}

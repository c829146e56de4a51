package job

import (
	"slices"

	"fieldsync/crdt"
)

var contacts = list[Contact]{
	key: KeyContacts, keys: []string{KeyName, KeyType, KeyValue},
	of:   func(b *body) *[]Contact { return &b.Contacts },
	id:   func(c *Contact) *string { return &c.ID },
	pos:  func(c *Contact) *float64 { return &c.Position },
	same: func(a, b *Contact) bool { return a.Name == b.Name && a.Type == b.Type && a.Value == b.Value },
	parse: func(f *form, at string, m map[string]any, cur, into *Contact) {
		f.lines(at, m, []lineOf{{KeyName, cur.Name, &into.Name}, {KeyType, cur.Type, &into.Type}, {KeyValue, cur.Value, &into.Value}})
		if into.Name == "" && into.Value == "" {
			f.errs.add(join(at, KeyValue), "is missing")
		}
	},
	value: func(c *Contact) map[string]any {
		m := map[string]any{}
		putString(m, KeyName, c.Name)
		putString(m, KeyType, c.Type)
		putString(m, KeyValue, c.Value)
		return m
	},
	edits: func(p spot, old, now *Contact) {
		p.line(KeyName, old.Name, now.Name)
		p.line(KeyType, old.Type, now.Type)
		p.line(KeyValue, old.Value, now.Value)
	},
}

var possible = list[PossibleResolution]{
	key: KeyPossible, keys: []string{KeyName, KeySuccessful, KeyNoteRequired},
	of:   func(b *body) *[]PossibleResolution { return &b.Possible },
	id:   func(p *PossibleResolution) *string { return &p.ID },
	pos:  func(p *PossibleResolution) *float64 { return &p.Position },
	same: func(a, b *PossibleResolution) bool { return a.Name == b.Name },
	parse: func(f *form, at string, m map[string]any, cur, into *PossibleResolution) {
		f.lines(at, m, []lineOf{{KeyName, cur.Name, &into.Name}})
		f.flags(at, m, []flagOf{{KeySuccessful, &into.Successful}, {KeyNoteRequired, &into.NoteRequired}})
		f.needs(at, KeyName, into.Name)
	},
	value: func(r *PossibleResolution) map[string]any {
		m := map[string]any{KeySuccessful: r.Successful}
		putString(m, KeyName, r.Name)
		putTrue(m, KeyNoteRequired, r.NoteRequired)
		return m
	},
	edits: func(p spot, old, now *PossibleResolution) {
		p.line(KeyName, old.Name, now.Name)
		p.flag(KeySuccessful, old.Successful, now.Successful)
		p.flag(KeyNoteRequired, old.NoteRequired, now.NoteRequired)
	},
}

var checklist = list[Item]{
	key: KeyChecklist, keys: []string{KeyText, KeyDone, KeyDoneAt, KeyBy},
	of:   func(b *body) *[]Item { return &b.Checklist },
	id:   func(i *Item) *string { return &i.ID },
	pos:  func(i *Item) *float64 { return &i.Position },
	same: func(a, b *Item) bool { return a.Text == b.Text },
	parse: func(f *form, at string, m map[string]any, cur, into *Item) {
		f.lines(at, m, []lineOf{{KeyText, cur.Text, &into.Text}})
		f.flags(at, m, []flagOf{{KeyDone, &into.Done}})
		f.needs(at, KeyText, into.Text)
		if v, has := m[KeyDoneAt]; has && f.time(v, join(at, KeyDoneAt), 0) != cur.DoneAt {
			f.errs.add(join(at, KeyDoneAt), "is read-only: it is when the item was ticked")
		}
		if v, has := m[KeyBy]; has && v != cur.By && (v != nil || cur.By != "") {
			f.errs.add(join(at, KeyBy), "is read-only: it is who ticked the item")
		}
		into.DoneAt, into.By = cur.DoneAt, cur.By
		if into.Done != cur.Done {
			*into = f.tick(*into)
		}
	},
	value: func(i *Item) map[string]any {
		m := map[string]any{KeyDone: i.Done}
		putString(m, KeyText, i.Text)
		putTime(m, KeyDoneAt, i.DoneAt)
		putString(m, KeyBy, i.By)
		return m
	},
	edits: func(p spot, old, now *Item) {
		p.line(KeyText, old.Text, now.Text)
		p.ticks(old, now)
	},
}

// tick makes an item say when and by whom it was ticked; one that is not ticked says neither.
func (a Author) tick(i Item) Item {
	i.DoneAt, i.By = 0, ""
	if i.Done {
		i.DoneAt, i.By = a.Now, a.User
	}
	return i
}

func (p spot) ticks(old, now *Item) {
	p.flag(KeyDone, old.Done, now.Done)
	p.time(KeyDoneAt, old.DoneAt, now.DoneAt)
	p.line(KeyBy, old.By, now.By)
}

var customFields = fieldList(KeyCustomFields, func(b *body) *[]Field { return &b.CustomFields })
var reportFields = fieldList(KeyReportFields, func(b *body) *[]Field { return &b.ReportFields })

func fieldList(key string, of func(b *body) *[]Field) list[Field] {
	return list[Field]{
		key: key, keys: []string{KeyName, KeyFieldType, KeyDataType, KeyRequired, KeyHidden, KeyReadOnly, KeyOptions, KeyValue},
		of:    of,
		id:    func(f *Field) *string { return &f.ID },
		pos:   func(f *Field) *float64 { return &f.Position },
		same:  func(a, b *Field) bool { return a.Name == b.Name && a.Type == b.Type },
		parse: (*form).field,
		value: fieldValue,
		edits: spot.field,
	}
}

func (f *form) field(at string, m map[string]any, cur, into *Field) {
	typ, data := string(into.Type), into.DataType
	f.lines(at, m, []lineOf{{KeyName, cur.Name, &into.Name}, {KeyFieldType, string(cur.Type), &typ}, {KeyDataType, cur.DataType, &data}})
	f.flags(at, m, []flagOf{{KeyRequired, &into.Required}, {KeyHidden, &into.Hidden}, {KeyReadOnly, &into.ReadOnly}})
	f.needs(at, KeyName, into.Name)
	if known := FieldTypes(); !slices.Contains(known, FieldType(typ)) && (typ == "" || FieldType(typ) != cur.Type) {
		f.errs.add(join(at, KeyFieldType), "must be one of %v", known)
		return
	}
	if _, says := m[KeyDataType]; !says && FieldType(typ) != into.Type || data == "" {
		data = FieldType(typ).DataType()
	}
	into.Type, into.DataType = FieldType(typ), data
	if v, has := m[KeyOptions]; has {
		into.Options = f.options(v, join(at, KeyOptions), cur.Options)
	}
	switch {
	case into.Type == FieldPickList && len(into.Options) == 0:
		f.errs.add(join(at, KeyOptions), "must have at least one entry for a pick list")
		return
	case into.Type != FieldPickList && len(into.Options) > 0 && !slices.Equal(into.Options, cur.Options):
		f.errs.add(join(at, KeyOptions), "is for pick lists only")
	}
	v, has := m[KeyValue]
	if !has {
		v = into.Value // as it stands, in the light of a new type or new options
	}
	if into.Value = f.answer(into, join(at, KeyValue), v, cur); into.Type.IsFile() {
		into.Value = cur.Value
	}
}

// answer takes a value that fits a field. What stands there already passes unexamined, unless the field became another.
func (f *form) answer(field *Field, at string, v any, cur *Field) any {
	same := field.Type == cur.Type && slices.Equal(field.Options, cur.Options)
	if same && equalAnswers(v, cur.Value) {
		return cur.Value
	}
	if v == nil {
		return nil
	}
	switch field.Type {
	case FieldText:
		if s := f.text(v, at, ""); s != "" {
			return s
		}
	case FieldPickList:
		s := f.line(v, at, "")
		if s != "" && !slices.Contains(field.Options, s) {
			f.errs.add(at, "is none of the options")
		} else if s != "" {
			return s
		}
	case FieldDate:
		if s, ok := f.day(v, at); ok {
			return s
		}
	case FieldNumber:
		if n, ok := f.number(v, at); ok {
			return n
		}
	case FieldYesNo, FieldAction:
		return f.boolean(v, at)
	case FieldPhoto, FieldSignature, FieldFile:
		if l, isList := v.([]any); !isList || len(l) > 0 {
			f.errs.add(at, "is read-only: a %s field is answered by attaching files", field.Type)
		}
	default:
		f.errs.add(at, "cannot be written: this version does not know fields of the type %s", field.Type)
	}
	return nil
}

// equalAnswers compares an answer as JSON has it with one as a field has it.
func equalAnswers(v, is any) bool {
	if files, ok := is.([]string); ok {
		l, isList := v.([]any)
		return isList && slices.EqualFunc(l, files, func(v any, id string) bool { return v == id })
	}
	if n, ok := asFloat(v); ok {
		return is == n
	}
	switch v.(type) {
	case nil, string, bool:
		return v == is
	}
	return false
}

func (f *form) options(v any, at string, cur []string) []string {
	if v == nil {
		return nil
	}
	l, ok := v.([]any)
	if !ok {
		f.errs.add(at, "must be a list of strings")
		return cur
	}
	if len(l) > MaxOptions && len(l) > len(cur) {
		f.errs.add(at, "has more than %d entries", MaxOptions)
		return cur
	}
	seen := map[string]bool{}
	var out []string
	for i, v := range l {
		was := ""
		if i < len(cur) {
			was = cur[i]
		}
		s := f.line(v, nth(at, i), was)
		switch {
		case s == "":
			f.errs.add(nth(at, i), "must not be empty")
		case seen[s]:
			f.errs.add(nth(at, i), "is there twice")
		}
		seen[s] = true
		out = append(out, s)
	}
	return out
}

func fieldValue(f *Field) map[string]any {
	m := map[string]any{KeyFieldType: string(f.Type)}
	putString(m, KeyName, f.Name)
	if f.DataType != f.Type.DataType() {
		putString(m, KeyDataType, f.DataType)
	}
	putTrue(m, KeyRequired, f.Required)
	putTrue(m, KeyHidden, f.Hidden)
	putTrue(m, KeyReadOnly, f.ReadOnly)
	if len(f.Options) > 0 {
		m[KeyOptions] = optionsValue(f.Options)
	}
	if v := answerValue(f); v != nil {
		m[KeyValue] = v
	}
	return m
}

func optionsValue(options []string) []any {
	list := make([]any, len(options))
	for i, s := range options {
		list[i] = s
	}
	return list
}

// answerValue is how a document holds a field's answer; nil for none. A text field has its text from the beginning, so that two
// who fill it in at once write into the same one.
func answerValue(f *Field) any {
	switch v := f.Value.(type) {
	case string:
		if f.Type == FieldText {
			return crdt.Text(v)
		}
		return v
	case float64:
		return numberValue(v)
	case bool:
		return v
	}
	if f.Type == FieldText {
		return crdt.Text("")
	}
	return nil
}

func (p spot) field(old, now *Field) {
	p.line(KeyName, old.Name, now.Name)
	p.line(KeyFieldType, string(old.Type), string(now.Type))
	if old.DataType != now.DataType {
		data := now.DataType
		if data == now.Type.DataType() {
			data = ""
		}
		written, _ := asString(p.m[KeyDataType])
		p.line(KeyDataType, written, data)
	}
	p.flag(KeyRequired, old.Required, now.Required)
	p.flag(KeyHidden, old.Hidden, now.Hidden)
	p.flag(KeyReadOnly, old.ReadOnly, now.ReadOnly)
	if !slices.Equal(old.Options, now.Options) {
		if len(now.Options) == 0 {
			p.drop(KeyOptions)
		} else {
			p.set(KeyOptions, optionsValue(now.Options))
		}
	}
	p.answer(old, now)
}

// answer writes a field's answer.
func (p spot) answer(old, now *Field) {
	if now.Type.IsFile() || old.Type == now.Type && old.Value == now.Value {
		return
	}
	value := answerValue(now)
	text, isText := value.(crdt.Text)
	switch {
	case isText:
		raw, there := p.m[KeyValue]
		if was, isString := asString(raw); !there || !isString || was != string(text) {
			p.setText(KeyValue, string(text))
		}
	case value == nil:
		p.drop(KeyValue)
	default:
		p.set(KeyValue, value)
	}
}

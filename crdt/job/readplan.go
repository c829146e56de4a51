package job

import (
	"cmp"
	"slices"

	"fieldsync/crdt"
)

func (c cursor) plan() Plan {
	p := Plan{Title: c.str(KeyTitle), Description: c.str(KeyDescription), Type: c.ref(KeyType).Name, Client: c.ref(KeyClient), Site: c.ref(KeySite),
		Territory: c.ref(KeyTerritory), Skills: c.set(KeySkills), Address: c.address(), Contacts: c.contacts(),
		Possible: []PossibleResolution{}, CustomFields: c.fields(KeyCustomFields), ReportFields: c.fields(KeyReportFields), Checklist: []Item{}}
	if duration, ok := c.sub(KeyScheduledDuration); ok {
		p.ScheduledDuration.Minutes = duration.integer(KeyMinutes)
	}
	c.each(KeyPossible, func(id string, c cursor) {
		p.Possible = append(p.Possible, PossibleResolution{ID: id, Name: c.str(KeyName), Successful: c.boolean(KeySuccessful),
			NoteRequired: c.boolean(KeyNoteRequired), Position: c.number(KeyPosition)})
	})
	slices.SortStableFunc(p.Possible, func(a, b PossibleResolution) int { return cmp.Compare(a.Position, b.Position) })
	c.each(KeyChecklist, func(id string, c cursor) {
		p.Checklist = append(p.Checklist, Item{ID: id, Text: c.str(KeyText), Done: c.boolean(KeyDone), DoneAt: c.time(KeyDoneAt), By: c.str(KeyBy),
			Position: c.number(KeyPosition)})
	})
	slices.SortStableFunc(p.Checklist, func(a, b Item) int { return cmp.Compare(a.Position, b.Position) })
	return p
}

func (c cursor) address() Address {
	a, ok := c.sub(KeyAddress)
	if !ok {
		return Address{}
	}
	return Address{Formatted: a.str(KeyFormatted), EntranceNo: a.label(KeyEntranceNo), Apartment: a.label(KeyApartment),
		Floor: a.label(KeyFloor), Description: a.str(KeyDescription), Location: a.location(KeyGeolocation)}
}

func (c cursor) contacts() []Contact {
	out := []Contact{}
	c.each(KeyContacts, func(id string, c cursor) {
		out = append(out, Contact{ID: id, Name: c.str(KeyName), Type: c.str(KeyType), Value: c.label(KeyValue), Position: c.number(KeyPosition)})
	})
	slices.SortStableFunc(out, func(a, b Contact) int { return cmp.Compare(a.Position, b.Position) })
	return out
}

func (c cursor) fields(key string) []Field {
	out := []Field{}
	c.each(key, func(id string, c cursor) {
		f := Field{ID: id, Name: c.str(KeyName), Type: FieldType(c.str(KeyFieldType)), DataType: c.str(KeyDataType), Required: c.boolean(KeyRequired),
			Hidden: c.boolean(KeyHidden), ReadOnly: c.boolean(KeyReadOnly), Options: c.strings(KeyOptions), Position: c.number(KeyPosition)}
		if f.DataType == "" {
			f.DataType = f.Type.DataType()
		}
		f.Value = c.answer(f.Type)
		out = append(out, f)
	})
	slices.SortStableFunc(out, func(a, b Field) int { return cmp.Compare(a.Position, b.Position) })
	return out
}

// answer reads a field's value as its type wants it. Those of files come from the attachments.
func (c cursor) answer(t FieldType) any {
	var v any
	switch t {
	case FieldText, FieldPickList:
		if s := c.str(KeyValue); s != "" {
			v = s
		}
	case FieldDate:
		if s := read(c, KeyValue, "a day like 2026-11-24", asDay); s != "" {
			v = s
		}
	case FieldNumber:
		if n := read(c, KeyValue, "a number", func(v any) (*float64, bool) { n, ok := asFloat(v); return &n, ok }); n != nil {
			v = *n
		}
	case FieldYesNo, FieldAction:
		if b := read(c, KeyValue, "true or false", func(v any) (*bool, bool) { b, ok := asBool(v); return &b, ok }); b != nil {
			v = *b
		}
	case FieldPhoto, FieldSignature, FieldFile:
	default:
		v = plainScalar(c.m[KeyValue])
	}
	return v
}

// plainScalar is a scalar as JSON has it; nil for all else.
func plainScalar(v any) any {
	if s, ok := asString(v); ok {
		return s
	}
	if n, ok := asFloat(v); ok {
		return n
	}
	if t, ok := v.(crdt.Timestamp); ok {
		return t.String()
	}
	if b, ok := v.(bool); ok {
		return b
	}
	return nil
}

package job

// FieldType is what sort of answer a custom or report field takes.
type FieldType string

// The answer of the types marked file are the attachments whose field is the field's id; the others have a value.
const (
	FieldPhoto     FieldType = "photo"     // file; up to [MaxPhotos]
	FieldText      FieldType = "text"      // a text, merged by characters
	FieldNumber    FieldType = "number"    // a whole or decimal number
	FieldYesNo     FieldType = "yes_no"    // true or false
	FieldDate      FieldType = "date"      // a calendar day as text: 2026-11-24
	FieldPickList  FieldType = "pick_list" // one of the options, as text
	FieldAction    FieldType = "action"    // a tick: true once done
	FieldSignature FieldType = "signature" // file
	FieldFile      FieldType = "file"      // file
)

// FieldTypes are all field types.
func FieldTypes() []FieldType {
	return []FieldType{FieldPhoto, FieldText, FieldNumber, FieldYesNo, FieldDate, FieldPickList, FieldAction, FieldSignature, FieldFile}
}

// IsFile tells whether the answer of a field of this type are attachments.
func (t FieldType) IsFile() bool { return t == FieldPhoto || t == FieldSignature || t == FieldFile }

// DataType is what data_type says of a field of this type, unless the field says something else; empty for a type of a later version.
func (t FieldType) DataType() string {
	switch t {
	case FieldText, FieldPickList:
		return "string"
	case FieldNumber:
		return "number"
	case FieldYesNo, FieldAction:
		return "boolean"
	case FieldDate:
		return "date"
	case FieldPhoto, FieldSignature, FieldFile:
		return "file"
	}
	return ""
}

// Field is a question to the dispatcher (custom field) or to the worker (report field), with its answer.
type Field struct {
	ID       string    `json:"uuid"`
	Name     string    `json:"name"`
	Type     FieldType `json:"field_type"`
	DataType string    `json:"data_type,omitempty"`
	Required bool      `json:"required"`
	Hidden   bool      `json:"hidden"`    // not shown to workers
	ReadOnly bool      `json:"read_only"` // shown to workers, and not theirs to fill
	Options  []string  `json:"options,omitempty"`
	Position float64   `json:"-"`
	// Value is the answer: a string (text, date, pick list), a float64 (number), a bool (yes/no, action), a []string of attachment
	// ids (photo, signature, file); nil where there is none. Of a type of a later version it is a plain scalar.
	Value any `json:"value"`
}

// Answered tells whether the field has what a required one must have: a text that is not empty, an action that is done, a file.
func (f *Field) Answered() bool {
	switch v := f.Value.(type) {
	case nil:
		return false
	case bool:
		return v || f.Type != FieldAction
	case []string:
		return len(v) > 0
	}
	return true
}

// Text is the answer of a text, date or pick list field; empty where there is none.
func (f *Field) Text() string { s, _ := f.Value.(string); return s }

// Number is the answer of a number field.
func (f *Field) Number() (n float64, ok bool) { n, ok = f.Value.(float64); return n, ok }

// Bool is the answer of a yes/no or action field.
func (f *Field) Bool() (b, ok bool) { b, ok = f.Value.(bool); return b, ok }

// Files are the ids of the attachments that answer a photo, signature or file field.
func (f *Field) Files() []string { l, _ := f.Value.([]string); return l }

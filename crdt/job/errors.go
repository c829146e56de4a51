package job

import (
	"fmt"
	"strings"

	"fieldsync/crdt"
)

// FieldError says what is wrong with one field of a document's JSON form.
type FieldError struct {
	// Field is where, in the names of the JSON form: scheduled_duration.minutes, assignees[1].user. Empty for the whole.
	Field   string `json:"field"`
	Message string `json:"message"` // for people: what should stand there, and does not
}

// FieldErrors are all that is wrong with an input, in the order in which it was found. As an error it has the kind invalid, unless
// an error of another kind wraps it.
type FieldErrors []FieldError

// MaxFieldErrors bounds the list: a broken client must not be answered with a book.
const MaxFieldErrors = 50

// Error names all fields.
func (e FieldErrors) Error() string {
	var b strings.Builder
	for i, f := range e {
		if i > 0 {
			b.WriteString("; ")
		}
		if f.Field != "" {
			b.WriteString(f.Field)
			b.WriteString(": ")
		}
		b.WriteString(f.Message)
	}
	return b.String()
}

// Unwrap gives the error its kind.
func (e FieldErrors) Unwrap() error { return &crdt.Error{Kind: crdt.KindInvalid, Msg: e.Error()} }

// Err is the errors as an error; nil where there is none.
func (e FieldErrors) Err() error {
	if len(e) == 0 {
		return nil
	}
	return e
}

// add notes one more, as long as there is room.
func (e *FieldErrors) add(field, format string, args ...any) {
	if len(*e) < MaxFieldErrors {
		*e = append(*e, FieldError{Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

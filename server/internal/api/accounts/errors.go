package accounts

import (
	"errors"
	"net/http"

	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/problem"
)

// asProblem names the field that an error of package auth is about; other errors stay as they are.
func asProblem(err error) error {
	var field *auth.FieldError
	switch {
	case auth.IsChanged(err):
		return &problem.Problem{Status: http.StatusPreconditionFailed, Code: "changed", Detail: "It was changed meanwhile: read it again.", Err: err}
	case errors.As(err, &field):
		p := *problem.Of(field.Err)
		p.Fields = []problem.FieldError{{Field: field.Field, Message: field.Err.Error()}}
		p.Err = err
		return &p
	}
	return err
}

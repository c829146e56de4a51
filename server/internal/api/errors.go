package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

// Problem is a problem document as an answer.
type Problem struct {
	problem.Document
	problem *problem.Problem
}

// GetStatus is part of huma.StatusError.
func (e *Problem) GetStatus() int { return e.Status }

// Error is part of huma.StatusError.
func (e *Problem) Error() string { return e.problem.Error() }

// Unwrap gives the problem.
func (e *Problem) Unwrap() error { return e.problem }

// ContentType is part of huma.ContentTypeFilter.
func (e *Problem) ContentType(string) string { return problem.ContentType }

// Error gives the answer to an error. Handlers need not call it: what they return is converted.
func Error(err error) *Problem {
	p := problem.Of(err)
	return &Problem{Document: p.Document(), problem: p}
}

// Invalid is the error of a request whose fields are wrong.
func Invalid(fields ...problem.FieldError) error {
	return &problem.Problem{Status: http.StatusBadRequest, Code: "invalid", Detail: "The request is not as it should be; errors says where.", Fields: fields}
}

// Principal gives who asks. Behind authentication, where every operation is that is not Public, somebody always does.
func Principal(ctx context.Context) (access.Principal, error) {
	p, ok := auth.PrincipalFrom(ctx)
	if !ok {
		return access.Principal{}, auth.ErrNoCredential
	}
	return p, nil
}

// problemOf makes a problem of what huma says: of a handler's error, which comes alone with the status 500, or of what it
// found wrong with a request.
func problemOf(status int, msg string, errs []error) *Problem {
	if status == http.StatusInternalServerError && len(errs) == 1 && errs[0] != nil {
		return Error(errs[0])
	}
	switch status {
	case http.StatusUnprocessableEntity, http.StatusBadRequest: // by the table, what is malformed is a 400
		return Error(Invalid(fieldsOf(errs)...))
	case http.StatusUnsupportedMediaType:
		return Error(crdt.Errorf(crdt.KindUnsupported, "send application/json"))
	case http.StatusRequestEntityTooLarge:
		return Error(crdt.Errorf(crdt.KindTooLarge, "%s", msg))
	case http.StatusRequestTimeout:
		return Error(problem.New(status, "too-slow", "The request did not arrive in time."))
	case http.StatusInternalServerError:
		return Error(errors.New(msg))
	default:
		return Error(problem.New(status, strings.ToLower(strings.ReplaceAll(http.StatusText(status), " ", "-")), msg))
	}
}

// fieldsOf names the fields as clients do: those of the body by their path alone. What was sent is not sent back.
func fieldsOf(errs []error) []problem.FieldError {
	var out []problem.FieldError
	for _, err := range errs {
		if err == nil {
			continue
		}
		var detailed huma.ErrorDetailer
		if !errors.As(err, &detailed) {
			out = append(out, problem.FieldError{Field: "body", Message: err.Error()})
			continue
		}
		d := detailed.ErrorDetail()
		out = append(out, problem.FieldError{Field: strings.TrimPrefix(d.Location, "body."), Message: d.Message})
	}
	return out
}

// logProblem is a huma.Transformer: it logs the answers that are our fault.
func (a *API) logProblem(ctx huma.Context, _ string, v any) (any, error) {
	e, ok := v.(*Problem)
	if !ok || e.Status < 500 || errors.Is(e.problem, context.Canceled) {
		return v, nil
	}
	op := ctx.Operation()
	a.opt.Log.LogAttrs(ctx.Context(), slog.LevelError, "request failed", slog.String("operation", op.OperationID),
		slog.Int("status", e.Status), slog.String("code", e.Code), slog.Any("error", e.problem.Err))
	return v, nil
}

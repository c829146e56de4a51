package accounts

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"

	"github.com/danielgtaylor/huma/v2"
)

// Page is how a list is asked for in pages.
type Page struct {
	Cursor string `query:"cursor" pattern:"^[a-z0-9-]{0,63}$" doc:"next of the page before; empty for the first"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many at most"`
}

// IfMatch says which version a change is meant for.
type IfMatch struct {
	Match string `header:"If-Match" maxLength:"200" doc:"The ETag of what is changed: with it the change is refused if somebody was faster"`
}

// version is the version of an If-Match; 0: whichever there is.
func (m IfMatch) version() uint64 {
	tag := strings.TrimSpace(m.Match)
	if tag == "" || tag == "*" {
		return 0
	}
	v, err := strconv.ParseUint(strings.Trim(tag, `"`), 10, 64)
	if err != nil || v == 0 || etag(v) != tag {
		return math.MaxUint64 // none of ours: nothing has it
	}
	return v
}

func etag(version uint64) string { return `"` + strconv.FormatUint(version, 10) + `"` }

// tagged is an answer with the version of what it holds.
type tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

// made answers that something is there now.
type made[T any] struct {
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     T
}

type body[T any] struct{ Body T }

// none answers 204.
type none struct{}

// add adds an operation whose handler is told who asks, and whose errors name fields.
func add[I, O any](a *api.API, op huma.Operation, do func(context.Context, access.Principal, *I) (*O, error)) {
	huma.Register(a, op, func(ctx context.Context, in *I) (*O, error) {
		by, err := api.Principal(ctx)
		if err != nil {
			return nil, err
		}
		out, err := do(ctx, by, in)
		if err != nil {
			return nil, asProblem(err)
		}
		return out, nil
	})
}

// operation describes one in few words.
func operation(id, method, path, summary, tag string) huma.Operation {
	op := huma.Operation{OperationID: id, Method: method, Path: api.Prefix + path, Summary: summary, Tags: []string{tag}}
	switch {
	case method == http.MethodPost && strings.HasPrefix(id, "create-"):
		op.DefaultStatus = http.StatusCreated
	case method != http.MethodGet && method != http.MethodPatch:
		op.DefaultStatus = http.StatusNoContent
	}
	return op
}

// at gives a time for JSON, to the millisecond; nil for none.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

// Register adds the operations to the API.
func (h Handlers) Register(a *api.API) {
	h.registerSession(a)
	h.registerOrganisation(a)
	h.registerUsers(a)
	h.registerMe(a)
	h.registerViews(a)
	h.registerTeams(a)
	h.registerDevices(a)
	h.registerAPIKeys(a)
}

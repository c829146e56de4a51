package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// bodyPatience is how long a body may take to arrive; the deadline of the whole request, which begins earlier, comes first.
const bodyPatience = time.Minute

// adapter binds huma to the API's routes.
type adapter struct{ api *API }

// Handle is called by huma.Register with the operation that its handler reads its limits from.
func (a adapter) Handle(op *huma.Operation, handler func(huma.Context)) {
	if op.MaxBodyBytes == 0 || op.MaxBodyBytes == 1<<20 { // not said: huma's default
		op.MaxBodyBytes = MaxBody
	}
	op.BodyReadTimeout = bodyPatience
	op.RejectUnknownQueryParameters = true // a filter with a slip in its name would give everything
	a.api.mount(op, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = arriving{r.Body}
		handler(humago.NewContext(op, r, w))
	}))
}

// ServeHTTP is part of huma.Adapter.
func (a adapter) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.api.dispatch(w, r) }

// arriving is a request's body whose failures are the sender's.
type arriving struct{ io.ReadCloser }

func (b arriving) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	var tooLarge *http.MaxBytesError
	switch {
	case err == nil || errors.Is(err, io.EOF) || errors.As(err, &tooLarge):
		return n, err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, problem.New(http.StatusRequestTimeout, "too-slow", "The request did not arrive in time.")
	default:
		return n, problem.New(http.StatusBadRequest, "broken-off", "The request did not arrive as a whole.")
	}
}

// jsonFormat writes a value as a whole or not at all; that the client went away meanwhile is nobody's failure.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		var buf bytes.Buffer
		enc := json.NewEncoder(&buf)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return crdt.Errorf(crdt.KindInternal, "api: an answer that is no JSON: %w", err)
		}
		_, _ = w.Write(buf.Bytes())
		return nil
	},
	Unmarshal: json.Unmarshal,
}

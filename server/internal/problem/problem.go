package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// RetryAfter is how long a client is asked to wait where nothing better is known: shorter than the two minutes between
// two syncs of a phone, long enough that a server that comes back is not met by everybody at once.
const RetryAfter = 10 * time.Second

// Problem is an error that knows its HTTP answer. Handlers make one where the table cannot know: a missing length, a method.
type Problem struct {
	Status int           // the HTTP status, 400 to 599
	Code   string        // for programs: a stable word such as "mismatch"; never renamed
	Detail string        // for people: one sentence; empty where it would tell of our inside
	Fields []FieldError  // what is wrong with which field of the request; may be empty
	Retry  time.Duration // asks the client to wait this long; 0: says nothing
	Err    error         // the cause, for the log; may be nil
}

// FieldError is what is wrong with one field of a request.
type FieldError struct {
	Field   string `json:"field" doc:"The field of the body, such as scheduled_duration.minutes, or query.limit, path.id, header.If-Match"`
	Message string `json:"message" doc:"What is wrong with it, for people"`
}

// Error is the status, the code and the cause.
func (p *Problem) Error() string {
	text := p.Detail
	if p.Err != nil {
		text = p.Err.Error()
	}
	return fmt.Sprintf("%d %s: %s", p.Status, p.Code, text)
}

// Unwrap gives the cause.
func (p *Problem) Unwrap() error { return p.Err }

// New makes a problem of its own.
func New(status int, code, detail string) *Problem {
	return &Problem{Status: status, Code: code, Detail: detail}
}

// row is one line of the table.
type row struct {
	status int
	code   string
	retry  bool
	secret bool // the error's text is about our inside: the client gets the fallback instead
	detail string
}

// kindRow is the table from a kind to an answer.
func kindRow(kind crdt.Kind) row {
	switch kind {
	case crdt.KindInvalid:
		return row{status: http.StatusBadRequest, code: "invalid"}
	case crdt.KindNotFound:
		return row{status: http.StatusNotFound, code: "not-found"}
	case crdt.KindUnauthenticated:
		return row{status: http.StatusUnauthorized, code: "unauthenticated"}
	case crdt.KindForbidden:
		return row{status: http.StatusForbidden, code: "forbidden"}
	case crdt.KindConflict:
		return row{status: http.StatusConflict, code: "conflict"}
	case crdt.KindTooLarge:
		return row{status: http.StatusRequestEntityTooLarge, code: "too-large"}
	case crdt.KindBusy:
		return row{status: http.StatusTooManyRequests, code: "busy", retry: true}
	case crdt.KindUnavailable:
		return row{status: http.StatusServiceUnavailable, code: "unavailable", retry: true, secret: true, detail: "The server cannot do this at the moment."}
	case crdt.KindUnsupported:
		return row{status: http.StatusUnsupportedMediaType, code: "unsupported"}
	default:
		return row{status: http.StatusInternalServerError, code: "internal", secret: true, detail: "The server made a mistake."}
	}
}

// rowOf finds an error's line: a sentinel of a package without kinds first, then the kind.
func rowOf(err error) row {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.Is(err, blobs.ErrSource) && errors.Is(err, os.ErrDeadlineExceeded):
		return row{status: http.StatusRequestTimeout, code: "too-slow", secret: true, detail: "The file did not arrive in time."}
	case errors.Is(err, blobs.ErrSource):
		return row{status: http.StatusBadRequest, code: "broken-off", secret: true, detail: "The file did not arrive as a whole."}
	case errors.Is(err, blobs.ErrNotFound):
		return row{status: http.StatusNotFound, code: "not-found", secret: true, detail: "There is no such file."}
	case errors.Is(err, blobs.ErrInvalid):
		return row{status: http.StatusBadRequest, code: "invalid"}
	case errors.Is(err, blobs.ErrMismatch):
		return row{status: http.StatusBadRequest, code: "mismatch"}
	case errors.Is(err, blobs.ErrTooLarge), errors.As(err, &tooLarge):
		return row{status: http.StatusRequestEntityTooLarge, code: "too-large"}
	case errors.Is(err, blobs.ErrFull):
		return row{status: http.StatusInsufficientStorage, code: "full", retry: true, secret: true, detail: "The server has no room left for files."}
	case errors.Is(err, blobs.ErrUnavailable), errors.Is(err, blobs.ErrDenied), errors.Is(err, blobs.ErrLocked),
		errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return kindRow(crdt.KindUnavailable)
	}
	return kindRow(crdt.KindOf(err))
}

// Of gives the answer to an error: the error itself if it is or wraps a Problem, else what the table says. It is never nil.
func Of(err error) *Problem {
	var own *Problem
	if errors.As(err, &own) {
		return own
	}
	r := rowOf(err)
	p := &Problem{Status: r.status, Code: r.code, Err: err, Detail: r.detail}
	if !r.secret {
		p.Detail = err.Error()
	}
	if r.retry {
		p.Retry = RetryAfter
	}
	var fields job.FieldErrors
	if errors.As(err, &fields) {
		for _, f := range fields {
			p.Fields = append(p.Fields, FieldError(f))
		}
	}
	return p
}

// Document is the JSON of RFC 9457, with our code and the fields as extension members.
type Document struct {
	Type   string       `json:"type" doc:"about:blank: the status and the code say what kind of problem it is"`
	Title  string       `json:"title" doc:"The status in words"`
	Status int          `json:"status" doc:"The HTTP status"`
	Detail string       `json:"detail,omitempty" doc:"What is wrong, for people"`
	Code   string       `json:"code" doc:"What is wrong, for programs: a word that is never renamed"`
	Errors []FieldError `json:"errors,omitempty" doc:"What is wrong with which field"`
}

// Bounds on what is said of fields: a body of any size could be wrong in each of its parts.
const (
	maxFields     = 50
	maxFieldBytes = 300
)

// Document gives the problem's JSON.
func (p *Problem) Document() Document {
	d := Document{Type: "about:blank", Title: http.StatusText(p.Status), Status: p.Status, Detail: p.Detail, Code: p.Code}
	for _, f := range p.Fields[:min(len(p.Fields), maxFields)] {
		d.Errors = append(d.Errors, FieldError{Field: cut(f.Field), Message: cut(f.Message)})
	}
	return d
}

func cut(s string) string {
	if len(s) <= maxFieldBytes {
		return s
	}
	return strings.ToValidUTF8(s[:maxFieldBytes], "") + "…"
}

// Header sets the header fields that belong to the problem beside its Content-Type.
func (p *Problem) Header(set func(name, value string)) {
	set("Cache-Control", "no-store")
	set("X-Content-Type-Options", "nosniff")
	if p.Status == http.StatusUnauthorized {
		set("WWW-Authenticate", `Bearer realm="fieldsync"`)
	}
	if p.Retry > 0 {
		set("Retry-After", strconv.FormatInt(int64((p.Retry+time.Second-1)/time.Second), 10))
	}
}

// Write answers with err's problem and returns it, so that the caller can count or log it. It must be the first thing
// that is written.
func Write(w http.ResponseWriter, err error) *Problem {
	p := Of(err)
	body, _ := json.Marshal(p.Document())
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Disposition", "Content-Length", "ETag", "Last-Modified", "Repr-Digest"} {
		h.Del(name) // of the answer that the handler had begun to make
	}
	h.Set("Content-Type", ContentType)
	p.Header(func(name, value string) {
		if name != "WWW-Authenticate" || h.Get(name) == "" {
			h.Set(name, value)
		}
	})
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n')) // the connection's failure is nobody's business here
	return p
}

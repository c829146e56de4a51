package problem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
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
	Retry  time.Duration // asks the client to wait this long; 0: says nothing
	Err    error         // the cause, for the log; may be nil
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
	return p
}

// document is the JSON of RFC 9457, with our code as an extension member.
type document struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	Code   string `json:"code"`
}

// Write answers with err's problem and returns it, so that the caller can count or log it. It must be the first thing
// that is written.
func Write(w http.ResponseWriter, err error) *Problem {
	p := Of(err)
	body, _ := json.Marshal(document{Type: "about:blank", Title: http.StatusText(p.Status), Status: p.Status, Detail: p.Detail, Code: p.Code})
	h := w.Header()
	for _, name := range []string{"Content-Encoding", "Content-Disposition", "Content-Length", "ETag", "Last-Modified", "Repr-Digest"} {
		h.Del(name) // of the answer that the handler had begun to make
	}
	h.Set("Content-Type", ContentType)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if p.Status == http.StatusUnauthorized && h.Get("WWW-Authenticate") == "" {
		h.Set("WWW-Authenticate", `Bearer realm="fieldsync"`)
	}
	if p.Retry > 0 {
		h.Set("Retry-After", strconv.FormatInt(int64((p.Retry+time.Second-1)/time.Second), 10))
	}
	w.WriteHeader(p.Status)
	w.Write(append(body, '\n')) // the connection's failure is nobody's business here
	return p
}

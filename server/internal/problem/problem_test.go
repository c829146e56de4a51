package problem_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/problem"
)

func TestEveryErrorHasItsStatusAndCode(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   string
	}{
		{errors.New("x"), 500, "internal"},
		{crdt.Errorf(crdt.KindInvalid, "x"), 400, "invalid"},
		{crdt.Errorf(crdt.KindNotFound, "x"), 404, "not-found"},
		{crdt.Errorf(crdt.KindUnauthenticated, "x"), 401, "unauthenticated"},
		{crdt.Errorf(crdt.KindForbidden, "x"), 403, "forbidden"},
		{crdt.Errorf(crdt.KindConflict, "x"), 409, "conflict"},
		{crdt.Errorf(crdt.KindTooLarge, "x"), 413, "too-large"},
		{crdt.Errorf(crdt.KindBusy, "x"), 429, "busy"},
		{crdt.Errorf(crdt.KindUnavailable, "x"), 503, "unavailable"},
		{crdt.Errorf(crdt.KindUnsupported, "x"), 415, "unsupported"},
		{&crdt.Refusal{Code: crdt.RefusedNotAllowed}, 403, "forbidden"},
		{fmt.Errorf("a: %w", blobs.ErrNotFound), 404, "not-found"},
		{fmt.Errorf("a: %w", blobs.ErrInvalid), 400, "invalid"},
		{fmt.Errorf("a: %w", blobs.ErrMismatch), 400, "mismatch"},
		{fmt.Errorf("a: %w", blobs.ErrTooLarge), 413, "too-large"},
		{fmt.Errorf("a: %w", blobs.ErrFull), 507, "full"},
		{fmt.Errorf("a: %w", blobs.ErrUnavailable), 503, "unavailable"},
		{fmt.Errorf("a: %w", blobs.ErrDenied), 503, "unavailable"},
		{fmt.Errorf("%w: %w", blobs.ErrSource, os.ErrDeadlineExceeded), 408, "too-slow"},
		{fmt.Errorf("%w: %w", blobs.ErrSource, errors.New("reset")), 400, "broken-off"},
		{context.DeadlineExceeded, 503, "unavailable"},
		{fmt.Errorf("a: %w", problem.New(411, "length-required", "x")), 411, "length-required"},
	} {
		w := httptest.NewRecorder()
		if p := problem.Write(w, c.err); p.Status != c.status || p.Code != c.code {
			t.Errorf("%v: %d %s, want %d %s", c.err, p.Status, p.Code, c.status, c.code)
		}
		var doc map[string]any
		if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if w.Code != c.status || doc["status"] != float64(c.status) || doc["code"] != c.code || doc["title"] == "" {
			t.Errorf("%v: %d, %v", c.err, w.Code, doc)
		}
		if got := w.Header().Get("Content-Type"); got != problem.ContentType {
			t.Errorf("content type %q", got)
		}
		wantRetry := c.status == 503 || c.status == 507 || c.status == 429
		if got := w.Header().Get("Retry-After"); (got == "10") != wantRetry {
			t.Errorf("%v: Retry-After %q", c.err, got)
		}
		if got := w.Header().Get("WWW-Authenticate"); (got != "") != (c.status == 401) {
			t.Errorf("%v: WWW-Authenticate %q", c.err, got)
		}
	}
}

func TestWhatIsOurInsideIsNotTold(t *testing.T) {
	for _, err := range []error{
		errors.New("secret path"), fmt.Errorf("secret path: %w", blobs.ErrUnavailable), fmt.Errorf("secret path: %w", blobs.ErrDenied),
		fmt.Errorf("secret path: %w", blobs.ErrFull), crdt.Errorf(crdt.KindUnavailable, "secret path"), fmt.Errorf("secret path: %w", blobs.ErrNotFound),
	} {
		w := httptest.NewRecorder()
		problem.Write(w, err)
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%s", w.Body)
		}
	}
	w := httptest.NewRecorder()
	problem.Write(w, crdt.Errorf(crdt.KindInvalid, "the title is too long"))
	if !strings.Contains(w.Body.String(), "the title is too long") {
		t.Errorf("what the client did wrong is not told: %s", w.Body)
	}
}

func TestFieldsOfAJobThatAreWrongAreNamed(t *testing.T) {
	wrong := job.FieldErrors{{Field: "scheduled_duration.minutes", Message: "is negative"}, {Field: strings.Repeat("x", 1000), Message: "is unknown"}}
	w := httptest.NewRecorder()
	problem.Write(w, fmt.Errorf("a job: %w", wrong.Err()))
	var doc problem.Document
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if w.Code != 400 || len(doc.Errors) != 2 || doc.Errors[0].Field != "scheduled_duration.minutes" || doc.Errors[0].Message != "is negative" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	if n := len(doc.Errors[1].Field); n > 400 {
		t.Errorf("a field's name of %d bytes is sent back", n)
	}
}

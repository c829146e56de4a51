package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fieldsync/crdt"
)

func TestEveryKindHasItsStatus(t *testing.T) {
	want := map[crdt.Kind]int{
		crdt.KindInternal: 500, crdt.KindInvalid: 400, crdt.KindNotFound: 404, crdt.KindUnauthenticated: 401,
		crdt.KindForbidden: 403, crdt.KindConflict: 409, crdt.KindTooLarge: 413, crdt.KindBusy: 429,
		crdt.KindUnavailable: 503, crdt.KindUnsupported: 415,
	}
	for kind, status := range want {
		if got := Status(kind); got != status {
			t.Errorf("%s: %d, want %d", kind, got, status)
		}
	}
}

func TestErrorsOfOurInsidesAreNotTold(t *testing.T) {
	for _, err := range []error{
		errors.New("open /var/lib/secret: permission denied"),
		crdt.Errorf(crdt.KindUnavailable, "open /var/lib/secret: permission denied"),
	} {
		w := httptest.NewRecorder()
		WriteError(w, err)
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("told: %s", w.Body)
		}
	}
	w := httptest.NewRecorder()
	WriteError(w, crdt.Errorf(crdt.KindInvalid, "field size is missing"))
	if w.Code != 400 || !strings.Contains(w.Body.String(), "field size is missing") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestReadJSONRefuses(t *testing.T) {
	type body struct{ A string }
	for name, c := range map[string]struct{ contentType, in string }{
		"a form":        {"application/x-www-form-urlencoded", "a=b"},
		"no type":       {"", `{"A":"b"}`},
		"text":          {"text/plain", `{"A":"b"}`},
		"unknown key":   {"application/json", `{"B":"b"}`},
		"two values":    {"application/json", `{"A":"b"}{"A":"c"}`},
		"over the size": {"application/json", `{"A":"` + strings.Repeat("x", MaxJSONBody) + `"}`},
		"not JSON":      {"application/json", `{`},
	} {
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(c.in))
		r.Header.Set("Content-Type", c.contentType)
		var b body
		if err := ReadJSON(httptest.NewRecorder(), r, &b); err == nil {
			t.Errorf("%s was taken: %+v", name, b)
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"A":"b"}`))
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	var b body
	if err := ReadJSON(httptest.NewRecorder(), r, &b); err != nil || b.A != "b" {
		t.Errorf("%+v %v", b, err)
	}
}

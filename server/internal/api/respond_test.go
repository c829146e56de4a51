package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

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

package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"fieldsync/crdt"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

type thing struct {
	Name  string   `json:"name" maxLength:"5"`
	Count int      `json:"count,omitempty" minimum:"1"`
	Tags  []string `json:"tags,omitempty"`
}

// serve gives an API with two operations: one that echoes, one that fails as the test says. Who says nothing of a token
// is not let in.
func serve(t *testing.T, fail error) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	a := api.New(mux, api.Options{
		Version: "1", Quickly: func(h http.Handler) http.Handler { return h },
		Require: func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Header.Get("Authorization") == "" {
					problem.Write(w, crdt.Errorf(crdt.KindUnauthenticated, "who are you"))
					return
				}
				h.ServeHTTP(w, r)
			})
		},
	})
	type in struct {
		ID    string `path:"id" maxLength:"8"`
		Limit int    `query:"limit" maximum:"10"`
		Body  thing
	}
	type out struct{ Body thing }
	huma.Register(a, huma.Operation{OperationID: "echo", Method: http.MethodPost, Path: "/api/v1/things/{id}"},
		func(_ context.Context, in *in) (*out, error) { return &out{Body: in.Body}, fail })
	huma.Register(a, api.Public(huma.Operation{OperationID: "open", Method: http.MethodGet, Path: "/api/v1/open"}),
		func(context.Context, *struct{}) (*out, error) { return &out{}, nil })
	return mux
}

func ask(h http.Handler, method, path, body string, header ...string) (*httptest.ResponseRecorder, problem.Document) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer x")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	var d problem.Document
	_ = json.Unmarshal(w.Body.Bytes(), &d)
	return w, d
}

func TestEveryErrorIsAProblemThatNamesTheField(t *testing.T) {
	h := serve(t, nil)
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code, field              string
		header                   []string
	}{
		{"no such route", "GET", "/api/v1/nothing", "", 404, "not-found", "", nil},
		{"another method", "DELETE", "/api/v1/things/a", "", 405, "method-not-allowed", "", nil},
		{"no JSON", "POST", "/api/v1/things/a", "{", 400, "invalid", "body", nil},
		{"more than one value", "POST", "/api/v1/things/a", `{"name":"a"} {}`, 400, "invalid", "body", nil},
		{"no body", "POST", "/api/v1/things/a", "", 400, "invalid", "", nil},
		{"a form", "POST", "/api/v1/things/a", "name=a", 415, "unsupported", "", []string{"Content-Type", "application/x-www-form-urlencoded"}},
		{"a missing field", "POST", "/api/v1/things/a", `{}`, 400, "invalid", "body", nil},
		{"a wrong type", "POST", "/api/v1/things/a", `{"name":1}`, 400, "invalid", "name", nil},
		{"too long", "POST", "/api/v1/things/a", `{"name":"abcdefg"}`, 400, "invalid", "name", nil},
		{"an unknown field", "POST", "/api/v1/things/a", `{"name":"a","title":"b"}`, 400, "invalid", "title", nil},
		{"an unknown filter", "POST", "/api/v1/things/a?limti=3", `{"name":"a"}`, 400, "invalid", "query.limti", nil},
		{"a filter out of bounds", "POST", "/api/v1/things/a?limit=11", `{"name":"a"}`, 400, "invalid", "query.limit", nil},
		{"a path out of bounds", "POST", "/api/v1/things/123456789", `{"name":"a"}`, 400, "invalid", "path.id", nil},
		{"too much", "POST", "/api/v1/things/a", `{"name":"` + strings.Repeat("a", api.MaxBody) + `"}`, 413, "too-large", "", nil},
		{"nobody", "POST", "/api/v1/things/a", `{"name":"a"}`, 401, "unauthenticated", "", []string{"Authorization", ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w, d := ask(h, c.method, c.path, c.body, c.header...)
			if w.Code != c.status || d.Status != c.status || d.Code != c.code || d.Title == "" || d.Type == "" {
				t.Fatalf("%d: %s", w.Code, w.Body)
			}
			if got := w.Header().Get("Content-Type"); got != problem.ContentType {
				t.Errorf("content type %q", got)
			}
			if c.field != "" && (len(d.Errors) != 1 || d.Errors[0].Field != c.field || d.Errors[0].Message == "") {
				t.Errorf("errors %+v, want the field %s", d.Errors, c.field)
			}
			if w.Header().Get("Cache-Control") != "no-store" {
				t.Error("the answer may be kept")
			}
			if c.status == 405 && w.Header().Get("Allow") != "POST" {
				t.Errorf("Allow %q", w.Header().Get("Allow"))
			}
		})
	}
}

func TestAHandlersErrorBecomesItsKindsProblem(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		code   string
		field  string
	}{
		{crdt.Errorf(crdt.KindNotFound, "no such job"), 404, "not-found", ""},
		{crdt.Errorf(crdt.KindForbidden, "not yours"), 403, "forbidden", ""},
		{&crdt.Refusal{Code: crdt.RefusedNotAllowed}, 403, "forbidden", ""},
		{crdt.Errorf(crdt.KindUnavailable, "secret path"), 503, "unavailable", ""},
		{errors.New("secret path"), 500, "internal", ""},
		{api.Invalid(problem.FieldError{Field: "scheduled_duration.minutes", Message: "is negative"}), 400, "invalid", "scheduled_duration.minutes"},
		{problem.New(412, "heads-differ", "x"), 412, "heads-differ", ""},
	} {
		w, d := ask(serve(t, c.err), "POST", "/api/v1/things/a", `{"name":"a"}`)
		if w.Code != c.status || d.Code != c.code || strings.Contains(w.Body.String(), "secret") {
			t.Errorf("%v: %d %s", c.err, w.Code, w.Body)
		}
		if c.field != "" && (len(d.Errors) != 1 || d.Errors[0].Field != c.field) {
			t.Errorf("%v: errors %+v", c.err, d.Errors)
		}
		if (w.Header().Get("Retry-After") != "") != (c.status == 503) {
			t.Errorf("%v: Retry-After %q", c.err, w.Header().Get("Retry-After"))
		}
	}
}

func TestAnAnswerIsKeptByNobodyAndPublicMeansPublic(t *testing.T) {
	h := serve(t, nil)
	for _, c := range [][3]string{{"POST", "/api/v1/things/a", `{"name":"a"}`}, {"GET", "/api/v1/open", ""}} {
		w, _ := ask(h, c[0], c[1], c[2])
		if w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%v: %d %v", c, w.Code, w.Header())
		}
	}
	if w, _ := ask(h, "GET", "/api/v1/open", "", "Authorization", ""); w.Code != 200 {
		t.Errorf("a public operation answers %d", w.Code)
	}
}

func TestTheDescriptionIsServedToEverybodyAndOnceOnly(t *testing.T) {
	h := serve(t, nil)
	for _, ext := range []string{"json", "yaml"} {
		w, _ := ask(h, "GET", "/api/v1/openapi."+ext, "", "Authorization", "")
		tag := w.Header().Get("ETag")
		if w.Code != 200 || tag == "" || !strings.Contains(w.Body.String(), "/api/v1/things/{id}") || !strings.Contains(w.Body.String(), "3.1.0") {
			t.Fatalf("%s: %d %s", ext, w.Code, w.Body)
		}
		if w, _ := ask(h, "GET", "/api/v1/openapi."+ext, "", "If-None-Match", tag); w.Code != 304 || w.Body.Len() > 0 {
			t.Errorf("%s: %d for what the client has", ext, w.Code)
		}
	}
}

package api

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"reflect"
	"sync"

	"fieldsync/crdt"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

// describe is the description before operations.
func describe(version string) *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "fieldsync", Version: version,
			Description: "Jobs, people and files of a field service. Every change is a change of the job's document, like one made on a phone: it merges with all others.",
			License:     &huma.License{Name: "Apache License 2.0", Identifier: "Apache-2.0"},
		},
		Components: &huma.Components{
			Schemas: schemas(),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"token":   {Type: "http", Scheme: "bearer", Description: "The token of a device or the key of an integration."},
				"session": {Type: "apiKey", In: "cookie", Name: "fieldsync", Description: "A browser's session, by POST /api/v1/session; over TLS the cookie is called __Host-fieldsync."},
			},
		},
		Security: []map[string][]string{{"token": {}}, {"session": {}}},
	}
}

// DocumentOperation is part of huma.OperationDocumenter: it adds to an operation's description that it may fail.
func (a *API) DocumentOperation(op *huma.Operation) {
	if op.Hidden {
		return
	}
	if op.Responses == nil {
		op.Responses = map[string]*huma.Response{}
	}
	if op.Responses["default"] == nil {
		op.Responses["default"] = &huma.Response{
			Description: "A problem",
			Content:     map[string]*huma.MediaType{problem.ContentType: {Schema: a.Schema(Problem{})}},
		}
	}
	a.OpenAPI().AddOperation(op)
}

// Schema describes the type of a value, for operations that are described by hand.
func (a *API) Schema(v any) *huma.Schema {
	return a.OpenAPI().Components.Schemas.Schema(reflect.TypeOf(v), true, "")
}

// JSON describes a body of JSON, for operations that are described by hand.
func (a *API) JSON(v any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{"application/json": {Schema: a.Schema(v)}}
}

// document is the description as it is served, made when it is first asked for: by then all operations are there.
type document struct {
	once       sync.Once
	json, yaml served
	err        error
}

type served struct {
	body []byte
	etag string
}

func (a *API) render() error {
	d := &a.spec
	d.once.Do(func() {
		if d.json.body, d.err = json.Marshal(a.OpenAPI()); d.err != nil {
			return
		}
		if d.yaml.body, d.err = a.OpenAPI().YAML(); d.err != nil {
			return
		}
		for _, s := range []*served{&d.json, &d.yaml} {
			sum := sha256.Sum256(s.body)
			s.etag = `"` + hex.EncodeToString(sum[:12]) + `"`
		}
	})
	if d.err != nil {
		return crdt.Errorf(crdt.KindInternal, "api: the description: %w", d.err)
	}
	return nil
}

// Description is the description of the API as it is served, as JSON. Once all operations are registered; the caller does not change it.
func (a *API) Description() ([]byte, error) {
	err := a.render()
	return a.spec.json.body, err
}

// serveOpenAPI serves the description of the API, to everybody: it holds nothing of anybody.
func (a *API) serveOpenAPI() {
	serve := func(ext, contentType string, which func() served) {
		a.Raw(Public(huma.Operation{
			OperationID: "get-openapi-" + ext, Method: http.MethodGet, Path: openAPIPath + "." + ext,
			Summary: "This description, OpenAPI 3.1", Tags: []string{"api"},
			Responses: map[string]*huma.Response{
				"200": {Description: "The description", Content: map[string]*huma.MediaType{contentType: {}}},
				"304": {Description: "As the client has it"},
			},
		}), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := a.render(); err != nil {
				problem.Write(w, err)
				return
			}
			s := which()
			w.Header().Set("Cache-Control", "no-cache") // public; asked for again after each update of the server
			w.Header().Set("ETag", s.etag)
			if r.Header.Get("If-None-Match") == s.etag {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.Header().Set("Content-Type", contentType)
			_, _ = w.Write(s.body)
		}))
	}
	serve("json", "application/openapi+json", func() served { return a.spec.json })
	serve("yaml", "application/openapi+yaml", func() served { return a.spec.yaml })
}

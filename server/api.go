package server

import (
	"net/http"

	"fieldsync/server/internal/api"
	"fieldsync/server/internal/api/accounts"
	"fieldsync/server/internal/api/files"
	"fieldsync/server/internal/api/hooks"
	"fieldsync/server/internal/api/jobs"
	"fieldsync/server/internal/api/push"
	"fieldsync/server/internal/api/receipts"
	"fieldsync/server/internal/api/uploads"

	"github.com/danielgtaylor/huma/v2"
)

// OpenAPI is the description of the API that a server of this program serves, as JSON. It opens no data: operations are described alike whatever they act on.
func OpenAPI(version string) ([]byte, error) {
	s := &Server{cfg: Config{Version: version}, files: http.NotFoundHandler()}
	s.filing.resumable = http.NotFoundHandler()
	return s.mountAPI(http.NewServeMux()).Description()
}

// mountAPI serves all that lies under /api/v1/.
func (s *Server) mountAPI(mux *http.ServeMux) *api.API {
	a := api.New(mux, api.Options{Version: s.cfg.Version, Require: s.auth.Require, Quickly: quickly, Keys: s.keys, Log: s.log})
	accounts.Handlers{Auth: s.auth, OIDC: s.oidc}.Register(a)
	jobs.New(jobs.Options{Documents: s.documents, Index: s.index, Stopping: s.stopping, People: assignable{s.auth}, Log: s.log}).Register(a)
	receipts.New(receipts.Options{Store: s.data.store, Documents: s.documents}).Register(a)
	hooks.Register(a, s.webhooks)
	push.Register(a, s.push)
	if s.files != nil {
		addFiles(a, s.files)
		uploads.Register(a, s.filing.resumable)
		s.filing.claims.RegisterClaim(a)
		s.filing.claims.RegisterDirect(a)
		s.filing.claims.RegisterStates(a)
	}
	return a
}

// addFiles adds the files of jobs, by package files.
func addFiles(a *api.API, h http.Handler) {
	tags := []string{"files"}
	sum := &huma.Param{Name: "sha256", In: "path", Required: true, Description: "The file's SHA-256",
		Schema: &huma.Schema{Type: huma.TypeString, Pattern: "^[0-9a-f]{64}$"}}
	ofJob := &huma.Param{Name: "job", In: "query", Required: true, Description: "The document id of a job that refers to the file, or that it is sent for",
		Schema: &huma.Schema{Type: huma.TypeString}}
	as := &huma.Param{Name: "type", In: "query", Description: "Serve it inline, as this type of picture, sound or video",
		Schema: &huma.Schema{Type: huma.TypeString}}
	inline := &huma.Param{Name: "inline", In: "query", Description: "true: serve it inline, as the picture, sound or video that its bytes are",
		Schema: &huma.Schema{Type: huma.TypeBoolean}}
	name := &huma.Param{Name: "name", In: "query", Description: "What it is to be called where it is saved",
		Schema: &huma.Schema{Type: huma.TypeString}}
	bytes := map[string]*huma.MediaType{"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}
	a.Raw(api.Unhurried(huma.Operation{
		OperationID: "get-file", Method: http.MethodGet, Path: files.Pattern, Tags: tags, Parameters: []*huma.Param{sum, ofJob, as, inline, name},
		Summary: "A file of a job, also in ranges",
		Responses: map[string]*huma.Response{
			"200": {Description: "The file", Content: bytes}, "206": {Description: "The range", Content: bytes},
			"304": {Description: "As the client has it"}, "416": {Description: "There is no such range"},
		},
	}), h)
	a.Raw(api.Unhurried(huma.Operation{
		OperationID: "put-file", Method: http.MethodPut, Path: files.Pattern, Tags: tags, Parameters: []*huma.Param{sum, ofJob},
		Summary:     "Stores a file for a job; what is there already is not read again",
		RequestBody: &huma.RequestBody{Required: true, Content: bytes},
		Responses: map[string]*huma.Response{
			"200": {Description: "It was there"}, "201": {Description: "It is stored"},
		},
	}), h)
}

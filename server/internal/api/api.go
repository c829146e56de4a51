package api

import (
	"log/slog"
	"net/http"
	"slices"
	"sync"

	"fieldsync/server/internal/api/idempotency"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

// Prefix is where all operations lie.
const Prefix = "/api/v1/"

// Where the description of the API is served.
const openAPIPath = "/api/v1/openapi"

// MaxBody bounds a request's body where an operation says nothing else, in bytes: a job with a hundred fields and a
// description of many pages has some tens of KiB.
const MaxBody = 256 << 10

// Options are what New needs.
type Options struct {
	Version string                          // of the program
	Require func(http.Handler) http.Handler // lets in who may: auth.Auth.Require
	Quickly func(http.Handler) http.Handler // bounds the time of a whole request
	Keys    *idempotency.Keeper             // answers under idempotency keys; nil: keys are not looked at
	Log     *slog.Logger
}

// API is where operations are registered. Make one with New, register, then serve it: registering is not safe beside serving.
type API struct {
	huma.API
	opt    Options
	routes *http.ServeMux // of operations alone
	spec   document
}

// New makes an API without operations and mounts it under Prefix.
func New(mux *http.ServeMux, opt Options) *API {
	speakProblems()
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	a := &API{opt: opt, routes: http.NewServeMux()}
	a.API = huma.NewAPI(huma.Config{
		OpenAPI:       describe(opt.Version),
		Formats:       map[string]huma.Format{"application/json": jsonFormat, "json": jsonFormat},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{a.logProblem},
	}, adapter{a})
	a.serveOpenAPI()
	mux.HandleFunc(Prefix, a.dispatch)
	return a
}

// dispatch finds the operation of a request. What there is none for is answered as a problem.
func (a *API) dispatch(w http.ResponseWriter, r *http.Request) {
	if _, pattern := a.routes.Handler(r); pattern != "" {
		a.routes.ServeHTTP(w, r)
		return
	}
	if allowed := a.methods(r); allowed != "" {
		w.Header().Set("Allow", allowed)
		problem.Write(w, problem.New(http.StatusMethodNotAllowed, "method-not-allowed", "Here only "+allowed+" is possible."))
		return
	}
	problem.Write(w, problem.New(http.StatusNotFound, "not-found", "There is no such address in the API; /api/v1/openapi.json lists all."))
}

// methods are those that a request's path knows, as the Allow header lists them.
func (a *API) methods(r *http.Request) string {
	allowed := ""
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete} {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, pattern := a.routes.Handler(probe); pattern != "" {
			if allowed != "" {
				allowed += ", "
			}
			allowed += m
		}
	}
	return allowed
}

// Keys of huma.Operation.Metadata.
const (
	keyPublic    = "fieldsync-public"
	keyUnhurried = "fieldsync-unhurried"
	keyKeyed     = "fieldsync-keyed"
)

// Public marks an operation that nobody has to be let in for.
func Public(op huma.Operation) huma.Operation {
	op = marked(op, keyPublic)
	op.Security = []map[string][]string{}
	return op
}

// Unhurried marks an operation that sets its deadlines itself.
func Unhurried(op huma.Operation) huma.Operation { return marked(op, keyUnhurried) }

// Keyed marks an operation that takes idempotency keys: it makes nothing but under ids of NewID, and looks first whether that is there.
func Keyed(op huma.Operation) huma.Operation {
	op = marked(op, keyKeyed)
	op.Parameters = append(slices.Clone(op.Parameters), &huma.Param{
		Name: "Idempotency-Key", In: "header", Schema: &huma.Schema{Type: huma.TypeString, MaxLength: &maxKey},
		Description: "A new random name of this request, such as a UUID. Within a day, the same request with the same key is done once, and gets the same answer.",
	})
	return op
}

var maxKey = idempotency.MaxKeyBytes + 2 // with quotes

func marked(op huma.Operation, key string) huma.Operation {
	meta := map[string]any{key: true}
	for k, v := range op.Metadata {
		meta[k] = v
	}
	op.Metadata = meta
	return op
}

// Raw serves an operation by an http.Handler, which reads the request itself, and describes it as op says.
func (a *API) Raw(op huma.Operation, h http.Handler) {
	if !op.Hidden {
		a.DocumentOperation(&op)
	}
	a.mount(&op, h)
}

// mount serves an operation at its address, behind what all have in common.
func (a *API) mount(op *huma.Operation, h http.Handler) {
	inner := h
	h = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store") // an answer may hold what only this principal may see
		w.Header().Set("X-Content-Type-Options", "nosniff")
		inner.ServeHTTP(w, r)
	})
	if op.Metadata[keyKeyed] != nil && a.opt.Keys != nil {
		h = a.once(h)
	}
	if op.Metadata[keyPublic] == nil {
		h = a.opt.Require(h)
	}
	if op.Metadata[keyUnhurried] == nil {
		h = a.opt.Quickly(h)
	}
	a.routes.Handle(op.Method+" "+op.Path, h)
}

// speakProblems has huma make problem documents of ours of all its errors, once for the process: it knows no other place for it.
var speakProblems = sync.OnceFunc(func() {
	huma.DefaultArrayNullable = false // an empty list is [], here as everywhere
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, errs ...error) huma.StatusError {
		e := problemOf(status, msg, errs)
		e.problem.Header(ctx.SetHeader)
		return e
	}
	huma.NewError = func(status int, msg string, errs ...error) huma.StatusError { return problemOf(status, msg, errs) }
})

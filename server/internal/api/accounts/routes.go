package accounts

import (
	"context"
	"net/http"

	"fieldsync/crdt"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/auth/oidc"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

// registerSession adds signing in and out.
func (h Handlers) registerSession(a *api.API) {
	const path = "/api/v1/session"
	tags := []string{"session"}
	a.Raw(api.Public(huma.Operation{
		OperationID: "sign-in", Method: http.MethodPost, Path: path, Tags: tags,
		Summary:     "Signs a browser in: the answer sets its session's cookie",
		RequestBody: &huma.RequestBody{Required: true, Content: a.JSON(auth.Login{})},
		Responses:   map[string]*huma.Response{"200": {Description: "Who it is", Content: a.JSON(Identity{})}},
	}), http.HandlerFunc(h.SignIn))
	a.Raw(huma.Operation{
		OperationID: "who-am-i", Method: http.MethodGet, Path: path, Tags: tags,
		Summary:   "Who asks",
		Responses: map[string]*huma.Response{"200": {Description: "Who it is", Content: a.JSON(Identity{})}},
	}, http.HandlerFunc(h.WhoAmI))
	a.Raw(huma.Operation{
		OperationID: "sign-out", Method: http.MethodDelete, Path: path, Tags: tags,
		Summary:   "Ends the session or the token that the request came with",
		Responses: map[string]*huma.Response{"204": {Description: "It is ended"}},
	}, http.HandlerFunc(h.SignOut))
	a.Raw(api.Public(huma.Operation{
		OperationID: "sign-in-device", Method: http.MethodPost, Path: "/api/v1/tokens", Tags: tags,
		Summary:     "Gives a native client a token of its own, for a login and a password",
		RequestBody: &huma.RequestBody{Required: true, Content: a.JSON(DeviceLogin{})},
		Responses:   map[string]*huma.Response{"201": {Description: "The token", Content: a.JSON(DeviceToken{})}},
	}), http.HandlerFunc(h.SignInDevice))
	h.registerOIDC(a)
}

// SignInWays answers GET /api/v1/oidc.
type SignInWays struct {
	Enabled bool `json:"enabled" doc:"People sign in by an OpenID provider, beginning at /api/v1/oidc/start"`
}

// registerOIDC adds signing in by an OpenID provider.
func (h Handlers) registerOIDC(a *api.API) {
	tags := []string{"session"}
	query := func(name, what string) *huma.Param {
		return &huma.Param{Name: name, In: "query", Description: what, Schema: &huma.Schema{Type: huma.TypeString}}
	}
	huma.Register(a, api.Public(huma.Operation{
		OperationID: "get-oidc", Method: http.MethodGet, Path: "/api/v1/oidc", Tags: tags, Summary: "Whether one can sign in by an OpenID provider",
	}), func(context.Context, *struct{}) (*body[SignInWays], error) {
		return &body[SignInWays]{SignInWays{Enabled: h.OIDC != nil}}, nil
	})
	start, callback := h.noProvider, h.noProvider
	if h.OIDC != nil {
		start, callback = h.OIDC.Start, h.OIDC.Callback
	}
	a.Raw(api.Public(huma.Operation{
		OperationID: "start-oidc", Method: http.MethodGet, Path: oidc.StartPath, Tags: tags,
		Summary:    "Sends the browser to the OpenID provider",
		Parameters: []*huma.Param{query("return", "Where the browser goes afterwards: a path of this server. What went wrong stands there in the query, as sign_in_error")},
		Responses:  map[string]*huma.Response{"302": {Description: "To the provider"}},
	}), http.HandlerFunc(start))
	a.Raw(api.Public(huma.Operation{
		OperationID: "finish-oidc", Method: http.MethodGet, Path: oidc.CallbackPath, Tags: tags,
		Summary:    "Where the OpenID provider sends the browser back to: opens a session",
		Parameters: []*huma.Param{query("code", "The provider's"), query("state", "Ours"), query("error", "The provider's")},
		Responses:  map[string]*huma.Response{"303": {Description: "To the page that the sign-in began for"}},
	}), http.HandlerFunc(callback))
}

func (h Handlers) noProvider(w http.ResponseWriter, _ *http.Request) {
	problem.Write(w, crdt.Errorf(crdt.KindNotFound, "nobody signs in by an OpenID provider here"))
}

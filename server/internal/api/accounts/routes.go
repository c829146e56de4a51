package accounts

import (
	"net/http"

	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"

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
}

package accounts

import (
	"net/http"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
	"fieldsync/server/internal/auth/oidc"
	"fieldsync/server/internal/problem"
)

// Handlers serve the addresses about accounts.
type Handlers struct {
	Auth *auth.Auth
	OIDC *oidc.Handler // nil: nobody signs in by an OpenID provider
}

// Identity answers POST and GET /api/v1/session: who the caller is.
type Identity struct {
	Org    string      `json:"org"`
	User   string      `json:"user" doc:"Empty for an integration"`
	Name   string      `json:"name"`
	Role   access.Role `json:"role"`
	Device string      `json:"device" doc:"Empty for an integration"`
}

func identity(p access.Principal) Identity {
	return Identity{Org: p.Org, User: p.User, Name: p.Name, Role: p.Role, Device: p.Device}
}

// SignIn is POST /api/v1/session: a login and a password give a browser its session cookie.
func (h Handlers) SignIn(w http.ResponseWriter, r *http.Request) {
	secret, p, err := h.signIn(w, r)
	if err != nil {
		h.Auth.Refused(err)
		problem.Write(w, err)
		return
	}
	http.SetCookie(w, h.Auth.SessionCookie(r, secret))
	api.WriteJSON(w, http.StatusOK, identity(p))
}

func (h Handlers) signIn(w http.ResponseWriter, r *http.Request) (string, access.Principal, error) {
	if err := h.Auth.CheckOrigin(r); err != nil {
		return "", access.Principal{}, err
	}
	var in auth.Login
	if err := api.ReadJSON(w, r, &in); err != nil {
		return "", access.Principal{}, err
	}
	return h.Auth.SignIn(r, in)
}

// WhoAmI is GET /api/v1/session, behind auth.Require.
func (h Handlers) WhoAmI(w http.ResponseWriter, r *http.Request) {
	p, ok := auth.PrincipalFrom(r.Context())
	if !ok {
		problem.Write(w, auth.ErrNoCredential)
		return
	}
	api.WriteJSON(w, http.StatusOK, identity(p))
}

// SignOut is DELETE /api/v1/session, behind auth.Require: it ends the credential that the request came with, a browser's
// session or a device's token.
func (h Handlers) SignOut(w http.ResponseWriter, r *http.Request) {
	p, ok := auth.PrincipalFrom(r.Context())
	if !ok {
		problem.Write(w, auth.ErrNoCredential)
		return
	}
	if err := h.Auth.SignOut(p); err != nil && crdt.KindOf(err) != crdt.KindUnauthenticated {
		problem.Write(w, err)
		return
	}
	http.SetCookie(w, h.Auth.SessionCookie(r, ""))
	w.WriteHeader(http.StatusNoContent)
}

// DeviceLogin is the body of POST /api/v1/tokens.
type DeviceLogin struct {
	auth.Login
	Label string `json:"label,omitempty" doc:"What a person calls the device" maxLength:"200"`
}

// DeviceToken answers POST /api/v1/tokens.
type DeviceToken struct {
	Token string `json:"token" doc:"The device's token: shown this once, and good until it is revoked"`
	Identity
}

// SignInDevice is POST /api/v1/tokens: a login and a password give a native client a token of its own.
func (h Handlers) SignInDevice(w http.ResponseWriter, r *http.Request) {
	secret, p, err := h.signInDevice(w, r)
	if err != nil {
		h.Auth.Refused(err)
		problem.Write(w, asProblem(err))
		return
	}
	api.WriteJSON(w, http.StatusCreated, DeviceToken{Token: secret, Identity: identity(p)})
}

func (h Handlers) signInDevice(w http.ResponseWriter, r *http.Request) (string, access.Principal, error) {
	if err := h.Auth.CheckOrigin(r); err != nil {
		return "", access.Principal{}, err
	}
	var in DeviceLogin
	if err := api.ReadJSON(w, r, &in); err != nil {
		return "", access.Principal{}, err
	}
	if in.Label == "" {
		in.Label = "device"
	}
	return h.Auth.SignInDevice(r, in.Login, in.Label)
}

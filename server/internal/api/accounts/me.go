package accounts

import (
	"context"
	"net/http"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
)

// Me is the account of who asks.
type Me struct {
	User
	Organisation Organisation `json:"organisation"`
	Device       string       `json:"device" doc:"The device that asks"`
}

// PasswordChange is one's own new password.
type PasswordChange struct {
	Old        string `json:"old_password" maxLength:"1024"`
	New        string `json:"new_password" minLength:"1" maxLength:"1024" doc:"At least 10 characters"`
	EndDevices bool   `json:"end_devices,omitempty" doc:"Ends the tokens of other devices too, not only other browsers' sessions"`
}

func (h Handlers) registerMe(a *api.API) {
	const tag = "me"
	add(a, operation("get-me", http.MethodGet, "me", "One's own account", tag),
		func(_ context.Context, by access.Principal, _ *struct{}) (*tagged[Me], error) {
			if by.User == "" {
				return nil, crdt.Errorf(crdt.KindForbidden, "an integration has no account of its own")
			}
			u, err := h.Auth.User(by, by.User)
			if err != nil {
				return nil, err
			}
			v, err := h.view(by, u)
			if err != nil {
				return nil, err
			}
			o, err := h.Auth.Organisation(by.Org)
			if err != nil {
				return nil, err
			}
			return &tagged[Me]{ETag: v.ETag, Body: Me{User: v.Body, Organisation: organisation(o).Body, Device: by.Device}}, nil
		})
	add(a, operation("change-password", http.MethodPut, "me/password", "Changes one's own password; other browsers' sessions end", tag),
		func(ctx context.Context, by access.Principal, in *struct{ Body PasswordChange }) (*none, error) {
			return nil, h.Auth.ChangePassword(ctx, by, in.Body.Old, in.Body.New, in.Body.EndDevices)
		})
}

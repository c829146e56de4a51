package accounts

import (
	"context"
	"net/http"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
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

// View is a list of jobs that a person gave a name.
type View struct {
	Name   string            `json:"name" minLength:"1" maxLength:"200"`
	Search map[string]string `json:"search" doc:"The filters as they stand in the address of the dispatchers' list"`
}

// Views are those that a person keeps, in his order.
type Views struct {
	Views []View `json:"views" maxItems:"50"`
}

func views(v auth.Views) *tagged[Views] {
	out := &tagged[Views]{ETag: etag(v.Version), Body: Views{Views: []View{}}}
	for _, x := range v.Views {
		if x.Search == nil {
			x.Search = map[string]string{}
		}
		out.Body.Views = append(out.Body.Views, View(x))
	}
	return out
}

func (h Handlers) registerViews(a *api.API) {
	const tag = "me"
	add(a, operation("get-views", http.MethodGet, "me/views", "The lists of jobs that one gave a name", tag),
		func(_ context.Context, by access.Principal, _ *struct{}) (*tagged[Views], error) {
			v, err := h.Auth.Views(by)
			if err != nil {
				return nil, err
			}
			return views(v), nil
		})
	put := operation("put-views", http.MethodPut, "me/views", "Keeps lists of jobs under names, in the place of those that one kept", tag)
	put.DefaultStatus = http.StatusOK
	add(a, put, func(_ context.Context, by access.Principal, in *struct {
		IfMatch
		Body Views
	}) (*tagged[Views], error) {
		wanted := make([]auth.View, len(in.Body.Views))
		for i, v := range in.Body.Views {
			wanted[i] = auth.View(v)
		}
		v, err := h.Auth.SetViews(by, wanted, in.version())
		if err != nil {
			return nil, err
		}
		return views(v), nil
	})
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

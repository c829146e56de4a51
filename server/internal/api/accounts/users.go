package accounts

import (
	"context"
	"net/http"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
)

// User is a person. Workers and directors see the id and the name of others, and no more.
type User struct {
	ID           string      `json:"id"`
	Name         string      `json:"name"`
	Login        string      `json:"login,omitempty"`
	Role         access.Role `json:"role,omitempty" enum:"owner,administrator,dispatcher,worker,director"`
	Disabled     *bool       `json:"disabled,omitempty" doc:"Nothing lets this user in"`
	HasPassword  *bool       `json:"has_password,omitempty"`
	SingleSignOn *bool       `json:"single_sign_on,omitempty" doc:"Has signed in by the OpenID provider"`
	Locked       *bool       `json:"locked,omitempty" doc:"Nobody can sign in by password for now, because of failed attempts; for owners and administrators to see"`
	Created      *time.Time  `json:"created_at,omitempty"`
}

// UserList is a page of users.
type UserList struct {
	Users []User `json:"users"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; left out at the end"`
}

// UserNew is a user to make.
type UserNew struct {
	Login    string `json:"login" minLength:"1" maxLength:"128" doc:"One user's within the organisation; an e-mail address, as an example"`
	Name     string `json:"name" maxLength:"200"`
	Role     string `json:"role" enum:"owner,administrator,dispatcher,worker,director"`
	Password string `json:"password,omitempty" maxLength:"1024" doc:"At least 10 characters; left out where the user signs in by the OpenID provider"`
}

// UserPatch is what to change; what is left out stays.
type UserPatch struct {
	Login    *string `json:"login,omitempty" minLength:"1" maxLength:"128"`
	Name     *string `json:"name,omitempty" maxLength:"200"`
	Role     *string `json:"role,omitempty" enum:"owner,administrator,dispatcher,worker,director"`
	Disabled *bool   `json:"disabled,omitempty"`
}

// PasswordReset is another user's new password.
type PasswordReset struct {
	Password   string `json:"password" minLength:"1" maxLength:"1024" doc:"At least 10 characters"`
	EndDevices bool   `json:"end_devices,omitempty" doc:"Ends the tokens of devices too, not only browsers' sessions"`
}

// OfUser names a user in the path.
type OfUser struct {
	User string `path:"user" maxLength:"63" doc:"The user's id"`
}

// view is what somebody may see of a user.
func (h Handlers) view(by access.Principal, u auth.User) (*tagged[User], error) {
	out := &tagged[User]{Body: User{ID: u.ID, Name: u.Name}}
	if !auth.ShowsAll(by, u) {
		return out, nil
	}
	password, sso := u.PasswordHash != "", u.Subject != ""
	out.ETag = etag(u.Version)
	out.Body.Login, out.Body.Role, out.Body.Disabled, out.Body.Created = u.Login, u.Role, &u.Disabled, at(u.Created)
	out.Body.HasPassword, out.Body.SingleSignOn = &password, &sso
	if by.Role == access.RoleOwner || by.Role == access.RoleAdministrator {
		locked, err := h.Auth.Locked(u.ID)
		if err != nil {
			return nil, err
		}
		out.Body.Locked = &locked
	}
	return out, nil
}

func (h Handlers) registerUsers(a *api.API) {
	const tag = "users"
	add(a, operation("list-users", http.MethodGet, "users", "The users of the organisation", tag), h.listUsers)
	add(a, operation("create-user", http.MethodPost, "users", "Makes a user: owners and administrators; owners are made by owners", tag), h.createUser)
	add(a, operation("get-user", http.MethodGet, "users/{user}", "A user", tag),
		func(_ context.Context, by access.Principal, in *OfUser) (*tagged[User], error) {
			u, err := h.Auth.User(by, in.User)
			if err != nil {
				return nil, err
			}
			return h.view(by, u)
		})
	add(a, operation("patch-user", http.MethodPatch, "users/{user}", "Changes, disables or enables a user: owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *struct {
			OfUser
			IfMatch
			Body UserPatch
		}) (*tagged[User], error) {
			b := in.Body
			u, err := h.Auth.ChangeUser(by, in.User, auth.UserChange{Login: b.Login, Name: b.Name, Role: b.Role, Disabled: b.Disabled}, in.version())
			if err != nil {
				return nil, err
			}
			return h.view(by, u)
		})
	add(a, operation("reset-password", http.MethodPut, "users/{user}/password", "Gives another user a password, and ends a lock-out: owners and administrators", tag),
		func(ctx context.Context, by access.Principal, in *struct {
			OfUser
			Body PasswordReset
		}) (*none, error) {
			return nil, h.Auth.ResetPassword(ctx, by, in.User, in.Body.Password, in.Body.EndDevices)
		})
	add(a, operation("unlock-user", http.MethodDelete, "users/{user}/lock", "Ends a lock-out: owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *OfUser) (*none, error) {
			return nil, h.Auth.Unlock(by, in.User)
		})
	add(a, operation("unlink-user", http.MethodDelete, "users/{user}/single-sign-on", "Forgets who this user is at the OpenID provider; the next to sign in there under the login is it: owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *OfUser) (*none, error) {
			return nil, h.Auth.Unlink(by, in.User)
		})
}

func (h Handlers) listUsers(_ context.Context, by access.Principal, in *struct {
	Page
	Role  string `query:"role" enum:"owner,administrator,dispatcher,worker,director" doc:"Only those of a role"`
	Login string `query:"login" maxLength:"128" doc:"Only who has this login"`
}) (*body[UserList], error) {
	users, next, err := h.Auth.Users(by, auth.UserFilter{Role: access.Role(in.Role), Login: in.Login}, in.Cursor, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &body[UserList]{UserList{Users: []User{}, Next: next}}
	for _, u := range users {
		v, err := h.view(by, u)
		if err != nil {
			return nil, err
		}
		out.Body.Users = append(out.Body.Users, v.Body)
	}
	return out, nil
}

func (h Handlers) createUser(ctx context.Context, by access.Principal, in *struct{ Body UserNew }) (*made[User], error) {
	b := in.Body
	u, err := h.Auth.CreateUser(ctx, by, auth.NewUser{Login: b.Login, Name: b.Name, Role: b.Role, Password: b.Password})
	if err != nil {
		return nil, err
	}
	v, err := h.view(by, u)
	if err != nil {
		return nil, err
	}
	return &made[User]{ETag: v.ETag, Location: api.Prefix + "users/" + u.ID, Body: v.Body}, nil
}

package admin

import (
	"cmp"
	"context"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
)

// User is a user.
type User struct {
	ID           string      `json:"id"`
	Org          string      `json:"org"`
	Login        string      `json:"login"`
	Name         string      `json:"name"`
	Role         access.Role `json:"role"`
	Disabled     bool        `json:"disabled"`
	HasPassword  bool        `json:"has_password"`
	SingleSignOn bool        `json:"single_sign_on"`
	Locked       bool        `json:"locked"`
	Created      time.Time   `json:"created_at,omitzero"`
}

func user(a *auth.Auth, u auth.User) (User, error) {
	locked, err := a.Locked(u.ID)
	return User{ID: u.ID, Org: u.Org, Login: u.Login, Name: u.Name, Role: u.Role, Disabled: u.Disabled, HasPassword: u.PasswordHash != "",
		SingleSignOn: u.Subject != "", Locked: locked, Created: u.Created}, err
}

// UserAdd is the input of user.add.
type UserAdd struct {
	Org      string `json:"org"`
	ID       string `json:"id,omitempty"` // empty: made up
	Login    string `json:"login"`
	Name     string `json:"name"`
	Role     string `json:"role"`
	Password string `json:"password,omitempty"` // empty: none
}

func addUser(ctx context.Context, a *auth.Auth, in UserAdd) (User, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return User{}, err
	}
	u, err := a.CreateUser(ctx, by, auth.NewUser{ID: in.ID, Login: in.Login, Name: in.Name, Role: in.Role, Password: in.Password})
	if err != nil {
		return User{}, err
	}
	return user(a, u)
}

// ByOrg is the input of the commands that list.
type ByOrg struct {
	Org string `json:"org"`
}

func listUsers(_ context.Context, a *auth.Auth, in ByOrg) ([]User, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return nil, err
	}
	out := []User{}
	for after := ""; ; {
		page, next, err := a.Users(by, auth.UserFilter{}, after, auth.MaxPage)
		if err != nil {
			return nil, err
		}
		for _, u := range page {
			shown, err := user(a, u)
			if err != nil {
				return nil, err
			}
			out = append(out, shown)
		}
		if after = next; after == "" {
			break
		}
	}
	slices.SortFunc(out, func(x, y User) int { return cmp.Compare(x.Login, y.Login) })
	return out, nil
}

// OfUser names a user of an organisation, by login or id.
type OfUser struct {
	Org  string `json:"org"`
	User string `json:"user"`
}

// find gives the operator and the user that an input names.
func (in OfUser) find(a *auth.Auth) (access.Principal, auth.User, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return by, auth.User{}, err
	}
	u, err := findUser(a, by, in.User)
	return by, u, err
}

func findUser(a *auth.Auth, by access.Principal, name string) (auth.User, error) {
	u, err := a.FindUser(by.Org, name)
	if crdt.KindOf(err) == crdt.KindNotFound {
		u, err = a.User(by, name)
	}
	if crdt.KindOf(err) == crdt.KindNotFound {
		return u, crdt.Errorf(crdt.KindNotFound, "organisation %s has no user with the login or id %q", by.Org, name)
	}
	return u, err
}

// UserSet is the input of user.set; nil stays as it is.
type UserSet struct {
	OfUser
	Login    *string `json:"login,omitempty"`
	Name     *string `json:"name,omitempty"`
	Role     *string `json:"role,omitempty"`
	Disabled *bool   `json:"disabled,omitempty"`
}

func setUser(_ context.Context, a *auth.Auth, in UserSet) (User, error) {
	by, u, err := in.find(a)
	if err != nil {
		return User{}, err
	}
	u, err = a.ChangeUser(by, u.ID, auth.UserChange{Login: in.Login, Name: in.Name, Role: in.Role, Disabled: in.Disabled}, 0)
	if err != nil {
		return User{}, err
	}
	return user(a, u)
}

// PasswordSet is the input of user.password.
type PasswordSet struct {
	OfUser
	Password   string `json:"password"`
	EndDevices bool   `json:"end_devices,omitempty"`
}

func setPassword(ctx context.Context, a *auth.Auth, in PasswordSet) (User, error) {
	by, u, err := in.find(a)
	if err != nil {
		return User{}, err
	}
	if err := a.ResetPassword(ctx, by, u.ID, in.Password, in.EndDevices); err != nil {
		return User{}, err
	}
	return again(a, by, u.ID)
}

func unlock(_ context.Context, a *auth.Auth, in OfUser) (User, error) {
	by, u, err := in.find(a)
	if err != nil {
		return User{}, err
	}
	if err := a.Unlock(by, u.ID); err != nil {
		return User{}, err
	}
	return again(a, by, u.ID)
}

func unlink(_ context.Context, a *auth.Auth, in OfUser) (User, error) {
	by, u, err := in.find(a)
	if err != nil {
		return User{}, err
	}
	if err := a.Unlink(by, u.ID); err != nil {
		return User{}, err
	}
	return again(a, by, u.ID)
}

func again(a *auth.Auth, by access.Principal, id string) (User, error) {
	u, err := a.User(by, id)
	if err != nil {
		return User{}, err
	}
	return user(a, u)
}

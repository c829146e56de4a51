package admin

import (
	"context"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
)

// Device is a token or a session.
type Device struct {
	ID       string    `json:"id"`
	User     string    `json:"user"` // the login
	Kind     string    `json:"kind"` // token or session
	Label    string    `json:"label"`
	Created  time.Time `json:"created_at"`
	LastSeen time.Time `json:"last_seen_at,omitzero"`
	Expires  time.Time `json:"expires_at,omitzero"`
}

func device(login string, d auth.Device) Device {
	kind := "token"
	if d.Session {
		kind = "session"
	}
	return Device{ID: d.ID, User: login, Kind: kind, Label: d.Label, Created: d.Created, LastSeen: d.Seen, Expires: d.Expires}
}

// listDevices lists the devices of a user, or those of everybody where none is named.
func listDevices(_ context.Context, a *auth.Auth, in OfUser) ([]Device, error) {
	out := []Device{}
	if in.User != "" {
		by, u, err := in.find(a)
		if err != nil {
			return nil, err
		}
		devices, _, err := a.Devices(by, u.ID, "", 0)
		for _, d := range devices {
			out = append(out, device(u.Login, d))
		}
		return out, err
	}
	by, err := operator(a, in.Org)
	if err != nil {
		return nil, err
	}
	for after := ""; ; {
		page, next, err := a.Devices(by, "", after, auth.MaxPage)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			u, err := a.User(by, d.User)
			if err != nil {
				return nil, err
			}
			out = append(out, device(u.Login, d))
		}
		if after = next; after == "" {
			return out, nil
		}
	}
}

// DeviceRevoke is the input of device.revoke.
type DeviceRevoke struct {
	OfUser
	Device string `json:"device,omitempty"`
	All    bool   `json:"all,omitempty"` // of the user
}

func revokeDevice(_ context.Context, a *auth.Auth, in DeviceRevoke) (None, error) {
	by, u, err := in.find(a)
	if err != nil {
		return None{}, err
	}
	switch {
	case in.All && in.Device == "":
		return None{}, a.RevokeAll(by, u.ID)
	case !in.All && in.Device != "":
		return None{}, a.RevokeDevice(by, u.ID, in.Device)
	}
	return None{}, crdt.Errorf(crdt.KindInvalid, "name one device, or all")
}

// Key is an API key.
type Key struct {
	ID       string      `json:"id"`
	Org      string      `json:"org"`
	Name     string      `json:"name"`
	Role     access.Role `json:"role"`
	By       string      `json:"created_by"`
	Created  time.Time   `json:"created_at"`
	LastSeen time.Time   `json:"last_seen_at,omitzero"`
	Expires  time.Time   `json:"expires_at,omitzero"`
	Secret   string      `json:"secret,omitempty"` // of apikey.add alone
}

// KeyAdd is the input of apikey.add.
type KeyAdd struct {
	Org     string    `json:"org"`
	Name    string    `json:"name"`
	Role    string    `json:"role"`
	Expires time.Time `json:"expires_at,omitzero"` // zero: never
}

func key(k auth.APIKey) Key {
	return Key{ID: k.ID, Org: k.Org, Name: k.Name, Role: k.Role, By: k.By, Created: k.Created, LastSeen: k.Seen, Expires: k.Expires}
}

func addKey(_ context.Context, a *auth.Auth, in KeyAdd) (Key, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return Key{}, err
	}
	k, secret, err := a.CreateAPIKey(by, in.Name, in.Role, in.Expires)
	out := key(k)
	out.Secret = secret
	return out, err
}

func listKeys(_ context.Context, a *auth.Auth, in ByOrg) ([]Key, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return nil, err
	}
	all, err := a.APIKeys(by)
	out := []Key{}
	for _, k := range all {
		out = append(out, key(k))
	}
	return out, err
}

func revokeKey(_ context.Context, a *auth.Auth, in ByID) (None, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return None{}, err
	}
	return None{}, a.RevokeAPIKey(by, in.ID)
}

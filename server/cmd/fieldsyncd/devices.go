package main

import (
	"context"
	"time"

	"fieldsync/server/internal/admin"
)

// deviceCmd is fieldsyncd device.
type deviceCmd struct {
	List   deviceListCmd   `cmd:"" help:"List devices: tokens of phones and programs, sessions of browsers."`
	Revoke deviceRevokeCmd `cmd:"" help:"End a device's token or session at once, and its open connections."`
}

type deviceListCmd struct {
	inOrg
	User string `env:"-" help:"Only those of a user, by login or id." placeholder:"USER"`
}

// Run lists devices.
func (c *deviceListCmd) Run(ctx context.Context, out streams) error {
	all, err := call[[]admin.Device](ctx, c.folder, "device.list", admin.OfUser{Org: c.Org, User: c.User})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, d := range all {
		rows = append(rows, []string{d.User, d.ID, d.Kind, d.Label, when(d.Created), when(d.LastSeen), when(d.Expires)})
	}
	return answer(out, c.folder, all, table("USER ID KIND LABEL CREATED SEEN EXPIRES", rows, "nobody is signed in"))
}

type deviceRevokeCmd struct {
	inOrg
	Device string `arg:"" optional:"" help:"The device's id, as device list shows it."`
	User   string `env:"-" required:"" help:"Whose it is, by login or id." placeholder:"USER"`
	All    bool   `env:"-" help:"All of the user's."`
}

// Run ends a device.
func (c *deviceRevokeCmd) Run(ctx context.Context, out streams) error {
	v, err := call[admin.None](ctx, c.folder, "device.revoke", admin.DeviceRevoke{OfUser: admin.OfUser{Org: c.Org, User: c.User}, Device: c.Device, All: c.All})
	if err != nil {
		return err
	}
	what := c.Device
	if c.All {
		what = "every device"
	}
	return answer(out, c.folder, v, say("%s of %s is signed out", what, c.User))
}

// apikeyCmd is fieldsyncd apikey.
type apikeyCmd struct {
	Add    apikeyAddCmd    `cmd:"" help:"Make an API key for a program, and show its secret this once."`
	List   apikeyListCmd   `cmd:"" help:"List the API keys."`
	Revoke apikeyRevokeCmd `cmd:"" help:"End an API key at once, and its open connections."`
}

type apikeyAddCmd struct {
	inOrg
	Name    string `arg:"" help:"The program that uses it."`
	Role    string `env:"-" required:"" help:"dispatcher, director or administrator." placeholder:"ROLE"`
	Expires string `env:"-" help:"When it ends by itself: a date, a time in RFC 3339, or a duration like 720h (default never)." placeholder:"WHEN"`
}

// Run makes an API key.
func (c *apikeyAddCmd) Run(ctx context.Context, out streams) error {
	expires, err := expiry(c.Expires, time.Now())
	if err != nil {
		return err
	}
	k, err := call[admin.Key](ctx, c.folder, "apikey.add", admin.KeyAdd{Org: c.Org, Name: c.Name, Role: c.Role, Expires: expires})
	if err != nil {
		return err
	}
	return answer(out, c.folder, k, say("%s", k.Secret))
}

type apikeyListCmd struct{ inOrg }

// Run lists API keys.
func (c *apikeyListCmd) Run(ctx context.Context, out streams) error {
	all, err := call[[]admin.Key](ctx, c.folder, "apikey.list", admin.ByOrg{Org: c.Org})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, k := range all {
		rows = append(rows, []string{k.ID, k.Name, string(k.Role), when(k.Created), when(k.LastSeen), when(k.Expires)})
	}
	return answer(out, c.folder, all, table("ID NAME ROLE CREATED SEEN EXPIRES", rows, "there is no API key yet: make one with fieldsyncd apikey add"))
}

type apikeyRevokeCmd struct {
	inOrg
	ID string `arg:"" help:"The key's id, as apikey list shows it."`
}

// Run ends an API key.
func (c *apikeyRevokeCmd) Run(ctx context.Context, out streams) error {
	v, err := call[admin.None](ctx, c.folder, "apikey.revoke", admin.ByID{Org: c.Org, ID: c.ID})
	if err != nil {
		return err
	}
	return answer(out, c.folder, v, say("API key %s lets nobody in", c.ID))
}

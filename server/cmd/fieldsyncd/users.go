package main

import (
	"context"

	"fieldsync/server/internal/admin"
)

// userCmd is fieldsyncd user.
type userCmd struct {
	Add      userAddCmd      `cmd:"" help:"Make a user. The password is read from the terminal or standard input."`
	List     userListCmd     `cmd:"" help:"List the users."`
	Set      userSetCmd      `cmd:"" help:"Change a user's login, name or role."`
	Disable  userDisableCmd  `cmd:"" help:"Let a user in no more, and end all open connections."`
	Enable   userEnableCmd   `cmd:"" help:"Let a user in again."`
	Password userPasswordCmd `cmd:"" help:"Give a user a password, read from the terminal or standard input; browsers' sessions end."`
	Unlock   userUnlockCmd   `cmd:"" help:"End a lock-out after too many failed attempts."`
	Unlink   userUnlinkCmd   `cmd:"" help:"Forget who this user is at the OpenID provider; the next to sign in there under the login is it."`
}

type userAddCmd struct {
	inOrg
	Login      string `arg:"" help:"What the user signs in with."`
	Role       string `env:"-" required:"" help:"owner, administrator, dispatcher, worker or director." placeholder:"ROLE"`
	Name       string `env:"-" help:"The name, for people." placeholder:"TEXT"`
	ID         string `name:"id" env:"-" help:"The user's id; without it one is made up." placeholder:"ID"`
	NoPassword bool   `env:"-" help:"No password: the user signs in by the OpenID provider."`
}

// Run makes a user.
func (c *userAddCmd) Run(ctx context.Context, out streams) error {
	in := admin.UserAdd{Org: c.Org, ID: c.ID, Login: c.Login, Name: c.Name, Role: c.Role}
	if in.Name == "" {
		in.Name = c.Login
	}
	if !c.NoPassword {
		var err error
		if in.Password, err = readPassword(out); err != nil {
			return err
		}
	}
	u, err := call[admin.User](ctx, c.folder, "user.add", in)
	if err != nil {
		return err
	}
	return answer(out, c.folder, u, say("user %s (%s) of %s is there, with the id %s", u.Login, u.Role, u.Org, u.ID))
}

type userListCmd struct{ inOrg }

// Run lists the users.
func (c *userListCmd) Run(ctx context.Context, out streams) error {
	all, err := call[[]admin.User](ctx, c.folder, "user.list", admin.ByOrg{Org: c.Org})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, u := range all {
		rows = append(rows, []string{u.Login, u.Name, string(u.Role), yes(u.Disabled), yes(u.Locked), yes(u.SingleSignOn), u.ID})
	}
	return answer(out, c.folder, all, table("LOGIN NAME ROLE DISABLED LOCKED SINGLE-SIGN-ON ID", rows, "there is no user yet: make one with fieldsyncd user add"))
}

// oneUser names a user.
type oneUser struct {
	inOrg
	User string `arg:"" help:"The login or the id."`
}

func (c oneUser) who() admin.OfUser { return admin.OfUser{Org: c.Org, User: c.User} }

type userSetCmd struct {
	oneUser
	Login string `env:"-" help:"Another login." placeholder:"LOGIN"`
	Name  string `env:"-" help:"Another name." placeholder:"TEXT"`
	Role  string `env:"-" help:"Another role." placeholder:"ROLE"`
}

// Run changes a user.
func (c *userSetCmd) Run(ctx context.Context, out streams) error {
	return c.set(ctx, out, admin.UserSet{Login: optional(c.Login), Name: optional(c.Name), Role: optional(c.Role)})
}

func (c oneUser) set(ctx context.Context, out streams, in admin.UserSet) error {
	in.OfUser = c.who()
	u, err := call[admin.User](ctx, c.folder, "user.set", in)
	if err != nil {
		return err
	}
	state := ""
	if u.Disabled {
		state = ", disabled"
	}
	return answer(out, c.folder, u, say("user %s: %s, %s%s", u.Login, printable(u.Name), u.Role, state))
}

type userDisableCmd struct{ oneUser }

// Run disables a user.
func (c *userDisableCmd) Run(ctx context.Context, out streams) error {
	disabled := true
	return c.set(ctx, out, admin.UserSet{Disabled: &disabled})
}

type userEnableCmd struct{ oneUser }

// Run enables a user.
func (c *userEnableCmd) Run(ctx context.Context, out streams) error {
	disabled := false
	return c.set(ctx, out, admin.UserSet{Disabled: &disabled})
}

type userPasswordCmd struct {
	oneUser
	EndDevices bool `env:"-" help:"End the tokens of phones and programs too."`
}

// Run sets a password.
func (c *userPasswordCmd) Run(ctx context.Context, out streams) error {
	password, err := readPassword(out)
	if err != nil {
		return err
	}
	u, err := call[admin.User](ctx, c.folder, "user.password", admin.PasswordSet{OfUser: c.who(), Password: password, EndDevices: c.EndDevices})
	if err != nil {
		return err
	}
	return answer(out, c.folder, u, say("user %s has the new password", u.Login))
}

type userUnlockCmd struct{ oneUser }

// Run unlocks a user.
func (c *userUnlockCmd) Run(ctx context.Context, out streams) error {
	u, err := call[admin.User](ctx, c.folder, "user.unlock", c.who())
	if err != nil {
		return err
	}
	return answer(out, c.folder, u, say("user %s can sign in", u.Login))
}

type userUnlinkCmd struct{ oneUser }

// Run forgets the OpenID provider's subject.
func (c *userUnlinkCmd) Run(ctx context.Context, out streams) error {
	u, err := call[admin.User](ctx, c.folder, "user.unlink", c.who())
	if err != nil {
		return err
	}
	return answer(out, c.folder, u, say("user %s is nobody at the OpenID provider", u.Login))
}

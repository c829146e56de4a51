package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"fieldsync/client"
	"fieldsync/crdt"

	"golang.org/x/term"
)

type loginCmd struct {
	Server string `arg:"" help:"The server's address, like https://sync.example.org."`
	User   string `short:"u" help:"Your login; the password is asked for, or read from standard input." placeholder:"LOGIN"`
	Org    string `help:"Your organisation, where your login is not the only one of this name." placeholder:"ID"`
	Token  string `help:"A token instead of login and password; without both it is read from standard input." env:"FIELDSYNC_TOKEN" placeholder:"TOKEN"`
}

const maxSecret = 4096 // bytes; tokens and passwords have some dozens

// Run logs in.
func (cmd *loginCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	var who client.Identity
	if cmd.User != "" {
		var password string
		if password, err = a.secret("Password: "); err != nil {
			return err
		}
		who, err = c.SignIn(a.ctx, cmd.Server, cmd.User, password, cmd.Org, deviceName())
	} else {
		if cmd.Org != "" {
			return crdt.Errorf(crdt.KindInvalid, "--org goes with --user: a token knows its organisation")
		}
		token := cmd.Token
		if token == "" {
			if token, err = a.secret("Token: "); err != nil {
				return err
			}
			token = strings.TrimSpace(token)
		}
		who, err = c.Login(a.ctx, cmd.Server, token)
	}
	switch {
	case errors.Is(err, client.ErrSignIn) && cmd.User != "":
		why := strings.TrimPrefix(err.Error(), client.ErrSignIn.Error()+": ")
		return fmt.Errorf("%w", &stated{"cannot log in at " + cmd.Server + ": " + why, err})
	case errors.Is(err, client.ErrSignIn):
		return fmt.Errorf("%w (asked %s)", err, cmd.Server)
	case errors.Is(err, client.ErrOffline):
		return fmt.Errorf("cannot log in at %s: %w", cmd.Server, err)
	case err != nil:
		return err
	}
	if done, err := a.print(who); done {
		return err
	}
	a.out.line("You are %s (%s, %s) at %s.", a.out.paint(bold, clean(who.Name)), clean(who.User), clean(who.Role), who.Server)
	a.out.line("Next: fieldsync sync")
	return nil
}

// secret asks for something that nobody else is to see: on a terminal without showing what is typed, else from standard input.
func (a *app) secret(prompt string) (string, error) {
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		_, _ = fmt.Fprint(os.Stderr, prompt)
		text, err := term.ReadPassword(int(f.Fd()))
		_, _ = fmt.Fprintln(os.Stderr)
		return string(text), err
	}
	text, err := bufio.NewReader(io.LimitReader(a.in, maxSecret)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	return strings.TrimRight(text, "\r\n"), nil
}

// deviceName is what the owner sees this folder's device called.
func deviceName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "fieldsync in a terminal"
	}
	return "fieldsync on " + host
}

type logoutCmd struct{}

// Run forgets the token.
func (logoutCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	u, err := c.Unsent(a.ctx)
	if err != nil {
		return err
	}
	if err := c.Logout(); err != nil {
		return err
	}
	if done, err := a.print(map[string]any{"unsent_changes": u.Changes, "unsent_files": len(u.Files)}); done {
		return err
	}
	a.out.line("The token is forgotten. Your jobs and files are still in %s; delete that folder to remove them.", a.dir)
	if u.Changes > 0 || len(u.Files) > 0 {
		a.out.line("%s not reached the server: log in again and sync to send them.", a.out.paint(yellow, waiting(u)+" have"))
	}
	return nil
}

type whoamiCmd struct{}

// Run says who owns the folder.
func (whoamiCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	who, err := c.WhoAmI()
	if err != nil {
		return err
	}
	last, err := c.LastSync()
	if err != nil {
		return err
	}
	if done, err := a.print(struct {
		client.Identity
		Dir      string `json:"dir"`
		LastSync any    `json:"last_sync"`
	}{who, a.dir, jsonTime(last)}); done {
		return err
	}
	a.out.fields("name", clean(who.Name), "user", clean(who.User), "role", clean(who.Role), "organisation", clean(who.Org),
		"server", who.Server, "folder", a.dir, "last sync", a.out.ago(last))
	return nil
}

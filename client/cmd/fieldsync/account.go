package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"fieldsync/client"
)

type loginCmd struct {
	Server string `arg:"" help:"The server's address, like https://sync.example.org."`
	Token  string `help:"Your token; without this flag it is read from standard input." env:"FIELDSYNC_TOKEN" placeholder:"TOKEN"`
}

const maxToken = 4096 // bytes; ours have some dozens

// Run logs in.
func (cmd *loginCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	token := cmd.Token
	if token == "" {
		if !a.json {
			_, _ = fmt.Fprint(a.out, "Token: ")
		}
		text, err := bufio.NewReader(io.LimitReader(a.in, maxToken)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		token = strings.TrimSpace(text)
	}
	who, err := c.Login(a.ctx, cmd.Server, token)
	if errors.Is(err, client.ErrSignIn) {
		return fmt.Errorf("%w (asked %s)", err, cmd.Server)
	}
	if errors.Is(err, client.ErrOffline) {
		return fmt.Errorf("cannot log in at %s: %w", cmd.Server, err)
	}
	if err != nil {
		return err
	}
	if done, err := a.print(who); done {
		return err
	}
	a.out.line("You are %s (%s, %s) at %s.", a.out.paint(bold, clean(who.Name)), clean(who.User), clean(who.Role), who.Server)
	a.out.line("Next: fieldsync sync")
	return nil
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

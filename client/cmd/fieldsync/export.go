package main

import (
	"errors"
	"fmt"

	"fieldsync/client"
)

type exportCmd struct {
	File string `arg:"" help:"Where to write it: a new file."`
}

// Run writes what has not reached the server to a file.
func (cmd *exportCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	u, err := c.Unsent(a.ctx)
	if err != nil {
		return err
	}
	file := a.path(cmd.File)
	if err := c.Export(a.ctx, file); err != nil {
		return err
	}
	if done, err := a.print(map[string]any{"file": file, "changes": u.Edits, "files": u.Attached, "refused": len(u.Refused)}); done {
		return err
	}
	what := waiting(u)
	if n := len(u.Refused); n > 0 {
		what += fmt.Sprintf(", and %s that the server refused", count(n, "change"))
	}
	a.out.line("Written to %s: %s. It is readable for whoever has it; \"fieldsync import\" brings it into another folder of yours.", file, what)
	return nil
}

type importCmd struct {
	File string `arg:"" help:"What export wrote."`
}

// Run takes exported work into the folder.
func (cmd *importCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	got, err := c.Import(a.ctx, a.path(cmd.File))
	if err != nil {
		return err
	}
	if done, err := a.print(map[string]any{"changes": got.Changes, "files": got.Files, "refused": got.Refused}); done {
		return err
	}
	a.out.line("Brought in: %s and %s. Next: fieldsync sync", count(got.Changes, "change"), count(got.Files, "file"))
	return nil
}

type wipeCmd struct {
	EvenSo bool `help:"Also if work is lost that has not reached the server."`
}

// Run removes everything from the folder.
func (cmd *wipeCmd) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	u, err := c.Unsent(a.ctx)
	if err != nil {
		return err
	}
	err = c.Wipe(a.ctx, cmd.EvenSo)
	if errors.Is(err, client.ErrUnsentWork) {
		return fmt.Errorf("%w", &stated{fmt.Sprintf("%s would be lost: sync first, or export it (fieldsync export FILE), or give --even-so", atRisk(u)), err})
	}
	if err != nil {
		return err
	}
	if done, err := a.print(map[string]any{"wiped": a.dir}); done {
		return err
	}
	a.out.line("Everything was removed from %s.", a.dir)
	return nil
}

// atRisk says what is in the folder alone.
func atRisk(u client.Unsent) string {
	if u.Edits+u.Attached == 0 {
		return count(len(u.Refused), "refused change")
	}
	return waiting(u)
}

package main

import (
	"context"
	"strconv"
	"strings"

	"fieldsync/server/internal/admin"
	"fieldsync/server/internal/auth"
)

// orgCmd is fieldsyncd org.
type orgCmd struct {
	Add  orgAddCmd  `cmd:"" help:"Make an organisation."`
	List orgListCmd `cmd:"" help:"List the organisations."`
	Set  orgSetCmd  `cmd:"" help:"Change an organisation."`
	Log  orgLogCmd  `cmd:"" help:"Show what was done to accounts, the newest first."`
}

type orgSettings struct {
	Name          string `env:"-" help:"Its name, for people." placeholder:"TEXT"`
	WorkerJobs    string `env:"-" help:"Which jobs workers may make: none, templates (those from templates that allow it) or any (default templates)." placeholder:"WHICH"`
	PhotoLocation string `env:"-" help:"What clients do with the place in a photo before they send it: keep or strip (default keep)." placeholder:"WHAT"`
	TimeZone      string `env:"-" help:"Where it works, as Europe/Berlin (default UTC)." placeholder:"ZONE"`
	WorkdayEnd    string `env:"-" help:"When a working day is over, there (default 20:00)." placeholder:"HH:MM"`
}

func (s orgSettings) input(id string) admin.OrgInput {
	return admin.OrgInput{ID: id, Name: optional(s.Name), WorkerJobs: optional(s.WorkerJobs), PhotoLocation: optional(s.PhotoLocation),
		TimeZone: optional(s.TimeZone), WorkdayEnd: optional(s.WorkdayEnd)}
}

type orgAddCmd struct {
	folder
	ID string `arg:"" help:"A short id of a-z, 0-9 and -, for ever."`
	orgSettings
}

// Run makes an organisation.
func (c *orgAddCmd) Run(ctx context.Context, out streams) error {
	if c.Name == "" {
		c.Name = c.ID
	}
	o, err := callOn[admin.Org](ctx, c.folder, true, "org.add", c.input(c.ID))
	if err != nil {
		return err
	}
	return answer(out, c.folder, o, say("organisation %s is there; its first owner: fieldsyncd user add LOGIN --org %s --role owner", o.ID, o.ID))
}

type orgListCmd struct{ folder }

// Run lists the organisations.
func (c *orgListCmd) Run(ctx context.Context, out streams) error {
	all, err := call[[]admin.Org](ctx, c.folder, "org.list", admin.None{})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, o := range all {
		rows = append(rows, []string{o.ID, o.Name, string(o.WorkerJobs), when(o.Created)})
	}
	return answer(out, c.folder, all, table("ID NAME WORKER-JOBS CREATED", rows, "there is no organisation yet: make one with fieldsyncd org add"))
}

type orgSetCmd struct {
	folder
	ID string `arg:"" help:"The organisation's id."`
	orgSettings
}

// Run changes an organisation.
func (c *orgSetCmd) Run(ctx context.Context, out streams) error {
	o, err := call[admin.Org](ctx, c.folder, "org.set", c.input(c.ID))
	if err != nil {
		return err
	}
	return answer(out, c.folder, o, say("organisation %s is %q; workers make jobs: %s; the place in photos: %s; it works in %s until %s", o.ID, printable(o.Name), o.WorkerJobs, o.PhotoLocation,
		o.TimeZone, o.WorkdayEnd))
}

type orgLogCmd struct {
	inOrg
	Own   bool `env:"-" help:"What people did to their own accounts, as signing in, instead of what was done to others."`
	Limit int  `env:"-" default:"100" help:"How many lines at most; up to 500."`
}

// Run shows the account log.
func (c *orgLogCmd) Run(ctx context.Context, out streams) error {
	all, err := call[[]auth.Entry](ctx, c.folder, "org.log", admin.LogInput{Org: c.Org, Own: c.Own, Limit: c.Limit})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, e := range all {
		rows = append(rows, []string{strconv.FormatUint(e.Number, 10), when(e.At), e.By, e.Action, e.Subject, strings.TrimSpace(strings.Join(e.Fields, ",") + " " + e.Detail)})
	}
	return answer(out, c.folder, all, table("NUMBER WHEN BY ACTION SUBJECT WHAT", rows, "nothing yet"))
}

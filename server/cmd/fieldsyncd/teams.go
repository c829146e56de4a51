package main

import (
	"context"
	"strings"

	"fieldsync/server/internal/admin"
)

// teamCmd is fieldsyncd team.
type teamCmd struct {
	Add    teamAddCmd    `cmd:"" help:"Make a team."`
	List   teamListCmd   `cmd:"" help:"List the teams."`
	Set    teamSetCmd    `cmd:"" help:"Change a team."`
	Remove teamRemoveCmd `cmd:"" help:"Take a team away; jobs keep their people."`
}

type teamAddCmd struct {
	inOrg
	Name    string   `arg:"" help:"The name, for people."`
	Foreman string   `env:"-" required:"" help:"Who completes the team's jobs, by login or id." placeholder:"USER"`
	Member  []string `env:"-" help:"Who looks on, by login or id; may be repeated." placeholder:"USER"`
}

// Run makes a team.
func (c *teamAddCmd) Run(ctx context.Context, out streams) error {
	t, err := call[admin.Team](ctx, c.folder, "team.add", admin.TeamInput{Org: c.Org, Name: &c.Name, Foreman: &c.Foreman, Members: &c.Member})
	return c.show(out, t, err)
}

func (c inOrg) show(out streams, t admin.Team, err error) error {
	if err != nil {
		return err
	}
	return answer(out, c.folder, t, say("team %s: foreman %s, members %s; id %s", printable(t.Name), t.Foreman, strings.Join(append(t.Members, "-")[:max(1, len(t.Members))], ", "), t.ID))
}

type teamListCmd struct{ inOrg }

// Run lists the teams.
func (c *teamListCmd) Run(ctx context.Context, out streams) error {
	all, err := call[[]admin.Team](ctx, c.folder, "team.list", admin.ByOrg{Org: c.Org})
	if err != nil {
		return err
	}
	var rows [][]string
	for _, t := range all {
		rows = append(rows, []string{t.ID, t.Name, t.Foreman, strings.Join(t.Members, ",")})
	}
	return answer(out, c.folder, all, table("ID NAME FOREMAN MEMBERS", rows, "there is no team yet: make one with fieldsyncd team add"))
}

type teamSetCmd struct {
	inOrg
	ID       string   `arg:"" help:"The team's id."`
	Name     string   `env:"-" help:"Another name." placeholder:"TEXT"`
	Foreman  string   `env:"-" help:"Another foreman." placeholder:"USER"`
	Member   []string `env:"-" help:"The members from now on; may be repeated." placeholder:"USER"`
	NoMember bool     `env:"-" help:"No members from now on."`
}

// Run changes a team.
func (c *teamSetCmd) Run(ctx context.Context, out streams) error {
	in := admin.TeamInput{Org: c.Org, ID: c.ID, Name: optional(c.Name), Foreman: optional(c.Foreman)}
	if len(c.Member) > 0 || c.NoMember {
		members := append([]string{}, c.Member...) // not nil, which would be no change
		in.Members = &members
	}
	t, err := call[admin.Team](ctx, c.folder, "team.set", in)
	return c.show(out, t, err)
}

type teamRemoveCmd struct {
	inOrg
	ID string `arg:"" help:"The team's id."`
}

// Run takes a team away.
func (c *teamRemoveCmd) Run(ctx context.Context, out streams) error {
	v, err := call[admin.None](ctx, c.folder, "team.remove", admin.ByID{Org: c.Org, ID: c.ID})
	if err != nil {
		return err
	}
	return answer(out, c.folder, v, say("team %s is gone", c.ID))
}

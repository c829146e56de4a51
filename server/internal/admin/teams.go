package admin

import (
	"cmp"
	"context"
	"slices"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
)

// Team is a team; its people stand in it by their logins.
type Team struct {
	ID      string   `json:"id"`
	Org     string   `json:"org"`
	Name    string   `json:"name"`
	Foreman string   `json:"foreman"`
	Members []string `json:"members"`
}

// TeamInput is the input of team.add and team.set, people by login or id; nil stays as it is.
type TeamInput struct {
	Org     string    `json:"org"`
	ID      string    `json:"id,omitempty"` // of team.set
	Name    *string   `json:"name,omitempty"`
	Foreman *string   `json:"foreman,omitempty"`
	Members *[]string `json:"members,omitempty"`
}

func (in TeamInput) change(a *auth.Auth, by access.Principal) (auth.TeamChange, error) {
	c := auth.TeamChange{Name: in.Name}
	if in.Foreman != nil {
		u, err := findUser(a, by, *in.Foreman)
		if err != nil {
			return c, err
		}
		c.Foreman = &u.ID
	}
	if in.Members != nil {
		ids := []string{}
		for _, name := range *in.Members {
			u, err := findUser(a, by, name)
			if err != nil {
				return c, err
			}
			ids = append(ids, u.ID)
		}
		c.Members = &ids
	}
	return c, nil
}

func team(a *auth.Auth, by access.Principal, t auth.Team) (Team, error) {
	out := Team{ID: t.ID, Org: t.Org, Name: t.Name, Members: []string{}}
	for i, id := range append([]string{t.Foreman}, t.Members...) {
		u, err := a.User(by, id)
		if err != nil {
			return out, err
		}
		if i == 0 {
			out.Foreman = u.Login
		} else {
			out.Members = append(out.Members, u.Login)
		}
	}
	return out, nil
}

func addTeam(_ context.Context, a *auth.Auth, in TeamInput) (Team, error) {
	return withTeam(a, in, func(by access.Principal, c auth.TeamChange) (auth.Team, error) { return a.CreateTeam(by, c) })
}

func setTeam(_ context.Context, a *auth.Auth, in TeamInput) (Team, error) {
	return withTeam(a, in, func(by access.Principal, c auth.TeamChange) (auth.Team, error) { return a.ChangeTeam(by, in.ID, c, 0) })
}

func withTeam(a *auth.Auth, in TeamInput, do func(access.Principal, auth.TeamChange) (auth.Team, error)) (Team, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return Team{}, err
	}
	c, err := in.change(a, by)
	if err != nil {
		return Team{}, err
	}
	t, err := do(by, c)
	if err != nil {
		return Team{}, err
	}
	return team(a, by, t)
}

func listTeams(_ context.Context, a *auth.Auth, in ByOrg) ([]Team, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return nil, err
	}
	out := []Team{}
	for after := ""; ; {
		page, next, err := a.Teams(by, after, auth.MaxPage)
		if err != nil {
			return nil, err
		}
		for _, t := range page {
			shown, err := team(a, by, t)
			if err != nil {
				return nil, err
			}
			out = append(out, shown)
		}
		if after = next; after == "" {
			break
		}
	}
	slices.SortFunc(out, func(x, y Team) int { return cmp.Compare(x.Name, y.Name) })
	return out, nil
}

// ByID names a team or an API key of an organisation.
type ByID struct {
	Org string `json:"org"`
	ID  string `json:"id"`
}

func removeTeam(_ context.Context, a *auth.Auth, in ByID) (None, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return None{}, err
	}
	return None{}, a.DeleteTeam(by, in.ID)
}

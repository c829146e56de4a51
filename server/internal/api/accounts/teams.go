package accounts

import (
	"context"
	"net/http"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
)

// Team is a foreman, who completes the team's jobs, and members, who look on.
type Team struct {
	ID      string     `json:"id"`
	Name    string     `json:"name"`
	Foreman string     `json:"foreman" doc:"A user's id"`
	Members []string   `json:"members" doc:"Users' ids, without the foreman's"`
	Created *time.Time `json:"created_at,omitempty"`
}

// TeamList is a page of teams.
type TeamList struct {
	Teams []Team `json:"teams"`
	Next  string `json:"next,omitempty" doc:"The cursor of the next page; left out at the end"`
}

// TeamNew is a team to make.
type TeamNew struct {
	Name    string   `json:"name" minLength:"1" maxLength:"200"`
	Foreman string   `json:"foreman" minLength:"1" maxLength:"63"`
	Members []string `json:"members,omitempty" maxItems:"100"`
}

// TeamPatch is what to change; what is left out stays.
type TeamPatch struct {
	Name    *string   `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Foreman *string   `json:"foreman,omitempty" minLength:"1" maxLength:"63"`
	Members *[]string `json:"members,omitempty" maxItems:"100"`
}

// OfTeam names a team in the path.
type OfTeam struct {
	Team string `path:"team" maxLength:"63" doc:"The team's id"`
}

func team(t auth.Team) Team {
	out := Team{ID: t.ID, Name: t.Name, Foreman: t.Foreman, Members: t.Members, Created: at(t.Created)}
	if out.Members == nil {
		out.Members = []string{}
	}
	return out
}

func (h Handlers) registerTeams(a *api.API) {
	const tag = "teams"
	add(a, operation("list-teams", http.MethodGet, "teams", "The teams: owners, administrators and dispatchers", tag),
		func(_ context.Context, by access.Principal, in *struct{ Page }) (*body[TeamList], error) {
			teams, next, err := h.Auth.Teams(by, in.Cursor, in.Limit)
			if err != nil {
				return nil, err
			}
			out := &body[TeamList]{TeamList{Teams: []Team{}, Next: next}}
			for _, t := range teams {
				out.Body.Teams = append(out.Body.Teams, team(t))
			}
			return out, nil
		})
	add(a, operation("create-team", http.MethodPost, "teams", "Makes a team: owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *struct{ Body TeamNew }) (*made[Team], error) {
			t, err := h.Auth.CreateTeam(by, auth.TeamChange{Name: &in.Body.Name, Foreman: &in.Body.Foreman, Members: &in.Body.Members})
			if err != nil {
				return nil, err
			}
			return &made[Team]{ETag: etag(t.Version), Location: api.Prefix + "teams/" + t.ID, Body: team(t)}, nil
		})
	add(a, operation("get-team", http.MethodGet, "teams/{team}", "A team: owners, administrators and dispatchers", tag),
		func(_ context.Context, by access.Principal, in *OfTeam) (*tagged[Team], error) {
			t, err := h.Auth.Team(by, in.Team)
			if err != nil {
				return nil, err
			}
			return &tagged[Team]{ETag: etag(t.Version), Body: team(t)}, nil
		})
	add(a, operation("patch-team", http.MethodPatch, "teams/{team}", "Changes a team; jobs that it was given keep their people: owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *struct {
			OfTeam
			IfMatch
			Body TeamPatch
		}) (*tagged[Team], error) {
			t, err := h.Auth.ChangeTeam(by, in.Team, auth.TeamChange{Name: in.Body.Name, Foreman: in.Body.Foreman, Members: in.Body.Members}, in.version())
			if err != nil {
				return nil, err
			}
			return &tagged[Team]{ETag: etag(t.Version), Body: team(t)}, nil
		})
	add(a, operation("delete-team", http.MethodDelete, "teams/{team}", "Takes a team away; jobs that it was given keep their people: owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *OfTeam) (*none, error) {
			return nil, h.Auth.DeleteTeam(by, in.Team)
		})
}

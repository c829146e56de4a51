package auth

import (
	"errors"
	"slices"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// Team is a foreman and workers who go out together.
type Team struct {
	ID      string    `json:"id"`
	Org     string    `json:"org"`
	Name    string    `json:"name"`
	Foreman string    `json:"foreman"`           // a user: completes the team's jobs
	Members []string  `json:"members,omitempty"` // users, sorted, without the foreman: they look on
	Created time.Time `json:"created"`
	Version uint64    `json:"version"` // rises with each change
}

// Bounds on teams.
const (
	maxTeams   = 2_000 // of an organisation
	maxMembers = 100   // of a team; each becomes an assignee of a job
)

// Assignee is what an assignment comes to for one user.
type Assignee struct {
	User string
	Edit bool // fills in the report; else looks on
}

// TeamChange is what to change about a team; nil stays as it is.
type TeamChange struct {
	Name    *string
	Foreman *string
	Members *[]string
}

// CreateTeam makes a team in the organisation of whoever asks.
func (a *Auth) CreateTeam(by access.Principal, c TeamChange) (Team, error) {
	if !manages(by) {
		return Team{}, errRole
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	if n, err := a.count(teamKey(by.Org, "")); err != nil {
		return Team{}, err
	} else if n >= maxTeams {
		return Team{}, crdt.Errorf(crdt.KindConflict, "an organisation has at most %d teams", maxTeams)
	}
	if c.Name == nil || c.Foreman == nil {
		return Team{}, invalid(map[bool]string{true: "name", false: "foreman"}[c.Name == nil], "a team has a name and a foreman")
	}
	if _, err := load[Org](a.store, orgKey(by.Org)); err != nil {
		return Team{}, wrapMissing(err, "organisation")
	}
	t, _, err := a.changeTeam(Team{ID: newID("team"), Org: by.Org, Created: a.now().UTC()}, c)
	if err != nil {
		return Team{}, err
	}
	return t, a.putTeam(by, t, Entry{Action: "team.created", Subject: t.ID})
}

// ChangeTeam changes a team, if it still has this version (0: whichever it has).
func (a *Auth) ChangeTeam(by access.Principal, id string, c TeamChange, version uint64) (Team, error) {
	if !manages(by) {
		return Team{}, errRole
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	t, err := a.team(by.Org, id)
	if err != nil {
		return Team{}, err
	}
	if version != 0 && version != t.Version {
		return Team{}, ErrChanged
	}
	t, what, err := a.changeTeam(t, c)
	if err != nil || len(what) == 0 {
		return t, err
	}
	return t, a.putTeam(by, t, Entry{Action: "team.changed", Subject: id, Fields: what})
}

// DeleteTeam takes a team away; jobs that were given to it stay with its people.
func (a *Auth) DeleteTeam(by access.Principal, id string) error {
	if !manages(by) {
		return errRole
	}
	a.writing.Lock()
	defer a.writing.Unlock()
	if _, err := a.team(by.Org, id); err != nil {
		return err
	}
	return a.record(by, by.Org, Entry{Action: "team.deleted", Subject: id}, store.Op{Key: teamKey(by.Org, id)})
}

func (a *Auth) putTeam(by access.Principal, t Team, e Entry) error {
	op, err := put(teamKey(t.Org, t.ID), t)
	if err != nil {
		return err
	}
	return a.record(by, t.Org, e, op)
}

// changeTeam gives the changed team, and the fields that changed; a.writing is held.
func (a *Auth) changeTeam(t Team, c TeamChange) (Team, []string, error) {
	var what []string
	if c.Name != nil && *c.Name != t.Name || t.Name == "" {
		name := ""
		if c.Name != nil {
			name = strings.TrimSpace(*c.Name)
		}
		if name == "" {
			return t, nil, invalid("name", "a team has a name")
		}
		if err := checkName("name", name); err != nil {
			return t, nil, err
		}
		t.Name, what = name, append(what, "name")
	}
	if c.Foreman != nil && *c.Foreman != t.Foreman {
		if err := a.mayJoin("foreman", t.Org, *c.Foreman); err != nil {
			return t, nil, err
		}
		t.Foreman, what = *c.Foreman, append(what, "foreman")
	}
	members := slices.Clone(t.Members)
	if c.Members != nil {
		members = slices.Clone(*c.Members)
	}
	slices.Sort(members)
	members = slices.DeleteFunc(slices.Compact(members), func(u string) bool { return u == t.Foreman })
	if !slices.Equal(members, t.Members) {
		if len(members) > maxMembers {
			return t, nil, invalid("members", "a team has at most %d members", maxMembers)
		}
		for _, u := range members {
			if slices.Contains(t.Members, u) {
				continue
			}
			if err := a.mayJoin("members", t.Org, u); err != nil {
				return t, nil, err
			}
		}
		t.Members, what = members, append(what, "members")
	}
	if len(what) > 0 {
		t.Version++
	}
	return t, what, nil
}

func (a *Auth) mayJoin(field, org, user string) error {
	u, err := a.member(org, user)
	if crdt.KindOf(err) == crdt.KindNotFound {
		return invalid(field, "no such user")
	}
	if err == nil && u.Disabled {
		return invalid(field, "this user is disabled")
	}
	return err
}

func (a *Auth) team(org, id string) (Team, error) {
	if !idPattern.MatchString(org) || !idPattern.MatchString(id) {
		return Team{}, crdt.Errorf(crdt.KindNotFound, "no such team")
	}
	t, err := load[Team](a.store, teamKey(org, id))
	return t, wrapMissing(err, "team")
}

// Team gives a team of the organisation of whoever asks.
func (a *Auth) Team(by access.Principal, id string) (Team, error) {
	if !seesAccounts(by) {
		return Team{}, errRole
	}
	return a.team(by.Org, id)
}

// Teams lists the teams of the organisation of whoever asks, by their ids, behind the id after. next is what to go on behind,
// and empty at the end.
func (a *Auth) Teams(by access.Principal, after string, limit int) (teams []Team, next string, err error) {
	if !seesAccounts(by) {
		return nil, "", errRole
	}
	limit = pageSize(limit)
	prefix := teamKey(by.Org, "")
	err = a.store.View(func(r store.Reader) error {
		return r.Scan(prefix, teamKey(by.Org, after), func(key, _ []byte) error {
			id := string(key[len(prefix):])
			if id == after {
				return nil
			}
			if len(teams) >= limit {
				next = teams[len(teams)-1].ID
				return store.ErrStop
			}
			t, err := load[Team](r, teamKey(by.Org, id))
			if err != nil {
				return err
			}
			teams = append(teams, t)
			return nil
		})
	})
	if err != nil {
		return nil, "", unavailable(err)
	}
	return teams, next, nil
}

// Assignees is what an assignment to a team comes to: the foreman edits, the members look on. Who is disabled is left out;
// without a foreman nobody edits, and whoever assigns has to name somebody.
func (a *Auth) Assignees(org, team string) ([]Assignee, error) {
	t, err := a.team(org, team)
	if err != nil {
		return nil, err
	}
	var out []Assignee
	for i, id := range append([]string{t.Foreman}, t.Members...) {
		u, err := a.member(org, id)
		if errors.Is(err, errNoSuchUser) || err == nil && u.Disabled {
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Assignee{User: id, Edit: i == 0})
	}
	return out, nil
}

package server

import (
	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
)

// assignable are accounts as the API over jobs needs them.
type assignable struct{ auth *auth.Auth }

// Active is part of jobs.People.
func (p assignable) Active(org, user string) (bool, error) {
	u, err := p.auth.User(access.Principal{Org: org}, user)
	if err != nil {
		if crdt.KindOf(err) == crdt.KindNotFound {
			return false, nil
		}
		return false, err
	}
	return !u.Disabled, nil
}

// Worker is part of jobs.People.
func (p assignable) Worker(org, user string) (bool, error) {
	u, err := p.auth.User(access.Principal{Org: org}, user)
	return u.Role == access.RoleWorker, err
}

// Assignees is part of jobs.People.
func (p assignable) Assignees(org, team string) ([]job.Assignee, error) {
	all, err := p.auth.Assignees(org, team)
	if err != nil {
		return nil, err
	}
	out := make([]job.Assignee, 0, len(all))
	for _, a := range all {
		out = append(out, job.Assignee{User: a.User, Edit: a.Edit})
	}
	return out, nil
}

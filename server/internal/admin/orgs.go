package admin

import (
	"context"
	"time"

	"fieldsync/crdt"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/auth"
)

// Org is an organisation.
type Org struct {
	ID            string               `json:"id"`
	Name          string               `json:"name"`
	WorkerJobs    access.WorkerJobs    `json:"worker_jobs"`
	PhotoLocation access.PhotoLocation `json:"photo_location"`
	TimeZone      string               `json:"time_zone"`
	WorkdayEnd    string               `json:"workday_end"`
	Created       time.Time            `json:"created_at,omitzero"`
}

// OrgInput is the input of org.add and org.set; nil stays as it is.
type OrgInput struct {
	ID            string  `json:"id"`
	Name          *string `json:"name,omitempty"`
	WorkerJobs    *string `json:"worker_jobs,omitempty"`
	PhotoLocation *string `json:"photo_location,omitempty"`
	TimeZone      *string `json:"time_zone,omitempty"`
	WorkdayEnd    *string `json:"workday_end,omitempty"`
}

func (in OrgInput) change() auth.OrgChange {
	return auth.OrgChange{Name: in.Name, WorkerJobs: in.WorkerJobs, PhotoLocation: in.PhotoLocation, TimeZone: in.TimeZone, WorkdayEnd: in.WorkdayEnd}
}

func org(o auth.Org) Org {
	return Org{ID: o.ID, Name: o.Name, WorkerJobs: o.Settings.WorkerJobs, PhotoLocation: o.Settings.PhotoLocation,
		TimeZone: o.Settings.TimeZone, WorkdayEnd: o.Settings.WorkdayEnd, Created: o.Created}
}

func addOrg(_ context.Context, a *auth.Auth, in OrgInput) (Org, error) {
	o, err := a.CreateOrg(in.ID, in.change())
	return org(o), err
}

func setOrg(_ context.Context, a *auth.Auth, in OrgInput) (Org, error) {
	by, err := operator(a, in.ID)
	if err != nil {
		return Org{}, err
	}
	o, err := a.ChangeOrg(by, in.change(), 0)
	return org(o), err
}

func listOrgs(_ context.Context, a *auth.Auth, _ None) ([]Org, error) {
	all, err := a.Orgs()
	out := []Org{}
	for _, o := range all {
		out = append(out, org(o))
	}
	return out, err
}

// operator is the operator at work in an organisation; without a name in the only one that there is.
func operator(a *auth.Auth, id string) (access.Principal, error) {
	if id != "" {
		o, err := a.Organisation(id)
		return auth.Operator(o.ID), err
	}
	all, err := a.Orgs()
	switch {
	case err != nil:
		return access.Principal{}, err
	case len(all) == 0:
		return access.Principal{}, crdt.Errorf(crdt.KindNotFound, "there is no organisation yet: make one with org add")
	case len(all) > 1:
		return access.Principal{}, crdt.Errorf(crdt.KindInvalid, "there are %d organisations: say which with --org", len(all))
	}
	return auth.Operator(all[0].ID), nil
}

// LogInput is the input of org.log.
type LogInput struct {
	Org   string `json:"org"`
	Own   bool   `json:"own"`
	Limit int    `json:"limit"`
}

func readLog(_ context.Context, a *auth.Auth, in LogInput) ([]auth.Entry, error) {
	by, err := operator(a, in.Org)
	if err != nil {
		return nil, err
	}
	out, err := a.Log(by, in.Own, 0, in.Limit)
	if out == nil {
		out = []auth.Entry{}
	}
	return out, err
}

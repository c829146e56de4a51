package accounts

import (
	"context"
	"net/http"
	"time"

	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/auth"
)

// Organisation is the organisation of who asks.
type Organisation struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Settings Settings   `json:"settings"`
	Created  *time.Time `json:"created_at,omitempty"`
}

// Settings are what an organisation decides for itself.
type Settings struct {
	WorkerJobs    access.WorkerJobs    `json:"worker_jobs" enum:"none,templates,any" doc:"Which jobs workers may make: none, those from templates that allow it, any"`
	PhotoLocation access.PhotoLocation `json:"photo_location" enum:"keep,strip" doc:"What clients do with the place that a camera writes into a photo, before they send it"`
	TimeZone      string               `json:"time_zone" example:"Europe/Berlin" doc:"Where it works: times in notices are told so, unless the person has another zone"`
	WorkdayEnd    string               `json:"workday_end" pattern:"^[0-2][0-9]:[0-5][0-9]$" doc:"When a working day is over, there: later nobody needs its notices"`
}

// OrganisationPatch is what to change; what is left out stays.
type OrganisationPatch struct {
	Name     *string        `json:"name,omitempty" minLength:"1" maxLength:"200"`
	Settings *SettingsPatch `json:"settings,omitempty"`
}

// SettingsPatch is what to change; what is left out stays.
type SettingsPatch struct {
	WorkerJobs    *string `json:"worker_jobs,omitempty" enum:"none,templates,any"`
	PhotoLocation *string `json:"photo_location,omitempty" enum:"keep,strip"`
	TimeZone      *string `json:"time_zone,omitempty" maxLength:"64"`
	WorkdayEnd    *string `json:"workday_end,omitempty" pattern:"^[0-2][0-9]:[0-5][0-9]$"`
}

func organisation(o auth.Org) *tagged[Organisation] {
	return &tagged[Organisation]{ETag: etag(o.Version), Body: Organisation{
		ID: o.ID, Name: o.Name, Created: at(o.Created), Settings: Settings{WorkerJobs: o.Settings.WorkerJobs, PhotoLocation: o.Settings.PhotoLocation,
			TimeZone: o.Settings.TimeZone, WorkdayEnd: o.Settings.WorkdayEnd}}}
}

func (h Handlers) registerOrganisation(a *api.API) {
	const path, tag = "organisation", "organisation"
	add(a, operation("get-organisation", http.MethodGet, path, "The organisation and its settings", tag),
		func(_ context.Context, by access.Principal, _ *struct{}) (*tagged[Organisation], error) {
			o, err := h.Auth.Organisation(by.Org)
			if err != nil {
				return nil, err
			}
			return organisation(o), nil
		})
	add(a, operation("patch-organisation", http.MethodPatch, path, "Changes the organisation: owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *struct {
			IfMatch
			Body OrganisationPatch
		}) (*tagged[Organisation], error) {
			c := auth.OrgChange{Name: in.Body.Name}
			if s := in.Body.Settings; s != nil {
				c.WorkerJobs, c.PhotoLocation, c.TimeZone, c.WorkdayEnd = s.WorkerJobs, s.PhotoLocation, s.TimeZone, s.WorkdayEnd
			}
			o, err := h.Auth.ChangeOrg(by, c, in.version())
			if err != nil {
				return nil, err
			}
			return organisation(o), nil
		})
	add(a, operation("list-account-log", http.MethodGet, "account-log", "What was done to accounts, API keys and webhooks, the newest first: owners and administrators", tag),
		func(_ context.Context, by access.Principal, in *struct {
			Own    bool   `query:"own" doc:"What people did to their own accounts, instead of what was done to others, to teams and keys"`
			Before uint64 `query:"before" doc:"The number of an entry: those before it; left out for the newest"`
			Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100" doc:"How many at most"`
		}) (*body[AccountLog], error) {
			entries, err := h.Auth.Log(by, in.Own, in.Before, in.Limit)
			if err != nil {
				return nil, err
			}
			out := AccountLog{Entries: []LogEntry{}}
			for _, e := range entries {
				out.Entries = append(out.Entries, LogEntry{Number: e.Number, At: e.At.Truncate(time.Millisecond), By: e.By, Action: e.Action,
					Subject: e.Subject, Fields: e.Fields, Detail: e.Detail})
			}
			return &body[AccountLog]{out}, nil
		})
}

// AccountLog is a page of the account log.
type AccountLog struct {
	Entries []LogEntry `json:"entries"`
}

// LogEntry is a line of the account log.
type LogEntry struct {
	Number  uint64    `json:"number"`
	At      time.Time `json:"at"`
	By      string    `json:"by" doc:"user: and the user's id, integration: and the key's, operator, or server"`
	Action  string    `json:"action" example:"user.created"`
	Subject string    `json:"subject" doc:"The id of what it was done to"`
	Fields  []string  `json:"fields,omitempty" doc:"What changed"`
	Detail  string    `json:"detail,omitempty"`
}

package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"reflect"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/index"
	"fieldsync/server/internal/problem"

	"github.com/danielgtaylor/huma/v2"
)

// Row is a row of the index as it is stored: what a list shows of a document.
type Row struct{ json.RawMessage }

// Schema is part of huma.SchemaProvider.
func (Row) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[index.Row](), true, "")
}

// Moment is a time in a query.
type Moment struct{ crdt.Timestamp }

// Schema is part of huma.SchemaProvider.
func (Moment) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// Paging is how a list is asked for in pages.
type Paging struct {
	Text   string `query:"q" maxLength:"200" doc:"Words to find in title, description, comments, numbers, ids, names and address; of the last one a beginning is enough"`
	Cursor string `query:"cursor" maxLength:"1000" doc:"next of the page before; it goes with the same filters and sort"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many rows at most; a page may have fewer, even none, and a next"`
	Total  bool   `query:"total" doc:"true: tell how many there are in all, where that is known without reading them"`
}

// JobFilters say which jobs are wanted: those that match all filters, of several values of one filter any.
type JobFilters struct {
	Status        []string `query:"status" maxItems:"7" enum:"scheduled,published,en_route,started,paused,finished,cancelled" doc:"Several with commas between"`
	Assignee      []string `query:"assignee" maxItems:"64" doc:"Users' ids"`
	Unassigned    bool     `query:"unassigned" doc:"true: those without assignees, too if assignee is there"`
	Client        []string `query:"client" maxItems:"64" doc:"Clients' ids, or names where jobs have only these"`
	Site          []string `query:"site" maxItems:"64" doc:"Sites' ids, or names"`
	Template      []string `query:"template" maxItems:"64" doc:"Templates' ids, or names"`
	Territory     []string `query:"territory" maxItems:"64"`
	Type          []string `query:"type" maxItems:"64"`
	Skill         []string `query:"skill" maxItems:"64" doc:"The job needs all of them"`
	Clash         bool     `query:"clash" doc:"true: only those whose status clashes"`
	ExternalID    string   `query:"external_id" maxLength:"256" doc:"The external_id, an id in external_ids, or system:id of one"`
	ExternalOrder string   `query:"external_order_id" maxLength:"256"`
	SerialNo      string   `query:"serial_no" maxLength:"256"`
	ScheduledFrom Moment   `query:"scheduled_from" doc:"Scheduled at or after"`
	ScheduledTo   Moment   `query:"scheduled_to" doc:"Scheduled before"`
	CreatedFrom   Moment   `query:"created_from" doc:"Created at or after"`
	CreatedTo     Moment   `query:"created_to" doc:"Created before"`
	UpdatedSince  Moment   `query:"updated_since" doc:"Changed at or after"`
}

// query is the filters as the index knows them, for who asks.
func (f JobFilters) query(p access.Principal) (index.Query, error) {
	q := index.Query{
		Org: p.Org, Kind: job.Kind, Assignees: f.Assignee, Unassigned: f.Unassigned, Clients: f.Client, Sites: f.Site, Templates: f.Template,
		Territories: f.Territory, Types: f.Type, Skills: f.Skill, Clash: f.Clash, ExternalID: f.ExternalID, ExternalOrderID: f.ExternalOrder,
		SerialNo: f.SerialNo, ScheduledFrom: f.ScheduledFrom.Timestamp, ScheduledTo: f.ScheduledTo.Timestamp,
		CreatedFrom: f.CreatedFrom.Timestamp, CreatedTo: f.CreatedTo.Timestamp, UpdatedSince: f.UpdatedSince.Timestamp,
	}
	for _, s := range f.Status {
		q.Statuses = append(q.Statuses, job.Status(s))
	}
	switch p.Role {
	case access.RoleOwner, access.RoleAdministrator, access.RoleDispatcher, access.RoleDirector:
	case access.RoleWorker:
		if q.Reader = p.User; p.User == "" {
			return q, errNobody
		}
	default:
		return q, errNobody
	}
	return q, nil
}

var errNobody = crdt.Errorf(crdt.KindForbidden, "this role sees no jobs")

// fill puts the paging and the order into a query.
func (g Paging) fill(q *index.Query, sort string) {
	q.Text, q.Cursor, q.Limit, q.Total = g.Text, g.Cursor, g.Limit, g.Total
	name, desc := strings.CutPrefix(sort, "-")
	q.Sort, q.Desc = index.Sort(name), desc
}

// page asks the index, for somebody. The index follows the documents with some delay, but reading ends with the assignment: what a
// worker gets is asked about once more.
func (s *Service) page(ctx context.Context, p access.Principal, q index.Query) (index.Page, []Row, error) {
	page, err := s.opt.Index.Query(ctx, q)
	if err != nil {
		return page, nil, queryProblem(err)
	}
	rows := make([]Row, 0, len(page.Rows))
	for i, raw := range page.Rows {
		if p.Role == access.RoleWorker {
			may, err := s.opt.Documents.Access(p, page.Docs[i])
			if err != nil {
				return page, nil, crdt.Errorf(crdt.KindUnavailable, "jobs: access: %w", err)
			}
			if !may.Read {
				continue
			}
		}
		rows = append(rows, Row{raw})
	}
	return page, rows, nil
}

// queryProblem names the parameter that the index complains of: its errors begin with it.
func queryProblem(err error) error {
	var known *crdt.Error
	if !errors.As(err, &known) || known.Kind != crdt.KindInvalid {
		return err
	}
	field, message, ok := strings.Cut(known.Msg, ": ")
	switch {
	case strings.HasPrefix(known.Msg, "the cursor "):
		field, message = "cursor", known.Msg
	case !ok || strings.Contains(field, " "):
		return err
	case field == "text":
		field = "q"
	}
	return api.Invalid(problem.FieldError{Field: "query." + field, Message: message})
}

// JobList is a page of jobs.
type JobList struct {
	Jobs     []Row  `json:"jobs"`
	Sequence uint64 `json:"sequence" doc:"The place in the feed of which the list knows at least: jobs/events?after= goes on from there"`
	Paged
}

// Paged is what a page has beside its rows.
type Paged struct {
	Next    string `json:"next,omitempty" doc:"The cursor of the next page; left out at the end"`
	Total   *int   `json:"total,omitempty" doc:"How many there are in all; left out where it was not asked for, or is not known"`
	Partial bool   `json:"partial,omitempty" doc:"The text has more matches than were looked at: only the best were"`
}

func paged(p index.Page) Paged {
	out := Paged{Next: p.Next, Partial: p.Partial}
	if p.Total >= 0 {
		out.Total = &p.Total
	}
	return out
}

func (s *Service) listJobs(ctx context.Context, in *struct {
	JobFilters
	Paging
	Sort string `query:"sort" enum:"scheduled_at,-scheduled_at,updated_at,-updated_at,created_at,-created_at,serial_no,-serial_no,relevance" doc:"With a minus: downwards. Without: relevance with q, else scheduled_at"`
}) (*body[JobList], error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	q, err := in.query(p)
	if err != nil {
		return nil, err
	}
	in.fill(&q, in.Sort)
	last, err := s.opt.Index.Last(p.Org) // before the rows, so that nothing is missed between
	if err != nil {
		return nil, crdt.Errorf(crdt.KindUnavailable, "the feed: %w", err)
	}
	page, rows, err := s.page(ctx, p, q)
	if err != nil {
		return nil, err
	}
	return &body[JobList]{JobList{rows, last, paged(page)}}, nil
}

type body[T any] struct{ Body T }

// TemplateList is a page of templates.
type TemplateList struct {
	Templates []Row `json:"templates"`
	Paged
}

// ClientList is a page of clients.
type ClientList struct {
	Clients []Row `json:"clients"`
	Paged
}

// SiteList is a page of sites.
type SiteList struct {
	Sites []Row `json:"sites"`
	Paged
}

// ListIn asks for templates, clients or sites.
type ListIn struct {
	Paging
	ExternalID string `query:"external_id" maxLength:"256" doc:"The external_id, an id in external_ids, or system:id of one"`
	Archived   bool   `query:"archived" doc:"true: those too that are no longer offered"`
	Sort       string `query:"sort" enum:"name,-name,updated_at,-updated_at,created_at,-created_at,relevance" doc:"With a minus: downwards. Without: relevance with q, else name"`
}

func (k kindOf[T, L]) list(ctx context.Context, s *Service, in *ListIn) (*body[L], error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	if p.Role == access.RoleWorker && k.kind != job.KindTemplate {
		return nil, crdt.Errorf(crdt.KindForbidden, "workers see no %s: a job carries what they need", k.path)
	}
	q := index.Query{Org: p.Org, Kind: k.kind, ExternalID: in.ExternalID, Archived: in.Archived}
	in.fill(&q, strings.Replace(in.Sort, "name", string(index.SortSerial), 1)) // the index calls the order by name so
	page, rows, err := s.page(ctx, p, q)
	if err != nil {
		return nil, err
	}
	return &body[L]{k.rows(rows, paged(page))}, nil
}

package index

import (
	"encoding/json"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// Bounds of a query.
const (
	// MaxLimit is the greatest number of rows of a page.
	MaxLimit = 200
	// DefaultLimit is the number of rows of a page where the query names none.
	DefaultLimit = 50
	// MaxValues bounds the values of one filter: a team of workers, the territories of a region.
	MaxValues = 64
	// MaxValueBytes bounds one of them. Longer values are in no row.
	MaxValueBytes = 256
	// MaxTextRunes bounds what is searched for.
	MaxTextRunes = 200
)

// Sort is an order of rows. Rows that are equal in it are ordered by document id.
type Sort string

const (
	SortScheduled Sort = "scheduled_at" // jobs without a time come last, downwards first; only for jobs
	SortUpdated   Sort = "updated_at"
	SortCreated   Sort = "created_at"
	SortSerial    Sort = "serial_no" // numbers inside it count as numbers: "A-9" stands before "A-10"; other kinds by their title
	SortRelevance Sort = "relevance" // only with Query.Text: the best match first; Desc has no meaning
)

// Query asks for rows of one organisation and one kind. Its filters are joined by "and", the values of one filter by "or". What is
// zero does not filter.
type Query struct {
	Org  string // required
	Kind string // one of job.Kinds; empty: job.Kind
	// Reader restricts the rows to those that this user is assigned to or has made. It is what a worker may see; empty: all.
	Reader string

	Statuses   []job.Status
	Assignees  []string // user ids
	Unassigned bool     // with Assignees: those too
	// Clients, Sites and Templates match the reference's uuid; where a job has a plain name instead, that.
	Clients, Sites, Templates []string
	Territories, Types        []string
	Skills                    []string // all of them are needed for the job
	Clash                     bool     // only rows whose status clashes
	Archived                  bool     // of templates, clients and sites: those too that are no longer offered

	ExternalID      string // the external_id, an id in external_ids, or "system:id" of one
	ExternalOrderID string
	SerialNo        string

	ScheduledFrom, ScheduledTo crdt.Timestamp // from the first, before the second; rows without a time match neither
	CreatedFrom, CreatedTo     crdt.Timestamp // from the first, before the second
	UpdatedSince               crdt.Timestamp // at or after

	// Text finds words in title, description, comments, serial number, external ids, names and address. All of them must be there, in
	// any place and order; of the last one a beginning of two letters or more is enough.
	Text string

	Sort Sort // empty: SortRelevance with Text, SortScheduled for jobs, SortSerial for other kinds
	Desc bool
	// Limit is how many rows a page has at most. 0: DefaultLimit. More than MaxLimit is an error.
	Limit int
	// Cursor is the Next of the page before; empty: the first page. It goes with the same query, Limit excepted.
	Cursor string
	// Total asks for Page.Total, which costs some reads.
	Total bool
}

// Page is an answer to a query.
type Page struct {
	// Rows are Row values as JSON.
	Rows []json.RawMessage
	// Docs are their documents.
	Docs []crdt.DocID
	// Next is the cursor of the next page; empty: there is none. A page may hold fewer rows than its limit, even none, and have a next one: how
	// many rows are looked at for one page is bounded.
	Next string
	// Total is how many rows match in all; -1 where that was not asked for, or is not known without reading them.
	Total int
	// Partial says that the text has more matches than are looked at: only the best ones were.
	Partial bool
	// Looked is how many rows were looked at.
	Looked int
}

package index

import (
	"encoding/json"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// Row is what a list shows of a document. As JSON it is an item of the API's lists: the names are the field's, what is empty is left
// out, times are RFC 3339. A job has all of it; of the other kinds the fields that make sense there.
//
// A row is made of one state of its document (Version, ETag), and may be older than the document by some hundred milliseconds.
type Row struct {
	ID      string `json:"id"`      // document id
	URL     string `json:"url"`     // automerge:<document id>
	Kind    string `json:"kind"`    // job.Kinds
	Version uint64 `json:"version"` // how many changes the document holds
	ETag    string `json:"etag"`    // as the header ETag of the document itself, with its quotes

	CreatedAt crdt.Timestamp `json:"created_at"` // what the document says, else when its first change arrived
	UpdatedAt crdt.Timestamp `json:"updated_at"` // when its newest change arrived here
	CreatedBy string         `json:"created_by,omitempty"`

	UUID            string            `json:"uuid,omitempty"`
	SerialNo        string            `json:"serial_no,omitempty"`
	ExternalID      string            `json:"external_id,omitempty"`
	ExternalOrderID string            `json:"external_order_id,omitempty"`
	ExternalIDs     map[string]string `json:"external_ids,omitempty"` // system -> id there

	Title        string          `json:"title,omitempty"` // of a job: job.Job.Label
	Name         string          `json:"name,omitempty"`  // of the other kinds
	WorkerCreate bool            `json:"worker_create,omitempty"`
	Status       job.Status      `json:"status,omitempty"`
	Clash        bool            `json:"clash,omitempty"`
	Archived     bool            `json:"archived,omitempty"`  // a template, client or site that is no longer offered
	Resolution   job.Resolution  `json:"resolution,omitzero"` // without its note
	Timestamps   *job.Timestamps `json:"timestamps,omitempty"`

	Client    job.Ref `json:"client,omitzero"`
	Site      job.Ref `json:"site,omitzero"`
	Template  job.Ref `json:"template,omitzero"`
	Territory job.Ref `json:"territory,omitzero"`
	Type      string  `json:"type,omitempty"`

	Assignees         []job.Assignee `json:"assignees,omitempty"` // by user id
	ScheduledAt       crdt.Timestamp `json:"scheduled_at,omitempty"`
	ScheduledDuration job.Duration   `json:"scheduled_duration,omitzero"`
	Skills            []string       `json:"skills,omitempty"`
	Address           job.Address    `json:"address,omitzero"`  // formatted and geolocation only
	Follows           string         `json:"follows,omitempty"` // document id

	Counts *Counts `json:"counts,omitempty"` // of a job
}

// Label is what people call the document.
func (r *Row) Label() string {
	if r.Kind == job.Kind {
		return r.Title
	}
	return r.Name
}

// Counts are how many there are of what a list does not show.
type Counts struct {
	Attachments   int `json:"attachments"`
	Comments      int `json:"comments"`
	Checklist     int `json:"checklist"`
	ChecklistDone int `json:"checklist_done"`
	ReportFields  int `json:"report_fields"`  // hidden ones are not counted
	ReportMissing int `json:"report_missing"` // required ones of them without an answer
}

// Event tells of a row that was written. Before and After are not to be written to.
type Event struct {
	Org string
	Seq uint64 // position in the organisation's feed: greater than that of every row written before
	Doc crdt.DocID
	// Before is the row that was there; nil: none. It is also nil in what Since gives, which knows the newest state only.
	Before *Row
	// After is the row that is there now; nil: the document left the index.
	After *Row
	// JSON is After as the lists give it; nil with After.
	JSON json.RawMessage
	// By tells who made the changes between the two, and with which messages, each once; up to 32. Nil in what Since gives.
	By []By

	before, after *header // nil: not known; after is also there for a row that is gone
}

// By is who made a change, and the change's message.
type By struct {
	Principal string // "user:<id>" or "integration:<id>"
	Message   string
}

// MaxBy bounds an event's authors: where there are so many, there may be more. More people hardly change one document within a moment.
const MaxBy = 32

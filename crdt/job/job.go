package job

import (
	"slices"
	"strings"

	"fieldsync/crdt"
)

// Job is what a document says of a job, as far as it could be understood, and its JSON form: json.Marshal of it is what the API
// gives and an export holds, in the names of the field. Fields that are absent or of the wrong type have their zero value. Every list
// has an order that follows from the document alone, so that equal documents give equal jobs.
type Job struct {
	Kind            string            `json:"kind"`
	SchemaVersion   int64             `json:"schema_version"`
	UUID            string            `json:"uuid,omitempty"`
	SerialNo        string            `json:"serial_no,omitempty"`
	ExternalID      string            `json:"external_id,omitempty"`
	ExternalOrderID string            `json:"external_order_id,omitempty"`
	ExternalIDs     map[string]string `json:"external_ids,omitempty"` // system -> id there
	Template        Ref               `json:"template,omitzero"`      // what it was made from
	Follows         string            `json:"follows,omitempty"`      // document id of the job that this one follows up
	CreatedAt       crdt.Timestamp    `json:"created_at,omitempty"`

	Plan
	ScheduledAt crdt.Timestamp `json:"scheduled_at,omitempty"` // 0 where it is not scheduled
	Assignees   []Assignee     `json:"assignees"`              // by user id

	// What follows from the status log.
	Outcome
	InClash    bool       `json:"clash"` // several events stand against one another: Outcome.Clash
	Timestamps Timestamps `json:"timestamps"`
	Resolution Resolution `json:"resolution,omitzero"` // of a finished job

	Log         []Event      `json:"status_log"`  // by happened_at, then id
	Comments    []Comment    `json:"comments"`    // the same
	Attachments []Attachment `json:"attachments"` // by taken_at, then id
}

// Assignee is a user who is to do the job.
type Assignee struct {
	User string `json:"user"` // user id
	Edit bool   `json:"edit"` // fills in the report; the others look on
}

// Attachment is a file that the job references. The bytes are in the blob store under their hash.
type Attachment struct {
	ID              string         `json:"uuid"`
	SHA256          string         `json:"sha256"` // lower-case hexadecimal
	Size            int64          `json:"size"`   // bytes
	MediaType       string         `json:"media_type,omitempty"`
	Name            string         `json:"name,omitempty"`  // file name as people see it
	Field           string         `json:"field,omitempty"` // id of the field that it answers; empty for the job's own files
	TakenAt         crdt.Timestamp `json:"taken_at,omitempty"`
	By              string         `json:"by,omitempty"` // user id
	Location        *Location      `json:"location,omitempty"`
	PreviewSHA256   string         `json:"preview_sha256,omitempty"`   // a smaller picture; empty where there is none
	ThumbnailSHA256 string         `json:"thumbnail_sha256,omitempty"` // a still smaller one
}

// Comment is a remark on the job.
type Comment struct {
	ID         string         `json:"uuid"`
	Text       string         `json:"text"`
	By         string         `json:"by,omitempty"` // user id
	HappenedAt crdt.Timestamp `json:"happened_at,omitempty"`
}

// Label is what a list calls the job: its title, else the first line of the description, else its number.
func (j *Job) Label() string {
	if j.Title != "" {
		return j.Title
	}
	line, _, _ := strings.Cut(strings.TrimSpace(j.Description), "\n")
	if line != "" {
		return line
	}
	return j.SerialNo
}

// Assigned tells whether the user is an assignee, and whether with edit access.
func (j *Job) Assigned(user string) (assigned, edit bool) {
	i := slices.IndexFunc(j.Assignees, func(a Assignee) bool { return a.User == user })
	if i < 0 {
		return false, false
	}
	return true, j.Assignees[i].Edit
}

// Field finds a custom or report field by its id; nil where there is none. report tells which list it stands in.
func (j *Job) Field(id string) (f *Field, report bool) {
	for _, list := range []struct {
		fields []Field
		report bool
	}{{j.ReportFields, true}, {j.CustomFields, false}} {
		for i := range list.fields {
			if list.fields[i].ID == id {
				return &list.fields[i], list.report
			}
		}
	}
	return nil, false
}

// ReportOpen tells whether the worker's report may be filled in: somebody started the job, and it was not taken back since.
func (j *Job) ReportOpen() bool {
	return slices.ContainsFunc(j.Standing, func(e Event) bool { return e.Status.Begun() })
}

// Resolution is how a finished job ended.
type Resolution struct {
	UUID       string `json:"uuid,omitempty"` // of the possible resolution; empty where a name was written
	Name       string `json:"name,omitempty"`
	Successful *bool  `json:"successful,omitempty"` // nil where nothing says so
	Note       string `json:"note,omitempty"`
}

// resolutionOf gives the resolution that follows from the outcome, so that status and resolution cannot disagree. The root's own is
// read where the finished event has none: imported jobs have it so.
func resolutionOf(o Outcome, possible []PossibleResolution, root Ref) Resolution {
	if o.Status != Finished || len(o.Standing) == 0 {
		return Resolution{}
	}
	r := Resolution{Name: o.Standing[0].Resolution, Note: o.Standing[0].Note}
	if r.Name == "" {
		r.UUID, r.Name = root.UUID, root.Name
	}
	for _, by := range []func(p PossibleResolution) bool{
		func(p PossibleResolution) bool { return p.ID == r.Name || r.UUID != "" && p.ID == r.UUID },
		func(p PossibleResolution) bool { return p.Name == r.Name },
	} {
		if i := slices.IndexFunc(possible, by); i >= 0 {
			r.UUID, r.Name, r.Successful = possible[i].ID, possible[i].Name, &possible[i].Successful
			break
		}
	}
	return r
}

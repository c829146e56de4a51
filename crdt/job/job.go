package job

import (
	"slices"
	"strings"

	"fieldsync/crdt"
)

// Job is what a document says of a job, as far as it could be understood. Fields that are absent or of the wrong type
// have their zero value. Slices are sorted by id, so that equal documents give equal jobs.
type Job struct {
	SchemaVersion   int64
	UUID            string
	SerialNo        string
	ExternalID      string
	ExternalOrderID string
	Title           string
	Description     string
	Template        string
	Type            string
	Client          string // its name
	Site            string // its name
	Territory       string
	Address         Address

	ScheduledAt       crdt.Timestamp // 0 where it is not scheduled
	ScheduledDuration int64          // minutes
	CreatedAt         crdt.Timestamp
	Resolution        string

	Log         []Event
	Outcome     Outcome
	Assignees   []Assignee
	Attachments []Attachment
	Comments    []Comment
}

// Address is where the job is.
type Address struct {
	Formatted, EntranceNo, Apartment, Floor, Description string
	Location                                             *Location // nil where unknown; no accuracy, no times
}

// Assignee is a user who is to do the job.
type Assignee struct {
	User string // user id
	Edit bool   // fills in the report; the others look on
}

// Attachment is a file that the job references. The bytes are in the blob store under their hash.
type Attachment struct {
	ID            string
	SHA256        string // lower-case hexadecimal
	Size          int64  // bytes
	MediaType     string
	Name          string // file name as people see it
	Field         string // id of the report field that it answers; empty for the job's own files
	TakenAt       crdt.Timestamp
	By            string // user id
	Location      *Location
	PreviewSHA256 string // a smaller picture; empty where there is none
}

// Comment is a remark on the job.
type Comment struct {
	ID         string
	Text       string
	By         string // user id
	HappenedAt crdt.Timestamp
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

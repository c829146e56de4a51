package index

import (
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
)

// Bounds of what a row takes from a document. A person's values are far below; a peer's may be anything, and each is written
// under every value that finds the row.
const (
	maxRowText     = 256 // bytes of a text in a row; what is longer is cut
	maxAssignees   = 16  // of a row: it has entries under each of them; jobs have one to ten
	maxRowList     = 32  // skills, readers and external ids of a row
	maxUserID      = 64  // bytes of a user's id; what is longer names nobody
	maxSearched    = 32 << 10
	maxSearchedOne = 8 << 10 // bytes of one comment, or of the description, that the full text knows
)

// Document is what a row is made of: one state of a document, with what the server knows beside it.
type Document struct {
	ID      crdt.DocID // as its organisation calls it; set when it is loaded
	Org     string
	Kind    string // what the record says that the root names
	Creator string // principal id of who made it: "user:<id>" or "integration:<id>"
	// CreatorReads tells whether the creator, should he be a worker now, reads it for having made it.
	CreatorReads bool
	Readers      []string       // users assigned by the record: all that any of several conflicting values names
	Heads        crdt.Heads     // the state
	Changes      uint64         // how many changes there are
	First        crdt.Timestamp // when the first change arrived
	Last         crdt.Timestamp // when the newest one did
	Tree         map[string]any // the values
	// By tells who made the changes from an index on; nil: nobody knows. It may be called until the row is durable.
	By func(from uint64) ([]By, error)
}

// digest is the digest of the heads that a row was made of.
func (d *Document) digest() replica.Digest { return replica.DigestHeads(d.Heads) }

// ETag is the entity tag of a document with these heads, as HTTP has it: in quotes.
func ETag(heads crdt.Heads) string {
	d := replica.DigestHeads(heads)
	return `"` + hex.EncodeToString(d[:]) + `"`
}

// derived is all that follows from a document.
type derived struct {
	row  Row
	head header // without seq
	json json.RawMessage
	text searched
}

// indexed tells whether documents of a kind have rows.
func indexed(k string) bool { return kindOf(k) != 0 }

func kindOf(name string) kind {
	switch name {
	case job.Kind:
		return kindJob
	case job.KindTemplate:
		return kindTemplate
	case job.KindClient:
		return kindClient
	case job.KindSite:
		return kindSite
	}
	return 0
}

// derive makes a row. It depends on the document alone.
func derive(d *Document) (derived, error) {
	out := derived{row: Row{
		ID: d.ID.String(), URL: crdt.URL{Doc: d.ID}.String(), Kind: d.Kind, Version: d.Changes, ETag: ETag(d.Heads), UpdatedAt: d.Last,
	}}
	r := &out.row
	if user, ok := strings.CutPrefix(d.Creator, "user:"); ok && len(user) <= maxUserID {
		r.CreatedBy = user
	}
	switch kindOf(d.Kind) {
	case kindJob:
		j, _ := job.Read(d.Tree)
		r.job(&j)
		out.text = searchedOf(r, &j.Plan, &j)
	case kindTemplate:
		t, _ := job.ReadTemplate(d.Tree)
		r.identity(t.UUID, t.ExternalID, t.ExternalIDs, t.CreatedAt)
		r.Name, r.Archived, r.WorkerCreate, r.Type = cut(t.Name), t.Archived, t.WorkerCreate, cut(t.Type)
		out.text = searchedOf(r, &t.Plan, nil)
	case kindClient:
		c, _ := job.ReadClient(d.Tree)
		r.identity(c.UUID, c.ExternalID, c.ExternalIDs, c.CreatedAt)
		r.Name, r.Archived, r.Address = cut(c.Name), c.Archived, addressOf(c.Address)
		out.text = searchedOf(r, &job.Plan{Description: c.Description, Contacts: c.Contacts, Address: c.Address}, nil)
	case kindSite:
		s, _ := job.ReadSite(d.Tree)
		r.identity(s.UUID, s.ExternalID, s.ExternalIDs, s.CreatedAt)
		r.Name, r.Archived, r.Address, r.Client, r.Territory = cut(s.Name), s.Archived, addressOf(s.Address), refOf(s.Client), refOf(s.Territory)
		out.text = searchedOf(r, &job.Plan{Description: s.Description, Contacts: s.Contacts, Address: s.Address}, nil)
	}
	if r.CreatedAt == 0 {
		r.CreatedAt = d.First
	}
	out.head = headerOf(d, r)
	var err error
	out.json, err = json.Marshal(r)
	return out, err
}

func (r *Row) identity(uuid, external string, ids map[string]string, created crdt.Timestamp) {
	r.UUID, r.ExternalID, r.CreatedAt = cut(uuid), cut(external), created
	for _, system := range slices.Sorted(maps.Keys(ids)) {
		if id := ids[system]; id != "" && len(system) <= maxRowText && len(r.ExternalIDs) < maxRowList {
			if r.ExternalIDs == nil {
				r.ExternalIDs = map[string]string{}
			}
			r.ExternalIDs[system] = cut(id)
		}
	}
}

func (r *Row) job(j *job.Job) {
	r.identity(j.UUID, j.ExternalID, j.ExternalIDs, j.CreatedAt)
	r.SerialNo, r.ExternalOrderID, r.Title, r.Follows = cut(j.SerialNo), cut(j.ExternalOrderID), cut(j.Label()), cut(j.Follows)
	r.Status, r.Clash = job.Status(cut(string(j.Status))), j.InClash
	r.Resolution = job.Resolution{UUID: cut(j.Resolution.UUID), Name: cut(j.Resolution.Name), Successful: j.Resolution.Successful}
	if j.Timestamps != (job.Timestamps{}) {
		t := j.Timestamps
		r.Timestamps = &t
	}
	r.Client, r.Site, r.Template, r.Territory, r.Type = refOf(j.Client), refOf(j.Site), refOf(j.Template), refOf(j.Territory), cut(j.Type)
	for _, a := range j.Assignees {
		if a.User != "" && len(a.User) <= maxUserID && len(r.Assignees) < maxAssignees {
			r.Assignees = append(r.Assignees, a)
		}
	}
	r.ScheduledAt, r.ScheduledDuration, r.Address = j.ScheduledAt, j.ScheduledDuration, addressOf(j.Address)
	for _, skill := range j.Skills {
		if skill != "" && len(skill) <= maxRowText && len(r.Skills) < maxRowList {
			r.Skills = append(r.Skills, skill)
		}
	}
	r.Counts = countsOf(j)
}

func countsOf(j *job.Job) *Counts {
	c := &Counts{Attachments: len(j.Attachments), Comments: len(j.Comments), Checklist: len(j.Checklist)}
	for _, item := range j.Checklist {
		if item.Done {
			c.ChecklistDone++
		}
	}
	for i := range j.ReportFields {
		f := &j.ReportFields[i]
		if f.Hidden {
			continue
		}
		c.ReportFields++
		if f.Required && !f.Answered() {
			c.ReportMissing++
		}
	}
	return c
}

func addressOf(a job.Address) job.Address {
	out := job.Address{Formatted: cut(a.Formatted)}
	if a.Location != nil {
		out.Location = &job.Location{Latitude: a.Location.Latitude, Longitude: a.Location.Longitude}
	}
	return out
}

func refOf(r job.Ref) job.Ref { return job.Ref{UUID: cut(r.UUID), Name: cut(r.Name)} }

// refKey is what the filters compare: the uuid, else the name.
func refKey(r job.Ref) string {
	if r.UUID != "" {
		return r.UUID
	}
	return r.Name
}

// cut bounds a text of a row, at the border of a character.
func cut(s string) string { return cutTo(s, maxRowText) }

func cutTo(s string, n int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= n {
		return s
	}
	const dots = "…"
	n -= len(dots)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + dots
}

// headerOf makes the header of a row; seq is set when it is written.
func headerOf(d *Document, r *Row) header {
	h := header{
		kind: kindOf(r.Kind), created: sortTime(r.CreatedAt), updated: sortTime(r.UpdatedAt), scheduled: noTime,
		name: sortName(r.Name),
	}
	if d.CreatorReads {
		h.maker = tokenOf(dimAssignee, r.CreatedBy)
	}
	add := func(list *tokens, t token) {
		if t != 0 && list.len() < maxHeaderList && !list.has(t) {
			*list = list.with(t)
		}
	}
	add(&h.ids, tokenOf(dimExternal, r.ExternalID))
	for _, system := range slices.Sorted(maps.Keys(r.ExternalIDs)) {
		add(&h.ids, tokenOf(dimExternal, r.ExternalIDs[system]))
		add(&h.ids, tokenOf(dimExternal, system+":"+r.ExternalIDs[system]))
	}
	add(&h.ids, tokenOf(dimOrder, r.ExternalOrderID))
	add(&h.ids, tokenOf(dimSerial, r.SerialNo))
	h.client, h.site, h.template = tokenOf(dimClient, refKey(r.Client)), tokenOf(dimSite, refKey(r.Site)), tokenOf(dimTemplate, refKey(r.Template))
	h.territory, h.typ = tokenOf(dimTerritory, refKey(r.Territory)), tokenOf(dimType, r.Type)
	if h.kind != kindJob {
		if r.Archived {
			h.status = statusArchived
		}
		return h
	}
	h.name = sortName(r.SerialNo)
	h.status = statusByte(r.Status)
	if r.Clash {
		h.flags |= flagClash
	}
	h.scheduled = sortTime(r.ScheduledAt)
	for _, a := range r.Assignees {
		add(&h.assignees, tokenOf(dimAssignee, a.User))
	}
	for _, user := range d.Readers {
		if t := tokenOf(dimAssignee, user); !h.assignees.has(t) && h.readers.len() < maxRowList {
			add(&h.readers, t)
		}
	}
	for _, skill := range r.Skills {
		add(&h.skills, tokenOf(dimSkill, skill))
	}
	return h
}

// maxHeaderList is how many tokens a list of the header holds: two for each external id, and three more.
const maxHeaderList = 2*maxRowList + 3

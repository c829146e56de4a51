package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// Row is a job as a list shows it.
type Row struct {
	ID          crdt.DocID       `json:"-"`
	SerialNo    string           `json:"serial_no,omitempty"`
	Label       string           `json:"label,omitempty"` // the title, or what stands in for it
	Status      job.Status       `json:"status"`
	Clash       bool             `json:"clash,omitempty"` // several statuses stand against one another
	Client      string           `json:"client,omitempty"`
	Site        string           `json:"site,omitempty"`
	Assignees   []string         `json:"assignees,omitempty"`    // user ids
	ScheduledAt crdt.Timestamp   `json:"scheduled_at,omitempty"` // 0: not scheduled
	Attachments []job.Attachment `json:"attachments,omitempty"`
	IsJob       bool             `json:"is_job"`
	Kind        string           `json:"kind,omitempty"` // of documents that are no job: template, client, site, or what else it says

	// Withdrawn is when we learned that the job is not ours any more; zero: it is.
	Withdrawn time.Time `json:"-"`

	Form int `json:"form"` // of the cached row: rowForm, or it is made again
}

// rowForm counts the forms in which rows were cached. It goes up when a field of Row, or of what is in it, is called or means something else.
const rowForm = 3

// Jobs are the jobs that are here, those with a time first in its order, then by number and label.
func (c *Client) Jobs(ctx context.Context) ([]Row, error) {
	return c.rows(ctx, func(r *Row) bool { return r.IsJob })
}

// Others are the documents of another kind that are here, job.KindTemplate for instance, by name.
func (c *Client) Others(ctx context.Context, kind string) ([]Row, error) {
	return c.rows(ctx, func(r *Row) bool { return !r.IsJob && r.Kind == kind })
}

func (c *Client) rows(ctx context.Context, want func(*Row) bool) ([]Row, error) {
	var out []Row
	var learned []store.Op
	err := drive.Records(c.store, func(id crdt.DocID, rec replica.Record) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		row, fresh, err := c.row(id, rec.Heads)
		if err != nil {
			c.log.Error("a document cannot be read", "doc", id.String(), "error", err.Error())
			return nil // the others can be
		}
		if fresh != nil {
			learned = append(learned, *fresh)
		}
		row.Withdrawn = c.Withdrawn(id)
		if want(&row) {
			out = append(out, row)
		}
		return nil
	})
	if len(learned) > 0 {
		c.note(learned...)
	}
	slices.SortFunc(out, func(a, b Row) int {
		return cmp.Or(boolOrder(a.ScheduledAt == 0, b.ScheduledAt == 0), cmp.Compare(a.ScheduledAt, b.ScheduledAt),
			cmp.Compare(a.SerialNo, b.SerialNo), cmp.Compare(a.Label, b.Label), bytes.Compare(a.ID[:], b.ID[:]))
	})
	return out, err
}

func boolOrder(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// row gives a document's row: from the cache if that was made of the heads of now, else by reading the document; then fresh
// is what the cache should hold.
func (c *Client) row(id crdt.DocID, heads crdt.Heads) (Row, *store.Op, error) {
	var row Row
	digest := replica.DigestHeads(heads)
	cached, err := c.store.Get(store.Local(bookRow, id[:]))
	if err == nil && bytes.HasPrefix(cached, digest[:]) && json.Unmarshal(cached[len(digest):], &row) == nil && row.Form == rowForm {
		row.ID = id
		return row, nil, nil
	}
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return row, nil, err
	}
	tree, heads, err := c.read(id)
	if err != nil {
		return row, nil, err
	}
	op, err := rowOp(id, tree, heads, &row)
	return row, &op, err
}

// rowOp makes a row, and what the cache holds of it.
func rowOp(id crdt.DocID, tree map[string]any, heads crdt.Heads, row *Row) (store.Op, error) {
	*row = rowOf(tree)
	row.Form = rowForm
	value, err := json.Marshal(row)
	row.ID = id
	digest := replica.DigestHeads(heads)
	return store.Op{Key: store.Local(bookRow, id[:]), Value: append(digest[:], value...)}, err
}

// beside are the parts of a job that no row shows; most of what people write is in them.
var beside = []string{job.KeyComments, job.KeyChecklist, job.KeyContacts, job.KeyCustomFields, job.KeyReportFields}

// read gives what a row is made of: a document's tree as the engine would give it, without what is beside. It reads the history, which costs a fraction of
// loading the document into the engine.
func (c *Client) read(id crdt.DocID) (map[string]any, crdt.Heads, error) {
	stored, err := drive.ReadDocument(c.store, id)
	if err != nil {
		return nil, nil, err
	}
	if stored.Record == nil {
		return nil, nil, ErrNotFound
	}
	return readStored(id, stored)
}

func readStored(id crdt.DocID, stored replica.Loaded) (map[string]any, crdt.Heads, error) {
	doc, err := replica.Open(id, &replica.Config{History: history.DefaultLimits()}, stored)
	if err != nil {
		return nil, nil, err
	}
	h, _, err := doc.View()
	if err != nil {
		return nil, nil, err
	}
	now, tree := h.Replay().Now(), map[string]any{}
	for key, op := range now.Members(h.Root()) {
		if !slices.Contains(beside, key) {
			tree[key] = now.Value(op, &history.Budget{Values: math.MaxInt, Bytes: math.MaxInt})
		}
	}
	return tree, h.Heads(), nil
}

func rowOf(tree map[string]any) Row {
	if !job.IsJob(tree) {
		return rowOfOther(tree)
	}
	j, _ := job.Read(tree)
	row := Row{IsJob: true, SerialNo: j.SerialNo, Label: j.Label(), Status: j.Status, Clash: j.Clash(),
		Client: j.Client.Name, Site: j.Site.Name, ScheduledAt: j.ScheduledAt, Attachments: j.Attachments}
	for _, a := range j.Assignees {
		row.Assignees = append(row.Assignees, a.User)
	}
	return row
}

func rowOfOther(tree map[string]any) Row {
	row := Row{Kind: job.KindOf(tree)}
	switch row.Kind {
	case job.KindTemplate:
		t, _ := job.ReadTemplate(tree)
		row.Label = t.Name
	case job.KindClient:
		c, _ := job.ReadClient(tree)
		row.Label = c.Name
	case job.KindSite:
		s, _ := job.ReadSite(tree)
		row.Label = s.Name
	}
	return row
}

// Assigned tells whether a user is to do the job, or looks on.
func (r *Row) Assigned(user string) bool { return slices.Contains(r.Assignees, user) }

// Time is a row's time; zero where it has none.
func (r *Row) Time() time.Time {
	if r.ScheduledAt == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(r.ScheduledAt))
}

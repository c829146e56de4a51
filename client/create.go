package client

import (
	"context"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"github.com/google/uuid"
)

// NewJob makes a job, also without a network, of a template that is here (zero: none) and of a form, the JSON form of a job, whose fields
// go before those of the template. A worker who names no assignee is assigned himself. Errors: ErrNotFound for a template that is
// not here, crdt.KindConflict for one that is not offered any more, crdt.KindInvalid with the fields that are wrong, ErrRules.
func (c *Client) NewJob(ctx context.Context, template crdt.DocID, form map[string]any) (crdt.DocID, error) {
	a, _, err := c.signedIn()
	if err != nil {
		return crdt.DocID{}, err
	}
	by := a.author()
	var base job.Draft
	var from *job.Template
	if !template.IsZero() {
		v, err := c.View(template)
		if err == nil && job.KindOf(v.Tree) != job.KindTemplate {
			err = because(ErrNotFound, errors.New("that is no template"))
		}
		if err != nil {
			return crdt.DocID{}, err
		}
		t, _ := job.ReadTemplate(v.Tree)
		if t.Archived {
			return crdt.DocID{}, crdt.Errorf(crdt.KindConflict, "the template %q is not offered any more", t.Name)
		}
		from = &t
		base = job.FromTemplate(t, job.Ref{UUID: template.String(), Name: t.Name})
	}
	if from != nil || form[job.KeyTemplate] == nil { // one that the form names is the server's to judge
		if err := c.MayMakeJob(from); err != nil {
			return crdt.DocID{}, err
		}
	}
	base.UUID, base.CreatedAt = uuid.NewString(), by.Now
	d, wrong := job.Parse(base, form, by)
	if err := wrong.Err(); err != nil {
		return crdt.DocID{}, err
	}
	if by.Class == job.ClassWorker && len(d.Assignees) == 0 {
		d.Assignees = []job.Assignee{{User: by.User, Edit: true}}
	}
	edits, err := job.New(d)
	if err != nil {
		return crdt.DocID{}, err
	}
	return c.Create(ctx, edits...)
}

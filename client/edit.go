package client

import (
	"context"
	"time"

	"fieldsync/client/internal/schedule"
	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
)

// Editing is a document as it stands when it is about to be changed, and who changes it.
type Editing struct {
	Tree    map[string]any // as engine.Doc.Tree gives it
	Job     job.Job        // if the document is one
	Clashes []job.Clash    // what several people wrote at once
	By      job.Author
}

// Edit changes a document by the edits that fn makes of it, as one change; see Change. It is how the rules of package job are applied:
// job.SetStatus, job.Fill, job.Patch and the others give such edits.
func (c *Client) Edit(ctx context.Context, id crdt.DocID, fn func(Editing) ([]crdt.Edit, error)) error {
	return c.change(ctx, id, "", func(a *account, doc *engine.Doc) ([]crdt.Edit, error) {
		e := Editing{By: a.author()}
		var err error
		if e.Tree, err = doc.Tree(); err != nil {
			return nil, err
		}
		if job.IsJob(e.Tree) {
			e.Job, _ = job.Read(e.Tree)
		}
		places, err := doc.Clashes()
		if err != nil {
			return nil, err
		}
		e.Clashes = job.Clashes(e.Tree, places)
		return fn(e)
	})
}

// editJob is Edit of what must be a job.
func (c *Client) editJob(ctx context.Context, id crdt.DocID, fn func(Editing) ([]crdt.Edit, error)) error {
	return c.Edit(ctx, id, func(e Editing) ([]crdt.Edit, error) {
		if !job.IsJob(e.Tree) {
			return nil, crdt.Errorf(crdt.KindInvalid, "this document is no job")
		}
		return fn(e)
	})
}

// author is the folder's owner as package job wants to know him.
func (a *account) author() job.Author {
	class := job.ClassDispatcher
	if a.Role == roleWorker {
		class = job.ClassWorker
	}
	return job.Author{User: a.User, Device: a.Device, Class: class, Now: crdt.Timestamp(time.Now().UnixMilli()), NewID: newID}
}

// StatusChange is a status that somebody sets.
type StatusChange struct {
	Status     job.Status
	Note       string
	Resolution string // of a job that is finished: the id or the name of a possible one
	Location   *job.Location
}

// SetStatus sets a job's status, if it may follow the one that stands: see job.SetStatus. It comes after all that stand, and so
// settles a clash.
func (c *Client) SetStatus(ctx context.Context, id crdt.DocID, s StatusChange) error {
	back := c.statusComes(id) // before it is on its way
	err := c.editJob(ctx, id, func(e Editing) ([]crdt.Edit, error) {
		return job.SetStatus(&e.Job, job.Event{ID: newID(), Status: s.Status, HappenedAt: e.By.Now, By: e.By.User, Device: e.By.Device,
			Note: s.Note, Resolution: s.Resolution, Location: s.Location}, e.By.Class)
	})
	if err != nil {
		back()
		return err
	}
	c.trigger(schedule.Status)
	return nil
}

// Comment adds a comment to a job, and gives it.
func (c *Client) Comment(ctx context.Context, id crdt.DocID, text string) (job.Comment, error) {
	var out job.Comment
	err := c.editJob(ctx, id, func(e Editing) ([]crdt.Edit, error) {
		out = job.Comment{ID: newID(), Text: text, By: e.By.User, HappenedAt: e.By.Now}
		return job.AddComment(out)
	})
	return out, err
}

// Fill answers a field of a job, by its id; nil takes the answer away. See job.Fill. Fields that take files are answered by Attach.
func (c *Client) Fill(ctx context.Context, id crdt.DocID, field string, value any) error {
	return c.editJob(ctx, id, func(e Editing) ([]crdt.Edit, error) { return job.Fill(e.Tree, field, value, e.By) })
}

// Tick ticks an item of a job's checklist, by its id, or takes the tick away.
func (c *Client) Tick(ctx context.Context, id crdt.DocID, item string, done bool) error {
	return c.editJob(ctx, id, func(e Editing) ([]crdt.Edit, error) { return job.Tick(&e.Job, item, done, e.By) })
}

// Patch changes a job, template, client or site by a JSON Merge Patch over its JSON form: see job.Patch. changed tells whether it said
// anything new.
func (c *Client) Patch(ctx context.Context, id crdt.DocID, patch map[string]any) (changed bool, err error) {
	err = c.Edit(ctx, id, func(e Editing) ([]crdt.Edit, error) {
		edits, err := job.Patch(e.Tree, patch, e.By)
		changed = len(edits) > 0
		return edits, err
	})
	return changed, err
}

// Settle has one of the values of a clash count alone: of the clash in a field's place, as job.Clash names it. It must be the clash
// that the caller saw: crdt.KindConflict where other values clash there by now.
func (c *Client) Settle(ctx context.Context, id crdt.DocID, seen job.Clash, choice int) error {
	return c.Edit(ctx, id, func(e Editing) ([]crdt.Edit, error) {
		for _, clash := range e.Clashes {
			if clash.Field != seen.Field || clash.Kind != seen.Kind {
				continue
			}
			if !sameClash(clash, seen) {
				return nil, crdt.Errorf(crdt.KindConflict, "other values clash there by now; look again")
			}
			return job.Settle(e.Tree, clash, choice, job.Event{ID: newID(), HappenedAt: e.By.Now, By: e.By.User, Device: e.By.Device})
		}
		return nil, crdt.Errorf(crdt.KindConflict, "nothing clashes there any more")
	})
}

func sameClash(a, b job.Clash) bool {
	if len(a.Values) != len(b.Values) {
		return false
	}
	for i := range a.Values {
		x, y := &a.Values[i], &b.Values[i]
		if x.Actor != y.Actor || x.Counter != y.Counter || (x.Event == nil) != (y.Event == nil) || x.Event != nil && x.Event.ID != y.Event.ID {
			return false
		}
	}
	return true
}

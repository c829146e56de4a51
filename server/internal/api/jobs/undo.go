package jobs

import (
	"context"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/documents"

	"github.com/google/uuid"
)

// undoTries is how often undoing begins anew because somebody else changed the job meanwhile.
const undoTries = 5

// Undone is a job after a change of it was undone.
type Undone struct {
	Job
	Left []LeftAlone `json:"left" doc:"What stays as it is"`
}

// LeftAlone is a place that undoing leaves alone.
type LeftAlone struct {
	Path []any        `json:"path"`
	Why  audit.Reason `json:"why" enum:"changed,gone,fixed,too_large,strange" doc:"changed: somebody has written there since; gone: what it lies in is not there any more; fixed: it is never changed"`
}

// UndoneOut answers with it.
type UndoneOut struct {
	ETag string `header:"ETag"`
	Body Undone
}

// undo takes back what one change did, and nothing else, by a new change.
func (s *Service) undo(ctx context.Context, in *struct {
	Target
	OfChange
	IfMatch
	Muting
}) (*UndoneOut, error) {
	hash, err := in.hash()
	if err != nil {
		return nil, err
	}
	p, id, want, err := s.asked(ctx, in.Target, in.IfMatch)
	if err != nil {
		return nil, err
	}
	var left []audit.Left
	for range undoTries {
		left, err = s.undoOnce(ctx, in.Target, hash, want, in.Muting)
		if want != nil || !errors.Is(err, documents.ErrHeadsDiffer) {
			break
		}
	}
	if err != nil {
		return nil, differs(err)
	}
	out, err := s.job(ctx, p, id, nil)
	if err != nil {
		return nil, err
	}
	undone := Undone{Job: *out.Body, Left: []LeftAlone{}}
	for _, l := range left {
		undone.Left = append(undone.Left, LeftAlone{Path: append([]any{}, l.Path...), Why: l.Why})
	}
	return &UndoneOut{ETag: out.ETag, Body: undone}, nil
}

// undoOnce undoes a change of the job as it is now, or on the heads that are wanted.
func (s *Service) undoOnce(ctx context.Context, to Target, hash crdt.Hash, want crdt.Heads, mute Muting) (left []audit.Left, err error) {
	var heads crdt.Heads
	var undone audit.Undone
	var p access.Principal
	if err := s.heavily(ctx, func() error {
		c, l, who, err := s.log(ctx, to)
		if err != nil {
			return err
		}
		defer c.Close()
		if p, heads = who, c.Heads; want != nil && !want.Equal(heads) {
			return documents.ErrHeadsDiffer
		}
		event, _ := api.NewID(ctx, "event")
		undone, err = l.Undo(hash, audit.Stamp{EventID: uuid.UUID(event).String(), At: s.now(), By: p.User, Device: p.Device})
		return err
	}); err != nil {
		return nil, err
	}
	id, err := to.doc()
	if err != nil {
		return nil, err
	}
	opt := documents.EditOptions{If: heads, Mute: mute.Mute, Message: audit.UndoMessage(hash)}
	_, err = s.opt.Documents.Edit(ctx, p, id, opt, func(tx *engine.Tx) error { return tx.Apply(undone.Edits...) })
	return undone.Left, err
}

// Restore says which state to go back to.
type Restore struct {
	Heads  []string `json:"heads" minItems:"1" maxItems:"60" doc:"The state, as a job's heads or an entry of its history names it"`
	Fields []string `json:"fields,omitempty" maxItems:"30" doc:"Which fields go back, such as description or address; without: all of the plan and the report. The status log, comments and files stay as they are"`
}

// restore writes what stood in a job's plan and report at some heads again, as a new change.
func (s *Service) restore(ctx context.Context, in *struct {
	Target
	IfMatch
	Muting
	Body Restore
}) (*JobOut, error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	id, err := in.doc()
	if err != nil {
		return nil, err
	}
	var hashes []crdt.Hash
	for _, text := range in.Body.Heads {
		h, err := crdt.ParseHash(text)
		if err != nil {
			return nil, wrong("heads", "must be changes' hashes in hexadecimal")
		}
		hashes = append(hashes, h)
	}
	was, err := s.formAt(ctx, p, id, crdt.NewHeads(hashes...))
	if err != nil {
		return nil, err
	}
	fields, err := restorable(in.Body.Fields)
	if err != nil {
		return nil, err
	}
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		is, err := formOf(c.tree)
		if err != nil {
			return nil, err
		}
		return job.Patch(c.tree, back(is, was, fields), c.author)
	}))
}

// formAt is the JSON form of a job as it was.
func (s *Service) formAt(ctx context.Context, p access.Principal, id crdt.DocID, at crdt.Heads) (Form, error) {
	c, err := s.stored(ctx, p, id, job.Kind)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	v, err := viewOf(ctx, c, at)
	if err != nil {
		return nil, err
	}
	if job.KindOf(v.tree) != job.Kind {
		return nil, crdt.Errorf(crdt.KindConflict, "it was no job then")
	}
	return formOf(v.tree)
}

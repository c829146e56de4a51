package jobs

import (
	"context"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/documents"

	"github.com/google/uuid"
)

// Choice settles a clash.
type Choice struct {
	Field string `json:"field" minLength:"1" maxLength:"2000" doc:"The clash's field, as clashes gives it"`
	Value int    `json:"value" minimum:"0" maximum:"10000" doc:"Which of its values is to count, from 0"`
}

// settle makes one of the values of a clash count alone. It is made on the state in which the clash was seen: with If-Match, or on the one
// that it finds, where the choice means the same only if nobody was faster.
func (s *Service) settle(ctx context.Context, in *struct {
	Target
	IfMatch
	Muting
	Body Choice
}) (*JobOut, error) {
	p, id, want, err := s.asked(ctx, in.Target, in.IfMatch)
	if err != nil {
		return nil, err
	}
	tree, clash, heads, err := s.clash(ctx, p, id, in.Body.Field)
	if err != nil {
		return nil, err
	}
	if want != nil && !want.Equal(heads) {
		return nil, differs(documents.ErrHeadsDiffer)
	}
	event, _ := api.NewID(ctx, "event")
	author := s.author(ctx, p)
	e := job.Event{ID: uuid.UUID(event).String(), HappenedAt: author.Now, By: author.User, Device: author.Device}
	edits, err := job.Settle(tree, clash, in.Body.Value, e)
	if err != nil {
		return nil, err
	}
	opt := documents.EditOptions{If: heads, Mute: in.Mute}
	_, err = s.opt.Documents.Edit(ctx, p, id, opt, func(tx *engine.Tx) error { return tx.Apply(edits...) })
	return s.jobAfter(ctx, in.Target, differs(err))
}

// clash finds a clash of a job by its field, with the state that it stands in.
func (s *Service) clash(ctx context.Context, p access.Principal, id crdt.DocID, field string) (map[string]any, job.Clash, crdt.Heads, error) {
	c, tree, err := s.load(ctx, p, id, job.Kind)
	if err != nil {
		return nil, job.Clash{}, nil, err
	}
	defer c.Close()
	places, err := c.Doc.Clashes()
	if err != nil {
		return nil, job.Clash{}, nil, err
	}
	all := job.Clashes(tree, places)
	i := slices.IndexFunc(all, func(c job.Clash) bool { return c.Field == field })
	if i < 0 {
		return nil, job.Clash{}, nil, crdt.Errorf(crdt.KindNotFound, "nothing clashes in this field")
	}
	return tree, all[i], c.Heads, nil
}

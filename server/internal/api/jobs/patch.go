package jobs

import (
	"context"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/api"
)

// PatchIn changes a document.
type PatchIn struct {
	Target
	IfMatch
	Muting
	Body Form `contentType:"application/merge-patch+json"`
}

// patch makes a change of a document by a JSON Merge Patch.
func (s *Service) patch(ctx context.Context, kind string, in *PatchIn) error {
	p, err := api.Principal(ctx)
	if err != nil {
		return err
	}
	form, _, err := s.named(ctx, p, cloned(in.Body))
	if err != nil {
		return err
	}
	if err := s.checkAssignees(p, form); err != nil {
		return err
	}
	return s.edit(ctx, kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		return job.Patch(c.tree, form, c.author)
	})
}

func (s *Service) patchJob(ctx context.Context, in *PatchIn) (*JobOut, error) {
	return s.jobAfter(ctx, in.Target, s.patch(ctx, job.Kind, in))
}

// jobAfter answers with a job after a change was made.
func (s *Service) jobAfter(ctx context.Context, to Target, err error) (*JobOut, error) {
	if err != nil {
		return nil, err
	}
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	id, err := to.doc()
	if err != nil {
		return nil, err
	}
	return s.job(ctx, p, id, nil)
}

package jobs

import (
	"context"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"

	"github.com/google/uuid"
)

// CommentNew is a comment to add.
type CommentNew struct {
	Text       string         `json:"text" minLength:"1" maxLength:"100000"`
	HappenedAt crdt.Timestamp `json:"happened_at,omitempty" doc:"When it was said; without: now. At most 90 days ago"`
}

// CommentPatch corrects a comment.
type CommentPatch struct {
	Text string `json:"text" minLength:"1" maxLength:"100000"`
}

// OfComment names a comment in the path.
type OfComment struct {
	Comment string `path:"comment" maxLength:"128" doc:"The comment's uuid"`
}

func (s *Service) comment(ctx context.Context, in *struct {
	Target
	IfMatch
	Muting
	Body CommentNew
}) (*JobOut, error) {
	at, err := s.happened(in.Body.HappenedAt)
	if err != nil {
		return nil, err
	}
	id, repeated := api.NewID(ctx, "comment")
	say := job.Comment{ID: uuid.UUID(id).String(), Text: in.Body.Text, HappenedAt: at}
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		if j, _ := job.Read(c.tree); repeated && slices.ContainsFunc(j.Comments, func(was job.Comment) bool { return was.ID == say.ID }) {
			return nil, nil
		}
		say.By = c.author.User
		return job.AddComment(say)
	}))
}

// mayTouch tells whether somebody may change what somebody else has written: a worker his own only.
func mayTouch(p access.Principal, by string) error {
	if classOf(p) == job.ClassWorker && by != p.User {
		return crdt.Errorf(crdt.KindForbidden, "only who wrote it, or a dispatcher, may change it")
	}
	return nil
}

func theComment(c *change, id string) (*job.Job, error) {
	j, _ := job.Read(c.tree)
	i := slices.IndexFunc(j.Comments, func(was job.Comment) bool { return was.ID == id })
	if i < 0 {
		return nil, crdt.Errorf(crdt.KindNotFound, "the job has no comment of this uuid")
	}
	return &j, mayTouch(c.who, j.Comments[i].By)
}

func (s *Service) editComment(ctx context.Context, in *struct {
	Target
	OfComment
	IfMatch
	Muting
	Body CommentPatch
}) (*JobOut, error) {
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		j, err := theComment(c, in.Comment)
		if err != nil {
			return nil, err
		}
		return job.EditComment(j, in.Comment, in.Body.Text)
	}))
}

func (s *Service) removeComment(ctx context.Context, in *struct {
	Target
	OfComment
	IfMatch
	Muting
}) (*JobOut, error) {
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		j, err := theComment(c, in.Comment)
		if err != nil {
			return nil, err
		}
		return job.RemoveComment(j, in.Comment)
	}))
}

package jobs

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/api/idempotency"
	"fieldsync/server/internal/documents"
)

// create makes a document under an id of the request's idempotency key. Where a request with this key made it before, and its answer was
// lost, it is there: that is as good.
func (s *Service) create(ctx context.Context, p access.Principal, mute Muting, edits []crdt.Edit) (crdt.DocID, error) {
	id, repeated := api.NewID(ctx, "document")
	doc, _, err := s.opt.Documents.Create(ctx, p, documents.CreateOptions{ID: id, Mute: mute.Mute}, edits)
	if !repeated || !errors.Is(err, documents.ErrExists) {
		return doc, err
	}
	return doc, s.checkAge(ctx, p, doc)
}

// checkAge refuses a key whose document is older than keys are kept: the client used the key again.
func (s *Service) checkAge(ctx context.Context, p access.Principal, doc crdt.DocID) error {
	c, err := s.opt.Documents.Stored(ctx, p, doc)
	if err != nil {
		return err
	}
	defer c.Close()
	_, first, _, err := c.Times()
	if err != nil {
		return err
	}
	if s.now()-first > crdt.Timestamp((idempotency.Keep + time.Hour).Milliseconds()) {
		return api.KeyProblem(idempotency.ErrReused)
	}
	return nil
}

// CreateIn asks for a new document.
type CreateIn struct {
	Muting
	Body Form
}

func (s *Service) createJob(ctx context.Context, in *CreateIn) (*JobOut, error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	form, places, err := s.named(ctx, p, in.Body)
	if err != nil {
		return nil, err
	}
	base, err := s.base(ctx, p, form)
	if err != nil {
		return nil, err
	}
	if err := s.checkAssignees(p, form); err != nil {
		return nil, err
	}
	d, wrong := job.Parse(base, form, s.author(ctx, p))
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	settleIn(&d, places)
	if p.Role == access.RoleWorker && len(d.Assignees) == 0 {
		d.Assignees = []job.Assignee{{User: p.User, Edit: true}}
	}
	edits, err := job.New(d)
	if err != nil {
		return nil, err
	}
	id, err := s.create(ctx, p, in.Muting, edits)
	if err != nil {
		return nil, err
	}
	out, err := s.job(ctx, p, id, nil)
	if err != nil {
		return nil, err
	}
	out.Status, out.Location = http.StatusCreated, api.Prefix+"jobs/"+id.String()
	return out, nil
}

// base gives what a new job starts with: nothing, or what the template says that the form names, or what the job had that it follows. The
// form's references are completed.
func (s *Service) base(ctx context.Context, p access.Principal, form Form) (job.Draft, error) {
	var base job.Draft
	if follows, has := form[job.KeyFollows]; has && follows != nil {
		id, ok := refID(follows)
		if !ok {
			return base, wrong(job.KeyFollows, "must be the id of a job")
		}
		tree, err := s.tree(ctx, p, job.KeyFollows, id, job.Kind)
		if err != nil {
			return base, err
		}
		j, _ := job.Read(tree)
		base = job.FollowUp(j, id.String())
		form[job.KeyFollows] = id.String()
	}
	if id, ok := refID(form[job.KeyTemplate]); ok {
		tree, err := s.tree(ctx, p, job.KeyTemplate, id, job.KindTemplate)
		if err != nil {
			return base, err
		}
		t, _ := job.ReadTemplate(tree)
		ref := job.Ref{UUID: id.String(), Name: t.Name}
		follows := base.Follows
		base = job.FromTemplate(t, ref)
		base.Follows = follows
		form[job.KeyTemplate] = map[string]any{job.KeyUUID: ref.UUID, job.KeyName: ref.Name}
	}
	return base, nil
}

// Made is what creating a document answers with besides it.
func made(path string, id crdt.DocID) string { return api.Prefix + path + "/" + id.String() }

// cloned is a form that may be changed.
func cloned(f Form) Form {
	if f == nil {
		return Form{}
	}
	return maps.Clone(f)
}

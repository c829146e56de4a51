package jobs

import (
	"context"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/api"
)

// AssigneeNew says who is to do a job too: a user, or a team, which stands for its foreman, with edit access, and its members.
type AssigneeNew struct {
	User string `json:"user,omitempty" maxLength:"63" doc:"A user's id"`
	Team string `json:"team,omitempty" maxLength:"63" doc:"A team's id, instead of a user: its people of now take the place of all who are assigned"`
	Edit *bool  `json:"edit,omitempty" doc:"Fills in the report: whoever did before looks on from then on. Without: only if nobody else does"`
}

func (s *Service) assign(ctx context.Context, in *struct {
	Target
	IfMatch
	Muting
	Body AssigneeNew
}) (*JobOut, error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	var form Form
	switch {
	case (in.Body.User == "") == (in.Body.Team == ""):
		return nil, wrong("user", "must be there, or team instead")
	case in.Body.Team != "":
		people, err := s.opt.People.Assignees(p.Org, in.Body.Team)
		if crdt.KindOf(err) == crdt.KindNotFound && err != nil {
			return nil, wrong("team", "there is no such team")
		}
		if err != nil {
			return nil, err
		}
		list := []any{}
		for _, a := range people {
			list = append(list, map[string]any{"user": a.User, job.KeyEdit: a.Edit})
		}
		form = Form{job.KeyAssignees: list}
	default:
		if err := s.checkUser(p, "user", in.Body.User); err != nil {
			return nil, err
		}
	}
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		if form != nil {
			return job.Patch(c.tree, form, c.author)
		}
		j, _ := job.Read(c.tree)
		return job.Patch(c.tree, Form{job.KeyAssignees: added(j.Assignees, in.Body.User, in.Body.Edit)}, c.author)
	}))
}

// added gives the patch that adds an assignee, or changes his access: exactly one has edit access, as always.
func added(is []job.Assignee, user string, edit *bool) map[string]any {
	others := false
	for _, a := range is {
		others = others || a.Edit && a.User != user
	}
	fills := !others
	if edit != nil {
		fills = *edit
	}
	out := map[string]any{user: map[string]any{job.KeyEdit: fills}}
	for _, a := range is {
		if a.Edit && a.User != user && fills {
			out[a.User] = map[string]any{job.KeyEdit: false}
		}
	}
	return out
}

func (s *Service) unassign(ctx context.Context, in *struct {
	Target
	User string `path:"user" maxLength:"128" doc:"The user's id"`
	IfMatch
	Muting
}) (*JobOut, error) {
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		j, _ := job.Read(c.tree)
		assigned, edits := j.Assigned(in.User)
		if !assigned {
			return nil, crdt.Errorf(crdt.KindNotFound, "the user is not assigned to the job")
		}
		patch := map[string]any{in.User: nil}
		for _, a := range j.Assignees {
			if edits && a.User != in.User { // somebody has to fill in the report: the first one who is left
				patch[a.User] = map[string]any{job.KeyEdit: true}
				break
			}
		}
		return job.Patch(c.tree, Form{job.KeyAssignees: patch}, c.author)
	}))
}

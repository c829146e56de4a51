package jobs

import (
	"context"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/api"

	"github.com/google/uuid"
)

// Answer answers a field.
type Answer struct {
	Value any `json:"value" doc:"A string (text, date as 2026-11-24, pick list), a number, true or false; null takes the answer away"`
}

// fill answers a custom or a report field.
func (s *Service) fill(ctx context.Context, in *struct {
	Target
	Field string `path:"field" maxLength:"128" doc:"The field's uuid"`
	IfMatch
	Muting
	Body Answer
}) (*JobOut, error) {
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		return job.Fill(c.tree, in.Field, in.Body.Value, c.author)
	}))
}

// Tick says whether an item of a checklist is done.
type Tick struct {
	Done bool `json:"done"`
}

func (s *Service) tick(ctx context.Context, in *struct {
	Target
	Item string `path:"item" maxLength:"128" doc:"The item's uuid"`
	IfMatch
	Muting
	Body Tick
}) (*JobOut, error) {
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		j, _ := job.Read(c.tree)
		return job.Tick(&j, in.Item, in.Body.Done, c.author)
	}))
}

// AttachmentNew is a file that a job is to refer to. Its bytes are sent by PUT /api/v1/files/{sha256}, before or after.
type AttachmentNew struct {
	SHA256    string         `json:"sha256" pattern:"^[0-9a-f]{64}$"`
	Size      int64          `json:"size" minimum:"0" maximum:"1099511627776" doc:"Bytes"`
	MediaType string         `json:"media_type,omitempty" maxLength:"200"`
	Name      string         `json:"name,omitempty" maxLength:"1000"`
	Field     string         `json:"field,omitempty" maxLength:"128" doc:"The uuid of the field that it answers"`
	TakenAt   crdt.Timestamp `json:"taken_at,omitempty"`
	Location  *Place         `json:"location,omitempty"`
	Preview   string         `json:"preview_sha256,omitempty" pattern:"^[0-9a-f]{64}$" doc:"A smaller picture of it, for a screen"`
	Thumbnail string         `json:"thumbnail_sha256,omitempty" pattern:"^[0-9a-f]{64}$" doc:"A still smaller one, for a row of a list"`
}

func (s *Service) attach(ctx context.Context, in *struct {
	Target
	IfMatch
	Muting
	Body AttachmentNew
}) (*JobOut, error) {
	id, repeated := api.NewID(ctx, "attachment")
	b := in.Body
	a := job.Attachment{ID: uuid.UUID(id).String(), SHA256: b.SHA256, Size: b.Size, MediaType: b.MediaType, Name: b.Name, Field: b.Field,
		TakenAt: b.TakenAt, Location: b.Location.location(s.now()), PreviewSHA256: b.Preview, ThumbnailSHA256: b.Thumbnail}
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		j, _ := job.Read(c.tree)
		if repeated && slices.ContainsFunc(j.Attachments, func(was job.Attachment) bool { return was.ID == a.ID }) {
			return nil, nil
		}
		a.By = c.author.User
		return job.Attach(&j, a, c.author.Class)
	}))
}

func (s *Service) detach(ctx context.Context, in *struct {
	Target
	Attachment string `path:"attachment" maxLength:"128" doc:"The attachment's uuid"`
	IfMatch
	Muting
}) (*JobOut, error) {
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		j, _ := job.Read(c.tree)
		i := slices.IndexFunc(j.Attachments, func(was job.Attachment) bool { return was.ID == in.Attachment })
		if i < 0 {
			return nil, crdt.Errorf(crdt.KindNotFound, "the job has no attachment of this uuid")
		}
		if err := mayTouch(c.who, j.Attachments[i].By); err != nil {
			return nil, err
		}
		return job.RemoveAttachment(&j, in.Attachment)
	}))
}

package jobs

import (
	"context"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/job"

	"fieldsync/server/internal/api"

	"github.com/google/uuid"
)

// How far from now a moment may lie that a client says something happened at. A phone that was away sends what it has by
// sync, not by the API; a clock may be somewhat ahead.
const (
	longestAgo  = 90 * 24 * time.Hour
	furthestOff = 5 * time.Minute
)

// happened checks when something happened; zero stands for now.
func (s *Service) happened(at crdt.Timestamp) (crdt.Timestamp, error) {
	now := s.now()
	switch {
	case at == 0:
		return now, nil
	case at < now-crdt.Timestamp(longestAgo.Milliseconds()), at > now+crdt.Timestamp(furthestOff.Milliseconds()):
		return 0, wrong(job.KeyHappenedAt, "must lie between 90 days ago and 5 minutes from now")
	}
	return at, nil
}

// Place is where somebody was.
type Place struct {
	Latitude  float64        `json:"latitude" minimum:"-90" maximum:"90" doc:"Degrees, WGS 84"`
	Longitude float64        `json:"longitude" minimum:"-180" maximum:"180"`
	AccuracyM float64        `json:"accuracy_m,omitempty" minimum:"0" maximum:"100000000" doc:"Radius in metres"`
	Captured  crdt.Timestamp `json:"captured_at,omitempty" doc:"When the place was found"`
}

func (p *Place) location(now crdt.Timestamp) *job.Location {
	if p == nil {
		return nil
	}
	return &job.Location{Latitude: p.Latitude, Longitude: p.Longitude, AccuracyM: p.AccuracyM, CapturedAt: p.Captured, UploadedAt: now}
}

// StatusNew is a status event to write.
type StatusNew struct {
	Status     job.Status     `json:"status" enum:"scheduled,published,en_route,started,paused,finished,cancelled"`
	HappenedAt crdt.Timestamp `json:"happened_at,omitempty" doc:"When it happened; without: now. At most 90 days ago"`
	Note       string         `json:"note,omitempty" maxLength:"10000"`
	Resolution string         `json:"resolution,omitempty" maxLength:"1000" doc:"Of a job that is finished: the uuid or the name of a possible resolution"`
	Location   *Place         `json:"location,omitempty"`
}

// setStatus writes a status event after all that stand. Nothing is deleted here: a job that is not to be done is cancelled.
func (s *Service) setStatus(ctx context.Context, in *struct {
	Target
	IfMatch
	Muting
	Body StatusNew
}) (*JobOut, error) {
	at, err := s.happened(in.Body.HappenedAt)
	if err != nil {
		return nil, err
	}
	id, repeated := api.NewID(ctx, "event")
	e := job.Event{ID: uuid.UUID(id).String(), Status: in.Body.Status, HappenedAt: at, Note: in.Body.Note, Resolution: in.Body.Resolution,
		Location: in.Body.Location.location(s.now())}
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		j, _ := job.Read(c.tree)
		if repeated && slices.ContainsFunc(j.Log, func(was job.Event) bool { return was.ID == e.ID }) {
			return nil, nil
		}
		e.By, e.Device = c.author.User, c.author.Device
		return job.SetStatus(&j, e, c.author.Class)
	}))
}

// undoStatus takes a status event that stands back: a new event, of the status before.
func (s *Service) undoStatus(ctx context.Context, in *struct {
	Target
	Event string `path:"event" maxLength:"128" doc:"The uuid of the event in status_log"`
	IfMatch
	Muting
}) (*JobOut, error) {
	id, repeated := api.NewID(ctx, "event")
	e := job.Event{ID: uuid.UUID(id).String(), HappenedAt: s.now()}
	return s.jobAfter(ctx, in.Target, s.edit(ctx, job.Kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		j, _ := job.Read(c.tree)
		has := func(id string) bool {
			return slices.ContainsFunc(j.Log, func(was job.Event) bool { return was.ID == id })
		}
		switch {
		case repeated && has(e.ID):
			return nil, nil
		case !has(in.Event):
			return nil, crdt.Errorf(crdt.KindNotFound, "the job has no status event of this uuid")
		}
		e.By, e.Device = c.author.User, c.author.Device
		return job.UndoStatus(&j, in.Event, e, c.author.Class)
	}))
}

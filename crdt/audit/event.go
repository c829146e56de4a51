package audit

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// EventType says in one word what an entry tells of.
type EventType string

const (
	EventCreated           EventType = "created"
	EventStatusChanged     EventType = "status_changed"
	EventAssigned          EventType = "assigned"
	EventUnassigned        EventType = "unassigned"
	EventRescheduled       EventType = "rescheduled"
	EventFieldFilled       EventType = "field_filled" // a report field or a custom one
	EventItemTicked        EventType = "item_ticked"  // of the checklist, on or off
	EventCommentAdded      EventType = "comment_added"
	EventAttachmentAdded   EventType = "attachment_added"
	EventAttachmentRemoved EventType = "attachment_removed"
	EventChanged           EventType = "changed" // anything else
)

// eventTypes are all types, the one first that names an entry that did several things.
var eventTypes = []EventType{EventCreated, EventStatusChanged, EventAssigned, EventUnassigned, EventRescheduled, EventFieldFilled,
	EventItemTicked, EventCommentAdded, EventAttachmentAdded, EventAttachmentRemoved, EventChanged}

// Event is an entry in the form that exports to other systems have.
type Event struct {
	Version int          `json:"version"` // as Entry.Version
	UUID    string       `json:"uuid"`    // the change's hash
	Type    EventType    `json:"type"`
	Payload EventPayload `json:"payload"`
	Context EventContext `json:"context"`
}

// EventPayload is what happened.
type EventPayload struct {
	Status  string   `json:"status,omitempty"` // of status_changed: the new event's
	Users   []string `json:"users,omitempty"`  // of assigned and unassigned
	Changes []Effect `json:"changes"`
	More    int      `json:"more,omitempty"` // as Entry.More
	Late    bool     `json:"late,omitempty"`
}

// EventContext is when it happened, and by whom. What is not known is left out.
type EventContext struct {
	Source     string          `json:"source,omitempty"`
	HappenedAt *crdt.Timestamp `json:"happened_at,omitempty"` // by the clock of who did it
	CreatedAt  *crdt.Timestamp `json:"created_at,omitempty"`  // when it arrived
	UserUUID   string          `json:"user_uuid,omitempty"`
	DeviceUUID string          `json:"device_uuid,omitempty"`
}

// Event gives the entry in the form of an export.
func (e *Entry) Event() Event {
	out := Event{Version: e.Version, UUID: e.Hash.String(), Type: EventChanged, Payload: EventPayload{Changes: e.Did, More: e.More, Late: e.Late},
		Context: EventContext{Source: e.Who.Source, HappenedAt: known(e.Happened), CreatedAt: known(e.Arrived), UserUUID: e.Who.User}}
	if out.Payload.Changes == nil {
		out.Payload.Changes = []Effect{}
	}
	for i := range e.Did {
		if t := e.Did[i].eventType(); slices.Index(eventTypes, t) < slices.Index(eventTypes, out.Type) {
			out.Type = t
		}
	}
	for i := range e.Did {
		d := &e.Did[i]
		if d.eventType() != out.Type {
			continue
		}
		switch out.Type {
		case EventStatusChanged:
			entry, _ := d.New.(map[string]any)
			out.Payload.Status, out.Context.DeviceUUID = text(entry[job.KeyStatus]), text(entry[job.KeyDevice])
		case EventAssigned, EventUnassigned:
			if user, ok := d.Path[len(d.Path)-1].(string); ok && len(d.Path) == 2 {
				out.Payload.Users = append(out.Payload.Users, user)
			}
		}
	}
	return out
}

// eventType is what an effect by itself would be called.
func (d *Effect) eventType() EventType {
	if d.Hidden || len(d.Path) == 0 {
		return EventChanged
	}
	step := func(k int) string {
		if k >= len(d.Path) {
			return ""
		}
		s, _ := d.Path[k].(string)
		return s
	}
	entry := len(d.Path) == 2 // of a map of entries, as a whole
	switch root := step(0); {
	case root == job.KeyKind && d.Kind == Added:
		return EventCreated
	case root == job.KeyStatusLog && entry && d.Kind == Added:
		return EventStatusChanged
	case root == job.KeyAssignees && entry && d.Kind == Deleted:
		return EventUnassigned
	case root == job.KeyAssignees:
		return EventAssigned
	case root == job.KeyScheduledAt, root == job.KeyScheduledDuration:
		return EventRescheduled
	case (root == job.KeyReportFields || root == job.KeyCustomFields) && step(2) == job.KeyValue:
		return EventFieldFilled
	case root == job.KeyChecklist && (step(2) == job.KeyDone || step(2) == job.KeyDoneAt || step(2) == job.KeyBy):
		return EventItemTicked
	case root == job.KeyComments && entry && d.Kind == Added:
		return EventCommentAdded
	case root == job.KeyAttachments && entry && d.Kind == Added:
		return EventAttachmentAdded
	case root == job.KeyAttachments && entry && d.Kind == Deleted:
		return EventAttachmentRemoved
	}
	return EventChanged
}

func text(v any) string {
	switch s := v.(type) {
	case string:
		return s
	case crdt.Text:
		return string(s)
	}
	return ""
}

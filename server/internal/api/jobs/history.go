package jobs

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/documents"

	"github.com/danielgtaylor/huma/v2"
)

// HistoryIn asks for a part of a job's history.
type HistoryIn struct {
	Target
	After  string `query:"after" maxLength:"64" pattern:"^([0-9a-f]{64})?$" doc:"next of the page before"`
	Oldest bool   `query:"oldest" doc:"true: the oldest first; else the newest"`
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many entries at most; a page may have fewer, even none, and a next"`
	Path   string `query:"path" maxLength:"1000" doc:"Only what was done there or below, such as report_fields/<uuid>/value"`
	Since  string `query:"since" maxLength:"4096" doc:"Heads, with commas between: only what somebody with these does not have"`
	Fold   bool   `query:"fold" doc:"true: a run of edits of one text is one entry"`
}

// HistoryEntry is an audit.Entry as JSON.
type HistoryEntry struct{ audit.Entry }

// Schema is part of huma.SchemaProvider.
func (HistoryEntry) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[historyEntry](), true, "")
}

// MarshalJSON is the entry's.
func (e HistoryEntry) MarshalJSON() ([]byte, error) { return json.Marshal(e.Entry) }

// HistoryEvent is an audit.Event as JSON: an entry in the form of the field's exports.
type HistoryEvent struct{ audit.Event }

// Schema is part of huma.SchemaProvider.
func (HistoryEvent) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[historyEvent](), true, "")
}

// MarshalJSON is the event's.
func (e HistoryEvent) MarshalJSON() ([]byte, error) { return json.Marshal(e.Event) }

// The types below describe the JSON forms of package audit, and are never made.

type historyEntry struct {
	Version  int             `json:"version" doc:"The position among all changes, in the order of arrival, from 1"`
	Hash     string          `json:"hash" doc:"The change; of a run of edits the last one"`
	First    string          `json:"first,omitempty" doc:"Of a run: its first change"`
	Changes  int             `json:"changes,omitempty" doc:"Of a run: how many changes it is"`
	Actor    string          `json:"actor"`
	Seq      uint64          `json:"seq"`
	Author   string          `json:"author,omitempty" doc:"<organisation>/user:<id> or <organisation>/integration:<id>"`
	User     string          `json:"user,omitempty"`
	Source   string          `json:"source,omitempty" doc:"app or api"`
	Message  string          `json:"message,omitempty"`
	Undoes   string          `json:"undoes,omitempty" doc:"The change that it undoes"`
	Time     crdt.Timestamp  `json:"time,omitempty" doc:"By its author's clock"`
	Happened crdt.Timestamp  `json:"happened_at,omitempty" doc:"When it happened, by its author's clock"`
	Arrived  crdt.Timestamp  `json:"arrived_at,omitempty" doc:"When it arrived here"`
	Late     bool            `json:"late,omitempty" doc:"A worker's who was not assigned any more when it arrived"`
	Did      []historyEffect `json:"did"`
	More     int             `json:"more,omitempty" doc:"How many effects more there were"`
	Cut      bool            `json:"cut,omitempty" doc:"Values are longer than what is told"`
}

type historyEffect struct {
	Path    []any          `json:"path"`
	Kind    audit.Kind     `json:"kind" enum:"added,set,deleted,text,incremented,formatted"`
	Old     []any          `json:"old,omitempty" doc:"What had stood there; several values where they clashed"`
	New     any            `json:"new,omitempty"`
	Delta   int64          `json:"delta,omitempty"`
	Mark    string         `json:"mark,omitempty"`
	Splices []audit.Splice `json:"splices,omitempty"`
	Hidden  bool           `json:"hidden,omitempty" doc:"Nobody saw it: something else was shown there"`
	Cut     bool           `json:"cut,omitempty"`
}

type historyEvent struct {
	Version int             `json:"version"`
	UUID    string          `json:"uuid" doc:"The change's hash"`
	Type    audit.EventType `json:"type" enum:"created,status_changed,assigned,unassigned,rescheduled,field_filled,item_ticked,comment_added,attachment_added,attachment_removed,changed"`
	Payload struct {
		Status  string          `json:"status,omitempty"`
		Users   []string        `json:"users,omitempty"`
		Changes []historyEffect `json:"changes"`
		More    int             `json:"more,omitempty"`
		Late    bool            `json:"late,omitempty"`
	} `json:"payload"`
	Context audit.EventContext `json:"context"`
}

// History is a page of a job's history.
type History struct {
	Entries []HistoryEntry `json:"entries"`
	Next    string         `json:"next,omitempty" doc:"Where the next page goes on; left out at the end"`
}

// EventHistory is a page of a job's history in the form of the field's exports.
type EventHistory struct {
	Events []HistoryEvent `json:"events"`
	Next   string         `json:"next,omitempty" doc:"Where the next page goes on; left out at the end"`
}

// log opens a job's history for who asks. Close the copy.
func (s *Service) log(ctx context.Context, to Target) (*documents.Copy, *audit.Log, access.Principal, error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, nil, p, err
	}
	id, err := to.doc()
	if err != nil {
		return nil, nil, p, err
	}
	c, err := s.stored(ctx, p, id, job.Kind) // a history needs no values
	if err != nil {
		return nil, nil, p, err
	}
	h, arrivals, err := c.History()
	if err != nil {
		c.Close()
		return nil, nil, p, err
	}
	return c, audit.New(h, audit.Options{Arrived: func(i int) int64 { return arrivals[i] }, Who: s.who(p.Org)}), p, nil
}

// who tells whom authors are. It asks for each user once.
func (s *Service) who(org string) func(history.Author) audit.Who {
	known := map[string]bool{}
	return func(a history.Author) audit.Who {
		_, id, _ := strings.Cut(string(a), "/")
		user, ok := strings.CutPrefix(id, access.PersonPrefix)
		if !ok {
			return audit.Who{Source: "api"}
		}
		worker, asked := known[user]
		if !asked {
			worker, _ = s.opt.People.Worker(org, user) // who is not there any more counts as somebody of the office: nothing is marked
			known[user] = worker
		}
		return audit.Who{User: user, Worker: worker, Source: "app"}
	}
}

// heavily does what may take half a second of a processor: not everybody's at once.
func (s *Service) heavily(ctx context.Context, do func() error) error {
	select {
	case s.heavy <- struct{}{}:
	case <-ctx.Done():
		return crdt.Errorf(crdt.KindUnavailable, "too many wait for a history")
	}
	defer func() { <-s.heavy }()
	return do()
}

// entries reads a page of the history.
func (s *Service) entries(ctx context.Context, in *HistoryIn) (page audit.Page, err error) {
	q := audit.Query{Oldest: in.Oldest, Limit: in.Limit, Fold: in.Fold}
	if q.Since, err = parseHeads("query.since", in.Since); err != nil {
		return page, err
	}
	if in.After != "" {
		if q.After, err = crdt.ParseHash(in.After); err != nil || q.After == (crdt.Hash{}) {
			return page, wrong("query.after", "must be next of the page before")
		}
	}
	if in.Path != "" {
		for step := range strings.SplitSeq(strings.Trim(in.Path, "/"), "/") {
			q.Path = append(q.Path, step)
		}
	}
	err = s.heavily(ctx, func() error {
		c, l, _, err := s.log(ctx, in.Target)
		if err != nil {
			return err
		}
		defer c.Close()
		page, err = l.Page(q)
		return err
	})
	return page, err
}

func nextOf(p audit.Page) string {
	if p.Next == (crdt.Hash{}) {
		return ""
	}
	return p.Next.String()
}

func (s *Service) history(ctx context.Context, in *HistoryIn) (*body[History], error) {
	page, err := s.entries(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &body[History]{History{Entries: []HistoryEntry{}, Next: nextOf(page)}}
	for _, e := range page.Entries {
		out.Body.Entries = append(out.Body.Entries, HistoryEntry{e})
	}
	return out, nil
}

func (s *Service) eventHistory(ctx context.Context, in *HistoryIn) (*body[EventHistory], error) {
	page, err := s.entries(ctx, in)
	if err != nil {
		return nil, err
	}
	out := &body[EventHistory]{EventHistory{Events: []HistoryEvent{}, Next: nextOf(page)}}
	for i := range page.Entries {
		out.Body.Events = append(out.Body.Events, HistoryEvent{page.Entries[i].Event()})
	}
	return out, nil
}

// OfChange names a change in the path.
type OfChange struct {
	Change string `path:"change" minLength:"64" maxLength:"64" pattern:"^[0-9a-f]{64}$" doc:"The change's hash"`
}

func (o OfChange) hash() (crdt.Hash, error) {
	h, err := crdt.ParseHash(o.Change)
	if err != nil {
		return h, crdt.Errorf(crdt.KindNotFound, "the job has no such change")
	}
	return h, nil
}

func (s *Service) historyEntry(ctx context.Context, in *struct {
	Target
	OfChange
}) (*body[HistoryEntry], error) {
	hash, err := in.hash()
	if err != nil {
		return nil, err
	}
	out := &body[HistoryEntry]{}
	return out, s.heavily(ctx, func() error {
		c, l, _, err := s.log(ctx, in.Target)
		if err != nil {
			return err
		}
		defer c.Close()
		out.Body.Entry, err = l.Entry(hash)
		return err
	})
}

// knew answers with the job as whoever wrote a status event saw it.
func (s *Service) knew(ctx context.Context, in *struct {
	Target
	Event string `path:"event" maxLength:"128" doc:"The uuid of the event in status_log"`
}) (*JobOut, error) {
	var at crdt.Heads
	var p access.Principal
	if err := s.heavily(ctx, func() error {
		c, l, who, err := s.log(ctx, in.Target)
		if err != nil {
			return err
		}
		defer c.Close()
		p = who
		k, err := l.KnewAtStatus(in.Event)
		at = k.Heads
		return err
	}); err != nil {
		return nil, err
	}
	if len(at) == 0 {
		return nil, crdt.Errorf(crdt.KindNotFound, "the job was made with this event: nothing was known before")
	}
	id, err := in.doc()
	if err != nil {
		return nil, err
	}
	return s.job(ctx, p, id, at)
}

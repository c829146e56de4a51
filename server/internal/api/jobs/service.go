package jobs

import (
	"context"
	"log/slog"
	"runtime"
	"strconv"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
)

// People is what the API needs to know of accounts.
type People interface {
	// Active tells whether a user of an organisation exists and may sign in.
	Active(org, user string) (bool, error)
	// Assignees are the foreman, with edit access, and the members of a team; an error of kind NotFound where there is no such team.
	Assignees(org, team string) ([]job.Assignee, error)
	// Worker tells whether a user of an organisation is a worker.
	Worker(org, user string) (bool, error)
}

// Options are what New needs.
type Options struct {
	Documents *documents.Service
	Index     *index.Index
	People    People
	Now       func() time.Time // nil: time.Now
	// Stopping is closed when the server begins to stop: streams end then. Nil: it never does.
	Stopping <-chan struct{}
	// Heartbeat is how often a stream without events shows that it lives. 0: 15 seconds.
	Heartbeat time.Duration
	Log       *slog.Logger
}

// Service is the operations over documents.
type Service struct {
	opt     Options
	heavy   chan struct{} // a token for each history that is worked on
	exports exports
	streams streams
}

// New makes a Service.
func New(opt Options) *Service {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Heartbeat == 0 {
		opt.Heartbeat = defaultHeartbeat
	}
	return &Service{opt: opt, streams: streams{all: make(chan struct{}, maxStreamsAll)}, heavy: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Register adds the operations to the API.
func (s *Service) Register(a *api.API) {
	s.registerJobs(a)
	s.registerTemplates(a)
	s.registerClients(a)
	s.registerSites(a)
}

func (s *Service) now() crdt.Timestamp { return crdt.Timestamp(s.opt.Now().UnixMilli()) }

// Target names a document in the path.
type Target struct {
	ID string `path:"id" maxLength:"64" doc:"The document's id"`
}

// doc is the id. What is no id names nothing.
func (t Target) doc() (crdt.DocID, error) {
	id, err := crdt.ParseDocID(t.ID)
	if err != nil {
		return id, documents.ErrNoDocument
	}
	return id, nil
}

// Muting asks that nobody is notified.
type Muting struct {
	Mute bool `header:"Fieldsync-Mute" doc:"true: nobody is notified of this change, and webhooks of the same API key do not hear of it. For dispatchers and above, and integrations"`
}

// author says who makes a change, for package job. Entries get ids of the request's idempotency key, one after another.
func (s *Service) author(ctx context.Context, p access.Principal) job.Author {
	n := 0
	return job.Author{User: p.User, Device: p.Device, Class: classOf(p), Now: s.now(), NewID: func() string {
		n++
		id, _ := api.NewID(ctx, "entry "+strconv.Itoa(n))
		return uuid.UUID(id).String()
	}}
}

func classOf(p access.Principal) job.Class {
	switch p.Role {
	case access.RoleOwner, access.RoleAdministrator, access.RoleDispatcher:
		return job.ClassDispatcher
	default:
		return job.ClassWorker
	}
}

// load reads a document of a kind for who asks; documents.ErrNoDocument where it is of another.
func (s *Service) load(ctx context.Context, p access.Principal, id crdt.DocID, kind string) (*documents.Copy, map[string]any, error) {
	c, err := s.stored(ctx, p, id, kind)
	if err != nil {
		return nil, nil, err
	}
	var tree map[string]any
	if err = c.Open(ctx); err == nil {
		tree, err = c.Doc.Tree()
	}
	if err != nil {
		c.Close()
		return nil, nil, err
	}
	return c, tree, nil
}

// stored is load without the values.
func (s *Service) stored(ctx context.Context, p access.Principal, id crdt.DocID, kind string) (*documents.Copy, error) {
	c, err := s.opt.Documents.Stored(ctx, p, id)
	if err == nil && c.Record.Kind != kind {
		c.Close()
		return nil, documents.ErrNoDocument
	}
	return c, err
}

// asked gives who asks, for which document, and which heads it must have; nil: any.
func (s *Service) asked(ctx context.Context, to Target, match IfMatch) (p access.Principal, id crdt.DocID, want crdt.Heads, err error) {
	if p, err = api.Principal(ctx); err != nil {
		return p, id, nil, err
	}
	if id, err = to.doc(); err != nil {
		return p, id, nil, err
	}
	want, err = s.precondition(p, id, match)
	return p, id, want, err
}

// change is an edit that is being made.
type change struct {
	who    access.Principal
	author job.Author
	tree   map[string]any // the document as it is
}

// edit makes one change of a document of a kind: what fn gives of the state that it is shown.
func (s *Service) edit(ctx context.Context, kind string, to Target, match IfMatch, mute Muting, fn func(c *change) ([]crdt.Edit, error)) error {
	p, id, want, err := s.asked(ctx, to, match)
	if err != nil {
		return err
	}
	_, err = s.opt.Documents.Edit(ctx, p, id, documents.EditOptions{If: want, Mute: mute.Mute}, func(tx *engine.Tx) error {
		value, err := tx.Get()
		if err != nil {
			return err
		}
		tree, _ := value.(map[string]any)
		if job.KindOf(tree) != kind {
			return documents.ErrNoDocument
		}
		edits, err := fn(&change{who: p, author: s.author(ctx, p), tree: tree})
		if err != nil {
			return err
		}
		return tx.Apply(edits...)
	})
	return differs(err)
}

// operation describes one in few words.
func operation(id, method, path, summary, tag string) huma.Operation {
	return huma.Operation{OperationID: id, Method: method, Path: api.Prefix + path, Summary: summary, Tags: []string{tag}}
}

package jobs

import (
	"context"
	"net/http"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
)

// Template is a template as the API gives it.
type Template struct {
	Meta
	job.Template
}

// Client is a client as the API gives it.
type Client struct {
	Meta
	job.ClientRecord
}

// Site is a site as the API gives it.
type Site struct {
	Meta
	job.Site
}

// DocOut answers with a document that is no job.
type DocOut[T any] struct {
	Status   int
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     *T
}

// kindOf is how documents of a kind that is no job are read and made.
type kindOf[T, L any] struct {
	kind, path string
	read       func(tree map[string]any, m Meta) *T
	parse      func(form Form, a job.Author) ([]crdt.Edit, error)
	rows       func(rows []Row, p Paged) L // a page of them
}

var templates = kindOf[Template, TemplateList]{
	kind: job.KindTemplate, path: "templates",
	read: func(tree map[string]any, m Meta) *Template {
		t, _ := job.ReadTemplate(tree)
		return &Template{m, t}
	},
	parse: func(form Form, a job.Author) ([]crdt.Edit, error) {
		t, wrong := job.ParseTemplate(form, a)
		if err := wrong.Err(); err != nil {
			return nil, err
		}
		return job.NewTemplate(t)
	},
	rows: func(rows []Row, p Paged) TemplateList { return TemplateList{rows, p} },
}

var clients = kindOf[Client, ClientList]{
	kind: job.KindClient, path: "clients",
	read: func(tree map[string]any, m Meta) *Client {
		c, _ := job.ReadClient(tree)
		return &Client{m, c}
	},
	parse: func(form Form, a job.Author) ([]crdt.Edit, error) {
		c, wrong := job.ParseClient(form, a)
		if err := wrong.Err(); err != nil {
			return nil, err
		}
		return job.NewClient(c)
	},
	rows: func(rows []Row, p Paged) ClientList { return ClientList{rows, p} },
}

var sites = kindOf[Site, SiteList]{
	kind: job.KindSite, path: "sites",
	read: func(tree map[string]any, m Meta) *Site {
		s, _ := job.ReadSite(tree)
		return &Site{m, s}
	},
	parse: func(form Form, a job.Author) ([]crdt.Edit, error) {
		s, wrong := job.ParseSite(form, a)
		if err := wrong.Err(); err != nil {
			return nil, err
		}
		return job.NewSite(s)
	},
	rows: func(rows []Row, p Paged) SiteList { return SiteList{rows, p} },
}

// get reads a document of the kind, as it is or as it was.
func (k kindOf[T, L]) get(ctx context.Context, s *Service, p access.Principal, id crdt.DocID, at crdt.Heads) (*DocOut[T], error) {
	c, err := s.stored(ctx, p, id, k.kind)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	v, err := viewOf(ctx, c, at)
	if err != nil {
		return nil, err
	}
	if job.KindOf(v.tree) != k.kind {
		return nil, documents.ErrNoDocument
	}
	return &DocOut[T]{Status: http.StatusOK, ETag: index.ETag(v.heads), Body: k.read(v.tree, v.meta)}, nil
}

func (k kindOf[T, L]) answer(ctx context.Context, s *Service, in *GetIn) (*DocOut[T], error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	id, err := in.doc()
	if err != nil {
		return nil, err
	}
	at, err := parseHeads("query.at", in.At)
	if err != nil {
		return nil, err
	}
	if fresh, err := s.unchanged(p, id, in.IfNoneMatch, at); err != nil || fresh != "" {
		return &DocOut[T]{Status: http.StatusNotModified, ETag: fresh}, err
	}
	return k.get(ctx, s, p, id, at)
}

func (k kindOf[T, L]) create(ctx context.Context, s *Service, in *CreateIn) (*DocOut[T], error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	form, _, err := s.named(ctx, p, cloned(in.Body))
	if err != nil {
		return nil, err
	}
	edits, err := k.parse(form, s.author(ctx, p))
	if err != nil {
		return nil, err
	}
	id, err := s.create(ctx, p, in.Muting, edits)
	if err != nil {
		return nil, err
	}
	out, err := k.get(ctx, s, p, id, nil)
	if err != nil {
		return nil, err
	}
	out.Status, out.Location = http.StatusCreated, made(k.path, id)
	return out, nil
}

func (k kindOf[T, L]) patch(ctx context.Context, s *Service, in *PatchIn) (*DocOut[T], error) {
	p, err := api.Principal(ctx)
	if err != nil {
		return nil, err
	}
	form, _, err := s.named(ctx, p, cloned(in.Body))
	if err != nil {
		return nil, err
	}
	if err := s.edit(ctx, k.kind, in.Target, in.IfMatch, in.Muting, func(c *change) ([]crdt.Edit, error) {
		return job.Patch(c.tree, form, c.author)
	}); err != nil {
		return nil, err
	}
	id, err := in.doc()
	if err != nil {
		return nil, err
	}
	return k.get(ctx, s, p, id, nil)
}

package jobs

import (
	"context"
	"net/http"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/job"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/api"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/index"
	"fieldsync/server/internal/problem"
)

// Meta is what is known of a document beside what it says itself.
type Meta struct {
	ID        string         `json:"id" doc:"The document's id"`
	URL       string         `json:"url" doc:"Its address for automerge-repo"`
	Version   int            `json:"version" doc:"How many changes it holds"`
	Heads     []string       `json:"heads" doc:"The newest changes: this state of it. For at and for restoring"`
	UpdatedAt crdt.Timestamp `json:"updated_at" doc:"When the newest change arrived here"`
	CreatedBy string         `json:"created_by" doc:"Who made it: user:<id> or integration:<id>"`
}

// Job is a job as the API gives it.
type Job struct {
	Meta
	job.Job
	Clashes []job.Clash  `json:"clashes" doc:"What several people wrote at once, until somebody settles it"`
	Next    []job.Status `json:"next_statuses" doc:"The statuses that who asks may give it now"`
}

// JobOut answers with a job.
type JobOut struct {
	Status   int
	ETag     string `header:"ETag"`
	Location string `header:"Location"`
	Body     *Job
}

// GetIn asks for a document.
type GetIn struct {
	Target
	IfNoneMatch
	At string `query:"at" maxLength:"4096" doc:"Heads, with commas between: the document as it was then. Without: as it is"`
}

func (s *Service) getJob(ctx context.Context, in *GetIn) (*JobOut, error) {
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
		return &JobOut{Status: http.StatusNotModified, ETag: fresh}, err
	}
	return s.job(ctx, p, id, at)
}

// unchanged gives the tag of a document that the client has as it is; empty where it has not.
func (s *Service) unchanged(p access.Principal, id crdt.DocID, m IfNoneMatch, at crdt.Heads) (string, error) {
	if m.NoneMatch == "" {
		return "", nil
	}
	heads, err := s.opt.Documents.Heads(p, id)
	if err != nil {
		return "", err
	}
	if at != nil {
		heads = at
	}
	if tag := index.ETag(heads); lists(m.NoneMatch, tag, true) {
		return tag, nil
	}
	return "", nil
}

// job reads a job as it is now, or as it was at heads.
func (s *Service) job(ctx context.Context, p access.Principal, id crdt.DocID, at crdt.Heads) (*JobOut, error) {
	c, err := s.stored(ctx, p, id, job.Kind)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	v, err := viewOf(ctx, c, at)
	if err != nil {
		return nil, err
	}
	if job.KindOf(v.tree) != job.Kind {
		return nil, documents.ErrNoDocument
	}
	out := &Job{Meta: v.meta, Next: []job.Status{}}
	out.Job, _ = job.Read(v.tree)
	clashes, err := v.doc.Clashes()
	if err != nil {
		return nil, err
	}
	out.Clashes = job.Clashes(v.tree, clashes)
	if at == nil && c.Access.Write {
		out.Next = job.Next(out.Outcome, classOf(p))
	}
	return &JobOut{Status: http.StatusOK, ETag: index.ETag(v.heads), Body: out}, nil
}

// view is a document at some heads. It lives as long as the copy.
type view struct {
	meta  Meta
	heads crdt.Heads
	doc   *engine.Doc
	tree  map[string]any
}

// viewOf opens a copy.
func viewOf(ctx context.Context, c *documents.Copy, at crdt.Heads) (view, error) {
	n, _, last, err := c.Times()
	if err != nil {
		return view{}, err
	}
	v := view{heads: c.Heads, meta: Meta{ID: c.ID.String(), URL: crdt.URL{Doc: c.ID}.String(), Version: n, UpdatedAt: last, CreatedBy: c.Record.Creator}}
	if at != nil && !at.Equal(c.Heads) {
		err = v.goBack(ctx, c, at)
	} else {
		err = c.Open(ctx)
		v.doc = c.Doc
	}
	if err != nil {
		return view{}, err
	}
	for _, h := range v.heads {
		v.meta.Heads = append(v.meta.Heads, h.String())
	}
	v.tree, err = v.doc.Tree()
	return v, err
}

// goBack makes the view one of earlier heads.
func (v *view) goBack(ctx context.Context, c *documents.Copy, at crdt.Heads) error {
	h, arrivals, err := c.History()
	if err != nil {
		return err
	}
	for _, x := range at {
		if !h.Has(x) {
			return &problem.Problem{Status: http.StatusNotFound, Code: "no-such-heads", Detail: "The document has no such change."}
		}
	}
	later := map[int]bool{}
	for _, i := range h.Since(at) {
		later[i] = true
	}
	v.meta.Version, v.meta.UpdatedAt = h.Len()-len(later), 0
	for i, t := range arrivals {
		if !later[i] {
			v.meta.UpdatedAt = max(v.meta.UpdatedAt, crdt.Timestamp(t))
		}
	}
	v.heads = at
	v.doc, err = c.OpenAt(ctx, at)
	return err
}

// maxHeads bounds the heads of a request: as many people do not write at once.
const maxHeads = 60

// parseHeads reads heads with commas between; nil for an empty text.
func parseHeads(field, s string) (crdt.Heads, error) {
	if s == "" {
		return nil, nil
	}
	parts := strings.Split(s, ",")
	if len(parts) > maxHeads {
		return nil, wrong(field, "has more than %d heads", maxHeads)
	}
	var hashes []crdt.Hash
	for _, part := range parts {
		h, err := crdt.ParseHash(strings.TrimSpace(part))
		if err != nil {
			return nil, wrong(field, "must be changes' hashes in hexadecimal, with commas between")
		}
		hashes = append(hashes, h)
	}
	return crdt.NewHeads(hashes...), nil
}

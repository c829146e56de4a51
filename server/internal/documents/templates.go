package documents

import (
	"sync"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// maxTemplates bounds the templates that are looked through for the one that a worker's new job names. An organisation has dozens.
const maxTemplates = 2000

// maxKnownOrgs bounds the organisations whose templates are kept in memory, some KB each.
const maxKnownOrgs = 1000

// workerTemplates keeps the names of the templates that workers may make jobs from, of each organisation that was asked about: the answer is
// wanted for each change that makes a job, also for those that are refused, and reading it is a range of the store and a record for each template.
type workerTemplates struct {
	mu      sync.Mutex
	known   map[string]*offered // by organisation
	changes uint64              // how often something was forgotten
}

// offered are an organisation's templates, by uuid and document id those that workers may use.
type offered struct {
	names map[string]bool
	docs  map[crdt.DocID]bool // all that there are, by their inner ids
}

// workerTemplate tells whether an organisation has a template of this name, its uuid or its document's id, that workers may make jobs from.
func (s *Service) workerTemplate(org, name string) bool {
	t := &s.templates
	t.mu.Lock()
	o, changes := t.known[org], t.changes
	t.mu.Unlock()
	if o == nil {
		var err error
		if o, err = s.readOffered(org); err != nil {
			return false
		}
		t.mu.Lock()
		if t.changes == changes { // else it may be of before
			if len(t.known) >= maxKnownOrgs {
				t.known = nil
			}
			if t.known == nil {
				t.known = map[string]*offered{}
			}
			t.known[org] = o
		}
		t.mu.Unlock()
	}
	return o.names[name]
}

// changed hears that the record of a document has become another one, and is durable.
func (t *workerTemplates) changed(doc crdt.DocID, meta []byte) {
	rec, err := access.DecodeRecord(meta)
	if err != nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if o := t.known[rec.Org]; rec.Kind == job.KindTemplate || o != nil && o.docs[doc] {
		delete(t.known, rec.Org)
		t.changes++
	}
}

func (s *Service) readOffered(org string) (*offered, error) {
	ids, err := s.namespace(org)
	if err != nil {
		return nil, err
	}
	o := &offered{names: map[string]bool{}, docs: map[crdt.DocID]bool{}}
	return o, s.store.View(func(r store.Reader) error {
		docs, err := scanList(r, org, templates, maxTemplates)
		if err != nil {
			return err
		}
		for _, doc := range docs {
			o.docs[doc] = true
			rec, err := drive.ReadRecord(r, doc)
			if err != nil {
				continue
			}
			if t, err := access.DecodeRecord(rec.Meta); err == nil && t.Kind == job.KindTemplate && t.WorkerCreate {
				o.names[ids.Outer(doc).String()] = true
				if t.UUID != "" {
					o.names[t.UUID] = true
				}
			}
		}
		return nil
	})
}

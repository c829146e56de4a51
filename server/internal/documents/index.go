package documents

import (
	"errors"
	"slices"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// everybody is the name under which all documents of an organisation are listed, for those who may see all. No user is
// called so: ids are not empty.
const everybody = ""

// maxInventory bounds the documents that are compared with a connection. Who may see more asks for what he wants to see.
const maxInventory = 50_000

// Stored is changes of a job that become durable in one write.
type Stored struct {
	Doc         crdt.DocID    // the inner id
	From, To    int           // indices of the changes: From to To-1, in the order of admission
	Before, Now access.Record // the record; Before is zero where the job is made in this write
}

// index is drive.Config.Index: it keeps the lists of who may see which document, and what Options.OnStore wants kept, in the same write as the record.
func (s *Service) index(doc crdt.DocID, rec replica.PutRecord) []store.Op {
	same := rec.Before != nil && slices.Equal(rec.Before, rec.Meta)
	if same && s.opt.OnStore == nil {
		return nil
	}
	next, err := access.DecodeRecord(rec.Meta)
	if err != nil {
		return nil
	}
	var ops []store.Op
	old := next
	if !same {
		old = access.Record{}
		if rec.Before != nil {
			old, _ = access.DecodeRecord(rec.Before)
		}
		ops = listOps(doc, rec.Before != nil, old, next)
	}
	if s.opt.OnStore != nil && next.Kind == job.Kind && rec.From < rec.To {
		ops = append(ops, s.opt.OnStore(Stored{Doc: doc, From: rec.From, To: rec.To, Before: old, Now: next})...)
	}
	return ops
}

// listOps moves a document from the lists of its old record, where it had one, to those of the new one.
func listOps(doc crdt.DocID, had bool, old, next access.Record) []store.Op {
	var before []string
	if had {
		before = listed(old)
	}
	now := listed(next)
	var ops []store.Op
	for _, user := range now {
		if !slices.Contains(before, user) {
			if key, err := store.UserDoc(next.Org, user, doc); err == nil {
				ops = append(ops, store.Op{Key: key, Value: []byte{}})
			}
		}
	}
	for _, user := range before {
		if !slices.Contains(now, user) {
			if key, err := store.UserDoc(next.Org, user, doc); err == nil {
				ops = append(ops, store.Op{Key: key})
			}
		}
	}
	return ops
}

// templates is the name under which an organisation's templates are listed, which every worker reads. No user is called so either.
const templates = "*templates"

// listed are the names under which a document stands in the lists: everybody's; of a job its assignees' and, if he made it as a worker,
// its creator's; of a document of no kind that we know its creator's.
func listed(r access.Record) []string {
	out := []string{everybody}
	creator, _ := strings.CutPrefix(r.Creator, access.PersonPrefix)
	isPerson := creator != r.Creator && creator != ""
	switch {
	case r.Kind == job.KindTemplate:
		out = append(out, templates)
	case r.Kind == job.Kind:
		out = append(out, r.Assignees...)
		if isPerson && r.MadeAsWorker() {
			out = append(out, creator)
		}
	case r.Opaque() && isPerson:
		out = append(out, creator)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// inventory is drive.Config.Inventory: what a connection's principal may see, as he calls it.
func (s *Service) inventory(p replica.Principal) ([]replica.Item, error) {
	items, err := s.readable(p)
	names := namesOf(p)
	for i := range items {
		items[i].Doc = names.Outer(items[i].Doc)
	}
	return replica.SortItems(items), err
}

// readable is what a principal may see, by inner ids, with the digests of the heads. A document may be there twice.
func (s *Service) readable(p replica.Principal) ([]replica.Item, error) {
	who, ok := p.(principal)
	if !ok {
		return nil, nil
	}
	var lists []string
	switch who.Role {
	case access.RoleOwner, access.RoleAdministrator, access.RoleDispatcher, access.RoleDirector:
		lists = []string{everybody}
	case access.RoleWorker:
		lists = []string{templates}
		if who.User != "" { // else that would be everybody's
			lists = append(lists, who.User)
		}
	}
	var items []replica.Item
	err := s.store.View(func(r store.Reader) error {
		for _, name := range lists {
			if err := s.list(r, who, name, &items); err != nil {
				return err
			}
		}
		return nil
	})
	return items, err
}

// list adds the documents of a list that a principal may read.
func (s *Service) list(r store.Reader, who principal, name string, items *[]replica.Item) error {
	docs, err := scanList(r, who.Org, name, maxInventory-len(*items))
	if err != nil {
		return err
	}
	for _, doc := range docs {
		rec, err := drive.ReadRecord(r, doc)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if name != everybody { // whoever reads that list reads all that is in it
			if meta, err := access.DecodeRecord(rec.Meta); err != nil || !access.Decide(who.Principal, meta).Read {
				continue
			}
		}
		*items = append(*items, replica.Item{Doc: doc, Digest: replica.DigestHeads(rec.Heads)})
	}
	return nil
}

// scanList gives at most so many documents of a list.
func scanList(r store.Reader, org, name string, most int) (docs []crdt.DocID, err error) {
	prefix, err := store.UserDocs(org, name)
	if err != nil {
		return nil, err
	}
	err = r.Scan(prefix, nil, func(key, _ []byte) error {
		if len(docs) >= most {
			return store.ErrStop
		}
		docs = append(docs, store.ParseKey(key).Doc)
		return nil
	})
	return docs, err
}

// observer passes on what crdt/drive tells.
type observer struct{ m Metrics }

func (o observer) FrameIgnored(reason string)      { o.m.FrameIgnored(reason) }
func (o observer) FrameIn(kind string, bytes int)  { o.m.FrameReceived(kind, bytes) }
func (o observer) FrameOut(kind string, bytes int) { o.m.FrameSent(kind, bytes) }
func (o observer) FrameDropped()                   { o.m.FrameDropped() }
func (o observer) SnapshotBuilt(took time.Duration, _, _ int, err error) {
	o.m.SnapshotBuilt(took, err)
}
func (o observer) Damaged(crdt.DocID, error) { o.m.DocumentDamaged() }

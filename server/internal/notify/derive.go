package notify

import (
	"context"
	"errors"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/documents"
	"fieldsync/server/internal/notify/rules"
)

// errNoMark says that a document has no marked changes.
var errNoMark = errors.New("notify: no mark")

// maxTold bounds the changes of others that are looked at in detail at once; of more only those are that may assign or set a status, and the newest.
const maxTold = 200

// derive tells a document's marked changes apart, and puts what follows from them into the outbox, in the write that removes the marks.
func (n *Notifier) derive(ctx context.Context, doc crdt.DocID) error {
	var d derivation
	// One state: what is read without a mark has one that is told later, or was told.
	if err := n.opt.Store.View(func(r store.Reader) (err error) {
		if d.mark, d.from, d.keys, err = readMarks(r, doc); err != nil {
			return err
		}
		if len(d.keys) == 0 {
			return errNoMark
		}
		d.copy, err = documents.ReadFrom(r, n.opt.Room, doc)
		return err
	}); err != nil {
		return err
	}
	defer d.copy.Close()
	names, err := n.opt.Namespace(d.copy.Record.Org)
	if err != nil {
		return unavailable(err)
	}
	if err := d.read(ctx, n.opt.People); err != nil {
		return err
	}
	told := map[subID]rules.Notice{}
	for _, user := range d.people() {
		notice, ok := rules.Decide(rules.Input{User: user, Before: slices.Contains(d.mark.Before, user), Now: slices.Contains(d.copy.Record.Assignees, user),
			Entries: d.entries, Job: &d.job, OldLabel: d.oldLabel, Name: func(user string) string { return d.name(n.opt.People, user) }})
		if !ok {
			continue
		}
		n.mu.Lock()
		for _, id := range n.byUser[person{d.copy.Record.Org, user}] {
			told[id] = notice
		}
		n.mu.Unlock()
	}
	return n.enqueue(doc, names.Outer(doc), d.mark.At, told, d.keys)
}

// derivation is a document's marked changes.
type derivation struct {
	mark mark
	from int
	keys [][]byte
	copy *documents.Copy

	history *history.History
	job     job.Job
	entries []rules.Entry
	named   map[string]string
}

// read reads the job as it is, and what the changes did.
func (d *derivation) read(ctx context.Context, people People) error {
	h, arrivals, err := d.copy.History()
	if err != nil {
		return err
	}
	if err := d.copy.Open(ctx); err != nil {
		return err
	}
	tree, err := d.copy.Doc.Tree()
	if err != nil {
		return err
	}
	d.history = h
	d.job, _ = job.Read(tree)
	log := audit.New(h, audit.Options{Arrived: func(i int) int64 { return arrivals[i] }})
	for i := d.from; i < h.Len(); i++ {
		author := string(h.Author(i))
		e := rules.Entry{User: userOf(author), Plans: h.TouchesUnder(i, i+1, job.KeyAssignees, job.KeyStatusLog)}
		if !e.Plans && h.Len()-i > maxTold {
			e.More = 1
			d.entries = append(d.entries, e)
			continue
		}
		said, err := log.Entry(h.Hash(i))
		if err != nil {
			return err
		}
		role := access.RoleDispatcher // a program's key lets it write, so it may mute
		if e.User != "" {
			e.By, role = people.NameAndRole(d.copy.Record.Org, e.User)
		}
		e.Muted = documents.Muted(said.Message, role)
		e.Did, e.More = said.Did, said.More
		d.entries = append(d.entries, e)
	}
	return nil
}

// userOf is the user of an author, <organisation>/user:<id>; empty for a program.
func userOf(author string) string {
	_, id, _ := strings.Cut(author, "/")
	user, ok := strings.CutPrefix(id, access.PersonPrefix)
	if !ok {
		return ""
	}
	return user
}

// people are those who may have to be told.
func (d *derivation) people() []string {
	all := slices.Concat(d.mark.Before, d.copy.Record.Assignees)
	slices.Sort(all)
	return slices.Compact(all)
}

func (d *derivation) name(people People, user string) string {
	if name, ok := d.named[user]; ok {
		return name
	}
	if d.named == nil {
		d.named = map[string]string{}
	}
	name, _ := people.NameAndRole(d.copy.Record.Org, user)
	if name == "" {
		name = "Somebody"
	}
	d.named[user] = name
	return name
}

// oldLabel is what people called the job by before the changes.
func (d *derivation) oldLabel() string {
	if d.from == 0 {
		return ""
	}
	raws := make([][]byte, d.from)
	for i := range raws {
		raws[i] = d.history.Raw(i)
	}
	doc, err := engine.Load(raws...)
	if err != nil {
		return ""
	}
	defer doc.Close()
	tree, err := doc.Tree()
	if err != nil {
		return ""
	}
	j, _ := job.Read(tree)
	return j.Label()
}

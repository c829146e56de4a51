package notify

import (
	"errors"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
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

// deriveAll tells the marked changes of some jobs apart, and puts what follows from them into the outbox, in the write that removes the marks: one for all.
// It gives the jobs of which that failed.
func (n *Notifier) deriveAll(docs ...crdt.DocID) map[crdt.DocID]error {
	failed := map[crdt.DocID]error{}
	var all []derived
	for _, doc := range docs {
		d, err := n.derive(doc)
		if err != nil {
			failed[doc] = err
			continue
		}
		all = append(all, d)
	}
	if err := n.enqueue(all); err != nil {
		for _, d := range all {
			failed[d.doc] = err
		}
	}
	return failed
}

// derived is what follows from a document's marked changes.
type derived struct {
	doc, outer crdt.DocID
	at         int64 // of the first of the changes
	told       map[subID]rules.Notice
	marks      [][]byte // their keys
}

// derive tells a document's marked changes apart.
func (n *Notifier) derive(doc crdt.DocID) (derived, error) {
	out := derived{doc: doc, told: map[subID]rules.Notice{}}
	var d derivation
	last := -1
	// One state: what is read without a mark has one that is told later, or was told.
	if err := n.opt.Store.View(func(r store.Reader) (err error) {
		if d.mark, d.from, last, out.marks, err = readMarks(r, doc); err != nil {
			return err
		}
		if len(out.marks) == 0 {
			return errNoMark
		}
		d.copy, err = documents.ReadFrom(r, n.opt.Room, doc)
		return err
	}); err != nil {
		if errors.Is(err, errNoMark) {
			n.seen(doc, last)
		}
		return out, err
	}
	defer d.copy.Close()
	n.seen(doc, last)
	names, err := n.opt.Namespace(d.copy.Record.Org)
	if err != nil {
		return out, unavailable(err)
	}
	out.outer, out.at = names.Outer(doc), d.mark.At
	if err := d.read(n.opt.People); err != nil {
		return out, err
	}
	for _, user := range d.people() {
		devices := n.devicesOf(d.copy.Record.Org, user)
		if len(devices) == 0 {
			continue
		}
		notice, ok := rules.Decide(rules.Input{User: user, Before: slices.Contains(d.mark.Before, user), Now: slices.Contains(d.copy.Record.Assignees, user),
			Entries: d.entries, Job: &d.job, OldLabel: d.oldLabel, Name: func(user string) string { return d.name(n.opt.People, user) }})
		if !ok {
			continue
		}
		for _, id := range devices {
			out.told[id] = notice
		}
	}
	return out, nil
}

// derivation is a document's marked changes, from an index on.
type derivation struct {
	mark mark
	from int
	copy *documents.Copy

	history *history.History
	job     job.Job
	entries []rules.Entry
	named   map[string]string
}

// read reads the job as it is, and what the changes did.
func (d *derivation) read(people People) error {
	h, arrivals, err := d.copy.History()
	if err != nil {
		return err
	}
	d.history = h
	d.job = jobOf(h, h.Replay().Now())
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
	j := jobOf(d.history, d.history.Replay().Where(func(i int) bool { return i < d.from }))
	return j.Label()
}

// Places of a job that a notice is made of; a job without a title goes by one of the unnamed places.
var (
	places  = []string{job.KeyTitle, job.KeyAddress, job.KeyScheduledAt, job.KeyStatusLog, job.KeyCustomFields, job.KeyReportFields}
	unnamed = []string{job.KeyDescription, job.KeySerialNo}
)

// Of a job that is larger than any is, a notice tells less.
const (
	maxValues = 1 << 17
	maxBytes  = 4 << 20
)

// jobOf reads what a notice is made of, out of the changes themselves: the engine would read all of the job, at many times the cost.
func jobOf(h *history.History, v *history.View) job.Job {
	budget := history.Budget{Values: maxValues, Bytes: maxBytes}
	tree := make(map[string]any, len(places))
	read := func(keys []string) (j job.Job) {
		for _, key := range keys {
			if op, ok := v.Winner(h.Root(), key); ok {
				tree[key] = v.Value(op, &budget)
			}
		}
		j, _ = job.Read(tree) // what is missing or wrong reads as empty
		return j
	}
	j := read(places)
	if j.Title == "" {
		j = read(unnamed)
	}
	return j
}

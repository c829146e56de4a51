package index

import (
	"context"
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

const (
	// maxBatchRows and maxBatchBytes bound what is written in one batch: changes of documents wait behind it. Of a long queue more is written
	// at once, as much as a transaction of the store takes.
	maxBatchRows      = 64
	maxBatchBytes     = 256 << 10
	longQueue         = 500
	maxLongBatchBytes = 800 << 10

	// maxTries is how often a document is read in vain before it is left until its next change or the next start, and the waits
	// between, which double.
	maxTries  = 6
	firstWait = time.Second
)

// load reads documents that are due and makes their rows.
func (x *Index) load() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for x.ctx.Err() == nil {
		it, wait, ok := x.queue.take(time.Now())
		if ok {
			select {
			case x.results <- x.make(it):
			case <-x.ctx.Done():
			}
			continue
		}
		if wait < 0 {
			wait = time.Hour
		}
		timer.Reset(wait)
		select {
		case <-x.queue.wake:
		case <-timer.C:
		case <-x.ctx.Done():
		}
	}
}

// read loads a document by its inner id, and names it as its organisation does.
func (x *Index) read(ctx context.Context, inner crdt.DocID) (*Document, error) {
	d, err := x.opt.Load(ctx, inner)
	if err != nil || d == nil {
		return d, err
	}
	names, err := x.namespace(d.Org)
	d.ID = names.Outer(inner)
	return d, err
}

// namespace gives an organisation's document ids: of one that there is not, which nobody asks for, the store's.
func (x *Index) namespace(org string) (access.Namespace, error) {
	names, err := x.opt.Namespace(org)
	switch {
	case err == nil, crdt.KindOf(err) == crdt.KindNotFound:
		return names, nil
	default:
		return names, crdt.Errorf(crdt.KindUnavailable, "index: %w", err)
	}
}

// make reads a document and makes its row.
func (x *Index) make(it item) result {
	out := result{it: it}
	started := time.Now()
	out.doc, out.err = x.read(x.ctx, it.doc)
	x.slow.note(it.doc, time.Since(started))
	if crdt.KindOf(out.err) == crdt.KindNotFound {
		out.doc, out.err = nil, nil
	}
	if out.err != nil || out.doc == nil {
		return out
	}
	d := out.doc
	out.made = made{doc: d.ID, org: d.Org, digest: d.digest(), changes: d.Changes, by: d.By}
	if indexed(d.Kind) {
		var der derived
		if der, out.err = derive(d); out.err == nil {
			out.derived = &der
		}
	}
	d.Tree = nil // as large as the document; the row has what it needs
	return out
}

// write puts rows into batches, a few at a time, and writes them.
func (x *Index) write() {
	for first := range x.results {
		group := []result{first}
		size, most := first.size(), maxBatchBytes
		if x.queue.waits() > longQueue {
			most = maxLongBatchBytes
		}
	gather:
		for len(group) < maxBatchRows && size < most {
			select {
			case r, ok := <-x.results:
				if !ok {
					break gather
				}
				group = append(group, r)
				size += r.size()
			default:
				break gather
			}
		}
		x.commit(group)
	}
}

// size guesses the bytes that a row's writes take: what repeats is the JSON.
func (r *result) size() int {
	if r.derived == nil {
		return 100
	}
	return (11 + 2*r.head.assignees.len()) * (len(r.json) + 200)
}

// commit writes the rows of what was read, and tells of them.
func (x *Index) commit(group []result) {
	defer func() {
		for i := range group {
			x.queue.done(group[i].it.doc)
		}
	}()
	ready := group[:0:0]
	for _, r := range group {
		switch {
		case r.err != nil:
			x.failed(r.it, r.err)
		case r.org != "": // else there is no such document, or it is nobody's
			ready = append(ready, r)
		}
	}
	rows := make([]made, len(ready))
	for i := range ready {
		rows[i] = ready[i].made
	}
	err := x.put(rows)
	for i, r := range ready {
		if err != nil && len(ready) > 1 && !errors.Is(err, store.ErrFull) { // perhaps it is one of them only
			x.settle(r.it, x.put(rows[i:i+1]))
		} else {
			x.settle(r.it, err)
		}
	}
}

// settle ends with a row that was written, or not.
func (x *Index) settle(it item, err error) {
	if err != nil {
		x.failed(it, crdt.Errorf(crdt.KindUnavailable, "index: %w", err))
		return
	}
	x.opt.Metrics.RowLate(time.Since(it.since))
}

// put writes rows in one batch, waits until it is durable, and tells of them.
func (x *Index) put(rows []made) error {
	x.writing.Lock()
	defer x.writing.Unlock()
	b := &batch{gen: x.gen.Load(), onRow: x.opt.OnRow, orgs: map[string]bool{}, last: map[string]uint64{}, counts: map[string]*counted{}, held: map[string]*held{}}
	if err := x.opt.Store.View(func(r store.Reader) error {
		b.r = r
		for _, m := range rows {
			if err := b.add(m); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return err
	}
	if len(b.ops) == 0 {
		return nil
	}
	if err := store.Write(x.opt.Store, b.finish()); err != nil {
		return err
	}
	x.opt.Metrics.RowsWritten(b.rows)
	if x.opt.OnWritten != nil && len(b.events) > 0 {
		x.opt.OnWritten(b.events)
	}
	x.subs.publish(b.events)
	if x.text != nil {
		for org := range b.orgs {
			x.text.ring(org)
		}
	}
	return nil
}

// failed sees to it that a document is tried again, where that may help.
func (x *Index) failed(it item, err error) {
	if x.ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
		return
	}
	x.opt.Metrics.RowFailed()
	passing := crdt.KindOf(err) == crdt.KindUnavailable
	if it.tries == 0 {
		x.outerLog.Error("no row could be made of a document", "doc", it.doc.String(), "again", passing, "error", err.Error())
	}
	if !passing || it.tries+1 >= maxTries && !errors.Is(err, store.ErrFull) {
		return
	}
	it.due = time.Now().Add(firstWait << min(it.tries, 6))
	it.tries++
	x.queue.offer(it)
}

package notify

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/documents"
)

// mark says that changes of a job, from an index on, have not been told apart yet.
type mark struct {
	// Before are those who were assigned before the changes.
	Before []string `json:"before,omitempty"`
	At     int64    `json:"at"` // ms since 1970
}

// OnStore is documents.Options.OnStore: it marks changes of a job that somebody with a subscription has or had, in their own write.
func (n *Notifier) OnStore(c documents.Stored) []store.Op {
	someone := func(user string) bool { return n.subscribed(c.Now.Org, user) }
	if !slices.ContainsFunc(c.Before.Assignees, someone) && !slices.ContainsFunc(c.Now.Assignees, someone) {
		return nil
	}
	value, err := json.Marshal(mark{Before: c.Before.Assignees, At: n.opt.Now().UnixMilli()})
	if err != nil {
		return nil // never: strings and a number
	}
	n.mu.Lock()
	n.expected[c.Doc] = expected{from: c.From}
	n.mu.Unlock()
	return []store.Op{{Key: markKey(c.Doc, c.From), Value: value}}
}

// expected is a mark that was given away to be written: whoever reads the job's marks before it is durable does not see it.
type expected struct {
	from  int // its index
	tries int // how often it was looked for in vain
}

// OnChange hears of a document, by its inner id, whose changes are durable. It does not block.
func (n *Notifier) OnChange(doc crdt.DocID) {
	n.mu.Lock()
	_, marked := n.expected[doc]
	if marked {
		n.marked.advance(doc, n.readAt())
	}
	n.mu.Unlock()
	if marked {
		n.kickDerive()
	}
}

// readAt is when a change of now is read: with others, as one write for all costs little more than one for each.
func (n *Notifier) readAt() time.Time {
	gather := min(n.opt.Calm, maxGather)
	round := gather / 4
	return n.opt.Now().Add(gather - round).Truncate(round).Add(round)
}

func (n *Notifier) kickDerive() {
	select {
	case n.deriving <- struct{}{}:
	default:
	}
}

// failedPause is how long a job is left alone that could not be read, or whose notices could not be written.
const failedPause = 10 * time.Second

// maxTogether bounds the jobs that are told apart for one write.
const maxTogether = 32

// maxRest bounds a rest.
const maxRest = 100 * time.Millisecond

// deriveMarked tells marked changes apart, until ctx ends. It rests for as long as it works, so that where all cores are busy it never takes more than half
// of one; what waits then is told together.
func (n *Notifier) deriveMarked(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		docs, wait := n.takeMarked()
		if len(docs) > 0 {
			began := time.Now()
			failed := n.deriveAll(docs...)
			wait = time.Since(began)
			if ctx.Err() != nil || !n.noteDerived(docs, failed, wait) {
				return
			}
			wait = min(wait, maxRest)
		}
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			return
		case <-n.deriving:
			if len(docs) == 0 {
				continue
			}
			select { // a rest is not cut short
			case <-ctx.Done():
				return
			case <-timer.C:
			}
		case <-timer.C:
		}
	}
}

// takeMarked gives jobs that are due; without any, how long there will be none.
func (n *Notifier) takeMarked() (docs []crdt.DocID, wait time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for len(docs) < maxTogether {
		doc, due, ok := n.marked.next()
		if !ok {
			return docs, longest
		}
		if wait = due.Sub(n.opt.Now()); wait > 0 {
			return docs, min(wait, longest)
		}
		n.marked.drop(doc)
		docs = append(docs, doc)
	}
	return docs, 0
}

// noteDerived looks at what came of jobs that were due. False: the store is closed.
func (n *Notifier) noteDerived(docs []crdt.DocID, failed map[crdt.DocID]error, took time.Duration) bool {
	for _, doc := range docs {
		err := failed[doc]
		switch {
		case errors.Is(err, store.ErrClosed):
			return false
		case errors.Is(err, errNoMark):
			continue
		}
		n.opt.Metrics.Derived(took/time.Duration(len(docs)), err)
		if err == nil {
			continue
		}
		n.opt.Log.Error("a job's notices could not be told apart", "doc", doc.String(), "error", err.Error())
		if crdt.KindOf(err) == crdt.KindUnavailable {
			n.mu.Lock()
			n.marked.advance(doc, n.opt.Now().Add(failedPause))
			n.mu.Unlock()
		} else if err := n.dropMarks(doc); err != nil {
			n.opt.Log.Error("a mark was not removed", "doc", doc.String(), "error", err.Error())
		}
	}
	return true
}

// maxExpected is how often a mark is looked for that was to be written. A write that failed is made again by the document, with a mark of its own.
const maxExpected = 30

// seen notes the last of a job's marks that was read; less than 0: there was none. One that is expected still is looked for again.
func (n *Notifier) seen(doc crdt.DocID, last int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	e, ok := n.expected[doc]
	if !ok {
		return
	}
	if e.tries++; last >= e.from || e.tries > maxExpected {
		delete(n.expected, doc)
		return
	}
	n.expected[doc] = e
	n.marked.advance(doc, n.opt.Now().Add(failedPause))
}

// readMarks gives the first mark of a document, the indices of the first and of the last, and the keys of all.
func readMarks(r store.Reader, doc crdt.DocID) (first mark, from, last int, keys [][]byte, err error) {
	prefix := marksOf(doc)
	from, last = -1, -1
	err = r.Scan(prefix, nil, func(key, value []byte) error {
		if len(key) != len(prefix)+8 {
			return crdt.Errorf(crdt.KindInternal, "notify: a mark's key is not ours")
		}
		last = int(binary.BigEndian.Uint64(key[len(prefix):])) //nolint:gosec // an index
		if len(keys) == 0 {
			from = last
			if err := json.Unmarshal(value, &first); err != nil {
				return crdt.Errorf(crdt.KindInternal, "notify: a mark is not ours: %w", err)
			}
		}
		keys = append(keys, slices.Clone(key))
		return nil
	})
	return first, from, last, keys, err
}

// dropMarks removes the marks of a document that nobody can read.
func (n *Notifier) dropMarks(doc crdt.DocID) error {
	var ops []store.Op
	if err := n.opt.Store.Scan(marksOf(doc), nil, func(key, _ []byte) error {
		ops = append(ops, store.Op{Key: slices.Clone(key)})
		return nil
	}); err != nil || len(ops) == 0 {
		return err
	}
	return store.Write(n.opt.Store, ops)
}

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
	// Before are those of the job's people with a subscription who were assigned before the changes.
	Before []string `json:"before,omitempty"`
	At     int64    `json:"at"` // ms since 1970
}

// OnStore is documents.Options.OnStore: it marks changes of a job that somebody with a subscription has or had, in their own write.
func (n *Notifier) OnStore(c documents.Stored) []store.Op {
	m := mark{At: n.opt.Now().UnixMilli()}
	anybody := false
	for _, user := range c.Before.Assignees {
		if n.subscribed(c.Now.Org, user) {
			m.Before, anybody = append(m.Before, user), true
		}
	}
	for _, user := range c.Now.Assignees {
		anybody = anybody || n.subscribed(c.Now.Org, user)
	}
	if !anybody {
		return nil
	}
	value, err := json.Marshal(m)
	if err != nil {
		return nil // never: strings and a number
	}
	n.mu.Lock()
	n.expected[c.Doc] = 0
	n.mu.Unlock()
	return []store.Op{{Key: markKey(c.Doc, c.From), Value: value}}
}

// OnChange hears of a document, by its inner id, whose changes are durable. It does not block.
func (n *Notifier) OnChange(doc crdt.DocID) {
	n.mu.Lock()
	_, marked := n.expected[doc]
	if marked {
		n.marked.add(doc, n.opt.Now().Add(min(n.opt.Calm, maxGather)))
	}
	n.mu.Unlock()
	if marked {
		n.kickDerive()
	}
}

func (n *Notifier) kickDerive() {
	select {
	case n.deriving <- struct{}{}:
	default:
	}
}

// failedPause is how long a job is left alone that could not be read, or whose notices could not be written.
const failedPause = 10 * time.Second

// deriveMarked tells marked changes apart, one job after the other, until ctx ends.
func (n *Notifier) deriveMarked(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		n.mu.Lock()
		doc, due, ok := n.marked.next()
		wait := longest
		if ok {
			wait = min(due.Sub(n.opt.Now()), longest)
		}
		tries, expected := 0, false
		if ok && wait <= 0 {
			n.marked.drop(doc)
			tries, expected = n.expected[doc]
			delete(n.expected, doc)
		}
		n.mu.Unlock()
		if !ok || wait > 0 {
			timer.Reset(wait)
			select {
			case <-ctx.Done():
				return
			case <-n.deriving:
			case <-timer.C:
			}
			continue
		}
		began := time.Now()
		err := n.derive(ctx, doc)
		if ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
			return
		}
		if errors.Is(err, errNoMark) {
			if expected && tries < maxExpected { // the notice was of an earlier write; the mark's own is under way
				n.expectAgain(doc, tries+1)
			}
			continue
		}
		n.opt.Metrics.Derived(time.Since(began), err)
		if err != nil {
			n.opt.Log.Error("a job's notices could not be told apart", "doc", doc.String(), "error", err.Error())
			if crdt.KindOf(err) == crdt.KindUnavailable {
				n.mu.Lock()
				n.marked.add(doc, n.opt.Now().Add(failedPause))
				n.mu.Unlock()
			} else if err := n.dropMarks(doc); err != nil {
				n.opt.Log.Error("a mark was not removed", "doc", doc.String(), "error", err.Error())
			}
		}
	}
}

// maxExpected is how often a mark is looked for that was to be written. A write that failed is made again by the document.
const maxExpected = 30

func (n *Notifier) expectAgain(doc crdt.DocID, tries int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, ok := n.expected[doc]; !ok {
		n.expected[doc] = tries
	}
	n.marked.add(doc, n.opt.Now().Add(failedPause))
}

// readMarks gives the marks of a document, the first first, and the keys of all.
func readMarks(r store.Reader, doc crdt.DocID) (first mark, from int, keys [][]byte, err error) {
	prefix := marksOf(doc)
	err = r.Scan(prefix, nil, func(key, value []byte) error {
		if len(keys) == 0 {
			if len(key) != len(prefix)+8 {
				return crdt.Errorf(crdt.KindInternal, "notify: a mark's key is not ours")
			}
			from = int(binary.BigEndian.Uint64(key[len(prefix):])) //nolint:gosec // an index
			if err := json.Unmarshal(value, &first); err != nil {
				return crdt.Errorf(crdt.KindInternal, "notify: a mark is not ours: %w", err)
			}
		}
		keys = append(keys, slices.Clone(key))
		return nil
	})
	return first, from, keys, err
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

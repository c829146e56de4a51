package client

import (
	"context"
	"errors"
	"slices"
	"sync"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// A document's row is there when a list is first asked for, so that no list has to be derived from documents. The row of a new document, as a first sync
// brings hundreds, is in the document's own write; that of one that changed is made right behind it. Of those a kill leaves few unmade, and
// the next list makes them.

// withRow adds the row to the write that brings a document here.
func withRow(ops []store.Op) []store.Op {
	var doc crdt.DocID
	stored := replica.Loaded{}
	for _, op := range ops {
		if op.Value == nil {
			continue
		}
		switch k := store.ParseKey(op.Key); k.Family {
		case store.FamilyRecord:
			doc, stored.Record = k.Doc, op.Value
		case store.FamilySnapshot:
			stored.Snapshot = op.Value
		case store.FamilyChange:
			stored.Changes = append(stored.Changes, replica.PutChange{Index: k.Index, Value: op.Value})
		}
	}
	whole := stored.Snapshot != nil || len(stored.Changes) > 0 && stored.Changes[0].Index == 0
	if stored.Record == nil || !whole {
		return ops
	}
	tree, heads, err := readStored(doc, stored)
	if err != nil {
		return ops // what cannot be read is told where somebody reads it
	}
	row, err := rowOp(doc, tree, heads, &Row{})
	if err != nil {
		return ops
	}
	return append(slices.Clip(ops), row)
}

// rowMaker makes the rows of documents that changed.
type rowMaker struct {
	mu      sync.Mutex
	waiting map[crdt.DocID]struct{}
	idle    chan struct{} // closed when nothing waits and nothing is made; nil: that is so
}

// makeRow sees that the document's row is made, soon. It blocks on nothing, and is called while the Drive runs.
func (c *Client) makeRow(doc crdt.DocID) {
	m := &c.rowMaker
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.waiting == nil {
		m.waiting = map[crdt.DocID]struct{}{}
	}
	m.waiting[doc] = struct{}{}
	if m.idle == nil {
		m.idle = make(chan struct{})
		c.writing.Go(c.makeRows)
	}
}

// rowsAtOnce are written in one batch.
const rowsAtOnce = 16

// makeRows makes the rows that wait, until none does.
func (c *Client) makeRows() {
	m := &c.rowMaker
	for {
		m.mu.Lock()
		var docs []crdt.DocID
		for doc := range m.waiting {
			docs = append(docs, doc)
			delete(m.waiting, doc)
			if len(docs) == rowsAtOnce {
				break
			}
		}
		if len(docs) == 0 {
			close(m.idle)
			m.idle = nil
			m.mu.Unlock()
			return
		}
		m.mu.Unlock()
		if err := c.keepRows(docs); err != nil {
			c.log.Warn("rows could not be kept", "error", err.Error())
		}
	}
}

func (c *Client) keepRows(docs []crdt.DocID) error {
	var rows []store.Op
	for _, doc := range docs {
		heads, err := c.Heads(doc)
		if errors.Is(err, ErrNotFound) {
			continue // it was taken out since
		}
		if err != nil {
			return err
		}
		_, fresh, err := c.row(doc, heads)
		if err != nil {
			c.log.Error("a document cannot be read", "doc", doc.String(), "error", err.Error())
		}
		if fresh != nil {
			rows = append(rows, *fresh)
		}
	}
	if len(rows) == 0 {
		return nil
	}
	return store.Write(c.store, rows)
}

// rowsMade waits until the rows of what is here are made.
func (c *Client) rowsMade(ctx context.Context) {
	c.rowMaker.mu.Lock()
	idle := c.rowMaker.idle
	c.rowMaker.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

package index

import (
	"context"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/documents"
)

// FromStore gives an Options.Load that reads documents from a store, past whatever holds them in memory: what is durable is all
// that a row may tell of.
func FromStore(s store.Reader) func(ctx context.Context, doc crdt.DocID) (*Document, error) {
	return func(_ context.Context, doc crdt.DocID) (*Document, error) {
		c, err := documents.ReadFrom(s, doc)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		n, first, last, err := c.Arrivals()
		if err != nil {
			return nil, err
		}
		d := &Document{
			ID: doc, Org: c.Record.Org, Kind: c.Record.Kind, Creator: c.Record.Creator, Readers: c.Record.Assignees,
			Heads: c.Heads, Changes: n, First: crdt.Timestamp(first), Last: crdt.Timestamp(last),
		}
		if indexed(d.Kind) {
			d.Tree, err = c.Doc.Tree()
		}
		return d, err
	}
}

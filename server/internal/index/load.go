package index

import (
	"context"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/documents"
)

// FromStore gives an Options.Load that reads documents from a store, past whatever holds them in memory: what is durable is all
// that a row may tell of. The values of documents that have rows take their room from this one.
func FromStore(s store.Reader, room *documents.Room) func(ctx context.Context, doc crdt.DocID) (*Document, error) {
	return func(ctx context.Context, doc crdt.DocID) (*Document, error) {
		c, err := documents.ReadFrom(s, room, doc)
		if err != nil {
			return nil, err
		}
		defer c.Close()
		n, first, last, err := c.Times()
		if err != nil {
			return nil, err
		}
		d := &Document{
			Org: c.Record.Org, Kind: c.Record.Kind, Creator: c.Record.Creator, Readers: c.Record.Assignees,
			CreatorReads: c.Record.Kind == job.Kind && c.Record.MadeAsWorker(),
			By:           by(c), Heads: c.Heads, Changes: uint64(n), First: first, Last: last, //nolint:gosec // a count
		}
		if !indexed(d.Kind) {
			return d, nil
		}
		if err := c.Open(ctx); err != nil {
			return nil, err
		}
		d.Tree, err = c.Doc.Tree()
		return d, err
	}
}

// by keeps what tells the authors of a copy's changes.
func by(c *documents.Copy) func(from uint64) ([]By, error) {
	return func(from uint64) ([]By, error) {
		changes, err := c.ChangesFrom(from)
		var out []By
		for _, ch := range changes {
			_, principal, _ := strings.Cut(string(ch.Author), "/")
			if one := (By{principal, ch.Message}); len(out) < MaxBy && !slices.Contains(out, one) {
				out = append(out, one)
			}
		}
		return out, err
	}
}

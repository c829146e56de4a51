package client

import (
	"context"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// Unsent is what was made here and has not reached the server.
type Unsent struct {
	Changes  int          // in all documents
	Jobs     []UnsentDoc  // the documents that have some
	Files    []UnsentFile // not confirmed by the server
	Refused  []Work       // what the server has refused for good; it is not among Changes
	Bytes    int64        // of the files, without what the server has of them
	LastSync time.Time    // when everything was last exchanged; zero: never
}

// UnsentDoc is what the server has not got of one document.
type UnsentDoc struct {
	ID       crdt.DocID
	Changes  int
	Since    time.Time // when the oldest of them was made
	Refused  int       // how many of them the server did not take, or build on one that it did not take
	Refusals []Refusal
}

// Refusal is a change that the server did not take. It stays here, and is offered again with every sync.
type Refusal struct {
	Change crdt.Hash
	Code   crdt.RefusalCode
	Detail string
	At     time.Time
}

// UnsentFile is a file that the server has not confirmed.
type UnsentFile struct {
	ID        crdt.DocID // the document that it belongs to
	SHA256    string
	Name      string
	Size      int64
	QueuedAt  time.Time
	Sent      int64  // bytes that the server has of it
	Attempts  int    // that failed
	LastError string // why the last attempt failed; empty before the first
}

// Unsent counts what waits. It needs no network.
func (c *Client) Unsent(ctx context.Context) (Unsent, error) {
	var out Unsent
	var err error
	if out.LastSync, err = c.LastSync(); err != nil {
		return out, err
	}
	server, err := c.fact(factServer)
	if err != nil {
		return out, err
	}
	var some []crdt.DocID
	err = drive.Records(c.store, func(doc crdt.DocID, rec replica.Record) error {
		shared, err := c.sharedHeads(doc, crdt.StorageID(server))
		for _, heads := range shared {
			if heads.Equal(rec.Heads) {
				return nil // the usual case: nothing is opened
			}
		}
		some = append(some, doc)
		return err
	})
	if err != nil {
		return out, err
	}
	if out.Refused, err = c.Refused(ctx); err != nil {
		return out, err
	}
	for _, doc := range some {
		u, err := c.unsentOf(ctx, doc)
		if err != nil {
			return out, err
		}
		if u.Changes > 0 {
			out.Jobs = append(out.Jobs, u)
			out.Changes += u.Changes
		}
	}
	files, err := c.outbox()
	for _, f := range files {
		out.Files = append(out.Files, UnsentFile{ID: f.doc, SHA256: f.ref.String(), Name: f.Name, Size: f.Size, Sent: f.Sent,
			QueuedAt: time.UnixMilli(f.QueuedAt), Attempts: f.Attempts, LastError: f.LastError})
		out.Bytes += f.Size - f.Sent
	}
	return out, err
}

// unsentOf looks at one document, and forgets refusals of what the server has taken since.
func (c *Client) unsentOf(ctx context.Context, doc crdt.DocID) (UnsentDoc, error) {
	out := UnsentDoc{ID: doc}
	server, err := c.fact(factServer)
	if err != nil {
		return out, err
	}
	known, err := c.knownHashes(doc, crdt.StorageID(server))
	if err != nil {
		return out, err
	}
	refusals, err := c.refusals(doc)
	if err != nil {
		return out, err
	}
	err = c.inspect(ctx, doc, func(d *replica.Document) error {
		h, _, err := d.View()
		if err != nil {
			return err
		}
		bad := map[uint32]bool{} // refused, or built on what was
		for _, i := range h.Since(known) {
			hash := h.Hash(i)
			r, refused := refusals[hash]
			delete(refusals, hash)
			bad[uint32(i)] = refused
			for _, dep := range h.Deps(i) {
				bad[uint32(i)] = bad[uint32(i)] || bad[dep]
			}
			if h.Author(i) != self {
				continue
			}
			out.Changes++
			if bad[uint32(i)] {
				out.Refused++
			}
			if refused {
				out.Refusals = append(out.Refusals, Refusal{Change: hash, Code: r.Code, Detail: r.Detail, At: time.UnixMilli(r.At)})
			}
			if at := time.UnixMilli(d.Arrived(i)); out.Since.IsZero() || at.Before(out.Since) {
				out.Since = at
			}
		}
		return nil
	})
	if err == nil {
		for hash := range refusals {
			c.note(store.Op{Key: refusedKey(doc, hash)})
		}
	}
	return out, err
}

package client

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/job"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// Unsent is what was made here and has not reached the server.
type Unsent struct {
	Changes  int          // in all documents
	Edits    int          // these as a person counts them: what one did in one go is one, also a text that was typed
	Attached int          // files as a person counts them: without the previews that go with them
	Jobs     []UnsentDoc  // the documents that have some
	Files    []UnsentFile // not confirmed by the server
	Refused  []Work       // what the server has refused for good; it is not among Changes
	Bytes    int64        // of the files, without what the server has of them
	LastSync time.Time    // when everything was last exchanged; zero: never
	Failed   Failure      // of the attempts to exchange everything since then
}

// Failure tells of attempts that failed, the last one of a row.
type Failure struct {
	Attempts int       `json:"attempts"` // 0: none
	Reason   string    `json:"reason"`   // of the last one
	At       time.Time `json:"at"`       // when it was
}

// UnsentDoc is what the server has not got of one document.
type UnsentDoc struct {
	ID       crdt.DocID
	Changes  int
	Edits    int       // as a person counts them
	Bytes    int64     // of the changes
	Status   bool      // a status is among them: what goes first
	Did      []Did     // what they did, the oldest first; at most maxUnsentDid
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

// maxUnsentDid bounds what is told of a document's unsent changes.
const maxUnsentDid = 50

// UnsentFile is a file that the server has not confirmed.
type UnsentFile struct {
	ID        crdt.DocID // the document that it belongs to
	SHA256    string
	Name      string
	Kind      string // "preview", "thumbnail": it goes with a picture; empty: a file that somebody attached
	Size      int64
	QueuedAt  time.Time
	Sent      int64  // bytes that the server has of it
	Asked     bool   // by SendNow: it goes whatever the link
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
	if out.Failed, err = c.failure(); err != nil {
		return out, err
	}
	some, err := c.unshared()
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
			out.Edits += u.Edits
		}
	}
	files, err := c.outbox()
	for _, f := range files {
		if f.Kind == "" {
			out.Attached++
		}
		out.Files = append(out.Files, UnsentFile{ID: f.doc, SHA256: f.ref.String(), Name: f.Name, Kind: f.Kind, Size: f.Size, Sent: f.Sent, Asked: f.asked,
			QueuedAt: time.UnixMilli(f.QueuedAt), Attempts: f.Attempts, LastError: f.LastError})
		out.Bytes += f.Size - f.Sent
	}
	if out.Attached == 0 && len(out.Files) > 0 {
		out.Attached = 1 // what is left of one
	}
	return out, err
}

// unshared gives the documents of which the server is not known to hold all that is here. Nothing is opened for it.
func (c *Client) unshared() ([]crdt.DocID, error) {
	server, err := c.fact(factServer)
	if err != nil {
		return nil, err
	}
	var out []crdt.DocID
	err = drive.Records(c.store, func(doc crdt.DocID, rec replica.Record) error {
		shared, err := c.sharedHeads(doc, crdt.StorageID(server))
		if !slices.ContainsFunc(shared, rec.Heads.Equal) {
			out = append(out, doc)
		}
		return err
	})
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
			out.Bytes += int64(len(h.Raw(i)))
			out.Status = out.Status || h.TouchesUnder(i, i+1, job.KeyStatusLog)
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
		if out.Changes == 0 {
			return nil
		}
		return out.tell(audit.New(h, audit.Options{Arrived: d.Arrived}), known)
	})
	if err == nil {
		for hash := range refusals {
			c.note(store.Op{Key: refusedKey(doc, hash)})
		}
	}
	return out, err
}

// tell counts a document's unsent changes as people do, and tells what they did.
func (u *UnsentDoc) tell(log *audit.Log, known []crdt.Hash) error {
	q := audit.Query{Since: crdt.NewHeads(known...), Oldest: true, Limit: audit.MaxLimit, Fold: true}
	for {
		page, err := log.Page(q)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			if e.Author != self {
				continue
			}
			u.Edits++
			if len(u.Did) < maxUnsentDid {
				u.Did = append(u.Did, toDid(e.Did)...)
			}
		}
		if q.After = page.Next; q.After == (crdt.Hash{}) {
			u.Did = u.Did[:min(len(u.Did), maxUnsentDid)]
			return nil
		}
	}
}

// noteFailed notes that an attempt to exchange everything failed.
func (c *Client) noteFailed(err error) {
	f, _ := c.failure()
	value, merr := json.Marshal(Failure{Attempts: f.Attempts + 1, Reason: err.Error(), At: time.Now()})
	if merr == nil {
		c.note(store.Op{Key: store.Local(bookFact, []byte(factFailure)), Value: value})
	}
}

// failure tells of the attempts that failed since the last that did not.
func (c *Client) failure() (Failure, error) {
	var f Failure
	v, err := c.fact(factFailure)
	if err == nil && v != nil {
		err = json.Unmarshal(v, &f)
	}
	return f, err
}

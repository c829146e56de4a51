package client

import (
	"cmp"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// Work is work of ours that the server has refused for good. It stands in its document no more, so that what was done afterwards could
// reach the server. It is kept here, whole, until somebody has it done again or dismisses it.
type Work struct {
	ID        crdt.Hash        // of the change that was refused
	Doc       crdt.DocID       //
	SerialNo  string           // of the job
	Job       string           // what the job was called
	Code      crdt.RefusalCode // why
	Detail    string           // the server's words; empty where it had none
	RefusedAt time.Time
	MadeAt    time.Time
	Did       []Did   // what it would have done
	Along     []Along // what later changes had done to things that it had made, and that went with it
	Whole     bool    // it made the document, which is gone with it
	Changes   [][]byte
}

// Along is work that went with a refused change, because it was done on something that this one had made.
type Along struct {
	Change crdt.Hash
	MadeAt time.Time
	Did    []Did
}

// Did is what a change did in one place, with values as JSON has them.
type Did struct {
	Path    crdt.Path      `json:"path"`
	Kind    audit.Kind     `json:"kind"`
	Old     []any          `json:"old,omitempty"`
	New     any            `json:"new,omitempty"`
	Delta   int64          `json:"delta,omitempty"`
	Mark    string         `json:"mark,omitempty"`
	Splices []audit.Splice `json:"splices,omitempty"`
	Cut     bool           `json:"cut,omitempty"` // a value is longer than what is told
}

// UnmarshalJSON gives the indexes in a path back as numbers that count.
func (d *Did) UnmarshalJSON(data []byte) error {
	type plain Did
	if err := json.Unmarshal(data, (*plain)(d)); err != nil {
		return err
	}
	for i, step := range d.Path {
		if n, ok := step.(float64); ok {
			d.Path[i] = int(n)
		}
	}
	return nil
}

// Refused work is kept up to these bounds. Beyond them nothing more is taken out of documents: what is refused then waits
// where it is, and with it what was done afterwards, until somebody dismisses something.
const (
	maxWorks     = 1000
	maxWorkBytes = 64 << 20 // as much as a document
)

// workEntry is work as it is stored, under its document and its change.
type workEntry struct {
	SerialNo  string           `json:"serial_no,omitempty"`
	Job       string           `json:"job,omitempty"`
	Code      crdt.RefusalCode `json:"code"`
	Detail    string           `json:"detail,omitempty"`
	RefusedAt int64            `json:"refused_at"` // ms since 1970
	Whole     bool             `json:"whole,omitempty"`
	Pieces    []workPiece      `json:"pieces"` // the refused change first
	Files     []workFile       `json:"files,omitempty"`

	// Pending says that the document may still hold it: it was about to be taken out when this was written.
	Pending bool `json:"pending,omitempty"`
	// Again is the change that does it again; the document may not hold it yet.
	Again string `json:"again,omitempty"`
}

type workPiece struct {
	Change string `json:"change"` // the hash, in hexadecimal
	Raw    []byte `json:"raw"`
	Ops    []int  `json:"ops,omitempty"` // which of its operations; none: all
	MadeAt int64  `json:"made_at"`       // ms since 1970
	Did    []Did  `json:"did"`
}

// workFile is a file that only the refused work names: it waits with it.
type workFile struct {
	SHA256 string `json:"sha256"`
	queued
}

func workKey(doc crdt.DocID, change crdt.Hash) []byte {
	return store.Local(bookWork, append(doc[:], change[:]...))
}

func (e *workEntry) work(doc crdt.DocID, change crdt.Hash) Work {
	w := Work{ID: change, Doc: doc, SerialNo: e.SerialNo, Job: e.Job, Code: e.Code, Detail: e.Detail, RefusedAt: time.UnixMilli(e.RefusedAt), Whole: e.Whole}
	for i, p := range e.Pieces {
		w.Changes = append(w.Changes, p.Raw)
		if i == 0 {
			w.MadeAt, w.Did = time.UnixMilli(p.MadeAt), p.Did
			continue
		}
		hash, err := crdt.ParseHash(p.Change)
		if err == nil && len(p.Did) > 0 {
			w.Along = append(w.Along, Along{Change: hash, MadeAt: time.UnixMilli(p.MadeAt), Did: p.Did})
		}
	}
	return w
}

// works visits the entries of a document, or of all; doc nil.
func (c *Client) works(doc *crdt.DocID, visit func(doc crdt.DocID, change crdt.Hash, size int, e *workEntry) error) error {
	prefix := store.Locals(bookWork)
	at := len(prefix)
	if doc != nil {
		prefix = store.Local(bookWork, doc[:])
	}
	return c.store.Scan(prefix, nil, func(key, value []byte) error {
		if len(key) != at+len(crdt.DocID{})+len(crdt.Hash{}) {
			return nil
		}
		var e workEntry
		if err := json.Unmarshal(value, &e); err != nil {
			return fmt.Errorf("client: refused work %x: %w", key[at:], err)
		}
		return visit(crdt.DocID(key[at:at+16]), crdt.Hash(key[at+16:]), len(value), &e)
	})
}

// Refused is the work that the server has refused for good, the oldest first. It needs no network.
func (c *Client) Refused(ctx context.Context) ([]Work, error) {
	if err := c.tidyWorks(ctx); err != nil {
		return nil, err
	}
	var out []Work
	err := c.works(nil, func(doc crdt.DocID, change crdt.Hash, _ int, e *workEntry) error {
		if !e.Pending {
			out = append(out, e.work(doc, change))
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b Work) int { return cmp.Or(a.MadeAt.Compare(b.MadeAt), crdt.CompareHash(a.ID, b.ID)) })
	return out, err
}

// tidyWorks settles what a crash left open: work of which it was not noted that it was taken out of its document, or that it was done
// again. Where the document holds the refused change, the entry is of no use yet; it is written again when it is taken out.
func (c *Client) tidyWorks(ctx context.Context) error {
	type open struct {
		doc    crdt.DocID
		change crdt.Hash
		e      *workEntry
	}
	var list []open
	if err := c.works(nil, func(doc crdt.DocID, change crdt.Hash, _ int, e *workEntry) error {
		if e.Pending || e.Again != "" {
			list = append(list, open{doc, change, e})
		}
		return nil
	}); err != nil {
		return err
	}
	for _, x := range list {
		unlock := c.lock(x.doc) // nobody is in the middle of it
		err := c.tidyWork(ctx, x.doc, x.change)
		unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// tidyWork looks at one entry; the document is locked.
func (c *Client) tidyWork(ctx context.Context, doc crdt.DocID, change crdt.Hash) error {
	e, err := c.workOf(doc, change)
	if err != nil || !e.Pending && e.Again == "" {
		return err
	}
	again, err := crdt.ParseHash(e.Again)
	if err != nil && e.Again != "" {
		return err
	}
	held, redone, err := c.holds(ctx, doc, change, again)
	if err != nil {
		return err
	}
	key := workKey(doc, change)
	switch {
	case e.Again != "" && redone, e.Pending && held:
		return store.Write(c.store, []store.Op{{Key: key}})
	case e.Pending:
		e.Pending = false
	}
	e.Again = ""
	return c.putWork(key, e)
}

// holds tells whether a document holds two changes.
func (c *Client) holds(ctx context.Context, doc crdt.DocID, one, two crdt.Hash) (first, second bool, err error) {
	if _, err := drive.ReadRecord(c.store, doc); errors.Is(err, store.ErrNotFound) {
		return false, false, nil
	}
	err = c.inspect(ctx, doc, func(d *replica.Document) error {
		h, _, err := d.View()
		if err == nil {
			first, second = h.Has(one), h.Has(two)
		}
		return err
	})
	return first, second, err
}

// inspect looks at a document as the drive holds it.
func (c *Client) inspect(ctx context.Context, doc crdt.DocID, look func(*replica.Document) error) error {
	err := c.drive.Inspect(ctx, doc, look)
	if errors.Is(err, drive.ErrClosed) {
		return store.ErrClosed
	}
	return err
}

func (c *Client) workOf(doc crdt.DocID, change crdt.Hash) (*workEntry, error) {
	value, err := c.store.Get(workKey(doc, change))
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNotFound
	}
	var e workEntry
	if err == nil {
		err = json.Unmarshal(value, &e)
	}
	return &e, err
}

func (c *Client) putWork(key []byte, e *workEntry) error {
	value, err := json.Marshal(e)
	if err != nil {
		return err
	}
	return asFull(store.Write(c.store, []store.Op{{Key: key, Value: value}}))
}

// FindRefused finds refused work by the beginning of its id; ErrNotFound where there is none, crdt.KindInvalid where it means
// several.
func (c *Client) FindRefused(ctx context.Context, id string) (Work, error) {
	all, err := c.Refused(ctx)
	if err != nil {
		return Work{}, err
	}
	var found []Work
	for _, w := range all {
		if id != "" && strings.HasPrefix(hex.EncodeToString(w.ID[:]), strings.ToLower(id)) {
			found = append(found, w)
		}
	}
	switch len(found) {
	case 0:
		return Work{}, because(ErrNotFound, fmt.Errorf("no refused work has an id that begins with %q", id))
	case 1:
		return found[0], nil
	}
	return Work{}, crdt.Errorf(crdt.KindInvalid, "%q means %d pieces of refused work; give more of the id", id, len(found))
}

// Dismiss forgets refused work, for good: nobody will have it any more.
func (c *Client) Dismiss(ctx context.Context, w Work) error {
	defer c.lock(w.Doc)()
	if _, err := c.workOf(w.Doc, w.ID); err != nil {
		return err
	}
	return store.Write(c.store, []store.Op{{Key: workKey(w.Doc, w.ID)}})
}

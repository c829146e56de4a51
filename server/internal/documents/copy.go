package documents

import (
	"context"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// maxCopies bounds the copies that are held at once: each is a document's stored bytes at least. What their values take is bounded by Room.
const maxCopies = 16

// ErrNoDocument is the answer about a document that is not there, or that the principal may not know of. Its kind is NotFound.
var ErrNoDocument = crdt.Errorf(crdt.KindNotFound, "no such document")

// Copy is a document as it was, durable, when it was read. Its errors name no id: who has the copy knows how it is called where the error goes. Close it soon, and before another is read: they are bounded.
type Copy struct {
	ID     crdt.DocID // as its organisation calls it; zero where ReadFrom made the copy
	Heads  crdt.Heads
	Record access.Record
	Access access.Access // of who read it
	Doc    *engine.Doc   // its values; nil until Open

	stored  replica.Loaded
	chunks  [][]byte    // of stored
	view    *engine.Doc // of OpenAt
	room    *Room
	release []func()
}

// Load reads a document with its values for a principal. Errors: ErrNoDocument, also where he may not read it; ErrTooHeavy; KindUnavailable.
func (s *Service) Load(ctx context.Context, p access.Principal, doc crdt.DocID) (*Copy, error) {
	return opened(ctx)(s.Stored(ctx, p, doc))
}

// Stored reads a document for a principal as it is stored, for who needs no values or not at once. Errors: ErrNoDocument, also where he may
// not read it; KindUnavailable.
func (s *Service) Stored(ctx context.Context, p access.Principal, doc crdt.DocID) (*Copy, error) {
	inner, err := s.inner(p, doc)
	if err != nil {
		return nil, err
	}
	may, err := s.access(p, inner)
	if err != nil {
		return nil, unavailable(err)
	}
	if !may.Read {
		return nil, ErrNoDocument
	}
	c, err := s.read(ctx, inner)
	if err != nil {
		return nil, err
	}
	c.ID = doc
	if c.Access = access.Decide(p, c.Record); !c.Access.Read { // it changed between
		c.Close()
		return nil, ErrNoDocument
	}
	return c, nil
}

// read reads a document as it is stored, whoever may read it.
func (s *Service) read(ctx context.Context, doc crdt.DocID) (*Copy, error) {
	select {
	case s.copies <- struct{}{}:
	case <-ctx.Done():
		return nil, unavailable(ctx.Err())
	}
	c, err := ReadFrom(s.store, s.room, doc)
	if err != nil {
		<-s.copies
		return nil, err
	}
	c.release = append(c.release, func() { <-s.copies })
	return c, nil
}

// opened opens a copy that was read, or closes it.
func opened(ctx context.Context) func(*Copy, error) (*Copy, error) {
	return func(c *Copy, err error) (*Copy, error) {
		if err != nil {
			return nil, err
		}
		if err := c.Open(ctx); err != nil {
			c.Close()
			return nil, err
		}
		return c, nil
	}
}

// ReadFrom reads a document by its inner id from a store, whoever may read it. Its values will take their room from this one.
func ReadFrom(r store.Reader, room *Room, doc crdt.DocID) (*Copy, error) {
	c := &Copy{room: room}
	var err error
	if c.stored, err = drive.ReadDocument(r, doc); err != nil {
		return nil, unavailable(err)
	}
	if c.stored.Record == nil {
		return nil, ErrNoDocument
	}
	rec, err := replica.DecodeRecord(c.stored.Record)
	if err != nil {
		return nil, err
	}
	c.Heads = rec.Heads
	if c.Record, err = access.DecodeRecord(rec.Meta); err != nil {
		return nil, err
	}
	if c.stored.Snapshot != nil {
		chunk, err := replica.SnapshotChunk(c.stored.Snapshot)
		if err != nil {
			return nil, err
		}
		c.chunks = append(c.chunks, chunk)
	}
	if err := c.tail(func(_ int64, raw []byte) { c.chunks = append(c.chunks, raw) }); err != nil {
		return nil, err
	}
	return c, nil
}

// Open reads the document's values into memory, once there is room for them. Opening twice does nothing. Errors: ErrTooHeavy, KindUnavailable.
func (c *Copy) Open(ctx context.Context) error {
	if c.Doc != nil {
		return nil
	}
	return c.open(ctx, 1)
}

// open reads the document's values, taking the room of so many documents like it.
func (c *Copy) open(ctx context.Context, times int64) error {
	release, err := c.room.take(ctx, c.chunks, times)
	if err != nil {
		return err // without the inner id: callers of the API may read it
	}
	c.release = append(c.release, release)
	c.Doc, err = engine.Load(c.chunks...)
	return err
}

// OpenAt is Open, and gives the document as it was at heads: its own to read until the copy is closed. It takes room for both. Not for a copy that is open.
func (c *Copy) OpenAt(ctx context.Context, at crdt.Heads) (*engine.Doc, error) {
	if c.Doc != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "documents: the copy is open already")
	}
	if err := c.open(ctx, 2); err != nil {
		return nil, err
	}
	var err error
	c.view, err = c.Doc.At(at)
	return c.view, err
}

// Authored is who made a change, and what its message says.
type Authored struct {
	Author  history.Author // <organisation>/<principal id>
	Message string
}

// ChangesFrom tells of the changes from an index on, in the order of admission. Those that stand behind the snapshot, as the newest do, cost
// little.
func (c *Copy) ChangesFrom(from uint64) ([]Authored, error) {
	authors := make(map[crdt.ActorID]history.Author, len(c.stored.Actors))
	for _, a := range c.stored.Actors {
		authors[a.Actor] = a.Author
	}
	var out []Authored
	n := uint64(0)
	if c.stored.Snapshot != nil {
		times, chunk, err := replica.DecodeSnapshot(c.stored.Snapshot)
		if err != nil {
			return nil, err
		}
		if n = uint64(len(times)); from < n {
			doc, err := format.DecodeDocument(chunk, format.DefaultLimits())
			if err != nil {
				return nil, err
			}
			for _, ch := range doc.Changes[min(from, uint64(len(doc.Changes))):] {
				out = append(out, Authored{authors[ch.Actor], ch.Message})
			}
		}
	}
	var failed error
	err := c.tail(func(_ int64, raw []byte) {
		if n++; n > from && failed == nil {
			var head format.Header
			head, failed = format.DecodeHeader(raw)
			out = append(out, Authored{authors[head.Actor], head.Message})
		}
	})
	return out, errors.Join(err, failed)
}

// tail visits the changes behind the snapshot.
func (c *Copy) tail(visit func(arrived int64, raw []byte)) error {
	for _, entry := range c.stored.Changes {
		if err := replica.DecodeEntry(entry.Value, visit); err != nil {
			return err
		}
	}
	return nil
}

// History makes the document's change graph, with the time of each change's arrival here, in ms since 1970, by index.
func (c *Copy) History() (*history.History, []int64, error) {
	authors := make(map[crdt.ActorID]history.Author, len(c.stored.Actors))
	for _, a := range c.stored.Actors {
		authors[a.Actor] = a.Author
	}
	var all []history.Stored
	var arrivals []int64
	if c.stored.Snapshot != nil {
		times, chunk, err := replica.DecodeSnapshot(c.stored.Snapshot)
		if err != nil {
			return nil, nil, err
		}
		doc, err := format.DecodeDocument(chunk, format.DefaultLimits())
		if err != nil {
			return nil, nil, err
		}
		arrivals = append(arrivals, times...)
		for _, ch := range doc.Changes {
			all = append(all, history.Stored{Raw: ch.Raw, Author: authors[ch.Actor]})
		}
	}
	var failed error
	if err := c.tail(func(arrived int64, raw []byte) {
		head, err := format.DecodeHeader(raw)
		failed = errors.Join(failed, err)
		arrivals = append(arrivals, arrived)
		all = append(all, history.Stored{Raw: raw, Author: authors[head.Actor]})
	}); err != nil {
		return nil, nil, err
	}
	if failed != nil {
		return nil, nil, failed
	}
	h, err := history.Load(history.DefaultLimits(), func(yield func(history.Stored, error) bool) {
		for _, st := range all {
			if !yield(st, nil) {
				return
			}
		}
	})
	if err == nil && h.Len() != len(arrivals) {
		err = crdt.Errorf(crdt.KindInternal, "documents: %d changes and %d times of arrival", h.Len(), len(arrivals))
	}
	return h, arrivals, err
}

// Close gives the copy's memory back. Closing twice does nothing.
func (c *Copy) Close() {
	if c.view != nil {
		c.view.Close()
	}
	if c.Doc != nil {
		c.Doc.Close()
	}
	for _, release := range c.release {
		release()
	}
	c.release = nil
}

// unavailable makes a failure of the store, or of waiting for it, one that says: come again.
func unavailable(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if kind := crdt.KindOf(err); kind != crdt.KindInternal {
		return err
	}
	return crdt.Errorf(crdt.KindUnavailable, "documents: %w", err)
}

// Heads gives the newest durable heads of a document to who may read it. Errors: ErrNoDocument, KindUnavailable.
func (s *Service) Heads(p access.Principal, doc crdt.DocID) (crdt.Heads, error) {
	inner, err := s.inner(p, doc)
	if err != nil {
		return nil, err
	}
	rec, err := drive.ReadRecord(s.store, inner)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrNoDocument
	}
	if err != nil {
		return nil, unavailable(err)
	}
	who, err := access.DecodeRecord(rec.Meta)
	if err != nil {
		return nil, err
	}
	if !access.Decide(p, who).Read {
		return nil, ErrNoDocument
	}
	return rec.Heads, nil
}

// Times tells how many changes the document holds, and when the first and the newest of them arrived here.
func (c *Copy) Times() (n int, first, last crdt.Timestamp, err error) {
	note := func(arrived int64) {
		at := crdt.Timestamp(arrived)
		if n == 0 || at < first {
			first = at
		}
		last = max(last, at)
		n++
	}
	if c.stored.Snapshot != nil {
		arrivals, _, err := replica.DecodeSnapshot(c.stored.Snapshot)
		if err != nil {
			return 0, 0, 0, err
		}
		for _, at := range arrivals {
			note(at)
		}
	}
	err = c.tail(func(arrived int64, _ []byte) { note(arrived) })
	return n, first, last, err
}

// KnewOf tells whether a principal may know that a document is there, or may have known it earlier: he made it, or is or was assigned.
func (s *Service) KnewOf(p access.Principal, doc crdt.DocID) (bool, error) {
	may, err := s.Access(p, doc)
	if err != nil {
		return false, unavailable(err)
	}
	return may.Exists(), nil // who was assigned may still write
}

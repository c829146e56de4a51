package client

import (
	"context"
	"errors"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// Redone tells what became of refused work that was done again.
type Redone struct {
	Done int // operations that were done again, or were needed no more
	Left int // that cannot be: what they worked on is gone. They stay among the refused work
}

// Again does refused work once more, on what stands in its job now, as one new change: for when the server takes it now, as after a
// job came back. It is durable when Again returns, and goes out as any change does; should the server refuse it again it comes
// back into the book. Errors: ErrNotFound where the job is not here any more, crdt.KindConflict where nothing of it can be done.
func (c *Client) Again(ctx context.Context, w Work) (Redone, error) {
	a, _, err := c.signedIn()
	if err != nil {
		return Redone{}, err
	}
	defer c.lock(w.Doc)()
	if err := c.tidyWork(ctx, w.Doc, w.ID); err != nil {
		return Redone{}, err
	}
	e, err := c.workOf(w.Doc, w.ID)
	if err != nil {
		return Redone{}, err
	}
	_, err = drive.ReadRecord(c.store, w.Doc)
	switch {
	case errors.Is(err, store.ErrNotFound) && e.Whole:
		return c.bringBack(ctx, &a, w, e)
	case errors.Is(err, store.ErrNotFound):
		return Redone{}, because(ErrNotFound, errors.New("the job is not here any more"))
	case err != nil:
		return Redone{}, err
	}
	return c.redo(ctx, &a, w, e)
}

// bringBack makes a document that the server had refused from the start, of the very changes that made it.
func (c *Client) bringBack(ctx context.Context, a *account, w Work, e *workEntry) (Redone, error) {
	ev := replica.Append{Author: self, Principal: c.owner(a)}
	r := Redone{}
	for _, p := range e.Pieces {
		change, err := format.DecodeChange(p.Raw, format.DefaultLimits())
		if err != nil {
			return Redone{}, err
		}
		r.Done += len(change.Ops)
		ev.Raws = append(ev.Raws, p.Raw)
	}
	e.Again = e.Pieces[0].Change
	return r, c.doAgain(ctx, w, e, ev, nil)
}

// redo makes a change of the work on the heads of now.
func (c *Client) redo(ctx context.Context, a *account, w Work, e *workEntry) (Redone, error) {
	actor, err := c.actorOf(a, w.Doc)
	if err != nil {
		return Redone{}, err
	}
	ask := history.Redo{Actor: actor, Time: time.Now().Unix()}
	all := 0
	for i, p := range e.Pieces {
		change, err := format.DecodeChange(p.Raw, format.DefaultLimits())
		if err != nil {
			return Redone{}, err
		}
		if i == 0 {
			ask.Message = change.Message
		}
		if n := len(p.Ops); n > 0 {
			all += n
		} else {
			all += len(change.Ops)
		}
		ask.Pieces = append(ask.Pieces, history.Piece{Raw: p.Raw, Ops: p.Ops})
	}
	var raw []byte
	var left []history.Left
	if err := c.inspect(ctx, w.Doc, func(d *replica.Document) error {
		h, _, err := d.View()
		if err == nil {
			raw, left, err = h.Redo(ask)
		}
		return err
	}); err != nil {
		return Redone{}, err
	}
	r := Redone{Done: all - len(left), Left: len(left)}
	if raw == nil && len(left) > 0 {
		return r, crdt.Errorf(crdt.KindConflict, "nothing of it can be done again: what it worked on is gone")
	}
	rest := e.rest(left)
	if raw == nil { // all of it stands there, or is gone, as it was to be
		return r, c.finishAgain(w, e, rest)
	}
	head, err := format.DecodeHeader(raw)
	if err != nil {
		return Redone{}, err
	}
	e.Again = head.Hash.String()
	return r, c.doAgain(ctx, w, e, replica.Append{Author: self, Principal: c.owner(a), Raws: [][]byte{raw}}, rest)
}

// rest are the pieces that are left undone; nil: none.
func (e *workEntry) rest(left []history.Left) []workPiece {
	ops := map[int][]int{}
	for _, l := range left {
		ops[l.Piece] = append(ops[l.Piece], l.Op)
	}
	var out []workPiece
	for i, p := range e.Pieces {
		if ops[i] != nil {
			p.Ops = ops[i]
			out = append(out, p)
		}
	}
	return out
}

// doAgain appends what does the work again. A crash on the way finds out by the entry's Again whether it was done: see tidyWork.
func (c *Client) doAgain(ctx context.Context, w Work, e *workEntry, ev replica.Append, rest []workPiece) error {
	if err := c.putWork(workKey(w.Doc, w.ID), e); err != nil {
		return err
	}
	if err := c.requeue(w.Doc, e); err != nil {
		return err
	}
	// Not to be cancelled: the next change has to know whether this one is there.
	if err := c.drive.Append(context.WithoutCancel(ctx), w.Doc, ev); err != nil {
		e.Again = ""
		return errors.Join(c.appended(err), c.putWork(workKey(w.Doc, w.ID), e))
	}
	c.drive.Subscribe(0, w.Doc)
	signal(c.outboxChanged)
	return c.finishAgain(w, e, rest)
}

// finishAgain leaves of an entry what was not done.
func (c *Client) finishAgain(w Work, e *workEntry, rest []workPiece) error {
	if len(rest) == 0 {
		return store.Write(c.store, []store.Op{{Key: workKey(w.Doc, w.ID)}})
	}
	e.Pieces, e.Again, e.Files = rest, "", nil
	return c.putWork(workKey(w.Doc, w.ID), e)
}

// requeue puts the work's files into the outbox again; they never left the folder.
func (c *Client) requeue(doc crdt.DocID, e *workEntry) error {
	for _, f := range e.Files {
		ref, err := blobs.ParseRef(f.SHA256)
		if err != nil {
			continue
		}
		if err := c.putOutbox(outboxEntry{doc: doc, ref: ref, queued: queued{Name: f.Name, Size: f.Size, QueuedAt: f.QueuedAt}}); err != nil {
			return err
		}
	}
	return nil
}

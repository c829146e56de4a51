package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// A change that the server has refused for good would keep everything from the server that is done in its document afterwards. So
// when the exchange is over it is taken out: into the book of refused work, where a person finds it, and what was done
// afterwards is made anew without it, under the next generation's actor. In this order, each step durable before the next:
//
//	the next generation, and the book, with the entries pending
//	the document: replica.Discard
//	the entries are no more pending, and what the server said of these changes is forgotten
//
// A crash in between leaves the document as it was or as it is to be, and the book is never without what the document has lost:
// see tidyWork. The next session does it again, if the server refuses again.

// errBookFull says that there is no room for more refused work.
var errBookFull = errors.New("too much refused work is kept; dismiss some of it (fieldsync unsent --dismiss)")

// maxMoves bounds how often in a session a document's changes are written under another actor because of the actor alone: a server
// that still does not take them has another reason. Then they are refused work.
const maxMoves = 3

// recovery is what is to be done about a document's refused changes.
type recovery struct {
	discard  replica.Discard
	ops      []store.Op // the generation and the book
	works    map[crdt.Hash]*workEntry
	order    []crdt.Hash // of works
	refused  []crdt.Hash // what the server has said something of
	moved    bool        // some of it is written under another actor as it is
	vanished int         // changes of which nothing is made anew
}

// recover takes out of a document what the server has refused for good.
func (c *Client) recover(ctx context.Context, s *session, doc crdt.DocID) error {
	defer c.lock(doc)()
	r, err := c.plan(ctx, s, doc)
	if err != nil || r == nil {
		return err
	}
	if err := c.roomFor(r); err != nil {
		return err
	}
	if err := store.Write(c.store, r.ops); err != nil {
		return err
	}
	// Not to be cancelled: what comes next has to know whether it was done.
	if err := c.drive.Discard(context.WithoutCancel(ctx), doc, r.discard); err != nil {
		return err
	}
	var ops []store.Op
	for _, x := range r.order {
		e := r.works[x]
		e.Pending = false
		value, err := json.Marshal(e)
		if err != nil {
			return err
		}
		ops = append(ops, store.Op{Key: workKey(doc, x), Value: value})
	}
	for _, x := range r.refused {
		ops = append(ops, store.Op{Key: refusedKey(doc, x)})
	}
	files, err := c.fileless(ctx, doc, r)
	if err != nil {
		return err
	}
	if err := store.Write(c.store, append(ops, files...)); err != nil {
		return err
	}
	for _, x := range r.order {
		w := r.works[x].work(doc, x)
		c.tell(Event{Kind: EventRefused, Doc: doc, Work: &w, Reason: (&crdt.Refusal{Code: w.Code, Detail: w.Detail}).Error()})
	}
	s.update(func() {
		s.aside += len(r.order)
		s.vanished += r.vanished
		if r.moved {
			s.moves[doc]++
		}
	})
	return nil
}

// plan finds out what is to be done about a document; nil: nothing.
func (c *Client) plan(ctx context.Context, s *session, doc crdt.DocID) (*recovery, error) {
	c.mu.Lock()
	a := c.account
	c.mu.Unlock()
	server, err := c.fact(factServer)
	if err != nil {
		return nil, err
	}
	known, err := c.knownHashes(doc, crdt.StorageID(server))
	if err != nil {
		return nil, err
	}
	notes, err := c.refusals(doc)
	if err != nil {
		return nil, err
	}
	generation, op, err := c.nextGeneration(doc)
	if err != nil {
		return nil, err
	}
	label := c.labelOf(doc)
	s.mu.Lock()
	moves := s.moves[doc]
	s.mu.Unlock()
	r := &recovery{ops: []store.Op{op}, works: map[crdt.Hash]*workEntry{}}
	err = c.inspect(ctx, doc, func(d *replica.Document) error {
		h, durable, err := d.View()
		if err != nil {
			return err
		}
		ask := history.Rebase{Own: self, Actor: a.actor(doc) + crdt.ActorID(generation)}
		for _, i := range h.Since(known) {
			note, refused := notes[h.Hash(i)]
			switch {
			case !refused || !note.Code.Final() || h.Author(i) != self || i >= durable:
				continue
			case note.Code.Rewritable() && moves < maxMoves:
				ask.Move = append(ask.Move, h.Hash(i))
			default:
				ask.Drop = append(ask.Drop, h.Hash(i))
			}
			r.refused = append(r.refused, h.Hash(i))
		}
		rebased, err := h.Rebase(ask)
		if err != nil {
			return err
		}
		r.moved = len(ask.Move) > 0
		return r.take(d, h, rebased, notes, label)
	})
	if err != nil || len(r.refused) == 0 {
		return nil, err
	}
	r.discard.Author, r.discard.Storage = self, string(server)
	for _, x := range r.order {
		if err := c.takeFiles(doc, r.works[x]); err != nil {
			return nil, err
		}
		value, err := json.Marshal(r.works[x])
		if err != nil {
			return nil, err
		}
		r.ops = append(r.ops, store.Op{Key: workKey(doc, x), Value: value})
	}
	return r, nil
}

// take makes the Discard of a rebase, and the entries of the book. What is lost goes with the change that took it along.
func (r *recovery) take(d *replica.Document, h *history.History, b *history.Rebased, notes map[crdt.Hash]refusedEntry, label Row) error {
	for _, n := range b.News {
		r.discard.News = append(r.discard.News, replica.Made{Raw: n.Raw, Arrived: d.Arrived(n.From)})
	}
	anew := map[int]bool{}
	for _, n := range b.News {
		anew[n.From] = true
	}
	r.vanished = len(b.Gone) - len(anew)
	teller := newTeller(h, d)
	for _, g := range b.Gone {
		r.discard.Changes = append(r.discard.Changes, g.Hash)
		piece := workPiece{Change: g.Hash.String(), Raw: slices.Clone(h.Raw(g.Index)), MadeAt: d.Arrived(g.Index)}
		if g.Dropped {
			note := notes[g.Hash]
			piece.Did = teller.all(g.Index)
			r.works[g.Hash] = &workEntry{SerialNo: label.SerialNo, Job: label.Label, Code: note.Code, Detail: note.Detail, RefusedAt: note.At,
				Whole: len(b.Gone) == h.Len() && len(b.News) == 0, Pieces: []workPiece{piece}, Pending: true}
			r.order = append(r.order, g.Hash)
			continue
		}
		along := map[crdt.Hash][]int{}
		for _, l := range g.Lost {
			along[l.Cause] = append(along[l.Cause], l.Op)
		}
		for _, cause := range r.order { // in their order
			if ops := along[cause]; ops != nil {
				piece := piece
				piece.Ops, piece.Did = ops, teller.some(g.Index, ops)
				r.works[cause].Pieces = append(r.works[cause].Pieces, piece)
				delete(along, cause)
			}
		}
		if len(along) > 0 {
			return fmt.Errorf("client: work would be lost with a change that is not dropped")
		}
	}
	return nil
}

// roomFor tells whether the book has room for it. What is written again, after a crash, counts twice.
func (c *Client) roomFor(r *recovery) error {
	count, bytes := len(r.order), 0
	for _, op := range r.ops {
		bytes += len(op.Value)
	}
	err := c.works(nil, func(_ crdt.DocID, _ crdt.Hash, size int, _ *workEntry) error {
		count, bytes = count+1, bytes+size
		return nil
	})
	if err == nil && len(r.order) > 0 && (count > maxWorks || bytes > maxWorkBytes) {
		err = errBookFull
	}
	return err
}

// labelOf is a document as a list shows it, as far as it can be read.
func (c *Client) labelOf(doc crdt.DocID) Row {
	heads, err := c.Heads(doc)
	if err != nil {
		return Row{}
	}
	row, _, err := c.row(doc, heads)
	if err != nil {
		return Row{}
	}
	return row
}

// takeFiles notes the files in the outbox that refused work has attached.
func (c *Client) takeFiles(doc crdt.DocID, e *workEntry) error {
	for _, p := range e.Pieces {
		for _, sum := range filesIn(p.Did) {
			ref, err := blobs.ParseRef(sum)
			if err != nil {
				continue
			}
			value, err := c.store.Get(outboxKey(doc, ref))
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			f := workFile{SHA256: sum}
			if err == nil {
				err = json.Unmarshal(value, &f.queued)
			}
			if err != nil {
				return err
			}
			e.Files = append(e.Files, f)
		}
	}
	return nil
}

// fileless gives what takes the files of refused work out of the outbox that the document names no more: the server would not
// take them.
func (c *Client) fileless(ctx context.Context, doc crdt.DocID, r *recovery) ([]store.Op, error) {
	named := map[string]bool{}
	some := slices.ContainsFunc(r.order, func(x crdt.Hash) bool { return len(r.works[x].Files) > 0 })
	if !some {
		return nil, ctx.Err()
	}
	if v, err := c.View(doc); err == nil {
		for _, a := range v.Job.Attachments {
			named[a.SHA256] = true
		}
	} else if !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	var ops []store.Op
	for _, x := range r.order {
		for _, f := range r.works[x].Files {
			if ref, err := blobs.ParseRef(f.SHA256); err == nil && !named[f.SHA256] {
				ops = append(ops, store.Op{Key: outboxKey(doc, ref)})
			}
		}
	}
	return ops, nil
}

// recoverRefused takes refused changes out of the documents whose exchange is over. What cannot be taken out stays as it is; it is
// tried again with the next session.
func (s *session) recoverRefused(ctx context.Context) {
	s.mu.Lock()
	docs := slices.Collect(maps.Keys(s.refused))
	s.mu.Unlock()
	for _, doc := range docs {
		u, err := s.c.unsentOf(ctx, doc)
		if err != nil {
			s.c.log.Warn("refused changes cannot be looked at", "doc", doc.String(), "error", err.Error())
			continue
		}
		s.mu.Lock()
		_, goesOn := s.open[doc]
		if goesOn = goesOn && u.Changes > u.Refused; !goesOn {
			delete(s.refused, doc) // before we look: what is refused meanwhile is looked at afterwards
		}
		s.mu.Unlock()
		if goesOn {
			continue // something else of the document is still on its way
		}
		if err = s.c.recover(ctx, s, doc); err != nil {
			s.c.log.Warn("refused changes stay in their document", "doc", doc.String(), "error", err.Error())
			s.c.tell(Event{Kind: EventRefused, Doc: doc, Reason: err.Error()})
			s.update(func() { delete(s.open, doc) }) // nothing more will come of it now
		}
	}
}

// knownHashes are the changes that the server is known to hold, the newest.
func (c *Client) knownHashes(doc crdt.DocID, server crdt.StorageID) ([]crdt.Hash, error) {
	shared, err := c.sharedHeads(doc, server)
	var known []crdt.Hash
	for _, heads := range shared {
		known = append(known, heads...)
	}
	return known, err
}

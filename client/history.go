package client

import (
	"context"
	"errors"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
	"fieldsync/crdt/policy"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// Entry is one change as what somebody did. Its Arrived is when it came into this folder; of our own changes, when it was made.
type Entry struct {
	audit.Entry
	Did  []Did // Entry.Did with values as JSON has them
	Mine bool  // it was made in this folder
	// Receipt is how far a change that was made in this folder came; nil of others.
	Receipt *Receipt
}

// HistoryPage is a part of a document's history.
type HistoryPage struct {
	Entries []Entry
	Next    crdt.Hash // continues it, as audit.Query.After; zero where nothing is left
}

// History gives a page of what was done to a document, from what is here: no network is needed. Who did something is known where it was
// done here, or where its author signed something in the document: every actor is one person's.
func (c *Client) History(ctx context.Context, id crdt.DocID, q audit.Query) (HistoryPage, error) {
	var out HistoryPage
	err := c.audit(ctx, id, func(h *history.History, log *audit.Log, who map[crdt.ActorID]string) error {
		page, err := log.Page(q)
		if err != nil {
			return err
		}
		out.Next = page.Next
		ladder, err := c.ladder(id, h)
		if err != nil {
			return err
		}
		for _, e := range page.Entries {
			mine := e.Author == self
			e.Who.User, e.Author = who[e.Actor], "" // the folder's own names for authors mean nothing elsewhere
			entry := Entry{Entry: e, Did: toDid(e.Did), Mine: mine}
			if i, ok := h.IndexOf(e.Hash); ok && mine {
				r := ladder(i)
				entry.Receipt = &r
			}
			out.Entries = append(out.Entries, entry)
		}
		return nil
	})
	return out, err
}

// FindChange gives the hash of a change of a document that is named by its beginning, in hexadecimal.
func (c *Client) FindChange(ctx context.Context, id crdt.DocID, prefix string) (crdt.Hash, error) {
	var found []crdt.Hash
	err := c.audit(ctx, id, func(h *history.History, _ *audit.Log, _ map[crdt.ActorID]string) error {
		for i := range h.Len() {
			if hash := h.Hash(i); hasPrefix(hash, prefix) {
				found = append(found, hash)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return crdt.Hash{}, err
	case len(found) == 0:
		return crdt.Hash{}, because(ErrNotFound, errors.New("the job has no change that begins with "+prefix))
	case len(found) > 1:
		return crdt.Hash{}, crdt.Errorf(crdt.KindInvalid, "%q means %d changes; give more of it", prefix, len(found))
	}
	return found[0], nil
}

// ViewAt reads a document as the author of a change saw it when he had made it.
func (c *Client) ViewAt(id crdt.DocID, change crdt.Hash) (View, error) {
	doc, _, err := c.load(id)
	if err != nil {
		return View{}, err
	}
	defer doc.Close()
	heads := crdt.NewHeads(change)
	then, err := doc.At(heads)
	if err != nil {
		return View{}, err
	}
	defer then.Close()
	return viewOf(id, then, heads)
}

// Undo takes back what one change of a document did, as a new change: see audit.Log.Undo. It gives what is left as it is.
func (c *Client) Undo(ctx context.Context, id crdt.DocID, change crdt.Hash) ([]audit.Left, error) {
	var undone audit.Undone
	err := c.change(ctx, id, audit.UndoMessage(change), func(a *account, _ *engine.Doc) ([]crdt.Edit, error) {
		err := c.audit(ctx, id, func(_ *history.History, log *audit.Log, _ map[crdt.ActorID]string) (err error) {
			by := a.author()
			undone, err = log.Undo(change, audit.Stamp{EventID: newID(), At: by.Now, By: by.User, Device: by.Device})
			return err
		})
		return undone.Edits, err
	})
	return undone.Left, err
}

// audit looks at a document's history, and at who its actors are.
func (c *Client) audit(ctx context.Context, id crdt.DocID, look func(*history.History, *audit.Log, map[crdt.ActorID]string) error) error {
	if _, err := drive.ReadRecord(c.store, id); errors.Is(err, store.ErrNotFound) {
		return ErrNotFound
	}
	c.mu.Lock()
	a := c.account
	c.mu.Unlock()
	return c.inspect(ctx, id, func(d *replica.Document) error {
		h, _, err := d.View()
		if err != nil {
			return err
		}
		return look(h, audit.New(h, audit.Options{Arrived: d.Arrived}), actors(h, a.User))
	})
}

// signedMaps are the maps whose entries say by whom they are.
var signedMaps = []string{job.KeyStatusLog, job.KeyComments, job.KeyAttachments}

func hasPrefix(hash crdt.Hash, prefix string) bool {
	return prefix != "" && strings.HasPrefix(hash.String(), strings.ToLower(prefix))
}

// actors finds out whose the actors of a document are. Nobody signs with another's name, but for who brings a job along that was begun
// elsewhere: so an actor is whoever all that he has signed names.
func actors(h *history.History, owner string) map[crdt.ActorID]string {
	out := map[crdt.ActorID]string{}
	doubt := map[crdt.ActorID]bool{}
	for _, key := range signedMaps {
		entries, ok := h.GetObject(h.Root(), key)
		if !ok {
			continue
		}
		for id := range h.Keys(entries) {
			entry, ok := h.GetObject(entries, id)
			if !ok {
				continue
			}
			for _, name := range h.Get(entry, job.KeyBy) {
				by, _ := policy.Text(h, name)
				actor := h.Actor(name.Change)
				if was, known := out[actor]; known && was != by {
					doubt[actor] = true
				}
				out[actor] = by
			}
		}
	}
	for actor := range doubt {
		delete(out, actor)
	}
	for i := range h.Len() {
		if h.Author(i) == self {
			out[h.Actor(i)] = owner
		}
	}
	return out
}

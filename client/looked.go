package client

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/store"
)

// looked is the state of a document that the folder's owner last looked at.
type looked struct {
	Heads []string `json:"heads"`
	At    int64    `json:"at"` // ms since 1970
}

func (c *Client) lookedAt(doc crdt.DocID) (looked, error) {
	var l looked
	v, err := c.store.Get(store.Local(bookLooked, doc[:]))
	if errors.Is(err, store.ErrNotFound) {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal(v, &l)
	}
	return l, err
}

// Looked notes that the folder's owner looked at a document as it is at these heads (View.Heads): what comes from now on is what Since
// tells, and others are told that he saw it.
func (c *Client) Looked(doc crdt.DocID, heads crdt.Heads) error {
	old, err := c.lookedAt(doc)
	if err != nil || len(heads) == 0 || crdt.NewHeads(parseHashes(old.Heads)...).Equal(heads) {
		return err
	}
	value, err := json.Marshal(looked{Heads: texts(heads), At: time.Now().UnixMilli()})
	if err != nil {
		return err
	}
	if err := store.Write(c.store, []store.Op{{Key: store.Local(bookLooked, doc[:]), Value: value}}); err != nil {
		return asFull(err)
	}
	signal(c.outboxChanged) // a receipt to be told
	return nil
}

// News is what others did to a document since its owner looked.
type News struct {
	Looked  time.Time // when he did; zero: never, and then all is new, which is not told
	Entries []Entry   // the oldest first, at most maxNews
	More    bool      // there is more than is told
}

const maxNews = 200

// Since tells what others did to a document since the folder's owner last looked at it (Looked), and by whom; what he did himself, here or on
// another device, is no news. It needs no network. ErrNotFound where the document is not here.
func (c *Client) Since(ctx context.Context, doc crdt.DocID) (News, error) {
	l, err := c.lookedAt(doc)
	if err != nil {
		return News{}, err
	}
	if l.At == 0 {
		_, err := c.Heads(doc)
		return News{}, err
	}
	out := News{Looked: time.UnixMilli(l.At)}
	c.mu.Lock()
	me := c.account.User
	c.mu.Unlock()
	q := audit.Query{Since: crdt.NewHeads(parseHashes(l.Heads)...), Oldest: true, Limit: audit.MaxLimit, Fold: true}
	for {
		page, err := c.History(ctx, doc, q)
		if err != nil {
			return News{}, err
		}
		for _, e := range page.Entries {
			if e.Mine || e.Who.User == me || len(e.Did) == 0 {
				continue
			}
			if len(out.Entries) == maxNews {
				out.More = true
				return out, nil
			}
			out.Entries = append(out.Entries, e)
		}
		if q.After = page.Next; q.After == (crdt.Hash{}) {
			return out, nil
		}
	}
}

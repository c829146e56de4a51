package client

import (
	"encoding/binary"
	"slices"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// A job is withdrawn when the server has it and does not tell us of it any more: it was given to somebody else, or our rights have
// ended. What is here stays as we last saw it, and what was done before still goes out. We learn of it when the server says so
// during a conversation, or when a comparison shows that it does not list the job; that it came back, by a change that
// comes, or by its being listed.

// loadWithdrawn reads what was noted.
func (c *Client) loadWithdrawn() error {
	prefix := store.Locals(bookWithdrawn)
	return c.store.Scan(prefix, nil, func(key, value []byte) error {
		if len(key) == len(prefix)+len(crdt.DocID{}) && len(value) == 8 {
			c.withdrawn[crdt.DocID(key[len(prefix):])] = time.UnixMilli(int64(binary.BigEndian.Uint64(value)))
		}
		return nil
	})
}

// Withdrawn is when we learned that a job is not ours any more; zero: it is.
func (c *Client) Withdrawn(doc crdt.DocID) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.withdrawn[doc]
}

// noteWithdrawn notes that the server does not tell us of documents that it was known to hold.
func (c *Client) noteWithdrawn(server crdt.StorageID, docs ...crdt.DocID) {
	now := time.Now()
	var ops []store.Op
	for _, doc := range docs {
		shared, err := c.sharedHeads(doc, server)
		if err != nil || !slices.ContainsFunc(shared, func(h crdt.Heads) bool { return len(h) > 0 }) {
			continue // it has never had it
		}
		c.mu.Lock()
		if c.withdrawn[doc].IsZero() {
			c.withdrawn[doc] = now
			ops = append(ops, store.Op{Key: store.Local(bookWithdrawn, doc[:]), Value: binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))})
		}
		c.mu.Unlock()
	}
	if len(ops) == 0 {
		return
	}
	c.note(ops...)
	for _, op := range ops {
		c.tell(Event{Kind: EventWithdrawn, Doc: crdt.DocID(op.Key[len(op.Key)-len(crdt.DocID{}):])})
	}
}

// noteOurs notes that the server tells us of documents, again or still.
func (c *Client) noteOurs(ours func(crdt.DocID) bool) {
	var ops []store.Op
	c.mu.Lock()
	for doc := range c.withdrawn {
		if ours(doc) {
			ops = append(ops, store.Op{Key: store.Local(bookWithdrawn, doc[:])})
			delete(c.withdrawn, doc)
		}
	}
	c.mu.Unlock()
	if len(ops) > 0 {
		c.note(ops...)
	}
}

// listed takes note of what a comparison showed: which of our documents the server lists.
func (c *Client) listed(s *session, cmp replica.Compared) {
	unlisted := make(map[crdt.DocID]bool, len(cmp.Unlisted))
	for _, doc := range cmp.Unlisted {
		unlisted[doc] = true
	}
	c.noteOurs(func(doc crdt.DocID) bool { return !unlisted[doc] })
	if c.worker() { // whoever may read all of an organisation may hold more than the server lists
		c.noteWithdrawn(s.storage, cmp.Unlisted...)
	}
}

// worker tells whether the folder's owner sees what he was given, and no more.
func (c *Client) worker() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account.Role == roleWorker
}

// roleWorker is the server's name for those who work in the field.
const roleWorker = "worker"

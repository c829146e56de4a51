package client

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// SendNow has a file move whatever the link, once: one of the outbox goes up, one that is not here comes down, with its previews; before other files.
// attachment is its id in the document. It moves when there is a connection; nothing is waited for. That it was asked for is kept in the folder until it has
// moved, where there is room to. Errors: ErrNotFound for an unknown document or attachment.
func (c *Client) SendNow(ctx context.Context, id crdt.DocID, attachment string) error {
	v, err := c.View(id)
	if err != nil {
		return err
	}
	for _, a := range v.Job.Attachments {
		if a.ID != attachment {
			continue
		}
		var ops []store.Op
		now := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
		for _, sum := range []string{a.ThumbnailSHA256, a.PreviewSHA256, a.SHA256} {
			if ref, err := blobs.ParseRef(sum); err == nil && c.moves(ctx, id, ref, sum == a.SHA256) {
				ops = append(ops, store.Op{Key: askedKey(ref), Value: now})
				c.net.gate.Now(ref.String())
			}
		}
		if len(ops) == 0 {
			return nil
		}
		// A full disk is no reason not to send: then it is asked for as long as the folder is open.
		if err := store.Write(c.store, ops); err != nil {
			c.log.Warn("that a file was asked for could not be kept", "error", err.Error())
		}
		c.filesNow()
		return nil
	}
	return because(ErrNotFound, fmt.Errorf("the job has no attachment %q", attachment))
}

// moves tells whether a file has a way to go: up, or, if it is wanted here, down.
func (c *Client) moves(ctx context.Context, id crdt.DocID, ref blobs.Ref, wanted bool) bool {
	if _, err := c.store.Get(outboxKey(id, ref)); err == nil {
		return true
	}
	_, err := c.files.Stat(ctx, space, ref)
	return wanted && err != nil
}

func askedKey(ref blobs.Ref) []byte {
	sum := ref.Sum()
	return store.Local(bookAsked, sum[:])
}

// loadAsked reads which files somebody asked for that have not moved since.
func (c *Client) loadAsked() error {
	prefix := store.Locals(bookAsked)
	return c.store.Scan(prefix, nil, func(key, _ []byte) error {
		if sum := key[len(prefix):]; len(sum) == 32 {
			c.net.gate.Now(blobs.RefFromSum([32]byte(sum)).String())
		}
		return nil
	})
}

// noteMoved notes that a file has moved for which somebody may have asked. The gate knows.
func (c *Client) noteMoved(ref blobs.Ref) {
	if c.net.gate.Asked(ref.String()) {
		c.note(store.Op{Key: askedKey(ref)})
	}
}

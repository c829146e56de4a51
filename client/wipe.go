package client

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"time"

	"fieldsync/crdt/store"
)

// A login that the server does not accept any more was revoked, or has expired: the phone may be in other hands. Its folder is to be
// wiped; but not before the work in it is safe: delivered, by the same person's new login, or exported.

// ended looks at why a connection or a sync ended. Where the login was revoked it is noted, and the folder wiped, if it is to be.
func (c *Client) ended(ctx context.Context, err error) error {
	if !errors.Is(err, ErrSignIn) {
		return err
	}
	// A network that wants to be signed in to answers 401 too: it must be the server's own word.
	api, done, aerr := c.service()
	if aerr != nil {
		return err
	}
	defer done()
	if !api.Rejects(context.WithoutCancel(ctx)) {
		return err
	}
	if was, _ := c.Revoked(); was.IsZero() {
		now := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))
		if werr := store.Write(c.store, []store.Op{{Key: store.Local(bookFact, []byte(factRevoked)), Value: now}}); werr != nil {
			c.log.Warn("the revocation was not noted", "error", werr.Error())
		}
		c.tell(Event{Kind: EventRevoked})
	}
	if !c.wipeWhenRevoked {
		return err
	}
	switch werr := c.Wipe(context.WithoutCancel(ctx), false); {
	case werr == nil:
		return errors.Join(err, ErrWiped)
	case errors.Is(werr, ErrUnsentWork):
		return errors.Join(err, werr)
	default:
		c.log.Error("the folder could not be wiped", "error", werr.Error())
		return err
	}
}

// Revoked is when we learned that the server does not accept this folder's login any more; zero: it does, as far as we know. A login of
// the same person ends it.
func (c *Client) Revoked() (time.Time, error) {
	v, err := c.fact(factRevoked)
	if err != nil || len(v) != 8 {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(v))), nil
}

// safe tells whether nothing would be lost with the folder: ErrUnsentWork where something would.
func (c *Client) safe(ctx context.Context) error {
	x, _, err := c.exportable(ctx)
	if err != nil {
		return err
	}
	if len(x.Jobs)+len(x.Refused)+len(x.Files) == 0 {
		return nil
	}
	was, err := c.fact(factExported)
	if err == nil && !bytes.Equal(was, x.digest()) {
		err = ErrUnsentWork
	}
	return err
}

// Wipe removes everything from the folder, the login too, and closes the client. A crash in the middle of it is made good when the folder
// is next opened: nothing of it is shown again. ErrUnsentWork where work would be lost that has neither reached the server nor was exported,
// unless evenSo. The key of an encrypted folder is the platform's to destroy.
func (c *Client) Wipe(ctx context.Context, evenSo bool) error {
	if !evenSo {
		if err := c.safe(ctx); err != nil {
			return err
		}
	}
	if err := c.endPush(); err != nil {
		c.log.Info("pushes could not be ended", "error", err.Error())
	}
	form := folderForm{Format: folderFormat, Wiped: true}
	if err := form.write(c.root); err != nil && !errors.Is(err, ErrFull) { // a full disk is no reason not to
		return err
	}
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return store.ErrClosed
	}
	held := c.held
	c.held = nil // the folder stays ours until it is empty
	c.mu.Unlock()
	return errors.Join(c.Close(), removeAll(c.root), held.Close())
}

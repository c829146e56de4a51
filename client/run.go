package client

import (
	"context"
	"errors"
	"time"

	"fieldsync/client/internal/backoff"
	"fieldsync/client/internal/link"
	"fieldsync/crdt/wire"
)

// settled is how long a connection must have lasted to count as a success: a server that lets everybody in and throws
// them out again must not be met by reconnects without end.
const settled = 10 * time.Second

// Run keeps the folder connected and exchanged until ctx ends: changes go out when they are made, and come in when others make
// them. A connection that is lost is made again, after a random time that grows from half a second to a minute. It ends
// with an error where trying again would not help: ErrNotLoggedIn, ErrSignIn, ErrNotAllowed, or what the server closed the
// connection with; and with ctx's.
func (c *Client) Run(ctx context.Context) error {
	var delays backoff.Backoff
	for {
		begun := time.Now()
		err := c.live(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.noteFailed(err)
		if time.Since(begun) >= settled {
			delays.Reset()
		}
		soon, final := advice(err)
		if final {
			return err
		}
		wait := delays.Next()
		if soon {
			wait = delays.Soon()
		}
		c.log.Info("offline", "error", err.Error(), "again_in", wait)
		if !soon {
			c.tell(Event{Kind: EventOffline, Reason: err.Error()})
		}
		if err := backoff.Wait(ctx, wait, c.hurry); err != nil {
			return err
		}
	}
}

// advice says what to do about the end of a connection: try again soon, try again after a while, or not at all.
func advice(err error) (soon, final bool) {
	var closed *link.Closed
	switch {
	case errors.As(err, &closed):
		switch closed.Code.Advice() {
		case wire.AdviceReconnect:
			return true, false
		case wire.AdviceBackoff:
			return false, false
		}
		return false, true
	case errors.Is(err, ErrOffline), errors.Is(err, ErrUnfinished):
		return false, false
	}
	return false, true
}

// live holds a connection until it ends, and says why it did.
func (c *Client) live(ctx context.Context) error {
	s, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	defer c.release(s)
	s.update(func() { s.synced = true })
	var delays backoff.Backoff // of files
	told := -1                 // the events that "in sync" was said after
	for {
		if err := s.quiet(ctx, 0); err != nil {
			return err
		}
		s.mu.Lock()
		changed, ended, events := s.changed, s.ended, s.events
		s.mu.Unlock()
		if ended {
			return s.failure()
		}
		if err := c.exchangeReceipts(ctx, s.api); err != nil {
			c.log.Info("receipts could not be exchanged", "error", err.Error())
		}
		moved, err := c.moveFiles(ctx, s.api)
		if err != nil {
			return err
		}
		var again time.Duration
		if moved.sent+moved.received > 0 || moved.advanced {
			delays.Reset() // a link that breaks all the time is still one
		}
		if moved.waiting > 0 {
			again = delays.Next()
		} else {
			delays.Reset()
			c.keepLastSync(time.Now())
			if told != events || moved.sent+moved.received > 0 {
				told = events
				c.tell(Event{Kind: EventSynced})
			}
		}
		if err := c.waitForWork(ctx, changed, again); err != nil {
			return err
		}
	}
}

// waitForWork waits until something happened on the session, a file was queued, or it is time to try the files again.
func (c *Client) waitForWork(ctx context.Context, changed <-chan struct{}, again time.Duration) error {
	var timer <-chan time.Time
	if again > 0 {
		t := time.NewTimer(again)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-changed:
	case <-c.outboxChanged:
	case <-timer:
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

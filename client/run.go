package client

import (
	"context"
	"errors"
	"time"

	"fieldsync/client/internal/backoff"
	"fieldsync/client/internal/link"
	"fieldsync/client/internal/schedule"
	"fieldsync/crdt/wire"
)

// Run keeps the folder connected and exchanged until ctx ends: changes go out when they are made, and come in when others make
// them, files move when the link lets them. It connects at once; every two minutes, when a status is set, upon PushReceived and SyncNow, and when SetNetwork
// tells of a network it connects, or looks whether the connection lives. A connection that is lost is made again, after a random time under a ceiling that grows
// from half a second to eight, after hours to a minute, and not before the server wants it where it says so, whatever else happens but SyncNow. It ends with an error where trying again would not help: ErrNotLoggedIn, ErrSignIn, ErrNotAllowed, or what the server closed the
// connection with; and with ctx's. One Run at a time.
func (c *Client) Run(ctx context.Context) error {
	c.trigger(schedule.Open)
	for {
		a, err := c.await(ctx, nil)
		if err != nil {
			return err
		}
		c.log.Info("connecting", "why", string(a.Why))
		err = c.live(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.noteFailed(err)
		soon, final := advice(err)
		if final {
			return c.ended(ctx, err)
		}
		c.net.mu.Lock()
		now := time.Now()
		again := c.net.schedule.Ended(now, soon)
		if after, ok := link.RetryAfter(err); ok {
			again = c.net.schedule.Later(now, after)
		}
		c.net.mu.Unlock()
		c.log.Info("offline", "error", err.Error(), "again_in", time.Until(again))
		if !soon {
			c.tell(Event{Kind: EventOffline, Reason: err.Error()})
		}
	}
}

// await waits until the schedule has something to do, and says that it is being done. The error is ctx's, or that of an end.
func (c *Client) await(ctx context.Context, end <-chan struct{}) (schedule.Action, error) {
	for {
		now := time.Now()
		c.net.mu.Lock()
		a := c.net.schedule.Next(now)
		if !a.At.After(now) {
			c.net.schedule.Begun(now)
			c.net.mu.Unlock()
			return a, nil
		}
		c.net.mu.Unlock()
		timer := time.NewTimer(a.At.Sub(now))
		select {
		case <-timer.C:
		case <-c.net.wake:
		case <-end:
			timer.Stop()
			return a, errEnded
		case <-ctx.Done():
			timer.Stop()
			return a, ctx.Err()
		}
		timer.Stop()
	}
}

var errEnded = errors.New("client: the session has ended")

// SyncNow has Run talk to the server at once, and tries again what failed: somebody has pressed the button. It waits for nothing; Sync does.
func (c *Client) SyncNow() {
	c.trigger(schedule.Hand)
	c.filesNow()
}

// closing is what of a slot is kept for saying goodbye.
const closing = 500 * time.Millisecond

// RunFor is Sync for a slot of time that the platform gives in the background: statuses first, then text, then files, until everything is
// exchanged or the slot is over. It returns within d. What was exchanged by then is durable here and there, and the next one goes on where it
// stopped; files are cut at the last byte. The report says in Finished whether everything was exchanged, but for what the link holds back. Errors: those of Sync, but that
// the slot was too short is none. A server that has said when it wants to be asked again is not asked before; where that is after the slot: ErrOffline.
func (c *Client) RunFor(ctx context.Context, d time.Duration) (Report, error) {
	inner, cancel := context.WithTimeout(ctx, max(d-closing, d/2))
	defer cancel()
	r, err := c.sync(inner, schedule.Timer)
	if ctx.Err() == nil && inner.Err() != nil && (errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrUnfinished)) {
		err = nil
	}
	return r, err
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
	defer c.release(context.WithoutCancel(ctx), s) // who ends a Run waits for its goodbye
	c.net.mu.Lock()
	c.net.schedule.Connected(time.Now())
	c.net.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c.writing.Go(func() { s.lookAfter(ctx) })
	c.writing.Go(func() { s.reports(ctx) })
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
		late := c.tellsLate()
		if !late {
			c.tellServer(ctx, s.api)
		}
		moved, err := c.moveFiles(ctx, s)
		if err != nil {
			return err
		}
		var again time.Duration
		if moved.sent+moved.received > 0 || moved.advanced {
			delays.Reset() // a link that breaks all the time is still one
		}
		if moved.waiting > 0 {
			again = delays.Next()
			for _, w := range []way{up, down} {
				if turn := c.filesIn(w); turn > 0 {
					again = min(again, turn)
				}
			}
		} else {
			delays.Reset()
			c.keepLastSync(time.Now())
			if told != events || moved.sent+moved.received > 0 {
				told = events
				c.tell(Event{Kind: EventSynced})
			}
		}
		if late {
			c.tellServer(ctx, s.api)
		}
		signal(c.reports.wanted)
		if err := c.waitForWork(ctx, changed, again); err != nil {
			return err
		}
	}
}

// waitForWork waits until documents changed, files may move, or it is time to try the files again.
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

// lookAfter looks whether the connection lives, whenever the schedule wants it.
func (s *session) lookAfter(ctx context.Context) {
	for {
		a, err := s.c.await(ctx, s.conn.Closed())
		if err != nil || s.look(ctx) != nil {
			return
		}
		s.c.log.Debug("the connection lives", "why", string(a.Why))
		now := time.Now()
		s.c.net.mu.Lock()
		s.c.net.schedule.Lives(now)
		s.c.net.mu.Unlock()
		s.mu.Lock()
		done := !s.busy() && !s.ended
		s.mu.Unlock()
		if done && s.c.waitingFiles.Load() == 0 {
			s.c.keepLastSync(now) // what there was to exchange is, as of now
			signal(s.c.reports.wanted)
		}
	}
}

// look asks the server for a sign of life; a connection that gives none is ended.
func (s *session) look(ctx context.Context) error {
	inner, cancel := context.WithTimeout(ctx, s.c.stall)
	defer cancel()
	_, _, err := s.conn.Ping(inner, 1, 0)
	if err != nil && inner.Err() != nil && s.carries() {
		return ctx.Err() // it, or its answer, is behind a message that takes long
	}
	if err != nil && ctx.Err() == nil {
		s.conn.Abort()
		_ = s.until(ctx, func() bool { return s.ended })
		return because(ErrOffline, errors.New("the server does not answer"))
	}
	return err
}

package client

import (
	"context"
	"errors"
	"time"

	"fieldsync/client/internal/backoff"
	"fieldsync/client/internal/lane"
	"fieldsync/client/internal/link"
	"fieldsync/client/internal/schedule"
	"fieldsync/client/internal/service"
	"fieldsync/crdt"
)

// Report is what a Sync did.
type Report struct {
	Took          time.Duration
	Documents     int // held here afterwards
	Jobs          int // of those, jobs
	Sent          int // changes of ours that the server has now and had not before
	Received      int // changes that came
	New           int // documents that came
	NewJobs       int // jobs that are here and were not before
	FilesSent     int
	FilesReceived int
	BytesSent     int64 // of files
	BytesReceived int64
	FilesWaiting  int   // files that could not be moved now
	FilesError    error // why the first of them could not
	FilesHeld     int   // files that wait for a better link, or because of a preference
	BytesHeld     int64 // what is left of them
	Held          Held  // why the first of them waits
	Finished      bool  // everything was exchanged, but for what is held
	Refused       int   // changes of ours that the server has refused: Client.Refused has them; or, where they could not be taken out, Unsent
}

// Sync connects, exchanges everything, documents first and then files, and disconnects, unless Run holds a connection: then
// that one is used. Where the server is busy, and says that soon it will not be, it waits for that; it asks at once even if the server said so before, as a person is there. The report is of what was done until an error. Errors: ErrOffline, ErrSignIn, ErrNotLoggedIn,
// ErrNotAllowed, ErrUnfinished, or ctx's. Files that could not be moved are in the report and no error.
func (c *Client) Sync(ctx context.Context) (r Report, err error) { return c.sync(ctx, schedule.Hand) }

// sync is Sync, and why it is done: by hand, or in a slot of the background.
func (c *Client) sync(ctx context.Context, why schedule.Trigger) (r Report, err error) {
	begun := time.Now()
	defer func() {
		if err != nil {
			c.noteFailed(err)
			err = c.ended(ctx, err)
		}
	}()
	before, err := c.Unsent(ctx)
	if err != nil {
		return r, err
	}
	had, err := c.Jobs(ctx)
	if err != nil {
		return r, err
	}
	s, err := c.aliveInTurn(ctx, why)
	if err != nil {
		return r, err
	}
	defer c.release(ctx, s)
	s.mu.Lock()
	received, news, aside, vanished := 0, 0, 0, 0
	if s.synced { // by somebody else: of a shared session only what comes from now on is ours
		received, news, aside, vanished = s.received, s.news, s.aside, s.vanished
	}
	s.synced = true
	s.mu.Unlock()
	err = s.quiet(ctx, c.stall)
	inStep, late := err == nil, c.tellsLate()
	var moved transfers
	if inStep {
		if !late {
			c.tellServer(ctx, s.api)
		}
		if why == schedule.Hand {
			c.filesNow()
		}
		moved, err = c.moveFiles(ctx, s)
	}
	r.FilesSent, r.FilesReceived, r.BytesSent, r.BytesReceived = moved.sent, moved.received, moved.sentBytes, moved.receivedBytes
	r.FilesWaiting, r.FilesError = moved.waiting, moved.err
	r.FilesHeld, r.BytesHeld, r.Held = moved.held, moved.heldBytes, moved.why
	s.mu.Lock()
	r.Received, r.New, r.Refused, vanished = s.received-received, s.news-news, s.aside-aside, s.vanished-vanished
	s.mu.Unlock()
	local := context.WithoutCancel(ctx) // what is here can be told also where the time is over
	after, uerr := c.Unsent(local)
	if err == nil {
		err = uerr
	}
	r.Sent = max(0, before.Changes-after.Changes-vanished)
	for _, u := range after.Jobs {
		r.Refused += u.Refused
	}
	ids, derr := c.Documents()
	if err == nil {
		err = derr
	}
	r.Documents = len(ids)
	c.rowsMade(ctx)
	jobs, jerr := c.Jobs(local)
	if err == nil {
		err = jerr
	}
	r.Jobs = len(jobs)
	known := make(map[crdt.DocID]bool, len(had))
	for i := range had {
		known[had[i].ID] = true
	}
	for i := range jobs {
		if !known[jobs[i].ID] {
			r.NewJobs++
		}
	}
	if r.Finished = err == nil && moved.waiting == 0; r.Finished {
		c.keepLastSync(time.Now())
		c.tell(Event{Kind: EventSynced})
	}
	if inStep && late {
		c.tellServer(ctx, s.api)
	}
	if ctx.Err() == nil {
		_ = c.reportDevice(ctx, s.api) // it is with the next sync
	}
	r.Took = time.Since(begun)
	return r, err
}

// tellsLate tells whether the link is one on which each round trip is felt: then the worker is in step first, and what only the server wants to know
// comes after.
func (c *Client) tellsLate() bool { return c.net.gate.Held(lane.File{}) != "" }

// tellServer exchanges receipts, and says where this device is told of changes. That it cannot be done now is no failure: it is with the next sync.
func (c *Client) tellServer(ctx context.Context, api *service.Service) {
	if err := c.exchangeReceipts(ctx, api); err != nil {
		c.log.Info("receipts could not be exchanged", "error", err.Error())
	}
	if err := c.tellPush(ctx, api); err != nil {
		c.log.Info("the server was not told of pushes", "error", err.Error())
	}
}

// aliveInTurn is alive, by one who waits for the turn that a busy server names, where that is within the time that there is: ctx's, and no more than stall. Who
// comes by hand asks once, whatever the server said before.
func (c *Client) aliveInTurn(ctx context.Context, why schedule.Trigger) (*session, error) {
	patient, cancel := context.WithTimeout(ctx, c.stall)
	defer cancel()
	deadline, _ := patient.Deadline()
	if wait := c.turn(); wait > 0 && why != schedule.Hand {
		if time.Until(deadline) <= wait {
			return nil, because(ErrOffline, errors.New("the server is busy, and wants to be asked again later"))
		}
		if err := backoff.Wait(ctx, wait); err != nil {
			return nil, err
		}
	}
	for {
		s, err := c.alive(ctx)
		after, told := link.RetryAfter(err)
		if !told {
			return s, err
		}
		c.net.mu.Lock()
		c.net.schedule.Later(time.Now(), after)
		c.net.mu.Unlock()
		wait := c.turn()
		if time.Until(deadline) <= wait {
			return s, err
		}
		if err := backoff.Wait(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// turn is how long the server wants to be left alone.
func (c *Client) turn() time.Duration {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	return c.net.schedule.Turn(time.Now())
}

// alive acquires a session that the server has just answered on. A Run that waits joins it.
func (c *Client) alive(ctx context.Context) (*session, error) {
	c.net.mu.Lock()
	offline := c.net.offline
	c.net.mu.Unlock()
	if offline {
		return nil, because(ErrOffline, errors.New("there is no network"))
	}
	shared := c.share()
	if shared != nil && shared.look(ctx) == nil {
		return shared, nil
	}
	if shared != nil {
		c.release(ctx, shared)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return c.acquire(ctx)
}

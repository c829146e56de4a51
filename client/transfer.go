package client

import (
	"context"
	"errors"
	"io"
	"time"

	"fieldsync/client/internal/backoff"
	"fieldsync/client/internal/lane"
	"fieldsync/client/internal/link"
	"fieldsync/client/internal/service"
)

// service is the server over HTTP; done gives its connections back.
func (c *Client) service() (api *service.Service, done func(), err error) {
	a, at, err := c.signedIn()
	if err != nil {
		return nil, nil, err
	}
	api = service.New(at, a.Token)
	return api, api.Close, nil
}

// transfers is what became of files.
type transfers struct {
	sent, received           int
	sentBytes, receivedBytes int64
	waiting                  int   // not moved: to be tried again
	held                     int   // not moved, as they wait for a better link or for somebody's word
	heldBytes                int64 // what is left of them
	why                      Held  // the first of them waits
	advanced                 bool  // more of a file that waits is over than before
	err                      error // why the first of those that wait was not moved
	broken                   int   // in a row
	later                    bool  // the server wants the others that go the same way to come later
}

// maxBroken is how many transfers in a row may break before the others are left for later: one file that the server cannot
// give must not stop the rest, and a network that is gone must not be tried a hundred times.
const maxBroken = 3

// add counts a transfer that ended. It tells whether to go on; the error is one that no other file would fare better with.
func (t *transfers) add(err error) (more bool, fatal error) {
	var held lane.ErrHeld
	t.later = false
	switch {
	case errors.As(err, &held):
		if t.held++; t.why == "" {
			t.why = held.Reason
		}
		return true, nil
	case err == nil:
		t.broken = 0
		return true, nil
	case errors.Is(err, ErrSignIn), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return false, err
	}
	t.waiting++
	if t.err == nil {
		t.err = err
	}
	if _, t.later = link.RetryAfter(err); t.later {
		return false, nil
	}
	if errors.Is(err, ErrOffline) {
		t.broken++
	}
	return t.broken < maxBroken, nil
}

// moveFiles uploads what the server has not confirmed, and downloads what documents name and is not here, as far as the link and the
// preferences let it.
func (c *Client) moveFiles(ctx context.Context, s *session) (transfers, error) {
	var t transfers
	select { // whoever comes second finds moved what the first has moved
	case c.moving <- struct{}{}:
		defer func() { <-c.moving }()
	case <-ctx.Done():
		return t, ctx.Err()
	}
	defer func() {
		c.hold(t.held + t.waiting)
		c.waitingFiles.Store(int64(t.waiting))
		if t.sent+t.received > 0 || !c.tidied.Swap(true) {
			c.tidyFiles(ctx)
		}
	}()
	c.learn(ctx, s.api)
	files, err := c.outbox()
	if err != nil {
		return t, err
	}
	missing, err := c.missingFiles(ctx)
	if err != nil {
		return t, err
	}
	if len(files)+len(missing) > 0 {
		c.hold(len(files) + len(missing))
		if err := s.known(ctx); err != nil {
			return t, err
		}
	}
	tried := map[string]struct{}{}
	for c.filesIn(up) == 0 {
		// Looked at anew after each file: what was attached meanwhile, and goes first, does not wait for the end of the list.
		f, left, err := c.nextUp(tried)
		if err != nil {
			return t, err
		}
		if f == nil {
			break
		}
		advanced, err := c.moveUp(ctx, s, *f)
		t.advanced = t.advanced || advanced
		if err == nil {
			t.sent++
			t.sentBytes += f.Size
		}
		if errors.As(err, new(lane.ErrHeld)) {
			t.heldBytes += f.Size - f.Sent
		}
		more, fatal := t.add(err)
		if t.later {
			c.filesLater(up, err)
			break
		}
		if !more {
			t.waiting += left
			return t, fatal
		}
	}
	t.leave(len(files)-len(tried), c.filesIn(up))
	if wait := c.filesIn(down); wait > 0 {
		t.leave(len(missing), wait)
		missing = nil
	}
	for i, m := range missing {
		err := c.moveDown(ctx, s, m)
		if errors.Is(err, ErrNotFound) {
			continue // its author has not uploaded it yet; that is no failure of ours
		}
		if err == nil {
			t.received++
			t.receivedBytes += m.size
		}
		if errors.As(err, new(lane.ErrHeld)) {
			t.heldBytes += m.size
		}
		more, fatal := t.add(err)
		if t.later {
			c.filesLater(down, err)
		}
		if !more {
			t.waiting += len(missing) - i - 1
			return t, fatal
		}
	}
	return t, nil
}

// leave counts files that are not tried, as the server wants to be left alone for so long.
func (t *transfers) leave(n int, wait time.Duration) {
	if n <= 0 || wait == 0 {
		return
	}
	if t.waiting += n; t.err == nil {
		t.err = because(ErrOffline, errors.New("the server is busy, and wants to be asked again later"))
	}
}

// way is in which direction files go: a server that is too busy to take some may give others, and the other way round.
type way int

const (
	up way = iota
	down
)

// filesLater notes when the server, which is busy, wants to be asked for files again.
func (c *Client) filesLater(w way, err error) {
	after, _ := link.RetryAfter(err)
	var spread backoff.Backoff
	c.net.mu.Lock()
	c.net.filesAt[w] = time.Now().Add(spread.Told(after))
	c.net.mu.Unlock()
}

// filesNow forgets that: a person asks.
func (c *Client) filesNow() {
	c.net.mu.Lock()
	c.net.filesAt = [2]time.Time{}
	c.net.mu.Unlock()
	signal(c.outboxChanged)
}

// filesIn is how long it wants to be left alone with files still.
func (c *Client) filesIn(w way) time.Duration {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	return max(0, time.Until(c.net.filesAt[w]))
}

// hold notes how many files wait; who measures the link wants to know when there are some.
func (c *Client) hold(files int) {
	if before := c.heldFiles.Swap(int64(files)); before == 0 && files > 0 {
		signal(c.net.measured)
	}
}

// nextUp gives the file of the outbox that is to go next of those that were not tried, which it is then, and how many are left; nil: none.
func (c *Client) nextUp(tried map[string]struct{}) (next *outboxEntry, left int, err error) {
	files, err := c.outbox()
	if err != nil {
		return nil, 0, err
	}
	for i := range files {
		key := string(outboxKey(files[i].doc, files[i].ref))
		if _, done := tried[key]; done {
			continue
		}
		if next == nil {
			next = &files[i]
			tried[key] = struct{}{}
		} else {
			left++
		}
	}
	return next, left, nil
}

// moveUp uploads a file through the gate.
func (c *Client) moveUp(ctx context.Context, s *session, f outboxEntry) (advanced bool, err error) {
	t, err := c.net.gate.Enter(ctx, laneFile(&f), f.Sent)
	if err != nil {
		return false, err
	}
	defer t.End()
	advanced, err = c.upload(t.Context(), s.api, f)
	if err == nil {
		t.At(f.Size)
	}
	if err = t.Err(err); errors.As(err, new(lane.ErrHeld)) {
		c.noDirect.Store(true) // on that way a file begins anew, and this link is not one for it
	}
	return advanced, err
}

// moveDown downloads a file through the gate.
func (c *Client) moveDown(ctx context.Context, s *session, m missingFile) error {
	t, err := c.net.gate.Enter(ctx, lane.File{Doc: m.doc.String(), Ref: m.ref.String(), Name: m.name, Size: m.size}, 0)
	if err != nil {
		return err
	}
	defer t.End()
	if err = c.download(t.Context(), s.api, m.doc, m.ref, m.size); err == nil {
		c.noteMoved(m.ref)
		t.At(m.size)
	}
	return t.Err(err)
}

// stallGuard closes a body that gives nothing for a while: HTTP has no such limit by itself.
func (c *Client) stallGuard(body io.Closer) *stallTimer {
	t := &stallTimer{after: max(c.stall, time.Minute)}
	t.Timer = time.AfterFunc(t.after, func() { _ = body.Close() })
	return t
}

type stallTimer struct {
	*time.Timer
	after time.Duration
}

// watched puts the guard off with everything that arrives.
type watched struct {
	r     io.Reader
	guard *stallTimer
}

// Read implements io.Reader.
func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if n > 0 {
		w.guard.Reset(w.guard.after)
	}
	return n, err
}

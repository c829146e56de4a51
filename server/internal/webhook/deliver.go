package webhook

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/egress"
)

// schedule is how long a message waits after each attempt that failed; after the last one it is given up. Some three days.
var schedule = []time.Duration{
	5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour,
	8 * time.Hour, 12 * time.Hour, 24 * time.Hour, 24 * time.Hour,
}

// pauses are how long a hook is left alone after so many failures one after another, whatever message is due: a receiver that is
// down is not met by everything that waits.
var pauses = []time.Duration{time.Second, 5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute}

const (
	jitter       = 0.2                // of each wait, to both sides
	outage       = 3                  // failures one after another from which a receiver counts as down
	giveUpAfter  = 5 * 24 * time.Hour // of nothing but failures, a hook is disabled
	maxAnswer    = 512                // bytes of an answer that are read, and kept in the log
	pausePatched = 24 * time.Hour     // the longest Retry-After that is believed
)

// Delivery is an attempt, as the log keeps it.
type Delivery struct {
	Number   uint64         `json:"number"` // ascending, for each hook
	Message  string         `json:"message"`
	Type     string         `json:"type"`
	At       crdt.Timestamp `json:"at"`
	Attempt  int            `json:"attempt"` // from 1
	OK       bool           `json:"ok"`
	Status   int            `json:"status,omitempty"` // of the answer; 0: none came
	Error    string         `json:"error,omitempty"`  // why none came
	Answer   string         `json:"answer,omitempty"` // the beginning of the body
	Duration int64          `json:"duration_ms"`
	// NextAt is when it will be tried again; 0: never.
	NextAt crdt.Timestamp `json:"next_at,omitempty"`
}

// post makes one attempt. It fills in all of the Delivery that the attempt itself knows.
func (w *Webhooks) post(ctx context.Context, h *Hook, m *message) (d Delivery, retryAfter time.Duration) {
	now := w.opt.Now()
	d = Delivery{Message: m.ID, Type: m.Type, At: crdt.Timestamp(now.UnixMilli()), Attempt: m.Attempts + 1}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(m.Body))
	if err != nil {
		d.Error = "the address cannot be used"
		return d, 0
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "fieldsync-webhook/"+w.opt.Version)
	sign(r.Header, h.Secrets, m.ID, now, m.Body)
	began := time.Now()
	resp, err := w.client.Do(r)
	d.Duration = time.Since(began).Milliseconds()
	if err != nil {
		d.Error = wordsOf(err)
		return d, 0
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // of a broken one the beginning will do
	d.Status, d.OK, d.Answer = resp.StatusCode, resp.StatusCode/100 == 2, printable(answer)
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		retryAfter = min(time.Duration(min(seconds, 1<<20))*time.Second, pausePatched)
	}
	return d, retryAfter
}

// wordsOf says why there was no answer, without what a resolver or a receiver makes up: it is shown to administrators.
func wordsOf(err error) string {
	var dns *net.DNSError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, egress.ErrNotPublic):
		return "the address is not a public one"
	case errors.As(err, &dns):
		return "the name cannot be resolved"
	case errors.As(err, &timeout) && timeout.Timeout():
		return "no answer in time"
	case isTLS(err):
		return "no TLS with a certificate that holds"
	default:
		return "no connection, or it broke off"
	}
}

// deliver makes one attempt of what is due first for a hook, if something is, and tells when to look again; zero: never, until
// something is written. Only one call at a time for a hook.
func (w *Webhooks) deliver(ctx context.Context, id string) (time.Time, error) {
	h, ok := w.get(id)
	if !ok {
		return time.Time{}, nil
	}
	if !h.Active {
		return time.Time{}, w.clearInactive(id)
	}
	if w.isOver(id) {
		return time.Time{}, w.disable(h, "more messages waited than are kept")
	}
	now := crdt.Timestamp(w.opt.Now().UnixMilli())
	if h.NotBefore > now {
		return timeOf(h.NotBefore), nil
	}
	q, err := w.first(id)
	if err != nil {
		return time.Time{}, err
	}
	if q == nil {
		w.emptied(id)
		return time.Time{}, nil
	}
	if q.due > now {
		return timeOf(q.due), nil
	}
	d, retryAfter := w.post(ctx, &h, &q.message)
	if ctx.Err() != nil {
		return time.Time{}, ctx.Err() // we stop: it counts as not tried
	}
	return w.settle(id, q, d, retryAfter)
}

// settle writes what became of an attempt.
func (w *Webhooks) settle(id string, q *queued, d Delivery, retryAfter time.Duration) (time.Time, error) {
	w.writing.Lock()
	defer w.writing.Unlock()
	h, ok := w.get(id) // it may have been changed meanwhile
	if !ok {
		return time.Time{}, nil
	}
	now := crdt.Timestamp(w.opt.Now().UnixMilli())
	ops := []store.Op{{Key: q.key}}
	recovered := d.OK && h.Failures >= outage
	if d.OK {
		h.Failures, h.FailingSince, h.NotBefore = 0, 0, 0
	} else {
		h.Failures++
		if h.FailingSince == 0 {
			h.FailingSince = now
		}
		h.NotBefore = now + w.wait(max(pauses[min(h.Failures, len(pauses))-1], retryAfter))
		if q.Attempts < len(schedule) {
			d.NextAt = now + w.wait(max(schedule[q.Attempts], retryAfter))
			again := q.message
			again.Attempts++
			op, err := queueOp(id, d.NextAt, again)
			if err != nil {
				return time.Time{}, err
			}
			ops = append(ops, op)
		}
		if d.Status == http.StatusGone {
			h.Active, h.Reason = false, "the receiver says 410: it is gone"
		} else if now-h.FailingSince >= crdt.Timestamp(giveUpAfter.Milliseconds()) {
			h.Active, h.Reason = false, "no message was taken for five days"
		}
	}
	logged, err := logOps(&h, d)
	if err != nil {
		return time.Time{}, err
	}
	hook, err := hookOp(h)
	if err != nil {
		return time.Time{}, err
	}
	if err := store.Write(w.opt.Store, append(append(ops, logged...), hook)); err != nil {
		return time.Time{}, err
	}
	w.remember(h)
	if d.OK || d.NextAt == 0 {
		w.addWaiting(id, -1)
	}
	w.opt.Delivered(result(d), time.Duration(d.Duration)*time.Millisecond)
	if !h.Active {
		w.opt.Log.Warn("a webhook was disabled", "hook", h.ID, "org", h.Org, "reason", h.Reason)
		return time.Time{}, w.clear(id)
	}
	if recovered {
		if err := w.recall(id, now); err != nil {
			return time.Time{}, err
		}
	}
	return w.opt.Now(), nil
}

// result says in one word what came of an attempt.
func result(d Delivery) string {
	switch {
	case d.OK:
		return "ok"
	case d.NextAt == 0:
		return "given-up"
	}
	return "failed"
}

// wait is a time to wait with jitter, in ms.
func (w *Webhooks) wait(d time.Duration) crdt.Timestamp {
	return crdt.Timestamp(float64(d.Milliseconds()) * (1 - jitter + 2*jitter*w.opt.Random()))
}

// disable makes a hook inactive, with a reason for its administrators.
func (w *Webhooks) disable(h Hook, reason string) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	h, ok := w.get(h.ID)
	if !ok {
		return nil
	}
	h.Active, h.Reason = false, reason
	if err := w.put(h); err != nil {
		return err
	}
	w.opt.Log.Warn("a webhook was disabled", "hook", h.ID, "org", h.Org, "reason", reason)
	return w.clear(h.ID)
}

// clearInactive drops what waits for a hook that is not active, unless it has become so meanwhile: then what waits is new.
func (w *Webhooks) clearInactive(id string) error {
	w.writing.Lock()
	defer w.writing.Unlock()
	if h, ok := w.get(id); !ok || h.Active {
		return nil
	}
	return w.clear(id)
}

// clear drops what waits for a hook; w.writing is held.
func (w *Webhooks) clear(id string) error {
	if err := w.purge(id, kindQueue); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.hooks[id]; s != nil {
		s.waiting, s.over = 0, false
	}
	return nil
}

func (w *Webhooks) isOver(id string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.hooks[id]
	return s != nil && s.over
}

// emptied says that nothing waits for a hook: what was counted and never became durable, because a write failed, does not count any more. Of what
// is being written just now the count may stay behind by a batch.
func (w *Webhooks) emptied(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.hooks[id]; s != nil {
		s.waiting = 0
	}
}

func (w *Webhooks) addWaiting(id string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := w.hooks[id]; s != nil {
		s.waiting = max(s.waiting+n, 0)
	}
}

// Test sends a hook a message of the type webhook.test, at once, and tells what became of it. It is logged, and not tried again.
func (w *Webhooks) Test(ctx context.Context, org, id string) (Delivery, error) {
	h, err := w.Get(org, id)
	if err != nil {
		return Delivery{}, err
	}
	now := crdt.Timestamp(w.opt.Now().UnixMilli())
	m := testMessage(h, now)
	d, _ := w.post(ctx, &h, &m)
	w.writing.Lock()
	defer w.writing.Unlock()
	if h, err = w.Get(org, id); err != nil {
		return d, err
	}
	ops, err := logOps(&h, d)
	if err != nil {
		return d, err
	}
	hook, err := hookOp(h)
	if err != nil {
		return d, err
	}
	if err := store.Write(w.opt.Store, append(ops, hook)); err != nil {
		return d, unavailable(err)
	}
	w.remember(h)
	d.Number = h.NextLog - 1
	return d, nil
}

func timeOf(t crdt.Timestamp) time.Time { return time.UnixMilli(int64(t)) }

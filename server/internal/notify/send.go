package notify

import (
	"context"
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
	"fieldsync/server/internal/notify/rules"
	"fieldsync/server/internal/notify/transport"
)

// sendPatience bounds one attempt.
const sendPatience = 20 * time.Second

// Why a message is not sent. They stand in the log.
const (
	dropMayNotRead = "the person may not read the job any more"
	dropNotToday   = "the job is not one of today"
	dropSignedOut  = "the device is signed out"
	dropNoService  = "this server does not send by that service"
	dropLate       = "nobody needs it any more"
)

// result is what became of a message that was due.
type result struct {
	slot
	sub     *Subscription // nil: there is none any more
	message *message      // nil: there is none
	// One of these: it was not tried, for good or until then; or it was.
	dropped string
	gone    bool // with dropped: the subscription too
	hold    time.Time
	later   time.Time // its service is left alone until then: nothing about the message is written
	outcome *transport.Outcome
	took    time.Duration
	ended   bool // nothing came of it, because we stop
}

// send looks whether a message is still to be sent, and makes one attempt.
func (n *Notifier) send(ctx context.Context, s slot) result {
	r := result{slot: s}
	n.mu.Lock()
	r.sub = n.subs[s.sub]
	n.mu.Unlock()
	if r.sub == nil {
		return r
	}
	service := r.service(n)
	if until := n.leftAlone(service); !until.IsZero() {
		r.later = until
		return r
	}
	var err error
	if r.message, err = n.message(s); err != nil {
		if !errors.Is(err, store.ErrNotFound) {
			r.hold = n.opt.Now().Add(failedPause)
		}
		return r
	}
	set, err := n.SettingsOf(r.sub.Org, r.sub.User)
	if err == nil {
		r, err = n.mayBeSent(r, set)
	}
	if err != nil {
		r.hold = n.opt.Now().Add(failedPause)
		return r
	}
	if r.dropped != "" || !r.hold.IsZero() {
		return r
	}
	by := n.opt.Transports[r.sub.Service]
	n.mu.Lock()
	passes, until := n.passes(service, n.opt.Now())
	n.mu.Unlock()
	if !passes {
		r.later = until
		return r
	}
	began := time.Now()
	o := n.attempt(ctx, by, r.sub, r.message.Job, r.message.whole(), n.zone(r.sub, set), r.message.Short)
	r.took = time.Since(began)
	if ctx.Err() != nil && o.Result != transport.Sent {
		n.mu.Lock()
		if b := n.broken[service]; b != nil {
			b.asking = false
		}
		n.mu.Unlock()
		r.ended = true
		return r
	}
	n.mu.Lock()
	n.noted(service, o.Outage, o.RetryAfter, n.opt.Now())
	n.mu.Unlock()
	r.outcome = &o
	return r
}

// service names the service that a message goes to; empty where this server does not send by it.
func (r *result) service(n *Notifier) string {
	if by := n.opt.Transports[r.sub.Service]; by != nil {
		return by.Service(r.sub.Target)
	}
	return ""
}

// mayBeSent looks at what has come between the change and now.
func (n *Notifier) mayBeSent(r result, set Settings) (result, error) {
	now := n.opt.Now()
	zone := n.zone(r.sub, set)
	notice := r.message.whole()
	if n.opt.Transports[r.sub.Service] == nil {
		r.dropped = dropNoService
		return r, nil
	}
	if e := r.message.Expires; e != 0 && stamp(now) >= e {
		r.dropped = dropLate
		return r, nil
	}
	who, err := n.opt.People.StillIn(r.sub.User, r.sub.Credential)
	switch {
	case crdt.KindOf(err) == crdt.KindUnavailable:
		return r, err
	case err != nil || who.Org != r.sub.Org || who.User != r.sub.User:
		r.dropped, r.gone = dropSignedOut, true
		return r, nil //nolint:nilerr // who is not there any more is no failure
	}
	if notice.Kind != rules.Unassigned {
		may, err := n.mayRead(who, r.doc)
		if err != nil {
			return r, err
		}
		if !may {
			r.dropped = dropMayNotRead
			return r, nil
		}
	}
	if r.hold = set.quietUntil(now, zone); !r.hold.IsZero() {
		return r, nil // whether the job is one of the day is seen when it is sent
	}
	if set.OnlyToday && !isToday(notice, now, zone) {
		r.dropped = dropNotToday
	}
	return r, nil
}

// mayRead tells whether somebody may read a document, by its inner id, now.
func (n *Notifier) mayRead(p access.Principal, doc crdt.DocID) (bool, error) {
	rec, err := drive.ReadRecord(n.opt.Store, doc)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, unavailable(err)
	}
	meta, err := access.DecodeRecord(rec.Meta)
	if err != nil {
		return false, nil //nolint:nilerr // what nobody can decide, nobody is told of
	}
	return access.Decide(p, meta).Read, nil
}

// attempt sends a notice to a device, once.
func (n *Notifier) attempt(ctx context.Context, by transport.Transport, s *Subscription, job string, notice rules.Notice, zone *time.Location, short bool) transport.Outcome {
	now := n.opt.Now()
	m, err := compose(s, job, notice, zone, n.endOfWork(s.Org, now).Sub(now))
	if err != nil {
		return transport.Outcome{Result: transport.Refused, Reason: "it could not be written"}
	}
	if short {
		m.Payload, m.Body, m.Reason = m.Short, "", nil
	}
	ctx, cancel := context.WithTimeout(ctx, sendPatience)
	defer cancel()
	return by.Send(ctx, s.Target, m)
}

// Test sends a device a notice at once, past the outbox, and tells what became of it. A subscription that turns out to be dead is removed.
func (n *Notifier) Test(ctx context.Context, org, device string) (Entry, error) {
	id := subIDOf(org, device)
	n.mu.Lock()
	s := n.subs[id]
	n.mu.Unlock()
	if s == nil {
		return Entry{}, ErrNoSubscription
	}
	by := n.opt.Transports[s.Service]
	if by == nil {
		return Entry{}, crdt.Errorf(crdt.KindConflict, "%s", dropNoService)
	}
	set, err := n.SettingsOf(org, s.User)
	if err != nil {
		return Entry{}, err
	}
	began := time.Now()
	o := n.attempt(ctx, by, s, "", rules.Notice{Kind: rules.Test}, n.zone(s, set), false)
	n.opt.Metrics.Attempted(s.Service, string(o.Result), time.Since(began))
	n.writing.Lock()
	defer n.writing.Unlock()
	e := entryOf(s, "", rules.Test, n.now(), 1)
	e.outcome(o)
	ops, err := n.logOps(s.Org, &e)
	if err != nil {
		return e, err
	}
	if err := store.Write(n.opt.Store, ops); err != nil {
		delete(n.logged, s.Org) // the number is free again
		return e, unavailable(err)
	}
	if o.Result == transport.Gone {
		return e, n.remove(id)
	}
	return e, nil
}

package notify

import (
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/notify/rules"
	"fieldsync/server/internal/notify/transport"
)

// settle writes what became of messages, those that are there in one batch, until the results end.
func (n *Notifier) settle() {
	for r := range n.results {
		all := []result{r}
	more:
		for len(all) < maxSending {
			select {
			case r, ok := <-n.results:
				if !ok {
					break more
				}
				all = append(all, r)
			default:
				break more
			}
		}
		n.settleAll(all)
	}
}

// settled is what a batch of results comes to.
type settled struct {
	ops  []store.Op
	due  map[slot]crdt.Timestamp // when to look again; what is not here is over
	gone []subID
}

func (n *Notifier) settleAll(all []result) {
	n.writing.Lock()
	defer n.writing.Unlock()
	now := n.opt.Now()
	out := settled{due: map[slot]crdt.Timestamp{}}
	var err error
	for _, r := range all {
		if err = n.settleOne(&out, r, now); err != nil {
			break
		}
	}
	if err == nil && len(out.ops) > 0 {
		err = store.Write(n.opt.Store, out.ops)
	}
	if err != nil {
		clear(n.logged) // the numbers are free again
	}
	if err != nil && !errors.Is(err, store.ErrClosed) {
		n.opt.Log.Error("what became of notices could not be written", "error", err.Error())
	}
	n.mu.Lock()
	for _, r := range all {
		delete(n.flying, r.slot)
		due, again := out.due[r.slot]
		switch {
		case !r.later.IsZero() && n.subs[r.slot.sub] != nil:
			n.due.set(r.slot, r.later)
		case err != nil || r.ended: // it comes again: once more is better than never
			n.due.set(r.slot, now.Add(failedPause))
		case again && n.subs[r.slot.sub] != nil:
			n.due.set(r.slot, timeOf(due))
		}
	}
	if err == nil {
		for _, id := range out.gone {
			n.forget(id)
		}
	}
	n.mu.Unlock()
	n.kick()
}

// settleOne adds what one result comes to; n.writing is held.
func (n *Notifier) settleOne(out *settled, r result, now time.Time) error {
	if r.ended || !r.later.IsZero() {
		return nil
	}
	if r.sub == nil {
		out.ops = append(out.ops, store.Op{Key: r.key()})
		return nil
	}
	m, err := n.message(r.slot) // with what came meanwhile
	if errors.Is(err, store.ErrNotFound) {
		out.ops = append(out.ops, store.Op{Key: r.key()})
		return nil
	}
	if err != nil {
		return err
	}
	if r.message == nil { // it could not be read before
		out.due[r.slot] = stamp(now.Add(failedPause))
		return nil
	}
	if m.Expires == 0 {
		m.Expires = stamp(n.endOfWork(r.sub.Org, now))
	}
	if r.outcome == nil && r.dropped == "" {
		if until := stamp(n.endOfWork(r.sub.Org, r.hold)); until > m.Expires { // what quiet hours hold back is for the day that follows
			m.Expires = until
		}
		return n.again(out, r.slot, m, stamp(r.hold))
	}
	e := entryOf(r.sub, m.Job, m.Notice.Kind, stamp(now), m.Attempts+1)
	if r.dropped != "" {
		e.Result, e.Reason, e.Attempt = resultDropped, r.dropped, m.Attempts
		if r.dropped == dropLate {
			e.Result = resultExpired
		}
		n.opt.Metrics.Attempted(r.sub.Service, e.Result, 0)
		return n.ended(out, r, m, &e, r.gone, now)
	}
	e.outcome(*r.outcome)
	n.opt.Metrics.Attempted(r.sub.Service, e.Result, r.took)
	switch r.outcome.Result {
	case transport.Sent:
		n.opt.Metrics.NoticeLate(now.Sub(timeOf(m.At)))
		return n.ended(out, r, m, &e, false, now)
	case transport.Gone:
		return n.ended(out, r, m, &e, true, now)
	case transport.TooLong:
		if !m.Short {
			m.Short = true
			return errors.Join(n.log(out, r.sub.Org, &e), n.again(out, r.slot, m, stamp(now)))
		}
	case transport.Later:
		m.Attempts++
		due := stamp(now) + n.pause(m.Attempts, r.outcome.RetryAfter)
		if due < m.Expires {
			e.NextAt = due
			return errors.Join(n.log(out, r.sub.Org, &e), n.again(out, r.slot, m, due))
		}
		e.Result = resultExpired
	}
	return n.ended(out, r, m, &e, false, now)
}

// again keeps a message for later, as one with what came meanwhile.
func (n *Notifier) again(out *settled, s slot, m *message, due crdt.Timestamp) error {
	if m.Next != nil {
		merged, ok := rules.Merge(m.Notice, *m.Next)
		if !ok {
			out.ops = append(out.ops, store.Op{Key: s.key()})
			return nil
		}
		m.Notice, m.Next = merged, nil
	}
	m.Due = due
	op, err := m.op(s)
	if err != nil {
		return err
	}
	out.ops, out.due[s] = append(out.ops, op), due
	return nil
}

// ended ends with a message, for good or bad; what came meanwhile is a new one. With gone its subscription ends, too.
func (n *Notifier) ended(out *settled, r result, m *message, e *Entry, gone bool, now time.Time) error {
	if err := n.log(out, r.sub.Org, e); err != nil {
		return err
	}
	if gone {
		n.mu.Lock()
		same := n.subs[r.slot.sub] == r.sub // else the device has registered anew meanwhile
		n.mu.Unlock()
		if same {
			ops, err := n.removal(r.slot.sub)
			out.ops, out.gone = append(out.ops, ops...), append(out.gone, r.slot.sub)
			return err
		}
		return n.again(out, r.slot, m, stamp(now))
	}
	if m.Next == nil {
		out.ops = append(out.ops, store.Op{Key: r.key()})
		return nil
	}
	next := &message{Job: m.Job, Notice: *m.Next, At: stamp(now), First: stamp(now)}
	return n.again(out, r.slot, next, n.dueAt(next, stamp(now)))
}

func (n *Notifier) log(out *settled, org string, e *Entry) error {
	ops, err := n.logOps(org, e)
	out.ops = append(out.ops, ops...)
	return err
}

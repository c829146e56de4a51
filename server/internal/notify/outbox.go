package notify

import (
	"encoding/json"
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/notify/rules"
)

// maxWaiting bounds the jobs that wait for one device, as one does that was off for a day; of more it hears when it syncs.
const maxWaiting = 200

// message is what waits for a device about a job.
type message struct {
	Job    string       `json:"job"` // document id, as the organisation has it
	Notice rules.Notice `json:"notice"`
	// Next is what came while the notice was being sent.
	Next *rules.Notice `json:"next,omitempty"`

	At       crdt.Timestamp `json:"at"`    // of the first of the changes
	First    crdt.Timestamp `json:"first"` // when it came into the outbox
	Due      crdt.Timestamp `json:"due"`   // when it is to be sent
	Attempts int            `json:"attempts,omitempty"`
	// Expires is when nobody needs it any more, once it has been tried; 0: it has not.
	Expires crdt.Timestamp `json:"expires,omitempty"`
	Short   bool           `json:"short,omitempty"` // the service wants it short
}

// enqueue writes what each device is to be told of some jobs, and removes the marks of the changes, in one batch.
func (n *Notifier) enqueue(all []derived) error {
	n.writing.Lock()
	defer n.writing.Unlock()
	var ops []store.Op
	now := n.now()
	next := map[slot]crdt.Timestamp{} // when to look at it; 0: never
	fresh := map[subID]int{}          // of this batch
	for _, d := range all {
		for _, key := range d.marks {
			ops = append(ops, store.Op{Key: key})
		}
		for id, notice := range d.told {
			s := slot{id, d.doc}
			n.mu.Lock()
			sub, flying := n.subs[id], n.flying[s]
			n.mu.Unlock()
			if sub == nil {
				continue // it went meanwhile
			}
			m, err := n.message(s)
			switch {
			case errors.Is(err, store.ErrNotFound):
				if full, err := n.full(id, fresh[id]); err != nil {
					return err
				} else if full {
					continue
				}
				fresh[id]++
				m = &message{Job: d.outer.String(), Notice: notice, At: crdt.Timestamp(d.at), First: now}
				m.Due = n.dueAt(m, now)
			case err != nil:
				return err
			default:
				if !m.join(notice, flying) {
					ops = append(ops, store.Op{Key: s.key()})
					next[s] = 0
					continue
				}
				if !flying && m.Attempts == 0 { // what failed keeps its pause
					m.Due = n.dueAt(m, now) // in quiet hours it is put off again
				}
			}
			op, err := m.op(s)
			if err != nil {
				return err
			}
			ops = append(ops, op)
			if !flying {
				next[s] = m.Due
			}
		}
	}
	if len(ops) == 0 {
		return nil
	}
	if err := store.Write(n.opt.Store, ops); err != nil {
		return unavailable(err)
	}
	n.mu.Lock()
	for s, due := range next {
		if due == 0 {
			n.due.drop(s)
		} else if n.subs[s.sub] != nil {
			n.due.set(s, timeOf(due))
		}
	}
	n.mu.Unlock()
	n.kick()
	return nil
}

// join adds what came later. False: nothing is to be told any more.
func (m *message) join(notice rules.Notice, flying bool) bool {
	if !flying {
		var ok bool
		m.Notice, ok = rules.Merge(m.whole(), notice)
		m.Next = nil
		return ok
	}
	if m.Next != nil {
		merged, ok := rules.Merge(*m.Next, notice)
		if !ok {
			m.Next = nil
			return true
		}
		notice = merged
	}
	m.Next = &notice
	return true
}

// whole is the notice with what came while it was sent and nobody knows whether it was.
func (m *message) whole() rules.Notice {
	if m.Next == nil {
		return m.Notice
	}
	if merged, ok := rules.Merge(m.Notice, *m.Next); ok {
		return merged
	}
	return *m.Next
}

func (m *message) op(s slot) (store.Op, error) {
	value, err := json.Marshal(m)
	if err != nil {
		return store.Op{}, crdt.Errorf(crdt.KindInternal, "notify: %w", err)
	}
	return store.Op{Key: s.key(), Value: value}, nil
}

// message reads what waits in a place.
func (n *Notifier) message(s slot) (*message, error) {
	value, err := n.opt.Store.Get(s.key())
	if errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	if err != nil {
		return nil, unavailable(err)
	}
	m := &message{}
	if err := json.Unmarshal(value, m); err != nil {
		return nil, store.ErrNotFound // not ours: it is written anew
	}
	return m, nil
}

// full tells whether as many jobs wait for a device as may, with those that are about to.
func (n *Notifier) full(id subID, waiting int) (bool, error) {
	err := n.opt.Store.Scan(outboxOf(id), nil, func(_, _ []byte) error {
		if waiting++; waiting >= maxWaiting {
			return store.ErrStop
		}
		return nil
	})
	if err != nil {
		return false, unavailable(err)
	}
	return waiting >= maxWaiting, nil
}

// dueAt is when a message that was not tried yet is to be sent: at once, or when the job was left alone.
func (n *Notifier) dueAt(m *message, now crdt.Timestamp) crdt.Timestamp {
	if m.Notice.Kind.Urgent() {
		return now
	}
	return min(now+ms(n.opt.Calm), m.First+ms(max(maxCalm, n.opt.Calm)))
}

// Times of trying again.
const (
	firstPause = 5 * time.Second
	maxPause   = 30 * time.Minute
)

// pause is how long a message waits after so many attempts that failed: exponential, with full jitter over a floor.
func (n *Notifier) pause(attempts int, least time.Duration) crdt.Timestamp {
	most := min(firstPause<<min(attempts-1, 12), maxPause)
	d := most/2 + time.Duration(float64(most/2)*n.opt.Random())
	return ms(max(d, least+time.Duration(float64(most/2)*n.opt.Random())))
}

package index

import (
	"context"
	"encoding/binary"
	"sync"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// ErrResync says that a place in a feed is not one that it has been at: the data was put back to an earlier state. The reader has to
// read its lists anew, and go on from Last.
var ErrResync = crdt.Errorf(crdt.KindConflict, "index: the feed has never been there: read the list anew")

// maxSince bounds the rows of one read of a feed.
const maxSince = 1_000

// Last is the newest place in an organisation's feed.
func (x *Index) Last(org string) (seq uint64, err error) {
	if err := validOrg(org); err != nil {
		return 0, err
	}
	err = x.opt.Store.View(func(r store.Reader) error {
		seq, err = lastSeq(r, orgKeys{org})
		return err
	})
	return seq, err
}

// Since gives the rows of an organisation that were written after a place in its feed, in their order, each document once, as it is
// now. A document that left the index has no After. Of more than limit (0: 1,000, which is also the most) the first ones are given: go on from the
// last one's Seq. A damaged row is passed over. ErrResync where the feed has
// not come as far as seq.
func (x *Index) Since(ctx context.Context, org string, seq uint64, limit int) ([]Event, error) {
	if err := validOrg(org); err != nil {
		return nil, err
	}
	if limit <= 0 || limit > maxSince {
		limit = maxSince
	}
	var out []Event
	err := x.opt.Store.View(func(r store.Reader) error {
		o := orgKeys{org}
		last, err := lastSeq(r, o)
		if err != nil {
			return err
		}
		if seq > last {
			return ErrResync
		}
		prefix := o.part(partFeed)
		return r.Scan(prefix, o.feed(seq+1), func(key, value []byte) error {
			if len(out) == limit {
				return store.ErrStop
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if len(value) != docLen {
				return nil
			}
			row, err := readRow(r, o, crdt.DocID(value))
			if damaged(err) {
				return nil // who waits for it waits for the others too; its next change mends it
			}
			if err != nil {
				return err
			}
			ev := Event{Org: org, Seq: binary.BigEndian.Uint64(key[len(prefix):]), Doc: crdt.DocID(value), after: &row.head}
			if ev.After, err = row.row(); err != nil {
				return nil //nolint:nilerr // its JSON is damaged: as above
			}
			if ev.After != nil {
				ev.JSON = row.json
			}
			out = append(out, ev)
			return nil
		})
	})
	return out, err
}

// maxUnread is how many events wait for a subscriber. One that has more unread is ended.
const maxUnread = 256

// Subscription hears of the rows of an organisation from the moment on at which it was made.
type Subscription struct {
	// C gives the events in the order of their Seq. It is closed at the end: by Close, by the end of the index, or because
	// the subscriber was too slow; then it goes on with Since from the last Seq that it has seen, and subscribes again.
	C <-chan Event

	c    chan Event
	org  string
	subs *subscribers
}

// Subscribe begins to hear of an organisation's rows. Subscribe first, then read Since or a list: nothing is missed between,
// and what comes twice is told by its Seq.
func (x *Index) Subscribe(org string) *Subscription {
	c := make(chan Event, maxUnread)
	s := &Subscription{C: c, c: c, org: org, subs: &x.subs}
	x.subs.add(s)
	return s
}

// Close ends a subscription. It may be called twice.
func (s *Subscription) Close() { s.subs.remove(s) }

// subscribers are those of all organisations.
type subscribers struct {
	mu     sync.Mutex
	by     map[string]map[*Subscription]bool
	closed bool
}

func (s *subscribers) add(sub *Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		close(sub.c)
		return
	}
	if s.by == nil {
		s.by = map[string]map[*Subscription]bool{}
	}
	if s.by[sub.org] == nil {
		s.by[sub.org] = map[*Subscription]bool{}
	}
	s.by[sub.org][sub] = true
}

func (s *subscribers) remove(sub *Subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(sub)
}

// drop ends a subscription that is there; s.mu is held.
func (s *subscribers) drop(sub *Subscription) {
	if !s.by[sub.org][sub] {
		return
	}
	delete(s.by[sub.org], sub)
	if len(s.by[sub.org]) == 0 {
		delete(s.by, sub.org)
	}
	close(sub.c)
}

func (s *subscribers) publish(events []Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ev := range events {
		for sub := range s.by[ev.Org] {
			select {
			case sub.c <- ev:
			default:
				s.drop(sub)
			}
		}
	}
}

func (s *subscribers) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for _, subs := range s.by {
		for sub := range subs {
			s.drop(sub)
		}
	}
}

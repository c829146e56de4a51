package notify

import (
	"encoding/binary"
	"encoding/json"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/notify/rules"
	"fieldsync/server/internal/notify/transport"
)

// keptEntries is how many entries the log of an organisation keeps.
const keptEntries = 2000

// Results in the log, beside those of package transport.
const (
	resultDropped = "dropped" // it was not tried: Reason says why
	resultExpired = "expired" // the working day was over before the service took it
)

// Entry is an attempt to send, or why none was made. It names no job but by its id.
type Entry struct {
	Number  uint64         `json:"number"` // ascending, for each organisation
	At      crdt.Timestamp `json:"at"`
	User    string         `json:"user"`
	Device  string         `json:"device"`
	Service string         `json:"service" enum:"webpush,fcm,apns"`
	Job     string         `json:"job,omitempty"` // document id; empty of a test
	Kind    rules.Kind     `json:"kind" enum:"assigned,unassigned,cancelled,status,changed,test"`
	Attempt int            `json:"attempt"` // from 1; 0: none was made
	Result  string         `json:"result" enum:"sent,later,gone,long,refused,dropped,expired" doc:"sent: the service took it; later: it is tried again; gone: the device is not reached any more and was removed; long: the service wants fewer words, and gets them; refused: it will not be taken; dropped: it was not tried; expired: the working day was over"`
	Status  int            `json:"status,omitempty"` // of the service's answer; 0: none came
	Reason  string         `json:"reason,omitempty"`
	// NextAt is when it will be tried again; 0: never.
	NextAt crdt.Timestamp `json:"next_at,omitempty"`
}

func entryOf(s *Subscription, job string, kind rules.Kind, at crdt.Timestamp, attempt int) Entry {
	return Entry{At: at, User: s.User, Device: s.Device, Service: s.Service, Job: job, Kind: kind, Attempt: attempt}
}

func (e *Entry) outcome(o transport.Outcome) {
	e.Result, e.Status, e.Reason = string(o.Result), o.Status, o.Reason
}

// logOps adds an entry to an organisation's log, and takes the one out that is too old now; n.writing is held.
func (n *Notifier) logOps(org string, e *Entry) ([]store.Op, error) {
	next, known := n.logged[org]
	if !known {
		prefix := logOf(org)
		if err := n.opt.Store.ScanBack(prefix, nil, func(key, _ []byte) error {
			if len(key) == len(prefix)+8 {
				next = binary.BigEndian.Uint64(key[len(prefix):]) + 1
			}
			return store.ErrStop
		}); err != nil {
			return nil, unavailable(err)
		}
	}
	e.Number = next
	value, err := json.Marshal(e)
	if err != nil {
		return nil, crdt.Errorf(crdt.KindInternal, "notify: %w", err)
	}
	n.logged[org] = next + 1
	ops := []store.Op{{Key: logKey(org, next), Value: value}}
	if next >= keptEntries {
		ops = append(ops, store.Op{Key: logKey(org, next-keptEntries)})
	}
	return ops, nil
}

// LogQuery says which entries are wanted.
type LogQuery struct {
	User   string // empty: everybody's
	Result string // empty: any
	Before uint64 // those with smaller numbers; 0: the newest
	Limit  int    // at most
}

// Entries gives entries of an organisation's log, the newest first.
func (n *Notifier) Entries(org string, q LogQuery) ([]Entry, error) {
	out := []Entry{}
	var start []byte
	if q.Before > 0 {
		start = logKey(org, q.Before-1)
	}
	err := n.opt.Store.ScanBack(logOf(org), start, func(_, value []byte) error {
		if len(out) >= q.Limit {
			return store.ErrStop
		}
		var e Entry
		if err := json.Unmarshal(value, &e); err != nil {
			return crdt.Errorf(crdt.KindInternal, "notify: a stored entry is not ours: %w", err)
		}
		if (q.User == "" || e.User == q.User) && (q.Result == "" || e.Result == q.Result) {
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return out, nil
}

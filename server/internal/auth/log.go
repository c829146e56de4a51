package auth

import (
	"encoding/binary"
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// Entry is a line of an organisation's account log: what was done to an account, when, by whom.
type Entry struct {
	Number  uint64    `json:"number"` // from 1, in the order in which they were written
	At      time.Time `json:"at"`
	By      string    `json:"by"`     // Principal.ID of who did it
	Action  string    `json:"action"` // as user.created
	Subject string    `json:"subject"`
	Fields  []string  `json:"fields,omitempty"` // what changed
	Detail  string    `json:"detail,omitempty"` // the new role, as an example

	own bool // about the account of whoever does it
}

// ring is a part of the log that pushes out its own oldest entries only: what people do to their own accounts cannot push
// out what was done to those of others.
type ring string

const (
	ringOffice ring = "a" // what was done to others, to teams, keys and the organisation
	ringOwn    ring = "o" // what people did to their own accounts: signing in and out, their devices and password
)

// ringEntries is how many entries of each ring are kept, of about 200 bytes.
const ringEntries = 10_000

// record writes changes of accounts together with the line of the log about them; a.writing is held.
func (a *Auth) record(by access.Principal, org string, e Entry, ops ...store.Op) error {
	in := ringOffice
	if e.own || by.User != "" && e.Subject == by.User {
		in = ringOwn
	}
	n, err := a.nextEntry(org, in)
	if err != nil {
		return err
	}
	e.Number, e.At, e.By = n, a.now().UTC(), by.ID
	op, err := put(logKey(org, in, n), e)
	if err != nil {
		return err
	}
	ops = append(ops, op, store.Op{Key: logNextKey(org, in), Value: binary.BigEndian.AppendUint64(nil, n+1)})
	if n > ringEntries {
		ops = append(ops, store.Op{Key: logKey(org, in, n-ringEntries)})
	}
	if err := a.write(ops...); err != nil {
		return err
	}
	a.log.Info("account changed", "org", org, "by", by.ID, "action", e.Action, "subject", e.Subject)
	return nil
}

// Record writes a change of something else that administrators manage, such as a webhook, with a line of the log about it.
func (a *Auth) Record(by access.Principal, action, subject string, ops ...store.Op) error {
	a.writing.Lock()
	defer a.writing.Unlock()
	return a.record(by, by.Org, Entry{Action: action, Subject: subject}, ops...)
}

func (a *Auth) nextEntry(org string, in ring) (uint64, error) {
	b, err := a.store.Get(logNextKey(org, in))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 1, nil
	case err != nil:
		return 0, unavailable(err)
	case len(b) != 8:
		return 0, crdt.Errorf(crdt.KindInternal, "auth: the account log's counter is not ours")
	}
	return binary.BigEndian.Uint64(b), nil
}

// Log gives up to limit entries of the account log, the newest first; before 0 begins with the newest, else behind the entry
// of this number. Own are those that people made about their own accounts, instead of all the others.
func (a *Auth) Log(by access.Principal, own bool, before uint64, limit int) ([]Entry, error) {
	if !manages(by) {
		return nil, errRole
	}
	in := ringOffice
	if own {
		in = ringOwn
	}
	next, err := a.nextEntry(by.Org, in)
	if err != nil {
		return nil, err
	}
	if before == 0 || before > next {
		before = next
	}
	limit = pageSize(limit)
	first := uint64(1)
	if before > uint64(limit) {
		first = before - uint64(limit)
	}
	var out []Entry
	err = a.store.View(func(r store.Reader) error {
		for n := before - 1; n >= first && n > 0; n-- {
			e, err := load[Entry](r, logKey(by.Org, in, n))
			if errors.Is(err, store.ErrNotFound) {
				return nil // older ones are pushed out
			} else if err != nil {
				return err
			}
			out = append(out, e)
		}
		return nil
	})
	if err != nil {
		return nil, unavailable(err)
	}
	return out, nil
}

// Bounds on one page of a list.
const (
	DefaultPage = 100
	MaxPage     = 500
)

func pageSize(limit int) int {
	switch {
	case limit <= 0:
		return DefaultPage
	case limit > MaxPage:
		return MaxPage
	}
	return limit
}

package auth

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"fieldsync/crdt/store"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// When an account is locked, beside the waits of failures.go, which end with the process and count what they have room for. Whoever
// guesses gets 20 attempts, then 10 each time the lock ends, and after a week of it 10 a day.
const (
	lockAfter      = 20                 // failures in a row, however far apart, however many addresses they come from
	lockAgainAfter = 10                 // once it has been locked
	lockFirst      = 15 * time.Minute   // each further lock lasts twice as long
	lockLongest    = 24 * time.Hour     // but not longer
	lockForgotten  = 7 * 24 * time.Hour // after so long without a failure all is forgotten
)

// lockState is what is known of failed attempts at one account since the last that succeeded.
type lockState struct {
	Failures int       `json:"failures"` // since the last lock
	Locks    int       `json:"locks"`
	Last     time.Time `json:"last"` // failure
	Until    time.Time `json:"until,omitzero"`
}

func (s lockState) locked(now time.Time) bool { return now.Before(s.Until) }

// anywhere names the failed attempts at a user's password that named no organisation.
func anywhere(user string) string { return user + "/anywhere" }

// attemptsAt are the names under which failed attempts at a user's sign-in are counted.
func attemptsAt(user string) []string { return []string{user, anywhere(user)} }

// locks counts failed attempts by account, durably for accounts that there are. Names of others begin with "?": what is known of
// them is kept in memory alone, so that somebody who guesses names meets the same and fills no disk.
type locks struct {
	store store.Store
	mu    sync.Mutex
	table *simplelru.LRU[string, lockState]
}

func newLocks(s store.Store) *locks {
	table, _ := simplelru.NewLRU[string, lockState](failureTableSize, nil) // fails for a size below 1
	return &locks{store: s, table: table}
}

// get gives the state of an account; mu is held.
func (l *locks) get(name string, now time.Time) (lockState, error) {
	s, ok := l.table.Get(name)
	if !ok && name[0] != '?' {
		b, err := l.store.Get(lockKey(name))
		if err == nil {
			err = json.Unmarshal(b, &s)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return s, unavailable(err)
		}
		l.table.Add(name, s)
	}
	if !s.Last.IsZero() && now.Sub(s.Last) >= lockForgotten {
		s = lockState{}
	}
	return s, nil
}

// locked tells whether no attempt at an account is allowed now.
func (l *locks) locked(name string, now time.Time) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, err := l.get(name, now)
	return s.locked(now), err
}

// failed counts one more failure, and tells whether the account is locked because of it. The write is not waited for: an
// answer must not take longer because there is such an account.
func (l *locks) failed(name string, now time.Time) (locked bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, err := l.get(name, now)
	if err != nil || s.locked(now) {
		return false, err
	}
	s.Failures++
	s.Last = now.UTC()
	limit := lockAfter
	if s.Locks > 0 {
		limit = lockAgainAfter
	}
	if s.Failures >= limit {
		lasts := lockLongest
		if s.Locks < 10 {
			lasts = min(lockFirst<<s.Locks, lockLongest)
		}
		s.Failures, s.Locks, s.Until = 0, s.Locks+1, s.Last.Add(lasts)
		locked = true
	}
	l.table.Add(name, s)
	if name[0] == '?' {
		return locked, nil
	}
	op, err := put(lockKey(name), s)
	if err != nil {
		return locked, err
	}
	l.store.Submit([]store.Op{op}, func(error) {}) // a failing disk keeps what memory knows
	return locked, nil
}

// forget ends what is known of an account: its owner came in, or somebody unlocked it.
func (l *locks) forget(name string, done func(error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	s, known := l.table.Get(name)
	l.table.Add(name, lockState{})
	if known && s == (lockState{}) {
		done(nil)
		return
	}
	l.store.Submit([]store.Op{{Key: lockKey(name)}}, done)
}

// namesakes remembers which right password was counted as a failure against which namesake, for as long as both keep theirs.
type namesakes struct {
	mu    sync.Mutex
	table *simplelru.LRU[[sha256.Size]byte, struct{}]
}

func newNamesakes() *namesakes {
	table, _ := simplelru.NewLRU[[sha256.Size]byte, struct{}](failureTableSize, nil) // fails for a size below 1
	return &namesakes{table: table}
}

// first tells whether this is the first time.
func (n *namesakes) first(right, wrong User) bool {
	key := sha256.Sum256([]byte(right.ID + "\x00" + right.PasswordHash + "\x00" + wrong.ID + "\x00" + wrong.PasswordHash))
	n.mu.Lock()
	defer n.mu.Unlock()
	if _, seen := n.table.Get(key); seen {
		return false
	}
	n.table.Add(key, struct{}{})
	return true
}

package webhook

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// maxWaiting bounds the messages that wait for a hook: a day of a large organisation. A receiver that is so far behind begins
// anew, by the API's lists.
const maxWaiting = 20_000

// Event is something that happened to a job.
type Event struct {
	Org string
	// Sequence is the number of the row in the organisation's feed: later events have greater ones.
	Sequence uint64
	Type     string // one of Events
	At       crdt.Timestamp
	// Data is the event's JSON, an object.
	Data json.RawMessage
	// Mutes tells whether a hook of this owner is not to hear of it; nil: all do.
	Mutes func(owner string) bool
}

// message is what waits for a hook.
type message struct {
	ID       string         `json:"id"`
	Sequence uint64         `json:"sequence"` // in the queue's order: that of the event, and of events of one row
	Type     string         `json:"type"`
	At       crdt.Timestamp `json:"at"`
	Body     []byte         `json:"body"`
	Attempts int            `json:"attempts,omitempty"` // that failed
}

// body is what is sent.
type body struct {
	Type      string          `json:"type"`
	Timestamp crdt.Timestamp  `json:"timestamp"`
	Data      json.RawMessage `json:"data"`
}

// eventsPerRow bounds the events of one change of a row, so that they have numbers of their own in the queue.
const eventsPerRow = 16

// Enqueue gives what has to be written, in the same batch as what the events tell of, for the hooks that want them. It writes nothing itself.
// After the batch is durable, Written is to be called.
func (w *Webhooks) Enqueue(events []Event) ([]store.Op, error) {
	var ops []store.Op
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, e := range events {
		var encoded []byte
		for _, s := range w.hooks {
			h := &s.hook
			if h.Org != e.Org || !h.Active || !h.Wants(e.Type) || e.Mutes != nil && e.Mutes(h.Owner) {
				continue
			}
			if s.waiting >= maxWaiting {
				s.over = true
				continue
			}
			m := message{ID: messageID(e), Sequence: e.Sequence*eventsPerRow + uint64(i%eventsPerRow), Type: e.Type, At: e.At}
			if encoded == nil {
				var err error
				if encoded, err = json.Marshal(body{Type: e.Type, Timestamp: e.At, Data: e.Data}); err != nil {
					return nil, crdt.Errorf(crdt.KindInternal, "webhook: an event that is no JSON: %w", err)
				}
			}
			m.Body = encoded
			op, err := queueOp(h.ID, e.At, m)
			if err != nil {
				return nil, err
			}
			ops = append(ops, op)
			s.waiting++
		}
	}
	return ops, nil
}

// Written says that something that Enqueue gave has become durable, or may have.
func (w *Webhooks) Written(org string) {
	w.mu.Lock()
	found := false
	for _, s := range w.hooks {
		if s.hook.Org == org && s.hook.Active {
			s.next, s.again, found = timeOf(s.hook.NotBefore), true, true
		}
	}
	w.mu.Unlock()
	if found {
		w.kick()
	}
}

// messageID names an event, the same for all hooks and all attempts, also if it is queued twice. What it says counts too: a store that was put
// back to an earlier state gives the same numbers to other events, and a receiver that knows an id does not look at its message.
func messageID(e Event) string {
	sum := sha256.Sum256(append([]byte(strings.Join([]string{e.Org, strconv.FormatUint(e.Sequence, 10), e.Type}, "\x00")+"\x00"), e.Data...))
	return "msg_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16]))
}

func queueKey(hook string, due crdt.Timestamp, sequence uint64) []byte {
	key := hookPrefix(kindQueue, hook)
	key = binary.BigEndian.AppendUint64(key, uint64(max(due, 0)))
	return binary.BigEndian.AppendUint64(key, sequence)
}

func queueOp(hook string, due crdt.Timestamp, m message) (store.Op, error) {
	value, err := json.Marshal(m)
	if err != nil {
		return store.Op{}, crdt.Errorf(crdt.KindInternal, "webhook: %w", err)
	}
	return store.Op{Key: queueKey(hook, due, m.Sequence), Value: value}, nil
}

// queued is a message in a queue.
type queued struct {
	key []byte
	due crdt.Timestamp
	message
}

// first gives the message of a hook that is due first; nil: none waits. What cannot be read is removed, so that it keeps no other back.
func (w *Webhooks) first(hook string) (*queued, error) {
	var out *queued
	var damaged []store.Op
	prefix := hookPrefix(kindQueue, hook)
	err := w.opt.Store.Scan(prefix, nil, func(key, value []byte) error {
		q := &queued{key: slices.Clone(key)}
		if len(key) != len(prefix)+16 || json.Unmarshal(value, &q.message) != nil || q.ID == "" {
			if damaged = append(damaged, store.Op{Key: q.key}); len(damaged) == moveBatch {
				return store.ErrStop
			}
			return nil
		}
		q.due = crdt.Timestamp(binary.BigEndian.Uint64(key[len(prefix):]))
		out = q
		return store.ErrStop
	})
	if err != nil || len(damaged) == 0 {
		return out, err
	}
	w.opt.Log.Error("messages of a webhook cannot be read and are dropped", "hook", hook, "messages", len(damaged))
	if err := store.Write(w.opt.Store, damaged); err != nil {
		return nil, unavailable(err)
	}
	w.addWaiting(hook, -len(damaged))
	if out == nil {
		return w.first(hook)
	}
	return out, nil
}

// moveBatch is how many entries are written or removed at once.
const moveBatch = 200

// recall makes all that waits for a hook due now, in the order of the events: the receiver has recovered.
func (w *Webhooks) recall(hook string, now crdt.Timestamp) error {
	var keys [][]byte // at most maxWaiting, of 34 bytes
	if err := w.opt.Store.Scan(hookPrefix(kindQueue, hook), nil, func(key, _ []byte) error {
		keys = append(keys, slices.Clone(key))
		return nil
	}); err != nil {
		return err
	}
	for some := range slices.Chunk(keys, moveBatch) {
		var ops []store.Op
		for _, key := range some {
			to := queueKey(hook, now, binary.BigEndian.Uint64(key[len(key)-8:]))
			if bytes.Equal(key, to) {
				continue
			}
			value, err := w.opt.Store.Get(key)
			if err != nil {
				return err
			}
			ops = append(ops, store.Op{Key: key}, store.Op{Key: to, Value: value})
		}
		if err := store.Write(w.opt.Store, ops); err != nil {
			return err
		}
	}
	return nil
}

// purge removes all entries of a kind of a hook.
func (w *Webhooks) purge(hook string, kind byte) error {
	for {
		var ops []store.Op
		if err := w.opt.Store.Scan(hookPrefix(kind, hook), nil, func(key, _ []byte) error {
			if len(ops) >= moveBatch {
				return store.ErrStop
			}
			ops = append(ops, store.Op{Key: slices.Clone(key)})
			return nil
		}); err != nil {
			return unavailable(err)
		}
		if len(ops) == 0 {
			return nil
		}
		if err := store.Write(w.opt.Store, ops); err != nil {
			return unavailable(err)
		}
	}
}

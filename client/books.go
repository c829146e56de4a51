package client

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"fieldsync/blobs"
	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// The kinds of entries that a client keeps beside its documents (store.Local). Ids are raw bytes.
const (
	bookAsked      = 'a' // <sha256> -> ms since 1970, big-endian: when somebody asked for a file that has not moved since
	bookEqual      = 'e' // <doc> -> heads: what a comparison found equal at the server of bookServer
	bookFact       = 'f' // <name> -> value
	bookGeneration = 'g' // <doc> -> which actor writes to it; see actorOf
	bookTold       = 'h' // <doc> -> receipt: what we last told the server
	bookUsed       = 'l' // <sha256> -> ms since 1970, big-endian: when a file that the server has was last used
	bookLooked     = 'k' // <doc> -> looked: the state that the folder's owner last looked at
	bookAsking     = 'n' // <doc> -> ms since 1970, big-endian: our last change, while it is asked how far it came
	bookOutbox     = 'o' // <doc><sha256> -> queued: a file that the server has not confirmed
	bookReceipts   = 'q' // <doc> -> the receipts of other devices
	bookRefused    = 'r' // <doc><change> -> refusedEntry
	bookRow        = 'w' // <doc> -> digest of heads, then the Row as JSON: a cache
	bookWithdrawn  = 'x' // <doc> -> ms since 1970, big-endian: when we learned that it is not ours to read any more
	bookWork       = 'z' // <doc><change> -> workEntry: work that the server has refused for good
)

const (
	factServer   = "server-storage" // the storage id of the server that was last joined
	factExported = "exported"       // what was last exported: exported.digest
	factRevoked  = "revoked"        // ms since 1970, big-endian: when we learned that the login is not accepted any more
	factFailure  = "failure"        // Failure: since the last sync
	factLastSync = "last-sync"      // ms since 1970, big-endian
)

// note submits entries that nobody waits for: what they say can be found out again.
func (c *Client) note(ops ...store.Op) {
	c.writing.Add(1)
	c.store.Submit(ops, func(err error) {
		if err != nil {
			c.log.Warn("could not keep a note", "error", err.Error())
		}
		c.writing.Done()
	})
}

func (c *Client) fact(name string) ([]byte, error) {
	v, err := c.store.Get(store.Local(bookFact, []byte(name)))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	return v, err
}

// keepServer notes which storage we talk to. What another server was found to hold says nothing of this one.
func (c *Client) keepServer(id crdt.StorageID) {
	old, err := c.fact(factServer)
	if err != nil || string(old) == string(id) {
		return
	}
	ops := []store.Op{{Key: store.Local(bookFact, []byte(factServer)), Value: []byte(id)}}
	_ = c.store.Scan(store.Locals(bookEqual), nil, func(key, _ []byte) error {
		ops = append(ops, store.Op{Key: slices.Clone(key)})
		return nil
	})
	c.mu.Lock()
	c.recent = map[crdt.DocID]crdt.Heads{}
	c.mu.Unlock()
	c.note(ops...)
}

// keepEqual notes the heads that the server was found to hold as we do.
func (c *Client) keepEqual(server crdt.StorageID, equal map[crdt.DocID]crdt.Heads) {
	var ops []store.Op
	for doc, heads := range equal {
		if shared, err := c.sharedHeads(doc, server); err != nil || slices.ContainsFunc(shared, func(s crdt.Heads) bool { return s.Equal(heads) }) {
			continue
		}
		ops = append(ops, store.Op{Key: store.Local(bookEqual, doc[:]), Value: heads.Bytes()})
	}
	if len(ops) > 0 {
		c.note(ops...)
	}
}

// savedState is the first byte of an encoded sync state (automerge's own format: 43, the number of hashes, the hashes).
const savedState = 0x43

// sharedHeads are the states that the server is known to hold: from the conversation, and from a comparison.
func (c *Client) sharedHeads(doc crdt.DocID, server crdt.StorageID) ([]crdt.Heads, error) {
	var out []crdt.Heads
	c.mu.Lock()
	if recent, ok := c.recent[doc]; ok {
		out = append(out, recent)
	}
	c.mu.Unlock()
	for _, key := range [][]byte{store.DocPeer(doc, server), store.Local(bookEqual, doc[:])} {
		v, err := c.store.Get(key)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(v) > 0 && len(v)%len(crdt.Hash{}) != 0 && v[0] == savedState {
			_, n := binary.Uvarint(v[1:])
			v = v[1+max(n, 0):]
		}
		var heads []crdt.Hash
		for chunk := range slices.Chunk(v, len(crdt.Hash{})) {
			if len(chunk) == len(crdt.Hash{}) {
				heads = append(heads, crdt.Hash(chunk))
			}
		}
		out = append(out, crdt.NewHeads(heads...))
	}
	return out, nil
}

// keepLastSync notes that the server and we held the same, and no file waited.
func (c *Client) keepLastSync(at time.Time) {
	c.lastSync.Store(at.UnixMilli())
	c.note(store.Op{Key: store.Local(bookFact, []byte(factFailure))},
		store.Op{Key: store.Local(bookFact, []byte(factLastSync)), Value: binary.BigEndian.AppendUint64(nil, uint64(at.UnixMilli()))})
}

// LastSync is when a sync last ended with everything exchanged; the zero time if that never was.
func (c *Client) LastSync() (time.Time, error) {
	if at := c.lastSync.Load(); at != 0 {
		return time.UnixMilli(at), nil
	}
	v, err := c.fact(factLastSync)
	if err != nil || len(v) != 8 {
		return time.Time{}, err
	}
	return time.UnixMilli(int64(binary.BigEndian.Uint64(v))), nil
}

// refusedEntry is what the server said of a change of ours.
type refusedEntry struct {
	Code   crdt.RefusalCode `json:"code"`
	Detail string           `json:"detail,omitempty"`
	At     int64            `json:"at"` // ms since 1970
}

// refusedByServer notes a refusal that waiting does not change, until the change is taken out of its document or taken after all.
func (c *Client) refusedByServer(s *session, doc crdt.DocID, r crdt.Refusal, retry bool) {
	final := r.Code.Final() && !retry
	value, err := json.Marshal(refusedEntry{Code: r.Code, Detail: r.Detail, At: time.Now().UnixMilli()})
	if err != nil {
		return
	}
	if !final {
		// What it builds on was refused, and that is told; or the server cannot take it now, and will be asked again.
		c.log.Info("the server did not take a change yet", "doc", doc.String(), "code", string(r.Code))
		return
	}
	if r.Change == (crdt.Hash{}) {
		c.tell(Event{Kind: EventRefused, Doc: doc, Reason: r.Error()}) // which one cannot be told
		return
	}
	c.writing.Add(1)
	c.store.Submit([]store.Op{{Key: refusedKey(doc, r.Change), Value: value}}, func(err error) {
		if err != nil {
			c.log.Warn("could not keep a refusal", "error", err.Error())
		}
		if s != nil {
			s.update(func() { s.refused[doc] = struct{}{} })
		}
		c.writing.Done()
	})
}

func refusedKey(doc crdt.DocID, change crdt.Hash) []byte {
	return store.Local(bookRefused, append(doc[:], change[:]...))
}

// refusals are the changes of a document that the server did not take.
func (c *Client) refusals(doc crdt.DocID) (map[crdt.Hash]refusedEntry, error) {
	out := map[crdt.Hash]refusedEntry{}
	prefix := store.Local(bookRefused, doc[:])
	err := c.store.Scan(prefix, nil, func(key, value []byte) error {
		var e refusedEntry
		if len(key) == len(prefix)+len(crdt.Hash{}) && json.Unmarshal(value, &e) == nil {
			out[crdt.Hash(key[len(prefix):])] = e
		}
		return nil
	})
	return out, err
}

// queued is a file in the outbox.
type queued struct {
	Name      string `json:"name"`
	Size      int64  `json:"size"`
	QueuedAt  int64  `json:"queued_at"` // ms since 1970
	Attempts  int    `json:"attempts,omitempty"`
	LastError string `json:"last_error,omitempty"`
	MediaType string `json:"media_type,omitempty"`
	Kind      string `json:"kind,omitempty"`   // "preview", "thumbnail"; empty: a file
	Upload    string `json:"upload,omitempty"` // path of the upload at the server; empty: not begun
	Sent      int64  `json:"sent,omitempty"`   // bytes that the server is known to have
	Direct    bool   `json:"direct,omitempty"` // it was begun past the server: what that lost is not lost again
}

type outboxEntry struct {
	doc   crdt.DocID
	ref   blobs.Ref
	asked bool // for, whatever the link
	queued
}

func outboxKey(doc crdt.DocID, ref blobs.Ref) []byte {
	sum := ref.Sum()
	return store.Local(bookOutbox, append(doc[:], sum[:]...))
}

// outbox are the files that the server has not confirmed.
func (c *Client) outbox() ([]outboxEntry, error) {
	var out []outboxEntry
	prefix := store.Locals(bookOutbox)
	err := c.store.Scan(prefix, nil, func(key, value []byte) error {
		id := key[len(prefix):]
		e := outboxEntry{}
		if len(id) != len(e.doc)+32 {
			return nil
		}
		e.doc, e.ref = crdt.DocID(id[:16]), blobs.RefFromSum([32]byte(id[16:]))
		if err := json.Unmarshal(value, &e.queued); err != nil {
			return err
		}
		out = append(out, e)
		return nil
	})
	// What somebody asked for goes first, then what a dispatcher sees first, then what waits longest.
	for i := range out {
		out[i].asked = c.net.gate.Asked(out[i].ref.String())
	}
	slices.SortStableFunc(out, func(a, b outboxEntry) int {
		return cmp.Or(cmp.Compare(precedence(&a), precedence(&b)), cmp.Compare(a.QueuedAt, b.QueuedAt))
	})
	return out, err
}

// precedence is the order in which files go.
func precedence(e *outboxEntry) int {
	order := 2
	switch e.Kind {
	case kindThumbnail:
		order = 0
	case kindPreview:
		order = 1
	}
	if e.asked {
		order -= 3
	}
	return order
}

func (c *Client) putOutbox(e outboxEntry) error {
	value, err := json.Marshal(e.queued)
	if err != nil {
		return err
	}
	return asFull(store.Write(c.store, []store.Op{{Key: outboxKey(e.doc, e.ref), Value: value}}))
}

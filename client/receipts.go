package client

import (
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"fieldsync/client/internal/service"
	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// How far a change of ours came, as a ladder: on this phone (a change that is told is durable here), on the server (durable there, by its
// word in the sync protocol), on other devices of the job, seen by their users. The last two are what those devices themselves say (receipts): each
// tells the server what it holds and what its user looked at, and asks about what was changed here lately.

// Receipt is how far a change came beyond this phone.
type Receipt struct {
	Server  bool     // the server holds it durably
	Devices []Device // the other devices that hold it, those first whose users saw it
}

// Device is another device that holds a change.
type Device struct {
	User   string    `json:"user"`
	ID     string    `json:"device"`
	HeldBy time.Time `json:"held_by"` // when it was known to hold it, at the latest
	Seen   bool      `json:"seen"`
	SeenBy time.Time `json:"seen_by"` // if Seen: when its user had seen it, at the latest
}

// Seen are the users who saw it.
func (r *Receipt) Seen() (users []string) {
	for _, d := range r.Devices {
		if d.Seen && !slices.Contains(users, d.User) {
			users = append(users, d.User)
		}
	}
	return users
}

const (
	// askFor is how long after a change it is asked how far it came, if nobody else sees it before.
	askFor = 14 * 24 * time.Hour
	// askEvery is how often it is asked while connected and nothing else is to be told.
	askEvery = 30 * time.Second
)

// receipts is what is known of them in memory.
type receipts struct {
	mu     sync.Mutex
	told   map[crdt.DocID]told      // what the server was told; nil: not read yet
	asking map[crdt.DocID]time.Time // documents of which it is asked
	asked  time.Time                // when it last was
	absent bool                     // this server knows no receipts
}

// told is our receipt of a document.
type told struct {
	Heads []string `json:"heads"`
	Seen  []string `json:"seen,omitempty"`
}

// load reads the books, once; mu is held.
func (r *receipts) load(c *Client) error {
	if r.told != nil {
		return nil
	}
	all, asking := map[crdt.DocID]told{}, map[crdt.DocID]time.Time{}
	at := len(store.Locals(bookTold))
	if err := c.store.Scan(store.Locals(bookTold), nil, func(key, value []byte) error {
		var t told
		if len(key) == at+len(crdt.DocID{}) && json.Unmarshal(value, &t) == nil {
			all[crdt.DocID(key[at:])] = t
		}
		return nil
	}); err != nil {
		return err
	}
	if err := c.store.Scan(store.Locals(bookAsking), nil, func(key, value []byte) error {
		if len(key) == at+len(crdt.DocID{}) && len(value) == 8 {
			asking[crdt.DocID(key[at:])] = time.UnixMilli(int64(binary.BigEndian.Uint64(value)))
		}
		return nil
	}); err != nil {
		return err
	}
	r.told, r.asking = all, asking
	return nil
}

// askAbout has it asked how far the changes of a document come.
func (c *Client) askAbout(doc crdt.DocID) {
	now := time.Now()
	c.receipts.mu.Lock()
	defer c.receipts.mu.Unlock()
	if c.receipts.load(c) != nil || now.Sub(c.receipts.asking[doc]) < time.Hour {
		return
	}
	c.receipts.asking[doc] = now
	c.note(store.Op{Key: store.Local(bookAsking, doc[:]), Value: binary.BigEndian.AppendUint64(nil, uint64(now.UnixMilli()))})
}

// exchangeReceipts tells the server what is held and was seen here, where that is news, and asks how far our changes came. It is called
// when documents are in step; that it cannot be done now is no failure: it is done with the next sync.
func (c *Client) exchangeReceipts(ctx context.Context, api *service.Service) error {
	tell, ask, err := c.receiptsToSend()
	if err != nil || len(tell)+len(ask) == 0 {
		return err
	}
	for len(tell)+len(ask) > 0 {
		n, m := min(len(tell), service.MaxReceipts), min(len(ask), service.MaxReceipts)
		left, err := api.Receipts(ctx, tell[:n], ask[:m])
		switch kind := crdt.KindOf(err); {
		case err == nil:
		case kind == crdt.KindNotFound, kind == crdt.KindInvalid, kind == crdt.KindForbidden: // a server without them
			c.receipts.mu.Lock()
			c.receipts.absent = true
			c.receipts.mu.Unlock()
			return nil
		default:
			return asOurs(err)
		}
		if err := c.keepReceipts(ctx, tell[:n], ask[:m], left); err != nil {
			return err
		}
		tell, ask = tell[n:], ask[m:]
	}
	return nil
}

// receiptsToSend gives what is to be told and asked now.
func (c *Client) receiptsToSend() (tell []service.Receipt, ask []string, err error) {
	r := &c.receipts
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.load(c); err != nil || r.absent {
		return nil, nil, err
	}
	seen := map[crdt.DocID][]string{}
	at := len(store.Locals(bookLooked))
	if err := c.store.Scan(store.Locals(bookLooked), nil, func(key, value []byte) error {
		var l looked
		if len(key) == at+len(crdt.DocID{}) && json.Unmarshal(value, &l) == nil {
			seen[crdt.DocID(key[at:])] = l.Heads
		}
		return nil
	}); err != nil {
		return nil, nil, err
	}
	if err := drive.Records(c.store, func(doc crdt.DocID, rec replica.Record) error {
		next := told{Heads: texts(rec.Heads), Seen: seen[doc]}
		if old := r.told[doc]; c.Withdrawn(doc).IsZero() && (!slices.Equal(old.Heads, next.Heads) || !slices.Equal(old.Seen, next.Seen)) {
			tell = append(tell, service.Receipt{Job: doc.String(), Heads: next.Heads, Seen: next.Seen})
		}
		return nil
	}); err != nil {
		return nil, nil, err
	}
	now := time.Now()
	if len(tell) == 0 && now.Sub(r.asked) < askEvery {
		return nil, nil, nil
	}
	r.asked = now
	for doc, since := range r.asking {
		if now.Sub(since) > askFor {
			delete(r.asking, doc)
			c.note(store.Op{Key: store.Local(bookAsking, doc[:])})
			continue
		}
		ask = append(ask, doc.String())
	}
	return tell, ask, nil
}

func texts(heads crdt.Heads) []string {
	out := make([]string, len(heads))
	for i, h := range heads {
		out[i] = h.String()
	}
	return out
}

func parseHashes(texts []string) []crdt.Hash {
	var out []crdt.Hash
	for _, text := range texts {
		if h, err := crdt.ParseHash(text); err == nil {
			out = append(out, h)
		}
	}
	return out
}

// keepReceipts notes what the server was told and what it answered.
func (c *Client) keepReceipts(ctx context.Context, tell []service.Receipt, ask []string, left []service.Left) error {
	var ops []store.Op
	c.receipts.mu.Lock()
	for _, t := range tell {
		doc, err := crdt.ParseDocID(t.Job)
		if err != nil {
			continue // it was one of ours
		}
		x := told{t.Heads, t.Seen}
		c.receipts.told[doc] = x
		value, err := json.Marshal(x)
		if err != nil {
			c.receipts.mu.Unlock()
			return err
		}
		ops = append(ops, store.Op{Key: store.Local(bookTold, doc[:]), Value: value})
	}
	c.receipts.mu.Unlock()
	news := map[crdt.DocID][]service.Left{}
	for _, l := range left {
		if doc, err := crdt.ParseDocID(l.Job); err == nil {
			news[doc] = append(news[doc], l)
		}
	}
	for _, id := range ask {
		doc, err := crdt.ParseDocID(id)
		if err != nil {
			continue
		}
		value, err := json.Marshal(news[doc])
		if err != nil {
			return err
		}
		key := store.Local(bookReceipts, doc[:])
		if old, err := c.store.Get(key); err == nil && string(old) == string(value) || errors.Is(err, store.ErrNotFound) && len(news[doc]) == 0 {
			continue
		}
		ops = append(ops, store.Op{Key: key, Value: value})
	}
	if len(ops) == 0 {
		return nil
	}
	if err := store.Write(c.store, ops); err != nil {
		return asFull(err)
	}
	return c.stopAsking(ctx, news)
}

// stopAsking ends the asking about documents of which somebody else has seen all that was done here.
func (c *Client) stopAsking(ctx context.Context, news map[crdt.DocID][]service.Left) error {
	for doc, left := range news {
		if !slices.ContainsFunc(left, func(l service.Left) bool { return len(l.Seen) > 0 }) {
			continue
		}
		all := false
		err := c.inspect(ctx, doc, func(d *replica.Document) error {
			h, _, err := d.View()
			if err != nil {
				return err
			}
			ladder := c.ladderOf(h, nil, left)
			all = true
			for i := range h.Len() {
				if h.Author(i) == self && !slices.ContainsFunc(ladder(i).Devices, func(x Device) bool { return x.Seen && x.User != c.user() }) {
					all = false
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if all {
			c.receipts.mu.Lock()
			delete(c.receipts.asking, doc)
			c.receipts.mu.Unlock()
			c.note(store.Op{Key: store.Local(bookAsking, doc[:])})
		}
	}
	return nil
}

// user is the folder's owner.
func (c *Client) user() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.account.User
}

// leftOf are the receipts that were kept of a document.
func (c *Client) leftOf(doc crdt.DocID) ([]service.Left, error) {
	v, err := c.store.Get(store.Local(bookReceipts, doc[:]))
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	var left []service.Left
	if err == nil {
		err = json.Unmarshal(v, &left)
	}
	return left, err
}

// ladderOf tells of each change of a history how far it came; known are the newest changes that the server holds.
func (c *Client) ladderOf(h *history.History, known []crdt.Hash, left []service.Left) func(i int) Receipt {
	lacks := func(heads []crdt.Hash) map[int]bool {
		out := map[int]bool{}
		for _, i := range h.Since(heads) {
			out[i] = true
		}
		return out
	}
	server := lacks(known)
	type rung struct {
		service.Left
		held, seen map[int]bool
	}
	var rungs []rung
	for _, l := range left {
		rungs = append(rungs, rung{l, lacks(parseHashes(l.Heads)), lacks(parseHashes(l.Seen))})
	}
	return func(i int) Receipt {
		r := Receipt{Server: !server[i]}
		for _, x := range rungs {
			d := Device{User: x.User, ID: x.Device, Seen: !x.seen[i]}
			if d.Seen {
				d.SeenBy = time.UnixMilli(int64(x.SeenAt))
			}
			if !x.held[i] || d.Seen {
				d.HeldBy = time.UnixMilli(int64(x.At))
				r.Devices = append(r.Devices, d)
			}
		}
		slices.SortStableFunc(r.Devices, func(a, b Device) int {
			if a.Seen != b.Seen {
				if a.Seen {
					return -1
				}
				return 1
			}
			return cmp.Or(a.SeenBy.Compare(b.SeenBy), a.HeldBy.Compare(b.HeldBy))
		})
		return r
	}
}

// ladder is ladderOf a document that is here.
func (c *Client) ladder(doc crdt.DocID, h *history.History) (func(i int) Receipt, error) {
	server, err := c.fact(factServer)
	if err != nil {
		return nil, err
	}
	known, err := c.knownHashes(doc, crdt.StorageID(server))
	if err != nil {
		return nil, err
	}
	left, err := c.leftOf(doc)
	return c.ladderOf(h, known, left), err
}

// Delivery is how far what was lately done here in a document came.
type Delivery struct {
	Doc     crdt.DocID
	At      time.Time // when the newest change of ours was made
	Receipt           // of that one
}

// Deliveries tells of documents that were changed here lately how far the newest change came, until others have seen all of them. Those
// that have unsent changes come first, then the newest. It needs no network.
func (c *Client) Deliveries(ctx context.Context) ([]Delivery, error) {
	c.receipts.mu.Lock()
	err := c.receipts.load(c)
	docs := make([]crdt.DocID, 0, len(c.receipts.asking))
	for doc := range c.receipts.asking {
		docs = append(docs, doc)
	}
	c.receipts.mu.Unlock()
	if err != nil {
		return nil, err
	}
	var out []Delivery
	for _, doc := range docs {
		if _, err := drive.ReadRecord(c.store, doc); errors.Is(err, store.ErrNotFound) {
			continue
		}
		err := c.inspect(ctx, doc, func(d *replica.Document) error {
			h, _, err := d.View()
			if err != nil {
				return err
			}
			ladder, err := c.ladder(doc, h)
			if err != nil {
				return err
			}
			for i := h.Len() - 1; i >= 0; i-- {
				if h.Author(i) == self {
					out = append(out, Delivery{doc, time.UnixMilli(d.Arrived(i)), ladder(i)})
					break
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(out, func(a, b Delivery) int {
		if a.Server != b.Server {
			if !a.Server {
				return -1
			}
			return 1
		}
		return b.At.Compare(a.At)
	})
	return out, nil
}

package receipts

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// kindReceipt is the kind of the entries (store.API): <doc 16> <the first 8 bytes of SHA-256 of the device> -> entry.
const kindReceipt = 'r'

// maxDevices bounds the receipts of a document. Beyond it the one that is the oldest goes.
const maxDevices = 64

// entry is a receipt as it is stored.
type entry struct {
	User   string         `json:"user"`
	Device string         `json:"device"`
	Heads  []string       `json:"heads"`
	At     crdt.Timestamp `json:"at"`
	Seen   []string       `json:"seen,omitempty"`
	SeenAt crdt.Timestamp `json:"seen_at,omitempty"`
}

func (e *entry) newest() crdt.Timestamp { return max(e.At, e.SeenAt) }

func keyOf(doc crdt.DocID, device string) []byte {
	sum := sha256.Sum256([]byte(device))
	return store.API(kindReceipt, doc[:], sum[:8])
}

// of reads the receipts of a document, the newest first.
func (s *Service) of(doc crdt.DocID) (keys [][]byte, out []entry, err error) {
	prefix := store.API(kindReceipt, doc[:])
	type both struct {
		key []byte
		e   entry
	}
	var all []both
	err = s.opt.Store.Scan(prefix, nil, func(key, value []byte) error {
		var e entry
		if err := json.Unmarshal(value, &e); err != nil {
			return err
		}
		all = append(all, both{bytes.Clone(key), e})
		return nil
	})
	slices.SortStableFunc(all, func(a, b both) int { return cmp.Compare(b.e.newest(), a.e.newest()) })
	for _, x := range all {
		keys, out = append(keys, x.key), append(out, x.e)
	}
	return keys, out, err
}

// leave gives the writes by which a device's receipt of a document stands; none where it says nothing new.
func (s *Service) leave(p access.Principal, r Receipt, doc crdt.DocID) ([]store.Op, error) {
	keys, all, err := s.of(doc)
	if err != nil {
		return nil, err
	}
	now := crdt.Timestamp(s.opt.Now().UnixMilli())
	next := entry{User: p.User, Device: p.Device}
	key := keyOf(doc, p.Device)
	at := slices.IndexFunc(keys, func(k []byte) bool { return bytes.Equal(k, key) })
	if at >= 0 && all[at].User == p.User {
		next = all[at]
	}
	old := next
	if r.Heads != nil && !slices.Equal(r.Heads, next.Heads) {
		next.Heads, next.At = r.Heads, now
	}
	if r.Seen != nil && !slices.Equal(r.Seen, next.Seen) {
		next.Seen, next.SeenAt = r.Seen, now
	}
	if next.newest() == old.newest() && slices.Equal(next.Heads, old.Heads) && slices.Equal(next.Seen, old.Seen) {
		return nil, nil
	}
	value, err := json.Marshal(next)
	if err != nil {
		return nil, err
	}
	ops := []store.Op{{Key: key, Value: value}}
	if at < 0 {
		for i := maxDevices - 1; i < len(keys); i++ {
			ops = append(ops, store.Op{Key: keys[i]})
		}
	}
	return ops, nil
}

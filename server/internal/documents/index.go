package documents

import (
	"errors"
	"slices"
	"strings"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

// everybody is the name under which all documents of an organisation are listed, for those who may see all. No user is
// called so: ids are not empty.
const everybody = ""

// maxInventory bounds the documents that are compared with a connection. Who may see more asks for what he wants to see.
const maxInventory = 50_000

// index is drive.Config.Index: it keeps the lists of who may see which document, in the same write as the record.
func (s *Service) index(doc crdt.DocID, rec replica.PutRecord) []store.Op {
	var before, now []string
	var old access.Record
	if rec.Before != nil {
		old, _ = access.DecodeRecord(rec.Before)
		before = listed(old)
		if slices.Equal(rec.Before, rec.Meta) {
			return nil
		}
	}
	next, err := access.DecodeRecord(rec.Meta)
	if err != nil {
		return nil
	}
	now = listed(next)
	var ops []store.Op
	for _, user := range now {
		if rec.Before == nil || !slices.Contains(before, user) {
			if key, err := store.UserDoc(next.Org, user, doc); err == nil {
				ops = append(ops, store.Op{Key: key, Value: []byte{}})
			}
		}
	}
	for _, user := range before {
		if !slices.Contains(now, user) {
			if key, err := store.UserDoc(next.Org, user, doc); err == nil {
				ops = append(ops, store.Op{Key: key})
			}
		}
	}
	return ops
}

// listed are the names under which a document stands in the lists: everybody's, its creator's, its assignees'.
func listed(r access.Record) []string {
	out := append([]string{everybody}, r.Assignees...)
	if user, ok := strings.CutPrefix(r.Creator, "user:"); ok && user != "" {
		out = append(out, user)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// inventory is drive.Config.Inventory: what a connection's principal may see, with the digests of the heads.
func (s *Service) inventory(p replica.Principal) ([]replica.Item, error) {
	who, ok := p.(principal)
	if !ok {
		return nil, nil
	}
	name := who.User
	switch who.Role {
	case access.RoleOwner, access.RoleAdministrator, access.RoleDispatcher, access.RoleDirector:
		name = everybody
	}
	prefix, err := store.UserDocs(who.Org, name)
	if err != nil {
		return nil, err
	}
	var items []replica.Item
	err = s.store.View(func(r store.Reader) error {
		if err := r.Scan(prefix, nil, func(key, _ []byte) error {
			if len(items) >= maxInventory {
				return store.ErrStop
			}
			items = append(items, replica.Item{Doc: store.ParseKey(key).Doc})
			return nil
		}); err != nil {
			return err
		}
		kept := items[:0]
		for _, it := range items {
			rec, err := drive.ReadRecord(r, it.Doc)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			it.Digest = replica.DigestHeads(rec.Heads)
			kept = append(kept, it)
		}
		items = kept
		return nil
	})
	return replica.SortItems(items), err
}

// observer passes on what crdt/drive tells.
type observer struct{ m Metrics }

func (o observer) FrameIgnored(reason string)      { o.m.FrameIgnored(reason) }
func (o observer) FrameIn(kind string, bytes int)  { o.m.FrameReceived(kind, bytes) }
func (o observer) FrameOut(kind string, bytes int) { o.m.FrameSent(kind, bytes) }
func (o observer) FrameDropped()                   { o.m.FrameDropped() }
func (o observer) SnapshotBuilt(took time.Duration, _, _ int, err error) {
	o.m.SnapshotBuilt(took, err)
}
func (o observer) Damaged(crdt.DocID, error) { o.m.DocumentDamaged() }

package replicatest

import (
	"fmt"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

// The same keys as package drive uses, which this package stands below.

// readDocument reads all that a store holds of a document.
func readDocument(r store.Reader, doc crdt.DocID) (replica.Loaded, error) {
	var out replica.Loaded
	err := r.Scan(store.DocPrefix(doc), nil, func(key, value []byte) error {
		value = slices.Clone(value)
		switch k := store.ParseKey(key); k.Family {
		case store.FamilyAuthor:
			out.Actors = append(out.Actors, replica.PutActor{Actor: k.Actor, Author: history.Author(value)})
		case store.FamilyChange:
			out.Changes = append(out.Changes, replica.PutChange{Index: k.Index, Value: value})
		case store.FamilyPeer:
			if out.SyncStates == nil {
				out.SyncStates = map[string][]byte{}
			}
			out.SyncStates[string(k.Storage)] = value
		case store.FamilyRecord:
			out.Record = value
		case store.FamilySnapshot:
			out.Snapshot = value
		default:
			return fmt.Errorf("a key of no known form")
		}
		return nil
	})
	return out, err
}

// storeOps puts what a document wants stored under its keys.
func storeOps(doc crdt.DocID, what []replica.StoreOp) []store.Op {
	var ops []store.Op
	put := func(key, value []byte) { ops = append(ops, store.Op{Key: key, Value: value}) }
	for _, w := range what {
		switch w := w.(type) {
		case replica.PutRecord:
			put(store.DocRecord(doc), w.Value)
		case replica.PutChange:
			put(store.DocChange(doc, w.Index), w.Value)
		case replica.PutActor:
			put(store.DocAuthor(doc, w.Actor), append([]byte{}, w.Author...))
		case replica.PutSyncState:
			put(store.DocPeer(doc, crdt.StorageID(w.Storage)), w.Value)
		case replica.PutSnapshot:
			put(store.DocSnapshot(doc), w.Value)
			for _, i := range w.Entries {
				put(store.DocChange(doc, i), nil)
			}
		case replica.DropChanges:
			if w.Snapshot {
				put(store.DocSnapshot(doc), nil)
			}
			for _, i := range w.Entries {
				put(store.DocChange(doc, i), nil)
			}
		case replica.DropActor:
			put(store.DocAuthor(doc, w.Actor), nil)
		case replica.DropRecord:
			put(store.DocRecord(doc), nil)
		case replica.DropSyncState:
			put(store.DocPeer(doc, crdt.StorageID(w.Storage)), nil)
		}
	}
	return ops
}

// readRecord gives the durable record of a document; false if there is none.
func readRecord(r store.Reader, doc crdt.DocID) (replica.Record, bool) {
	value, err := r.Get(store.DocRecord(doc))
	if err != nil {
		return replica.Record{}, false
	}
	rec, err := replica.DecodeRecord(value)
	return rec, err == nil
}

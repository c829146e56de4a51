package drive

import (
	"errors"
	"fmt"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
)

var errForeignKey = errors.New("drive: a document's range holds a key of no known form")

// ReadDocument reads all that a store holds of a document, by one range read.
func ReadDocument(r store.Reader, doc crdt.DocID) (replica.Loaded, error) {
	var out replica.Loaded
	err := r.Scan(store.DocPrefix(doc), nil, func(key, value []byte) error {
		k := store.ParseKey(key)
		switch k.Family {
		case store.FamilyAuthor:
			out.Actors = append(out.Actors, replica.PutActor{Actor: k.Actor, Author: history.Author(value)})
		case store.FamilyChange:
			out.Changes = append(out.Changes, replica.PutChange{Index: k.Index, Value: clone(value)})
		case store.FamilyPeer:
			if out.SyncStates == nil {
				out.SyncStates = map[string][]byte{}
			}
			out.SyncStates[string(k.Storage)] = clone(value)
		case store.FamilyRecord:
			out.Record = clone(value)
		case store.FamilySnapshot:
			out.Snapshot = clone(value)
		default:
			return fmt.Errorf("%w: %x", errForeignKey, key)
		}
		return nil
	})
	return out, err
}

func clone(b []byte) []byte { return append(make([]byte, 0, len(b)), b...) }

// storeOps puts what a document wants stored under its keys. index, if not nil, adds what follows from a new record.
func storeOps(doc crdt.DocID, what []replica.StoreOp, index func(crdt.DocID, replica.PutRecord) []store.Op) []store.Op {
	ops := make([]store.Op, 0, len(what)+2)
	for _, w := range what {
		switch w := w.(type) {
		case replica.PutRecord:
			ops = append(ops, store.Op{Key: store.DocRecord(doc), Value: w.Value})
			if index != nil {
				ops = append(ops, index(doc, w)...)
			}
		case replica.PutChange:
			ops = append(ops, store.Op{Key: store.DocChange(doc, w.Index), Value: w.Value})
		case replica.PutActor:
			ops = append(ops, store.Op{Key: store.DocAuthor(doc, w.Actor), Value: append([]byte{}, w.Author...)})
		case replica.PutSyncState:
			ops = append(ops, store.Op{Key: store.DocPeer(doc, crdt.StorageID(w.Storage)), Value: w.Value})
		case replica.PutSnapshot:
			ops = append(ops, store.Op{Key: store.DocSnapshot(doc), Value: w.Value})
			for _, i := range w.Entries {
				ops = append(ops, store.Op{Key: store.DocChange(doc, i)})
			}
		case replica.DropChanges:
			if w.Snapshot {
				ops = append(ops, store.Op{Key: store.DocSnapshot(doc)})
			}
			for _, i := range w.Entries {
				ops = append(ops, store.Op{Key: store.DocChange(doc, i)})
			}
		case replica.DropActor:
			ops = append(ops, store.Op{Key: store.DocAuthor(doc, w.Actor)})
		case replica.DropRecord:
			ops = append(ops, store.Op{Key: store.DocRecord(doc)})
		case replica.DropSyncState:
			ops = append(ops, store.Op{Key: store.DocPeer(doc, crdt.StorageID(w.Storage))})
		}
	}
	return ops
}

// Records calls visit with each document's record, in the order of their ids. It reads nothing else of them.
func Records(r store.Reader, visit func(doc crdt.DocID, rec replica.Record) error) error {
	next := []byte(nil)
	for {
		var at crdt.DocID
		found := false
		err := r.Scan(store.DocsPrefix(), next, func(key, _ []byte) error {
			at, found = store.ParseKey(key).Doc, true
			return store.ErrStop
		})
		if err != nil || !found {
			return err
		}
		rec, err := ReadRecord(r, at)
		if err != nil {
			return err
		}
		if err := visit(at, rec); err != nil {
			return err
		}
		next = store.AfterDoc(at)
	}
}

// ReadRecord reads a document's record; store.ErrNotFound if there is no such document.
func ReadRecord(r store.Reader, doc crdt.DocID) (replica.Record, error) {
	value, err := r.Get(store.DocRecord(doc))
	if err != nil {
		return replica.Record{}, err
	}
	return replica.DecodeRecord(value)
}

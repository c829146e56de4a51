package index

import (
	"bytes"
	"errors"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// The rows that have an id are found by one Get: holders are their documents, in ascending order, under the id's token. A range of lookups,
// which says the same, costs several times as much to open where rows change all the time: Badger's filters are for single keys. Where more rows
// than a few have an id, its holders are crowd, and the lookups are read; once a crowd, always one, until the index is made anew.

// maxHolders is how many documents holders name.
const maxHolders = 16

// crowd is the value of holders that are more.
var crowd = []byte{0xff}

// held are holders as they are stored and as they will be; nil: there are none.
type held struct{ stored, now []byte }

// lookups writes that a row has its ids, and no more those that it had.
func (b *batch) lookups(o orgKeys, doc crdt.DocID, before, after *header) error {
	has := func(h *header, t token) bool { return h != nil && h.flags&flagGone == 0 && h.ids.has(t) }
	if before != nil {
		for i := range before.ids.len() {
			if t := before.ids.at(i); has(before, t) && !has(after, t) {
				b.delete(o.lookup(t, doc))
				if err := b.hold(o.holders(t), doc, false); err != nil {
					return err
				}
			}
		}
	}
	for i := range after.ids.len() {
		if t := after.ids.at(i); has(after, t) && !has(before, t) {
			b.put(o.lookup(t, doc), []byte{})
			if err := b.hold(o.holders(t), doc, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// hold adds a document to holders or takes it from them.
func (b *batch) hold(key []byte, doc crdt.DocID, add bool) error {
	h := b.held[string(key)]
	if h == nil {
		stored, err := b.r.Get(key)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		h = &held{stored, stored}
		b.held[string(key)] = h
	}
	if bytes.Equal(h.now, crowd) {
		return nil
	}
	docs, ok := holders(h.now)
	if !ok { // damaged: the lookups still say it
		h.now = crowd
		return nil
	}
	i, there := slices.BinarySearchFunc(docs, doc, func(a, b crdt.DocID) int { return bytes.Compare(a[:], b[:]) })
	switch {
	case add && !there:
		docs = slices.Insert(docs, i, doc)
	case !add && there:
		docs = slices.Delete(docs, i, i+1)
	}
	if len(docs) > maxHolders {
		h.now = crowd
		return nil
	}
	h.now = nil
	for _, d := range docs {
		h.now = append(h.now, d[:]...)
	}
	return nil
}

// holders reads the value of holders that are no crowd.
func holders(value []byte) (docs []crdt.DocID, ok bool) {
	if len(value)%docLen != 0 || len(value) > maxHolders*docLen {
		return nil, false
	}
	for ; len(value) > 0; value = value[docLen:] {
		docs = append(docs, crdt.DocID(value))
	}
	return docs, true
}

// lookup finds the documents with the first id that is asked for; they are not few where sorting them would cost too much.
func (l *list) lookup() (found []match, few bool, err error) {
	value, err := l.r.Get(l.f.keys.holders(l.f.ids[0]))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, true, nil
	case err != nil:
		return nil, false, err
	}
	if docs, ok := holders(value); ok { // else a crowd, or damaged
		for _, doc := range docs {
			found = append(found, match{doc: doc})
		}
		return found, true, nil
	}
	few = true
	err = l.r.Scan(l.f.keys.lookups(l.f.ids[0]), nil, func(key, _ []byte) error {
		if few = len(found) < l.limits.found; !few {
			return store.ErrStop
		}
		found = append(found, match{doc: docOf(key)})
		return nil
	})
	return found, few, err
}

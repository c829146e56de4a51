package replica

import (
	"fmt"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/syncproto"
)

// Loaded is what a store holds of a document. All may be empty: the document does not exist.
type Loaded struct {
	Record     []byte            // as in PutRecord
	Snapshot   []byte            // as in PutSnapshot
	Changes    []PutChange       // ascending by index
	Actors     []PutActor        // in any order
	SyncStates map[string][]byte // by storage id, as in PutSyncState
}

// unbuiltDoc is a document as its stored bytes. Many conversations need no more: a phone that holds nothing gets the
// snapshot and the changes behind it, one that holds everything gets a word.
type unbuiltDoc struct {
	len        int // changes in all
	tail       [][]byte
	actors     []PutActor
	syncStates map[string][]byte
}

// load takes the stored bytes in, without decoding a change.
func (d *Document) load(s Loaded) error {
	d.unbuilt.actors, d.unbuilt.syncStates = s.Actors, s.SyncStates
	if s.Record == nil {
		if len(s.Changes) > 0 || s.Snapshot != nil {
			return fmt.Errorf("%w: changes without a record", errCorrupt)
		}
		return nil
	}
	rec, err := DecodeRecord(s.Record)
	if err != nil {
		return err
	}
	d.rec = rec
	if s.Snapshot != nil {
		if d.arrivals, d.snapshot, err = DecodeSnapshot(s.Snapshot); err != nil {
			return err
		}
		d.covered = len(d.arrivals)
	}
	d.firstTail = rec.Next
	if len(s.Changes) > 0 {
		d.firstTail = s.Changes[0].Index
	}
	next := d.firstTail
	for _, c := range s.Changes {
		if c.Index != next {
			return fmt.Errorf("%w: change entry %d is missing", errCorrupt, next)
		}
		if err := DecodeEntry(c.Value, func(arrived int64, raw []byte) {
			d.arrivals = append(d.arrivals, arrived)
			d.unbuilt.tail = append(d.unbuilt.tail, raw)
			next++
		}); err != nil {
			return err
		}
		d.entries = append(d.entries, c.Index)
	}
	if next != rec.Next {
		return fmt.Errorf("%w: the last change entries are missing", errCorrupt)
	}
	d.unbuilt.len = len(d.arrivals)
	d.durable = d.unbuilt.len
	return nil
}

// history builds the change graph if it is not built yet. Nil means that the stored bytes do not make one: d.corrupt says why.
func (d *Document) history() *history.History {
	if d.graph != nil || d.corrupt != nil {
		return d.graph
	}
	h, err := history.Load(d.cfg.History, d.storedChanges)
	if err != nil {
		d.corrupt = fmt.Errorf("replica: %w", err) // without the id: whoever logs it knows how the document is called there
		return nil
	}
	if h.Len() != d.unbuilt.len {
		d.corrupt = fmt.Errorf("%w: %d changes, not %d", errCorrupt, h.Len(), d.unbuilt.len)
		return nil
	}
	if d.unbuilt.len > 0 && !h.Heads().Equal(d.rec.Heads) {
		d.corrupt = fmt.Errorf("%w: the record has other heads than the changes", errCorrupt)
		return nil
	}
	d.graph = h
	d.unbuilt.tail, d.unbuilt.actors = nil, nil
	return h
}

// storedChanges gives the changes of the stored bytes with their authors, in order.
func (d *Document) storedChanges(yield func(history.Stored, error) bool) {
	authors := make(map[crdt.ActorID]history.Author, len(d.unbuilt.actors))
	for _, a := range d.unbuilt.actors {
		authors[a.Actor] = a.Author
	}
	if d.snapshot != nil {
		doc, err := format.DecodeDocument(d.snapshot, format.DefaultLimits())
		if err != nil {
			yield(history.Stored{}, err)
			return
		}
		for _, c := range doc.Changes {
			if !yield(history.Stored{Raw: c.Raw, Author: authors[c.Actor]}, nil) {
				return
			}
		}
	}
	for _, raw := range d.unbuilt.tail {
		h, err := format.DecodeHeader(raw)
		if !yield(history.Stored{Raw: raw, Author: authors[h.Actor]}, err) {
			return
		}
	}
}

// view is the change graph as the sync protocol sees it: answers that the stored bytes can give are given without building
// the history.
func (d *Document) view() *view { return &view{d: d} }

// View is the whole history, built if it was not. It is only for reading, and only until the next Step. Changes that are
// not durable yet are the last ones: durable is how many are.
func (d *Document) View() (h *history.History, durable int, err error) {
	h = d.history()
	return h, d.durable, d.corrupt
}

// Arrived is when the change with this index arrived here, in ms since 1970.
func (d *Document) Arrived(i int) int64 { return d.arrivals[i] }

type view struct{ d *Document }

var _ syncproto.Graph = (*view)(nil)

func (v *view) Heads() crdt.Heads { return v.d.Heads() }

func (v *view) Len() int { return v.d.len() }

func (v *view) Has(h crdt.Hash) bool {
	if v.d.graph == nil && v.d.rec.Heads.Contains(h) {
		return true
	}
	if v.d.graph == nil && v.d.unbuilt.len == 0 {
		return false
	}
	g := v.d.history()
	return g != nil && g.Has(h)
}

func (v *view) Raw(i int) []byte {
	if v.d.graph == nil && i >= v.d.covered {
		return v.d.unbuilt.tail[i-v.d.covered]
	}
	if g := v.d.history(); g != nil {
		return g.Raw(i)
	}
	return nil
}

func (v *view) Since(known []crdt.Hash) []int {
	if v.d.graph == nil && len(known) == 0 {
		all := make([]int, v.d.len())
		for i := range all {
			all[i] = i
		}
		return all
	}
	if v.d.graph == nil && crdt.NewHeads(known...).Equal(v.d.rec.Heads) {
		return nil
	}
	if g := v.d.history(); g != nil {
		return g.Since(known)
	}
	return nil
}

func (v *view) Hash(i int) crdt.Hash {
	if v.soleHead() && i == v.Len()-1 {
		return v.d.rec.Heads[0]
	}
	if g := v.d.history(); g != nil {
		return g.Hash(i)
	}
	return crdt.Hash{}
}

func (v *view) IndexOf(h crdt.Hash) (int, bool) {
	if v.soleHead() && h == v.d.rec.Heads[0] {
		return v.Len() - 1, true
	}
	if g := v.d.history(); g != nil {
		return g.IndexOf(h)
	}
	return 0, false
}

// soleHead tells that the stored bytes have one head: that is the last change, as nothing depends on the last one.
func (v *view) soleHead() bool { return v.d.graph == nil && len(v.d.rec.Heads) == 1 }

func (v *view) WaitingFor() []crdt.Hash {
	if v.d.graph == nil {
		return nil
	}
	return v.d.graph.WaitingFor()
}

func (v *view) IsWaiting(h crdt.Hash) bool { return v.d.graph != nil && v.d.graph.IsWaiting(h) }

func (v *view) Deps(i int) []uint32 {
	if g := v.d.history(); g != nil {
		return g.Deps(i)
	}
	return nil
}

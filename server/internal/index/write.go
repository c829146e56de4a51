package index

import (
	"bytes"
	"encoding/binary"
	"errors"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// made is a row that is to be written, or with a nil derived one that is to go.
type made struct {
	doc crdt.DocID
	*derived
	org     string
	digest  [16]byte
	changes uint64
	by      func(from uint64) ([]By, error) // Document.By
}

// batch gathers the writes of some rows. Only one is under way at a time, so what it reads stays so until it is durable.
type batch struct {
	r      store.Reader
	gen    uint32
	onRow  func(Event) []store.Op
	ops    []store.Op
	bytes  int
	events []Event
	rows   int             // written, those too that nobody is told of
	orgs   map[string]bool // whose rows they are

	last   map[string]uint64
	counts map[string]*counted
	held   map[string]*held
}

// counted is a counter as it is stored and as it will be.
type counted struct{ stored, now counts }

func (b *batch) put(key, value []byte) {
	b.ops = append(b.ops, store.Op{Key: key, Value: value})
	b.bytes += len(key) + len(value)
}

func (b *batch) delete(key []byte) {
	b.ops = append(b.ops, store.Op{Key: key})
	b.bytes += len(key)
}

// add puts a row's writes into the batch. A state that is not newer than the row's changes nothing, nor does one that goes and
// was not there.
func (b *batch) add(m made) error {
	o := orgKeys{m.org}
	before, err := readRow(b.r, o, m.doc)
	known := err == nil
	switch {
	case errors.Is(err, store.ErrNotFound), errors.Is(err, errHeader):
		before = storedRow{} // a damaged row is written anew; `index check` finds entries that it left
	case err != nil:
		return err
	}
	there := known && !before.gone()
	current := known && before.gen == b.gen
	switch {
	case m.derived == nil && !there && (current || !known):
		return nil
	case m.derived != nil && current && there && before.changes >= m.changes:
		return nil
	}
	var was *Row
	if there {
		if was, err = before.row(); err != nil {
			was = nil
		}
	}
	after := storedRow{gen: b.gen, digest: m.digest, changes: m.changes, textSeq: before.textSeq}
	after.head.flags = flagGone
	if m.derived != nil {
		after.head, after.json = m.head, m.json
	}
	// Made anew without a change: it keeps its place in the feed, and nobody is told.
	quiet := known && !current && before.gone() == after.gone() && (before.digest == after.digest || after.gone())
	after.head.seq = before.head.seq
	if !quiet {
		if after.head.seq, err = b.next(o); err != nil {
			return err
		}
	}
	if err := b.text(o, m, &before, &after); err != nil {
		return err
	}
	var old *header
	if current {
		old = &before.head
		if !quiet {
			b.delete(o.feed(before.head.seq))
		}
	}
	if err := b.entries(o, m.doc, old, &after); err != nil {
		return err
	}
	b.put(o.feed(after.head.seq), append([]byte{}, m.doc[:]...))
	b.put(o.row(m.doc), after.encode())
	b.rows++
	b.orgs[m.org] = true
	if quiet {
		return nil
	}
	ev := Event{Org: m.org, Seq: after.head.seq, Doc: m.doc, Before: was, before: old, after: &after.head}
	if m.derived != nil {
		ev.After, ev.JSON = &m.row, m.json
	}
	if m.by != nil && b.onRow != nil {
		if ev.By, err = m.by(before.changes); err != nil {
			return err
		}
	}
	b.events = append(b.events, ev)
	if b.onRow != nil {
		for _, op := range b.onRow(ev) {
			b.ops = append(b.ops, op)
			b.bytes += len(op.Key) + len(op.Value)
		}
	}
	return nil
}

// next gives an organisation's next seq.
func (b *batch) next(o orgKeys) (uint64, error) {
	last, ok := b.last[o.org]
	if !ok {
		var err error
		if last, err = lastSeq(b.r, o); err != nil {
			return 0, err
		}
	}
	b.last[o.org] = last + 1
	return last + 1, nil
}

// text writes what the full text knows of a row, where that has changed.
func (b *batch) text(o orgKeys, m made, before, after *storedRow) error {
	stored, err := b.r.Get(o.text(m.doc))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	var now []byte
	if m.derived != nil {
		now = m.text.encode()
	}
	same := bytes.Equal(stored, now) && (m.derived == nil || sameTags(&before.head, &after.head))
	if same && before.gone() == after.gone() && before.textSeq > 0 {
		return nil
	}
	after.textSeq = after.head.seq
	if !bytes.Equal(stored, now) || err != nil {
		b.put(o.text(m.doc), now)
	}
	return nil
}

// entries writes a row's entries and lookups, removes those that it had and has no more, and counts.
func (b *batch) entries(o orgKeys, doc crdt.DocID, before *header, after *storedRow) error {
	h := &after.head
	now := map[string]bool{} // key -> with the JSON
	eachEntry(o, doc, h, 0, func(key []byte, covering bool) { now[string(key)] = covering })
	if before != nil {
		eachEntry(o, doc, before, 0, func(key []byte, _ bool) {
			if _, stays := now[string(key)]; !stays {
				b.delete(key)
			}
		})
	}
	full, thin := entryValue(h, after.json), entryValue(h, nil)
	eachEntry(o, doc, h, len(after.json), func(key []byte, covering bool) {
		if covering {
			b.put(key, full)
		} else {
			b.put(key, thin)
		}
	})
	if err := b.lookups(o, doc, before, h); err != nil {
		return err
	}
	if before != nil {
		if err := b.count(o, before, ^uint64(0)); err != nil {
			return err
		}
	}
	return b.count(o, h, 1)
}

// count adds a number (two's complement) to the counters of a row's values.
func (b *batch) count(o orgKeys, h *header, n uint64) error {
	for _, v := range h.values() {
		key := o.counter(h.kind, v)
		c := b.counts[string(key)]
		if c == nil {
			read, err := readCounts(b.r, key)
			if err != nil {
				return err
			}
			c = &counted{read, read}
			b.counts[string(key)] = c
		}
		c.now[h.status] += n
	}
	return nil
}

// maxAsideJSON is how many bytes of JSON stand in entries of other orders than the main one, of which a common row has 1,200. Of what a peer has
// filled up, sixteen assignees' entries would be more than a transaction of the store takes.
const maxAsideJSON = 4 << 10

// eachEntry visits the keys of a row's entries, and tells which of them hold its JSON, of so many bytes. The slices are the visitor's.
func eachEntry(o orgKeys, doc crdt.DocID, h *header, size int, visit func(key []byte, covering bool)) {
	for _, v := range h.values() {
		for _, s := range h.kind.shapes() {
			if s.dim == v.dim {
				covering := s.covering && (size <= maxAsideJSON || s.order == byScheduled || h.kind != kindJob)
				place := h.place(nil, s.order, doc)
				for _, prefix := range o.ranges(h.kind, v, s, h.status) {
					visit(append(prefix, place...), covering)
				}
			}
		}
	}
}

// finish adds what the rows of the batch have in common.
func (b *batch) finish() []store.Op {
	for org, last := range b.last {
		b.put(orgKeys{org}.last(), binary.BigEndian.AppendUint64(nil, last))
	}
	for key, c := range b.counts {
		if c.now != c.stored {
			b.put([]byte(key), c.now.encode())
		}
	}
	for key, h := range b.held {
		if !bytes.Equal(h.now, h.stored) {
			b.put([]byte(key), h.now) // nil: a delete
		}
	}
	return b.ops
}

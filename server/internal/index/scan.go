package index

import (
	"bytes"
	"errors"
	"iter"

	"fieldsync/crdt/store"
)

// entry is what a scan gives: where it stands in its range (sort and document) and its value. Both are valid until the next.
type entry struct{ place, value []byte }

// scan visits the entries of ranges in one order, upwards or downwards, between two places, behind a position. Neighbours
// that are the same row are visited once.
func scan(r store.Reader, ranges []keyRange, desc bool, from, to []byte, behind *position, visit func(entry) error) error {
	var err error
	switch len(ranges) {
	case 0:
		return nil
	case 1:
		err = ranges[0].scan(r, desc, from, to, behind, visit)
	default:
		err = merge(r, ranges, desc, from, to, behind, visit)
	}
	if errors.Is(err, store.ErrStop) {
		return nil
	}
	return err
}

// scan visits the entries of one range.
func (k keyRange) scan(r store.Reader, desc bool, from, to []byte, behind *position, visit func(entry) error) error {
	n := len(k.prefix)
	at := func(place ...[]byte) []byte {
		return bytes.Join(append([][]byte{k.prefix}, place...), nil)
	}
	if !desc {
		start := at(from)
		if behind != nil {
			if next := at(behind.sort, behind.doc[:], []byte{0}); bytes.Compare(next, start) > 0 {
				start = next
			}
		}
		return r.Scan(k.prefix, start, func(key, value []byte) error {
			if to != nil && bytes.Compare(key[n:], to) >= 0 {
				return store.ErrStop
			}
			return visit(entry{key[n:], value})
		})
	}
	var start []byte
	if to != nil {
		start = at(to) // shorter than every entry that begins with it, so before them
	}
	var last []byte
	if behind != nil {
		if last = at(behind.sort, behind.doc[:]); start == nil || bytes.Compare(last, start) < 0 {
			start = last
		}
	}
	return r.ScanBack(k.prefix, start, func(key, value []byte) error {
		switch {
		case from != nil && bytes.Compare(key[n:], from) < 0:
			return store.ErrStop
		case last != nil && bytes.Equal(key, last):
			return nil
		}
		return visit(entry{key[n:], value})
	})
}

// merge visits the entries of several ranges in the order of their places.
func merge(r store.Reader, ranges []keyRange, desc bool, from, to []byte, behind *position, visit func(entry) error) error {
	type source struct {
		entry
		next func() (entry, error, bool)
	}
	var live []source
	for _, k := range ranges {
		next, stop := iter.Pull2(func(yield func(entry, error) bool) {
			err := k.scan(r, desc, from, to, behind, func(e entry) error {
				if !yield(e, nil) {
					return store.ErrStop
				}
				return nil
			})
			if err != nil && !errors.Is(err, store.ErrStop) {
				yield(entry{}, err)
			}
		})
		defer stop()
		e, err, ok := next()
		if err != nil {
			return err
		}
		if ok {
			live = append(live, source{e, next})
		}
	}
	before := func(a, b []byte) bool {
		if desc {
			a, b = b, a
		}
		return bytes.Compare(a, b) < 0
	}
	var last []byte
	for len(live) > 0 {
		first := 0
		for i := 1; i < len(live); i++ {
			if before(live[i].place, live[first].place) {
				first = i
			}
		}
		s := &live[first]
		if !bytes.Equal(s.place, last) {
			last = append(last[:0], s.place...)
			if err := visit(s.entry); err != nil {
				return err
			}
		}
		e, err, ok := s.next()
		switch {
		case err != nil:
			return err
		case ok:
			s.entry = e
		default:
			live = append(live[:first], live[first+1:]...)
		}
	}
	return nil
}

package index

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
)

// Query gives a page of rows. Its errors are of kind Invalid where the query is wrong, Unavailable where the store or the full
// text cannot be read.
func (x *Index) Query(ctx context.Context, q Query) (Page, error) {
	f, err := q.filter()
	if err != nil {
		return Page{}, err
	}
	behind, err := parseCursor(q.Cursor, &q, f.order)
	if err != nil {
		return Page{}, err
	}
	l := &list{ctx: ctx, limits: x.limits, q: &q, f: f, behind: behind, page: Page{Total: -1}}
	var found []match
	if len(f.words) > 0 {
		if x.text == nil {
			return Page{}, crdt.Errorf(crdt.KindUnavailable, "index: there is no full text here")
		}
		if found, l.page.Partial, err = x.text.search(ctx, f); err != nil {
			return Page{}, err
		}
	}
	err = x.opt.Store.View(func(r store.Reader) error {
		l.r = r
		return l.read(found, q.Total)
	})
	if err != nil && crdt.KindOf(err) == crdt.KindInternal {
		err = crdt.Errorf(crdt.KindUnavailable, "index: %w", err)
	}
	return l.page, err
}

// match is a document that the full text has found.
type match struct {
	doc  crdt.DocID
	sort []byte // relevance: the best first
}

// list gathers a page.
type list struct {
	ctx    context.Context //nolint:containedctx // of the one call that it lives in
	limits limits
	r      store.Reader
	q      *Query
	f      *filter
	behind *position
	page   Page

	last []byte // place of the entry that was looked at last
	more bool   // there is something behind it
	h    header

	place   []byte // scratch
	sorted  []candidate
	worst   []byte // what is behind it is not of the page
	matches int
	room    []byte // for the JSON of further rows
	piece   int    // bytes of the last room
}

// candidate is a row of the query, before its rows are sorted.
type candidate struct {
	place []byte // sort and document
	raw   json.RawMessage
}

func (l *list) read(found []match, total bool) error {
	switch {
	case len(l.f.words) > 0 && l.f.order == byRelevance:
		return l.ranked(found)
	case len(l.f.words) > 0:
		return l.candidates(found)
	}
	if len(l.f.ids) > 0 {
		docs, few, err := l.lookup()
		if err != nil {
			return err
		}
		if few {
			return l.candidates(docs)
		}
	}
	p, err := l.f.choose(l.r, l.limits, total)
	if err != nil {
		return err
	}
	if p.sorted {
		done, err := l.sort(&p)
		if err != nil || done {
			return err
		}
		p.option, p.order, p.sorted, p.few = all(), l.f.order, false, false
		if err := p.estimate(l.r, l.f); err != nil {
			return err
		}
	}
	l.page.Total = p.total
	return l.stream(&p)
}

// stream reads a page from ranges that have its order.
func (l *list) stream(p *plan) error {
	from, to := p.bounds(l.f)
	l.page.Rows, l.page.Docs = make([]json.RawMessage, 0, min(l.f.limit, 64)), make([]crdt.DocID, 0, min(l.f.limit, 64))
	if err := scan(l.r, p.ranges(l.f), l.f.desc, from, to, l.behind, l.visit); err != nil {
		return err
	}
	if l.more {
		at := placeOf(l.last)
		l.page.Next = at.cursor(l.q)
	} else if l.behind == nil {
		l.page.Total = len(l.page.Rows)
	}
	return nil
}

// visit looks at an entry for stream.
func (l *list) visit(e entry) error {
	if len(l.page.Rows) == l.f.limit || l.page.Looked == l.limits.looked {
		l.more = true
		return store.ErrStop
	}
	l.last = append(l.last[:0], e.place...)
	raw, err := l.look(e)
	if raw != nil {
		l.row(docOf(e.place), l.keep(raw))
	}
	return err
}

// row adds a row to the page.
func (l *list) row(doc crdt.DocID, raw json.RawMessage) {
	l.page.Docs, l.page.Rows = append(l.page.Docs, doc), append(l.page.Rows, raw)
}

// Rows of a page share memory in pieces from the first size up to the last, in bytes: a copy in memory of its own would be a third of
// what reading a row costs.
const (
	leastPiece = 4 << 10
	mostPiece  = 32 << 10
)

// keep copies a row's JSON for the page.
func (l *list) keep(raw []byte) json.RawMessage {
	if len(raw) > len(l.room) {
		l.piece = min(max(leastPiece, 2*l.piece), mostPiece)
		l.room = make([]byte, max(l.piece, len(raw)))
	}
	n := copy(l.room, raw)
	own := l.room[:n:n]
	l.room = l.room[n:]
	return own
}

// look gives the JSON of an entry if it is one of the query's rows. It may share the entry's memory.
func (l *list) look(e entry) (json.RawMessage, error) {
	if l.page.Looked++; l.page.Looked%256 == 0 && l.ctx.Err() != nil {
		return nil, l.ctx.Err()
	}
	head, raw, err := splitEntry(e.value)
	if err == nil {
		err = l.h.decode(head)
	}
	if err != nil || !l.f.has(&l.h) {
		return nil, err
	}
	if len(raw) > 0 {
		return raw, nil
	}
	row, err := readRow(l.r, l.f.keys, docOf(e.place))
	return row.json, err
}

// sort reads all rows of a plan and sorts them. It is not done where they are too many.
func (l *list) sort(p *plan) (done bool, err error) {
	from, to := p.bounds(l.f)
	tooMany := false
	var seen map[crdt.DocID]bool
	if len(p.values) > 1 {
		seen = map[crdt.DocID]bool{}
	}
	for _, k := range p.ranges(l.f) {
		if err := k.scan(l.r, false, from, to, nil, func(e entry) error {
			if tooMany = l.page.Looked == l.limits.sorted; tooMany {
				return store.ErrStop
			}
			raw, err := l.look(e)
			if raw == nil || p.few && e.place[0] != l.h.status { // its second entry
				return err
			}
			doc := docOf(e.place)
			if seen[doc] {
				return nil
			}
			if seen != nil {
				seen[doc] = true
			}
			l.place = l.h.place(l.place[:0], l.f.order, doc)
			l.candidate(l.place, raw, false)
			return nil
		}); err != nil {
			return false, err
		}
		if tooMany {
			l.page.Looked, l.sorted, l.worst, l.matches = 0, nil, nil, 0
			return false, nil
		}
	}
	l.cut()
	return true, nil
}

// candidate takes a row that is to be sorted; the JSON may be its own to keep.
func (l *list) candidate(place []byte, raw json.RawMessage, own bool) {
	l.matches++
	if l.behind != nil {
		at := placeOf(place)
		if c := l.behind.compare(at.sort, at.doc); c == 0 || (c > 0) != l.f.desc {
			return
		}
	}
	if l.worst != nil && (bytes.Compare(place, l.worst) > 0) != l.f.desc {
		return
	}
	if !own {
		raw = bytes.Clone(raw)
	}
	l.sorted = append(l.sorted, candidate{bytes.Clone(place), raw})
	if len(l.sorted) >= 2*(l.f.limit+1) {
		l.best()
	}
}

// best keeps as many candidates as the page may need, sorted.
func (l *list) best() {
	slices.SortFunc(l.sorted, func(a, b candidate) int {
		if l.f.desc {
			a, b = b, a
		}
		return bytes.Compare(a.place, b.place)
	})
	if len(l.sorted) > l.f.limit {
		l.sorted = l.sorted[:l.f.limit+1]
		l.worst = l.sorted[l.f.limit].place
	}
}

// cut makes the page of the candidates.
func (l *list) cut() {
	l.best()
	l.page.Total = l.matches
	rows := l.sorted[:min(len(l.sorted), l.f.limit)]
	for _, c := range rows {
		l.row(placeOf(c.place).doc, c.raw)
	}
	if len(l.sorted) > len(rows) {
		at := placeOf(rows[len(rows)-1].place)
		l.page.Next = at.cursor(l.q)
	}
}

// candidates makes a page of documents that something else has found.
func (l *list) candidates(docs []match) error {
	for _, m := range docs {
		row, err := l.fetch(m.doc)
		if err != nil {
			return err
		}
		if row != nil {
			l.place = row.head.place(l.place[:0], l.f.order, m.doc)
			l.candidate(l.place, row.json, true)
		}
	}
	l.cut()
	return nil
}

// ranked makes a page of documents that are in the order of the page.
func (l *list) ranked(docs []match) error {
	for _, m := range docs {
		if l.behind != nil && l.behind.compare(m.sort, m.doc) >= 0 {
			continue
		}
		if len(l.page.Rows) == l.f.limit {
			at := placeOf(l.last)
			l.page.Next = at.cursor(l.q)
			return nil
		}
		row, err := l.fetch(m.doc)
		if err != nil {
			return err
		}
		if row != nil {
			l.row(m.doc, row.json)
			l.last = append(append(l.last[:0], m.sort...), m.doc[:]...)
		}
	}
	if l.behind == nil && !l.page.Partial {
		l.page.Total = len(l.page.Rows)
	}
	return nil
}

// fetch reads a row; nil where it is none of the query's.
func (l *list) fetch(doc crdt.DocID) (*storedRow, error) {
	if l.page.Looked++; l.page.Looked%64 == 0 && l.ctx.Err() != nil {
		return nil, l.ctx.Err()
	}
	row, err := readRow(l.r, l.f.keys, doc)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return nil, nil
	case err != nil:
		return nil, err
	case !l.f.has(&row.head):
		return nil, nil
	}
	return &row, nil
}

// placeOf takes a place apart into sort and document.
func placeOf(place []byte) position {
	n := len(place) - docLen
	return position{sort: place[:n], doc: crdt.DocID(place[n:])}
}

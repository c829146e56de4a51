package index

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/documents"
)

// Check compares all that the index holds with what follows from the documents, and reports each difference in words. It begins when the rows
// of all changes of before are there; documents that change meanwhile may be reported too.
func (x *Index) Check(ctx context.Context, progress func(Progress), report func(problem string)) error {
	if err := x.settled(ctx); err != nil {
		return err
	}
	st, err := readState(x.opt.Store)
	if err != nil {
		return err
	}
	if st.layout != layoutVersion || st.phase != phaseComplete {
		report("the index is not complete: a rebuild is under way, or was cut off")
	}
	total, rows := 0, 0
	if err := x.documents(ctx, func(r store.Reader, doc crdt.DocID) error {
		total++
		fresh, err := x.fresh(r, doc)
		if err == nil && !fresh {
			org, called, _ := documents.Called(r, x.opt.Namespace, doc) // which has a record, or it would have no row to miss
			report(fmt.Sprintf("document %s of %s: its row is not there, or is of another state", called, org))
		}
		return err
	}); err != nil {
		return err
	}
	err = x.eachOrg(func(o orgKeys) error {
		return x.checkOrg(ctx, o, report, func() {
			if rows++; rows%passView == 0 {
				progress(Progress{Done: min(rows, total), Total: total})
			}
		})
	})
	if err == nil {
		progress(Progress{Done: total, Total: total})
	}
	return err
}

// census is what the rows of an organisation should have beside them.
type census struct {
	entries, feeds, lookups, texts int
	held                           int // lookups whose holders are no crowd
	counts                         map[string]*counts
}

func (x *Index) checkOrg(ctx context.Context, o orgKeys, report func(string), checked func()) error {
	c := census{counts: map[string]*counts{}}
	last, err := lastSeq(x.opt.Store, o)
	if err != nil {
		return err
	}
	prefix := o.part(partRow)
	if err := x.opt.Store.Scan(prefix, nil, func(key, value []byte) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		doc := docOf(key)
		row, err := decodeRow(bytes.Clone(value))
		if err != nil {
			report(fmt.Sprintf("document %s: its row cannot be read", doc))
			return nil //nolint:nilerr // it is reported
		}
		if row.head.seq > last {
			report(fmt.Sprintf("document %s: its row is ahead of the feed", doc))
		}
		checked()
		return x.checkRow(ctx, o, doc, &row, &c, report)
	}); err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		part byte
		want int
	}{{"entries", partEntry, c.entries}, {"places in the feed", partFeed, c.feeds}, {"lookups", partLookup, c.lookups}, {"texts", partText, c.texts}} {
		n := 0
		if err := x.opt.Store.Scan(o.part(part.part), nil, func(_, _ []byte) error { n++; return nil }); err != nil {
			return err
		}
		if n != part.want {
			report(fmt.Sprintf("there are %d %s; the rows have %d", n, part.name, part.want))
		}
	}
	return errors.Join(x.checkHolders(o, &c, report), x.checkCounts(o, &c, report))
}

// checkHolders looks for holders that are none.
func (x *Index) checkHolders(o orgKeys, c *census, report func(string)) error {
	n := 0
	if err := x.opt.Store.Scan(o.part(partHolders), nil, func(_, value []byte) error {
		docs, ok := holders(value)
		if n += len(docs); !bytes.Equal(value, crowd) && (!ok || len(docs) == 0) {
			report("holders of an id cannot be read")
		}
		return nil
	}); err != nil {
		return err
	}
	if n != c.held {
		report(fmt.Sprintf("there are %d holders of ids; the rows have %d", n, c.held))
	}
	return nil
}

func (x *Index) checkCounts(o orgKeys, c *census, report func(string)) error {
	if err := x.opt.Store.Scan(o.part(partCounter), nil, func(key, value []byte) error {
		got, err := decodeCounts(value)
		want := c.counts[string(key)]
		if err != nil || want == nil || got != *want {
			report("a counter is wrong")
		}
		delete(c.counts, string(key))
		return nil
	}); err != nil {
		return err
	}
	if len(c.counts) > 0 {
		report(fmt.Sprintf("%d counters are not there", len(c.counts)))
	}
	return nil
}

// checkRow compares a row with its document, and what is kept beside it with the row.
func (x *Index) checkRow(ctx context.Context, o orgKeys, doc crdt.DocID, row *storedRow, c *census, report func(string)) error {
	complain := func(what string) { report(fmt.Sprintf("document %s: %s", doc, what)) }
	want := func(key, value []byte, what string) error {
		got, err := x.opt.Store.Get(key)
		if errors.Is(err, store.ErrNotFound) || err == nil && !bytes.Equal(got, value) {
			complain(what)
			return nil
		}
		return err
	}
	c.feeds++
	if err := want(o.feed(row.head.seq), doc[:], "its place in the feed is not its own"); err != nil || row.gone() {
		return err
	}
	names, err := x.namespace(o.org)
	if err != nil {
		return err
	}
	d, err := x.read(ctx, names.Inner(doc))
	if err != nil {
		complain("it cannot be read")
	} else {
		der, err := derive(d)
		if err != nil {
			return err
		}
		der.head.seq = row.head.seq
		if !bytes.Equal(der.json, row.json) || !bytes.Equal(der.head.append(nil), row.head.append(nil)) || row.digest != d.digest() {
			complain("its row does not say what the document says")
		}
		if err := want(o.text(doc), der.text.encode(), "its searched text is not the document's"); err != nil {
			return err
		}
	}
	c.texts++
	full, thin := entryValue(&row.head, row.json), entryValue(&row.head, nil)
	eachEntry(o, doc, &row.head, len(row.json), func(key []byte, covering bool) {
		c.entries++
		value := thin
		if covering {
			value = full
		}
		err = errors.Join(err, want(key, value, "an entry is not there, or is of another state"))
	})
	for i := range row.head.ids.len() {
		t := row.head.ids.at(i)
		c.lookups++
		err = errors.Join(err, want(o.lookup(t, doc), nil, "a lookup is not there"))
		value, getErr := x.opt.Store.Get(o.holders(t))
		docs, _ := holders(value)
		switch {
		case getErr != nil && !errors.Is(getErr, store.ErrNotFound):
			err = errors.Join(err, getErr)
		case bytes.Equal(value, crowd):
		case slices.Contains(docs, doc):
			c.held++
		default:
			c.held++
			complain("it is not among the holders of its ids")
		}
	}
	for _, v := range row.head.values() {
		key := string(o.counter(row.head.kind, v))
		if c.counts[key] == nil {
			c.counts[key] = &counts{}
		}
		c.counts[key][row.head.status]++
	}
	return err
}

package index

import (
	"encoding/binary"
	"math"
	"slices"

	"fieldsync/crdt/store"
)

// limits bound the work of one page.
type limits struct {
	// ranges a page is merged from: opening one costs about as much as reading ten rows.
	ranges int
	// looked is how many entries are looked at, at about a microsecond each.
	looked int
	// sorted is how many rows are read to be sorted, where no range has the order that is asked for.
	sorted int
	// found is how many rows are read one by one, where something else than a range has found them.
	found int
}

var defaultLimits = limits{ranges: 64, looked: 5_000, sorted: 2_000, found: 500}

// maxCounted bounds the values of one filter whose counters are read; of more, the rest is guessed from these.
const maxCounted = 8

// option is a set of ranges that together hold every row of a query, in the main order.
type option struct {
	values  []value
	answers int  // how many of the query's filters it answers
	exact   bool // it holds each row once, and nothing but rows of the query if that has no other filter
	rows    uint64
	counts  []counts // of the values; nil: not read
}

// options are the ways to read a query's rows by what it filters: one for each filter, then one for each pair of them that stands.
func (f *filter) options() (out []option, filters int) {
	for _, ref := range f.refs {
		o := option{answers: 1, exact: true}
		for _, t := range ref.want {
			o.values = append(o.values, value{ref.dim, t})
		}
		out = append(out, o)
	}
	if len(f.assignees) > 0 || f.unassigned {
		o := option{answers: 1, exact: len(f.assignees) <= 1}
		for _, t := range f.assignees {
			o.values = append(o.values, value{dimAssignee, t})
		}
		if f.unassigned {
			o.values = append(o.values, value{dimUnassigned, 0})
		}
		out = append(out, o)
	}
	if f.reader != 0 {
		out = append(out, option{answers: 1, exact: true, values: []value{{dimAssignee, f.reader}, {dimMaker, f.reader}}})
	}
	if f.clash {
		out = append(out, option{answers: 1, exact: true, values: []value{{dimClash, 0}}})
	}
	filters = len(out)
	for _, p := range pairs {
		o := option{answers: 2, exact: true}
		for _, one := range f.wanted(p.one) {
			for _, other := range f.wanted(p.other) {
				o.values = append(o.values, value{p.dim, p.token(one, other)})
			}
		}
		if len(o.values) > 0 {
			out = append(out, o)
		}
	}
	return out, filters
}

// wanted are the values that one of the dimensions of which a row has one is to have; none: any.
func (f *filter) wanted(d dim) []token {
	for i := range f.refs {
		if f.refs[i].dim == d {
			return f.refs[i].want
		}
	}
	return nil
}

// all is the option of a query that filters nothing that has ranges.
func all() option { return option{exact: true, values: []value{{dimAll, 0}}} }

// estimate reads how many rows an option holds.
func (o *option) estimate(r store.Reader, f *filter) error {
	if o.counts != nil {
		return nil
	}
	o.counts = []counts{}
	for _, v := range o.values[:min(len(o.values), maxCounted)] {
		c, err := readCounts(r, f.keys.counter(f.kind, v))
		if err != nil {
			return err
		}
		o.counts = append(o.counts, c)
		o.rows += c.of(f.statuses)
	}
	if n := len(o.values); n > maxCounted {
		o.rows, o.exact = o.rows*uint64(n)/maxCounted, false
	}
	return nil
}

// plan is how a page is read.
type plan struct {
	option
	order  order // of the ranges
	whole  bool  // the order stands as a whole: a range for each value, whatever the statuses
	sorted bool  // the rows have to be sorted; else the ranges have the order that is asked for
	few    bool  // there are so few rows that those of all statuses are read in one go
	total  int   // how many rows match; -1: not known
}

// choose decides how a query is read: by the smallest option, where that has the order that is asked for; else, if it is small enough, it is
// sorted, else all rows are read in that order.
func (f *filter) choose(r store.Reader, lim limits, total bool) (plan, error) {
	options, filters := f.options()
	if f.kind != kindJob {
		options = nil // there are no ranges for them
	}
	best := all()
	for i := range options {
		o := &options[i]
		if len(o.values)*len(f.statuses) > lim.ranges || o.answers > 1 && f.order != byScheduled { // pairs have no other order
			continue
		}
		if err := o.estimate(r, f); err != nil {
			return plan{}, err
		}
		if best.values[0].dim == dimAll || o.rows < best.rows || o.rows == best.rows && o.answers > best.answers {
			best = *o
		}
	}
	p := plan{option: best, order: f.order, total: -1}
	if f.kind == kindJob && f.order != byScheduled {
		if err := p.estimate(r, f); err != nil {
			return plan{}, err
		}
		stands, whole := p.stands(f)
		switch {
		case f.scheduled == always && stands && (!whole || !p.sortsCheaper(f, lim)): // in that order
			p.whole = whole
		case p.rows <= uint64(lim.sorted) || f.scheduled != always:
			p.order, p.sorted = byScheduled, true
		default:
			p.option = all()
		}
	}
	if err := p.estimate(r, f); err != nil {
		return plan{}, err
	}
	if p.few = p.all() <= 2*uint64(f.limit) && len(f.statuses) > 1; p.few { //nolint:gosec // a limit
		p.order, p.sorted, p.whole = p.main(f), true, false
	}
	if total && p.answers == filters && p.exact && len(f.skills)+len(f.ids) == 0 && f.scheduled == always && f.created == always && f.updated == always {
		p.total = int(p.rows) //nolint:gosec // a count of rows
	}
	return p, nil
}

// stands tells whether the option has ranges in the order that is asked for, and whether these hold the rows of all statuses.
func (o *option) stands(f *filter) (stands, whole bool) {
	wholes := 0
	for _, v := range o.values {
		i := slices.IndexFunc(f.kind.shapes(), func(s shape) bool { return s.dim == v.dim && s.order == f.order })
		if i < 0 {
			return false, false
		}
		if f.kind.shapes()[i].whole {
			wholes++
		}
	}
	return wholes == 0 || wholes == len(o.values), wholes > 0
}

// sortsCheaper tells whether reading and sorting all rows with the wanted statuses looks at fewer entries than a page of a range that
// holds all statuses, of which so many have to be passed over.
func (o *option) sortsCheaper(f *filter, lim limits) bool {
	return o.rows <= uint64(lim.sorted) && o.rows*o.rows < uint64(f.limit)*o.all() //nolint:gosec // limits
}

// all is how many rows the option holds, whatever their status.
func (o *option) all() uint64 {
	if len(o.values) > maxCounted {
		return math.MaxUint64
	}
	sum := uint64(0)
	for i := range o.counts {
		for _, n := range o.counts[i] {
			sum += n
		}
	}
	return sum
}

// main is an order that the option has.
func (p *plan) main(f *filter) order {
	if f.kind == kindJob {
		return byScheduled
	}
	return f.order
}

// keyRange is a range of entries with one value and one status.
type keyRange struct{ prefix []byte }

// ranges are those of a plan that are not empty.
func (p *plan) ranges(f *filter) []keyRange {
	var out []keyRange
	for i, v := range p.values {
		if p.few {
			key := f.keys.entries(f.kind, v, p.order, 0)
			out = append(out, keyRange{key[:len(key)-1]})
			continue
		}
		var c *counts
		if i < len(p.counts) {
			c = &p.counts[i]
		}
		if p.whole {
			if c == nil || c.of(f.statuses) > 0 {
				out = append(out, keyRange{f.keys.whole(f.kind, v, p.order)})
			}
			continue
		}
		open := f.kind == kindJob && f.openTogether(c)
		if open {
			out = append(out, keyRange{f.keys.open(f.kind, v, p.order)})
		}
		over := f.kind == kindJob && (c == nil || c[statusFinished] > 0) && slices.Contains(f.statuses, statusFinished)
		for _, s := range f.statuses {
			if c != nil && c[s] == 0 || open && isOpen(s) || over && s == statusCancelled {
				continue
			}
			out = append(out, keyRange{f.keys.entries(f.kind, v, p.order, s)})
		}
	}
	return out
}

// openTogether tells whether open jobs are better read from their common range than by status: where several statuses are wanted, and
// most of what is there is. c is nil where nobody knows what is there.
func (f *filter) openTogether(c *counts) bool {
	ranges, wanted, there := 0, uint64(0), uint64(0)
	for s := range byte(statusBytes) {
		if !isOpen(s) {
			continue
		}
		n := uint64(1)
		if c != nil {
			n = c[s]
		}
		there += n
		if n > 0 && slices.Contains(f.statuses, s) {
			wanted += n
			ranges++
		}
	}
	return ranges > 1 && 2*wanted >= there
}

// bounds are the places between which the rows of a plan lie, as far as its order says: from the first, before the second; nil:
// no bound.
func (p *plan) bounds(f *filter) (from, to []byte) {
	s := always
	if p.few {
		return nil, nil
	}
	switch p.order {
	case byScheduled:
		s = f.scheduled
	case byUpdated:
		s = f.updated
	case byCreated:
		s = f.created
	}
	if s.from > 0 {
		from = binary.BigEndian.AppendUint64(nil, s.from)
	}
	if s.to < always.to || s != always {
		to = binary.BigEndian.AppendUint64(nil, min(s.to, noTime))
	}
	return from, to
}

package index

import (
	"slices"
	"unicode/utf8"

	"fieldsync/crdt"
)

// filter is a query in the terms of headers.
type filter struct {
	keys  orgKeys
	kind  kind
	order order // of a relevance: byRelevance
	desc  bool
	limit int
	words []string

	statuses []byte // sorted, never empty
	anyState bool   // statuses are all of them
	reader   token  // 0: no restriction

	assignees  []token
	unassigned bool
	refs       []refFilter
	skills     []token
	clash      bool
	ids        []token // all of them

	scheduled, created, updated span
}

// refFilter wants one of some tokens in a dimension of which a row has one value.
type refFilter struct {
	dim  dim
	of   func(*header) token
	want []token
}

// span is a range of sort times: from the first, before the second.
type span struct{ from, to uint64 }

var always = span{0, ^uint64(0)}

func (s span) has(t uint64) bool { return s == always || t >= s.from && t < s.to && t != noTime }

// byRelevance is the order of the best match.
const byRelevance order = 'r'

func invalid(format string, args ...any) error { return crdt.Errorf(crdt.KindInvalid, format, args...) }

// filter checks a query. Its errors are of kind Invalid.
func (q *Query) filter() (*filter, error) {
	if err := validOrg(q.Org); err != nil {
		return nil, err
	}
	f := &filter{keys: orgKeys{q.Org}, limit: q.Limit, desc: q.Desc, unassigned: q.Unassigned, clash: q.Clash}
	if q.Kind == "" {
		f.kind = kindJob
	} else if f.kind = kindOf(q.Kind); f.kind == 0 {
		return nil, invalid("kind: %q has no list", q.Kind)
	}
	if f.limit == 0 {
		f.limit = DefaultLimit
	}
	if f.limit < 1 || f.limit > MaxLimit {
		return nil, invalid("limit: not between 1 and %d", MaxLimit)
	}
	if err := f.sort(q); err != nil {
		return nil, err
	}
	if err := f.values(q); err != nil {
		return nil, err
	}
	f.scheduled = spanOf(q.ScheduledFrom, q.ScheduledTo)
	f.created = spanOf(q.CreatedFrom, q.CreatedTo)
	f.updated = spanOf(q.UpdatedSince, 0)
	return f, nil
}

func (f *filter) sort(q *Query) error {
	by := q.Sort
	if utf8.RuneCountInString(q.Text) > MaxTextRunes {
		return invalid("text: longer than %d characters", MaxTextRunes)
	}
	if q.Text != "" {
		if f.words = words(q.Text); len(f.words) == 0 {
			return invalid("text: holds no word")
		}
	}
	if by == "" {
		switch {
		case len(f.words) > 0:
			by = SortRelevance
		case f.kind == kindJob:
			by = SortScheduled
		default:
			by = SortSerial
		}
	}
	switch by {
	case SortScheduled:
		f.order = byScheduled
		if f.kind != kindJob {
			return invalid("sort: only jobs have a %s", by)
		}
	case SortUpdated:
		f.order = byUpdated
	case SortCreated:
		f.order = byCreated
	case SortSerial:
		f.order = byName
	case SortRelevance:
		f.order, f.desc = byRelevance, false
		if len(f.words) == 0 {
			return invalid("sort: %s needs a text", by)
		}
	default:
		return invalid("sort: %q is no order", by)
	}
	return nil
}

func (f *filter) values(q *Query) error {
	for _, s := range q.Statuses {
		b := statusByte(s)
		if b == 0 {
			return invalid("status: %q is no status", s)
		}
		f.statuses = append(f.statuses, b)
	}
	slices.Sort(f.statuses)
	f.statuses = slices.Compact(f.statuses)
	if len(f.statuses) == 0 {
		f.anyState = true
		for s := range byte(statusBytes) {
			f.statuses = append(f.statuses, s)
		}
	}
	if f.kind != kindJob {
		if !f.anyState {
			return invalid("status: only jobs have one")
		}
		if f.anyState, f.statuses = q.Archived, []byte{0}; q.Archived {
			f.statuses = []byte{0, statusArchived}
		}
	}
	for _, list := range []struct {
		field  string
		dim    dim
		values []string
		to     *[]token
	}{
		{"reader", dimAssignee, one(q.Reader), new([]token)},
		{"assignee", dimAssignee, q.Assignees, &f.assignees},
		{"skill", dimSkill, q.Skills, &f.skills},
		{"external_id", dimExternal, one(q.ExternalID), &f.ids},
		{"external_order_id", dimOrder, one(q.ExternalOrderID), &f.ids},
		{"serial_no", dimSerial, one(q.SerialNo), &f.ids},
	} {
		tokens, err := tokensOf(list.field, list.dim, list.values)
		if err != nil {
			return err
		}
		*list.to = append(*list.to, tokens...)
	}
	f.reader = tokenOf(dimAssignee, q.Reader)
	for _, ref := range []struct {
		field  string
		dim    dim
		values []string
		of     func(*header) token
	}{
		{"client", dimClient, q.Clients, func(h *header) token { return h.client }},
		{"site", dimSite, q.Sites, func(h *header) token { return h.site }},
		{"template", dimTemplate, q.Templates, func(h *header) token { return h.template }},
		{"territory", dimTerritory, q.Territories, func(h *header) token { return h.territory }},
		{"type", dimType, q.Types, func(h *header) token { return h.typ }},
	} {
		tokens, err := tokensOf(ref.field, ref.dim, ref.values)
		if err != nil {
			return err
		}
		if len(tokens) > 0 {
			f.refs = append(f.refs, refFilter{ref.dim, ref.of, tokens})
		}
	}
	return nil
}

func one(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

func tokensOf(field string, d dim, values []string) ([]token, error) {
	if len(values) > MaxValues {
		return nil, invalid("%s: more than %d values", field, MaxValues)
	}
	var out []token
	for _, v := range values {
		switch {
		case v == "":
			return nil, invalid("%s: an empty value", field)
		case len(v) > MaxValueBytes:
			return nil, invalid("%s: a value of more than %d bytes", field, MaxValueBytes)
		}
		if t := tokenOf(d, v); !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out, nil
}

func spanOf(from, to crdt.Timestamp) span {
	s := always
	if from != 0 {
		s.from = sortTime(from)
	}
	if to != 0 {
		s.to = sortTime(to)
	}
	return s
}

// has tells whether a row is one of the query's; its text is not looked at.
func (f *filter) has(h *header) bool {
	if h.kind != f.kind || h.flags&flagGone != 0 || !f.anyState && !slices.Contains(f.statuses, h.status) {
		return false
	}
	if f.reader != 0 && !h.mayRead(f.reader) {
		return false
	}
	if !f.assigned(h) {
		return false
	}
	for i := range f.refs {
		if t := f.refs[i].of(h); t == 0 || !slices.Contains(f.refs[i].want, t) {
			return false
		}
	}
	for _, t := range f.skills {
		if !h.skills.has(t) {
			return false
		}
	}
	for _, t := range f.ids {
		if !h.ids.has(t) {
			return false
		}
	}
	return (!f.clash || h.flags&flagClash != 0) && f.scheduled.has(h.scheduled) && f.created.has(h.created) && f.updated.has(h.updated)
}

// assigned tells whether a row has one of the assignees that are asked for, or none where that is.
func (f *filter) assigned(h *header) bool {
	switch {
	case len(f.assignees) == 0 && !f.unassigned:
		return true
	case h.assignees.len() == 0:
		return f.unassigned
	}
	return slices.ContainsFunc(f.assignees, h.assignees.has)
}

// Matcher tells of which events a query's list is told.
type Matcher struct{ f *filter }

// Matcher makes one. Query.Text is passed over: a row may match for a text and not be found by it.
func (q Query) Matcher() (Matcher, error) {
	q.Text = ""
	if q.Sort == SortRelevance {
		q.Sort = ""
	}
	f, err := q.filter()
	return Matcher{f}, err
}

// Before tells whether the row that was there is one of the list's. It is false where the event does not know it.
func (m Matcher) Before(ev Event) bool {
	return ev.Org == m.f.keys.org && ev.before != nil && m.f.has(ev.before)
}

// After tells whether the row that is there now is.
func (m Matcher) After(ev Event) bool {
	return ev.Org == m.f.keys.org && ev.after != nil && m.f.has(ev.after)
}

// maxWords bounds the words of a search: each is looked up.
const maxWords = 12

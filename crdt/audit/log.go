package audit

import (
	"cmp"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
)

// Who is the person, or the integration, behind an author.
type Who struct {
	User   string // user id; empty for an integration, and for an author that nobody knows
	Worker bool   // works in the field: his changes may be late
	Source string // what he works with, as an event's context says it: "app", "api"
}

// Options are what a history does not know itself.
type Options struct {
	// Arrived gives when the change with an index arrived, in ms since 1970. Nil: that is not known, and nothing is late.
	Arrived func(i int) int64
	// Who gives whom an author is. Nil: nobody is known.
	Who func(history.Author) Who
}

// Log is one document's history. It sees the changes that were there when it was made, and must not be used after its history
// was truncated. It is not safe for concurrent use.
type Log struct {
	h       *history.History
	r       *history.Replay
	o       Options
	order   []int   // changes, by position
	at      []int   // positions, by change
	arrived []int64 // by change: not before what it depends on
	layouts map[side]*history.Layout
	ever    map[string]int64 // when users were first assigned; see wasAssigned
	headers map[int]header
	caps    caps
	looked  int // as Replay.Work, for what is looked at without it
}

// New makes a log. It costs a look at each change.
func New(h *history.History, o Options) *Log {
	n := h.Len()
	l := &Log{h: h, r: h.Replay(), o: o, order: make([]int, n), at: make([]int, n), arrived: make([]int64, n),
		layouts: make(map[side]*history.Layout), ever: make(map[string]int64), headers: make(map[int]header),
		caps: pageCaps}
	depth := make([]int, n)
	for i := range n {
		l.order[i] = i
		if o.Arrived != nil {
			l.arrived[i] = o.Arrived(i)
		}
		for _, d := range h.Deps(i) { // a clock that was set back must not turn cause and effect around
			l.arrived[i] = max(l.arrived[i], l.arrived[d])
			depth[i] = max(depth[i], depth[d]+1)
		}
	}
	// The index is no help where changes arrived in the same millisecond: it differs between replicas, and here once a snapshot was made.
	slices.SortFunc(l.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(l.arrived[a], l.arrived[b]), cmp.Compare(depth[a], depth[b]), crdt.CompareHash(h.Hash(a), h.Hash(b)))
	})
	for p, i := range l.order {
		l.at[i] = p
	}
	return l
}

// Len is the number of changes.
func (l *Log) Len() int { return len(l.order) }

func (l *Log) who(i int) Who {
	if l.o.Who == nil {
		return Who{}
	}
	return l.o.Who(l.h.Author(i))
}

// index gives a change by its hash.
func (l *Log) index(hash crdt.Hash) (int, error) {
	i, ok := l.h.IndexOf(hash)
	if !ok || i >= len(l.at) {
		return 0, crdt.Errorf(crdt.KindNotFound, "audit: no change %s in this document", hash)
	}
	return i, nil
}

// side is a sequence before a change, or after it.
type side struct {
	obj   history.ObjID
	after bool
}

// layout gives a sequence as it is laid out in a view: before a change, or after it. For each of both it is the same one each
// time, moved, as the changes of a page are mostly neighbours.
func (l *Log) layout(obj history.ObjID, v *history.View, after bool) *history.Layout {
	s := side{obj, after}
	at := l.layouts[s]
	if at == nil {
		at = v.Layout(obj)
		l.layouts[s] = at
	} else {
		at.Move(v)
	}
	return at
}

// path is the way to an object, with list indexes as the view before a change has them; and whether the object is shown there, in
// the view: not where it, or what it stands in, was overwritten or deleted, or lost against another value.
func (l *Log) path(obj history.ObjID, v *history.View) (out crdt.Path, shown bool) {
	shown = true
	for {
		place, ok := l.h.MadeAt(obj)
		if !ok {
			break
		}
		out = append(out, l.step(place, v, false))
		at := l.stands(place, v)
		shown = shown && len(at) > 0 && at[len(at)-1].Object == obj
		obj = place.Object
	}
	slices.Reverse(out)
	return out, shown
}

// stands gives what stands in a place of a map or a list, what is shown last.
func (l *Log) stands(place history.Place, v *history.View) []history.VisibleOp {
	if place.InSeq {
		return v.Element(place.Elem)
	}
	return v.Get(place.Object, place.Key)
}

func (l *Log) step(place history.Place, v *history.View, after bool) any {
	if place.InSeq {
		return l.layout(place.Object, v, after).Index(place.Elem)
	}
	return place.Key
}

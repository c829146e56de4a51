package audit

import (
	"math"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

// Kind is what happened to a place.
type Kind string

const (
	Added       Kind = "added"       // nothing had stood there, for all that the author knew
	Set         Kind = "set"         // another value took the place of what had stood there
	Deleted     Kind = "deleted"     // it is gone
	TextEdited  Kind = "text"        // characters of a text
	Incremented Kind = "incremented" // a counter was counted up or down
	Formatted   Kind = "formatted"   // a mark was laid over a part of a text
)

// Effect is what a change did in one place.
type Effect struct {
	// Path leads there. The index of a list's element is the one that the author saw, for an added one the one that he gave it.
	Path crdt.Path
	Kind Kind
	// Old is what had stood there, what was shown first; several where they clashed. Empty for Added, TextEdited and Formatted.
	Old []any
	// New is what stands there now. Nil for Deleted, TextEdited and Formatted.
	New any
	// Delta is by how much a counter was counted up.
	Delta int64
	// Splices are a text's edits, the first of the text first.
	Splices []Splice
	// Mark is the name of a mark, New its value.
	Mark string
	// Hidden tells that nobody saw it: what the place lies in was gone, or something else was shown there. The path leads to that.
	Hidden bool
	// Cut tells that values or splices are longer than what is told.
	Cut bool

	bytes int
}

// Splice is an edit in one part of a text. Numbers count Unicode code points.
type Splice struct {
	Index    int    `json:"index"`              // where it is, in the text as it was before
	Deleted  string `json:"deleted,omitempty"`  // what stood there, and went
	Inserted string `json:"inserted,omitempty"` // what came
	Before   string `json:"before,omitempty"`   // what stands before it now, a few words
	After    string `json:"after,omitempty"`    // what stands behind it now
}

func (d *Effect) at(path crdt.Path, shown bool) { d.Path, d.Hidden = path, !shown }

// slot is a place in an object.
type slot struct {
	obj  history.ObjID
	key  string
	elem history.ElemID
}

// effects tells what change i did.
func (l *Log) effects(e *Entry, i int) {
	before, after := l.r.Before(i), l.r.After(i)
	seen := make(map[slot]bool)
	left := l.caps.entryBytes
	add := func(d Effect, did bool) {
		if did {
			left -= d.bytes
			e.Did = append(e.Did, d)
			e.Cut = e.Cut || d.Cut
		}
	}
	for place := range l.h.Places(i) {
		l.looked++
		if place.Own {
			continue // it is told with the object
		}
		s := slot{obj: place.Object, key: place.Key, elem: place.Elem}
		text := l.h.Type(place.Object) == format.ActionMakeText
		if text {
			s.elem = 0
			if place.Action == format.ActionMark {
				s.key = "mark" // beside what happens to its characters
			}
		}
		if seen[s] {
			continue
		}
		seen[s] = true
		if len(e.Did) == l.caps.effects {
			e.More++
			continue
		}
		switch {
		case text && place.Action == format.ActionMark:
			for _, d := range l.marks(i, place.Object, before) {
				add(d, true)
			}
		case text:
			add(l.textEffect(place.Object, before, after, func(visit func(history.ElemID)) { l.elementsOf(i, place.Object, visit) }))
		default:
			add(l.slotEffect(place, before, after, min(left, l.caps.valueBytes)))
		}
	}
}

// runEffects tells what a run of changes did to their text.
func (l *Log) runEffects(e *Entry, from, to int) {
	obj, _ := l.editsOneText(l.order[from])
	d, did := l.textEffect(obj, l.r.Before(l.order[from]), l.r.After(l.order[to]), func(visit func(history.ElemID)) {
		for p := from; p <= to; p++ {
			l.elementsOf(l.order[p], obj, visit)
		}
	})
	if did {
		e.Did, e.Cut = append(e.Did, d), d.Cut
	}
}

// elementsOf visits the elements of a sequence that a change writes to.
func (l *Log) elementsOf(i int, obj history.ObjID, visit func(history.ElemID)) {
	for place := range l.h.Places(i) {
		l.looked++
		if place.Object == obj && place.InSeq && place.Action != format.ActionMark {
			visit(place.Elem)
		}
	}
}

// counted is by how much the counter that is shown in a place was counted up between two views of the same operations.
func counted(was, is []history.VisibleOp) int64 {
	a, b := top(was).Value, top(is).Value
	if a.Type != format.ValueCounter {
		return 0
	}
	from, _ := a.Int()
	to, _ := b.Int()
	return to - from
}

// slotEffect tells what a change did at a key of a map, or to an element of a list; false: nothing in the end.
func (l *Log) slotEffect(place history.Place, before, after *history.View, bytes int) (Effect, bool) {
	was, is := l.stands(place, before), l.stands(place, after)
	d := Effect{Kind: Set}
	d.at(l.path(place.Object, before))
	switch {
	case len(was) == 0 && len(is) == 0:
		return d, false // what it made it took away again
	case len(is) == 0:
		d.Kind = Deleted
	case len(was) == 0:
		d.Kind = Added
	case slices.EqualFunc(was, is, func(a, b history.VisibleOp) bool { return a.ID == b.ID }):
		if d.Delta = counted(was, is); d.Delta == 0 {
			return d, false
		}
		d.Kind = Incremented
	}
	b := history.Budget{Values: l.caps.values, Bytes: max(bytes, 0)}
	if len(is) > 0 {
		d.New = after.Value(is[len(is)-1], &b)
	}
	slices.Reverse(was) // what is shown first
	for k, op := range was {
		if k == maxAlternatives {
			b.Cut = true
			break
		}
		d.Old = append(d.Old, before.Value(op, &b))
	}
	if d.Kind == Added {
		d.Path = append(d.Path, l.step(place, after, true))
	} else {
		d.Path = append(d.Path, l.step(place, before, false))
	}
	d.Cut, d.bytes = b.Cut, max(bytes, 0)-b.Bytes+16*(l.caps.values-b.Values)
	return d, true
}

// marks tells of the marks that change i laid over a text.
func (l *Log) marks(i int, obj history.ObjID, before *history.View) []Effect {
	var out []Effect
	c, err := format.DecodeTrusted(l.h.Raw(i))
	if err != nil {
		return nil // it was decoded when it was admitted
	}
	k := 0
	for place := range l.h.Places(i) {
		o := &c.Ops[k]
		k++
		if place.Object != obj || place.Action != format.ActionMark || !o.HasMark {
			continue
		}
		if len(out) == maxMarks {
			out[len(out)-1].Cut = true
			break
		}
		b := history.Budget{Values: 1, Bytes: l.caps.spliceBytes}
		d := Effect{Kind: Formatted, Mark: cutText(o.MarkName, maxMessage),
			New: before.Value(history.VisibleOp{Action: format.ActionSet, Value: o.Value}, &b)}
		d.at(l.path(obj, before))
		d.Cut, d.bytes = b.Cut, len(d.Mark)+l.caps.spliceBytes-b.Bytes
		out = append(out, d)
	}
	return out
}

// mayConcern tells, without decoding anything, whether a change may have done something that concerns a path.
func (l *Log) mayConcern(i int, path crdt.Path) bool {
	for place := range l.h.Places(i) {
		l.looked++
		if place.Own {
			continue
		}
		if l.matches(place, path) {
			return true
		}
	}
	return false
}

// matches tells whether a place lies on a path, above or below its end. Which index an element has is not looked at.
func (l *Log) matches(place history.Place, path crdt.Path) bool {
	steps := []history.Place{place}
	if l.h.Type(place.Object) == format.ActionMakeText {
		steps = steps[:0] // a text is one value
	}
	for obj := place.Object; ; {
		at, ok := l.h.MadeAt(obj)
		if !ok {
			break
		}
		steps = append(steps, at)
		obj = at.Object
	}
	slices.Reverse(steps)
	for k := range min(len(steps), len(path)) {
		key, isKey := path[k].(string)
		if isKey == steps[k].InSeq || isKey && key != steps[k].Key {
			return false
		}
	}
	return true
}

// concerns tells whether an effect lies at or below a path, or holds, or held, something there.
func (d *Effect) concerns(path crdt.Path) bool {
	for k := range min(len(d.Path), len(path)) {
		if d.Path[k] != path[k] {
			return false
		}
	}
	if len(d.Path) >= len(path) {
		return true
	}
	rest := path[len(d.Path):]
	return d.Cut || holds(d.New, rest) || slices.ContainsFunc(d.Old, func(v any) bool { return holds(v, rest) })
}

func holds(v any, path crdt.Path) bool {
	for _, step := range path {
		switch s := step.(type) {
		case string:
			m, _ := v.(map[string]any)
			next, ok := m[s]
			if !ok {
				return false
			}
			v = next
		case int:
			list, _ := v.([]any)
			if s < 0 || s >= len(list) {
				return false
			}
			v = list[s]
		default:
			return false
		}
	}
	return true
}

// happened is when what an entry tells of happened, by the clock of who did it.
func (l *Log) happened(e *Entry) crdt.Timestamp {
	for i := range e.Did {
		d := &e.Did[i]
		if d.Kind != Added || len(d.Path) != 2 {
			continue
		}
		entry, _ := d.New.(map[string]any)
		var t crdt.Timestamp
		switch d.Path[0] {
		case job.KeyStatusLog, job.KeyComments:
			t = moment(entry[job.KeyHappenedAt])
		case job.KeyAttachments:
			t = moment(entry[job.KeyTakenAt])
		}
		if t != 0 {
			return t
		}
	}
	return e.Time
}

// moment reads a time as package job does: a timestamp, or milliseconds since 1970 in any form.
func moment(v any) crdt.Timestamp {
	switch t := v.(type) {
	case crdt.Timestamp:
		return t
	case int64:
		return crdt.Timestamp(t)
	case uint64:
		return crdt.Timestamp(min(t, 1<<53))
	case float64:
		if t == math.Trunc(t) && math.Abs(t) <= 1<<53 {
			return crdt.Timestamp(t)
		}
	}
	return 0
}

// cutText gives at most so many bytes of a text, and no part of a character.
func cutText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

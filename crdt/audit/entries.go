package audit

import (
	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
)

// Entry is one change, or a run of changes to one text, as what somebody did.
type Entry struct {
	Version int       // the position of the change among all, in the order of arrival, beginning with 1
	Hash    crdt.Hash // of a run: of its last change
	First   crdt.Hash // of a run: its first change; else as Hash
	Changes int       // how many changes the entry tells of

	Actor   crdt.ActorID
	Seq     uint64 // the change's number among its actor's
	Author  history.Author
	Who     Who
	Message string
	Undoes  crdt.Hash // the change that it undoes, as its message says (see UndoMessage); zero: none

	Time     crdt.Timestamp // the change's own time, by its author's clock; 0 where unknown
	Happened crdt.Timestamp // see the package comment; 0 where unknown
	Arrived  crdt.Timestamp // 0 where unknown
	Late     bool           // see Log.Late

	Did  []Effect
	More int  // effects beyond MaxEffects, which are not listed
	Cut  bool // a value, or a text, is longer than what is told
}

// Query says which entries are wanted.
type Query struct {
	// After is Page.Next of the page before; zero: from the beginning.
	After crdt.Hash
	// Oldest gives the oldest first; else the newest are.
	Oldest bool
	// Limit is how many entries a page has at most: DefaultLimit where it is 0, and never more than MaxLimit.
	Limit int
	// Path, unless it is empty, restricts entries to what they did at or below a path, or to an object that holds it. Of an object that
	// was made or went as a whole it is looked whether that stood in it.
	Path crdt.Path
	// Since restricts entries to changes that somebody with these heads does not have. Nil: all; heads that are not here are ignored.
	Since crdt.Heads
	// Fold makes one entry of a run of changes by one author to one text.
	Fold bool
}

// Page is a part of the history.
type Page struct {
	Entries []Entry
	// Next continues the query; zero where nothing is left. A page may have fewer entries than it might, or none, and a Next.
	Next crdt.Hash
}

// Page gives a page of entries. The error's kind is NotFound where Query.After is no change of this document.
func (l *Log) Page(q Query) (Page, error) {
	limit := min(q.Limit, MaxLimit)
	if limit <= 0 {
		limit = DefaultLimit
	}
	step, p := -1, len(l.order)-1
	if q.Oldest {
		step, p = 1, 0
	}
	if q.After != (crdt.Hash{}) {
		i, err := l.index(q.After)
		if err != nil {
			return Page{}, err
		}
		p = l.at[i] + step
	}
	wanted := l.since(q.Since)
	var page Page
	begin, bytes := l.spent(), 0
	for p >= 0 && p < len(l.order) {
		from, to := p, p // positions of the run
		l.looked++
		if wanted == nil || wanted[l.order[p]] {
			if q.Fold {
				for to-from+1 < maxFold && p+step >= 0 && p+step < len(l.order) && l.folds(min(p, p+step)) &&
					(wanted == nil || wanted[l.order[p+step]]) {
					p += step
					from, to = min(from, p), max(to, p)
				}
			}
			if e, ok := l.entry(from, to, q.Path); ok {
				page.Entries = append(page.Entries, e)
				bytes += e.size()
			}
		}
		p += step
		if p < 0 || p >= len(l.order) {
			break
		}
		if len(page.Entries) >= limit || l.spent()-begin > maxWork || bytes > maxPageBytes {
			page.Next = l.h.Hash(l.order[p-step])
			break
		}
	}
	return page, nil
}

// Entry gives one change as an entry.
func (l *Log) Entry(hash crdt.Hash) (Entry, error) {
	i, err := l.index(hash)
	if err != nil {
		return Entry{}, err
	}
	e, _ := l.entry(l.at[i], l.at[i], nil)
	return e, nil
}

// spent is what was looked at so far.
func (l *Log) spent() int { return l.r.Work() + l.looked }

// since tells which changes are not in the past of heads; nil: all.
func (l *Log) since(heads crdt.Heads) []bool {
	if heads == nil {
		return nil
	}
	out := make([]bool, len(l.order))
	for _, i := range l.h.Since(heads) {
		if i < len(out) {
			out[i] = true
		}
	}
	return out
}

// entry tells what the changes from one position to another did: one, or a run. False: nothing of it concerns the path.
func (l *Log) entry(from, to int, path crdt.Path) (Entry, bool) {
	first, last := l.order[from], l.order[to]
	if len(path) > 0 && !l.mayConcern(last, path) {
		return Entry{}, false
	}
	h := l.h
	e := Entry{Version: to + 1, Hash: h.Hash(last), First: h.Hash(first), Changes: to - from + 1, Actor: h.Actor(last), Seq: h.Seq(last),
		Author: h.Author(last), Who: l.who(last), Message: l.message(last), Time: l.time(last), Late: l.late(last)}
	e.Undoes = undoes(e.Message)
	if l.o.Arrived != nil {
		e.Arrived = crdt.Timestamp(l.o.Arrived(last))
	}
	if from == to {
		l.effects(&e, last)
	} else {
		l.runEffects(&e, from, to)
	}
	e.Happened = l.happened(&e)
	if len(path) > 0 {
		did := e.Did[:0]
		for _, d := range e.Did {
			if d.concerns(path) {
				did = append(did, d)
			}
		}
		if e.Did = did; len(did) == 0 && e.More == 0 {
			return Entry{}, false
		}
	}
	return e, true
}

// folds tells whether the changes at a position and the next one are parts of one run.
func (l *Log) folds(p int) bool {
	a, b := l.order[p], l.order[p+1]
	h := l.h
	if h.Actor(a) != h.Actor(b) || h.Author(a) != h.Author(b) {
		return false
	}
	if deps := h.Deps(b); len(deps) != 1 || int(deps[0]) != a {
		return false // he saw something else meanwhile
	}
	text, ok := l.editsOneText(a)
	if !ok {
		return false
	}
	if other, ok := l.editsOneText(b); !ok || text != other {
		return false
	}
	x, y := l.header(a), l.header(b)
	pause := seconds(y.time) - seconds(x.time)
	return x.message == y.message && pause >= -foldPause && pause <= foldPause && l.late(a) == l.late(b)
}

// editsOneText tells whether a change does nothing but edit the characters of one text, which was there before.
func (l *Log) editsOneText(i int) (history.ObjID, bool) {
	obj := history.ObjID(0)
	for place := range l.h.Places(i) {
		l.looked++
		if obj == 0 && l.h.Type(place.Object) == format.ActionMakeText {
			obj = place.Object
		}
		if obj == 0 || place.Object != obj || place.Own || place.Action == format.ActionMark {
			return 0, false
		}
	}
	return obj, obj != 0
}

// header is what a change's header says that the history does not keep.
type header struct {
	time    int64
	message string
}

func (l *Log) header(i int) header {
	if hd, ok := l.headers[i]; ok {
		return hd
	}
	var hd header
	if x, err := format.DecodeHeader(l.h.Raw(i)); err == nil { // it was decoded when it was admitted
		hd = header{time: x.Time, message: cutText(x.Message, maxMessage)}
	}
	l.headers[i] = hd
	return hd
}

func (l *Log) message(i int) string      { return l.header(i).message }
func (l *Log) time(i int) crdt.Timestamp { return seconds(l.header(i).time) }

// seconds reads a change's time. It is in seconds; automerge-go itself, and what is built on it, writes milliseconds: what would be
// after the year 5138 is that.
func seconds(t int64) crdt.Timestamp {
	if t >= 1e11 || t <= -1e11 {
		return crdt.Timestamp(t)
	}
	return crdt.Timestamp(t * 1000)
}

// size is about what an entry takes.
func (e *Entry) size() int {
	n := 256
	for i := range e.Did {
		n += e.Did[i].bytes
	}
	return n
}

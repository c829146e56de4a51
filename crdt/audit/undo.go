package audit

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

// Stamp is what an undone status leaves in the status log beside the status itself.
type Stamp struct {
	EventID string         // of the new event; not one that is there
	At      crdt.Timestamp // when it happens
	By      string         // user id
	Device  string
}

// Undone is how a change is undone.
type Undone struct {
	// Edits are for the document as it is now, with all changes of the history, in this order, as one change.
	Edits []crdt.Edit
	// Left is what stays as it is.
	Left []Left
}

// Left is a place that undoing a change leaves alone.
type Left struct {
	Path crdt.Path `json:"path"`
	Why  Reason    `json:"why"`
}

// Reason is why a place is left alone.
type Reason string

const (
	LeftChanged  Reason = "changed" // somebody else has written there since, or at the same time
	LeftGone     Reason = "gone"    // what it lies in is not there any more
	LeftFixed    Reason = "fixed"   // it is never changed: an entry of the status log, the kind of a document
	LeftTooLarge Reason = "too_large"
	LeftStrange  Reason = "strange" // a value that only other programs can write
)

// undoPrefix begins the message of a change that undoes another one; its hash follows.
const undoPrefix = "undo "

// UndoMessage is the message for a change that undoes another one; words may follow behind a space. Entry.Undoes reads it.
func UndoMessage(hash crdt.Hash) string { return undoPrefix + hash.String() }

func undoes(message string) crdt.Hash {
	hex, ok := strings.CutPrefix(message, undoPrefix)
	hex, _, _ = strings.Cut(hex, " ") // more words may follow
	hash, err := crdt.ParseHash(hex)
	if !ok || err != nil {
		return crdt.Hash{}
	}
	return hash
}

// Undo gives the edits that take back what one change did, and nothing that was done by others or later:
//
//   - a value goes back to what stood before, if it is still what the change put there; so does a deleted entry, with all that
//     stood in it, and what others wrote into it meanwhile; an added one is taken away, unless somebody changed it;
//   - where values clash, the change's one is dropped;
//   - of a text, characters that it inserted and that are still there go; those that it deleted come back at their place;
//   - a counter is counted back;
//   - a status that it set is followed by a new event with the status of before, as the status log only grows.
//
// Undoing what undid a change does that again. Marks in a text do not come back. Errors: of kind NotFound where there is no such
// change; of kind Conflict where nothing is left to undo, where a status does not stand any more, or for the change that made the document.
func (l *Log) Undo(hash crdt.Hash, s Stamp) (Undone, error) {
	i, err := l.index(hash)
	if err != nil {
		return Undone{}, err
	}
	u := &undo{l: l, i: i, now: l.r.Now(), without: l.r.Without(i), before: l.r.Before(i), after: l.r.After(i),
		budget: history.Budget{Values: maxRestoreValues, Bytes: maxRestoreBytes}}
	if err := u.slots(); err != nil {
		return Undone{}, err
	}
	if err := u.status(s); err != nil {
		return Undone{}, err
	}
	out := u.done()
	if len(out.Edits) == 0 {
		return out, crdt.Errorf(crdt.KindConflict, "audit: nothing is left to undo of this change: all of it was changed since")
	}
	return out, nil
}

// undo is one change being undone.
type undo struct {
	l                           *Log
	i                           int
	now, without, before, after *history.View
	budget                      history.Budget // of what is brought back
	edits                       []placedEdit
	left                        []Left
	events                      []string // ids of the status events that the change added
}

// placedEdit is an edit, and what decides when it is done: what lies deeper comes first, and in a sequence what stands further
// behind, so that no edit moves the place of one that follows.
type placedEdit struct {
	crdt.Edit
	obj  history.ObjID
	rank int
}

func (e *placedEdit) depth() int {
	if e.Kind == crdt.EditSplice || e.Kind == crdt.EditSetText { // it is inside of what its path leads to
		return len(e.Path) + 1
	}
	return len(e.Path)
}

func (u *undo) done() Undone {
	slices.SortStableFunc(u.edits, func(a, b placedEdit) int {
		return cmp.Or(cmp.Compare(b.depth(), a.depth()), cmp.Compare(a.obj, b.obj), cmp.Compare(b.rank, a.rank))
	})
	out := Undone{Left: u.left}
	for _, e := range u.edits {
		out.Edits = append(out.Edits, e.Edit)
	}
	return out
}

func (u *undo) edit(obj history.ObjID, rank int, e crdt.Edit) {
	u.edits = append(u.edits, placedEdit{Edit: e, obj: obj, rank: rank})
}

func (u *undo) leave(why Reason, path crdt.Path) {
	u.left = append(u.left, Left{Path: path, Why: why})
}

// slots goes over all places that the change wrote to.
func (u *undo) slots() error {
	l := u.l
	log, isJob := u.statusLog()
	seen := make(map[slot]bool)
	objects := make(map[history.ObjID]crdt.Path) // that can be edited; nil: that cannot
	for place := range l.h.Places(u.i) {
		if place.Own || place.Action == format.ActionMark {
			continue
		}
		if place.Object == l.h.Root() && place.Key == job.KeyKind {
			return crdt.Errorf(crdt.KindConflict, "audit: the change that made a document cannot be undone")
		}
		s := slot{obj: place.Object, key: place.Key, elem: place.Elem}
		text := l.h.Type(place.Object) == format.ActionMakeText
		if text {
			s.elem = 0
		}
		if seen[s] {
			continue
		}
		seen[s] = true
		if len(seen) > maxUndoSlots {
			return crdt.Errorf(crdt.KindTooLarge, "audit: the change wrote to more than %d places: it cannot be undone at once", maxUndoSlots)
		}
		holder, known := objects[place.Object]
		if !known {
			holder = u.reach(place.Object)
			objects[place.Object] = holder
		}
		switch {
		case holder == nil:
		case text:
			u.text(place.Object, holder)
		case isJob && u.inStatusLog(place, log):
			u.statusPlace(place, holder)
		default:
			u.slot(place, holder)
		}
	}
	return nil
}

// reach gives the path to an object that can be edited; nil where it cannot: then it is noted as left, unless the change itself
// took it away, so that it comes back as a whole.
func (u *undo) reach(obj history.ObjID) crdt.Path {
	l := u.l
	path, shown := l.path(obj, u.now)
	for at := obj; ; {
		place, ok := l.h.MadeAt(at)
		if !ok {
			break
		}
		if shown && l.h.Type(place.Object) == format.ActionMakeText {
			u.leave(LeftStrange, path) // no path of the engine leads into a text
			return nil
		}
		holds := func(v *history.View) bool {
			return slices.ContainsFunc(l.stands(place, v), func(op history.VisibleOp) bool { return op.Object == at })
		}
		if !shown && holds(u.before) && !holds(u.after) {
			return nil
		}
		at = place.Object
	}
	if !shown {
		u.leave(LeftGone, path)
		return nil
	}
	if path == nil {
		return crdt.Path{} // the root
	}
	return path
}

func top(ops []history.VisibleOp) *history.VisibleOp {
	if len(ops) == 0 {
		return nil
	}
	return &ops[len(ops)-1]
}

// slot takes back what the change did at a key of a map, or to an element of a list.
func (u *undo) slot(place history.Place, holder crdt.Path) {
	l := u.l
	was, put, is := l.stands(place, u.before), l.stands(place, u.after), l.stands(place, u.now)
	path, rank := u.place(place, holder)
	if slices.EqualFunc(was, put, func(a, b history.VisibleOp) bool { return a.ID == b.ID }) {
		if len(put) == 0 {
			return
		}
		if by := counted(was, put); by != 0 {
			u.countBack(place, path, put, is, by)
		}
		return // it left the place as it was
	}
	own := slices.ContainsFunc(is, func(op history.VisibleOp) bool { return op.Change == u.i })
	var back *history.VisibleOp // what is to stand there
	from := u.without
	switch {
	case own && top(is).Change != u.i: // another value is shown: it is written once more, alone
		if back = top(is); back.Object != 0 {
			u.leave(LeftChanged, path)
			return
		}
	case own && !u.equal(u.now, top(is), u.after, top(put)): // somebody wrote into what it made
		u.leave(LeftChanged, path)
		return
	case own, len(put) == 0 && len(is) == 0:
		back = top(l.stands(place, u.without))
	case u.restored(place, put, is):
		back, from = top(was), u.before
	default:
		u.leave(LeftChanged, path)
		return
	}
	u.put(place, path, rank, back, from, is)
}

// restored tells whether what stands in a place now is what the change had put there, though another one wrote it last: one that
// brought it back, as undoing a later change does. Who wrote the same once more meant it.
func (u *undo) restored(place history.Place, put, is []history.VisibleOp) bool {
	if len(put) == 0 || len(is) != 1 || !u.equal(u.now, top(is), u.after, top(put)) {
		return false
	}
	then := u.l.r.Before(is[0].Change)
	return !u.equal(then, top(u.l.stands(place, then)), u.after, top(put))
}

// place gives the path to a place of a map or a list as it is now, and the rank of an element.
func (u *undo) place(place history.Place, holder crdt.Path) (crdt.Path, int) {
	if !place.InSeq {
		return holder.Join(place.Key), 0
	}
	lay := u.l.layout(place.Object, u.now, false)
	return holder.Join(lay.Index(place.Elem)), lay.Rank(place.Elem)
}

// put makes the edit that brings a value back.
func (u *undo) put(place history.Place, path crdt.Path, rank int, back *history.VisibleOp, from *history.View, is []history.VisibleOp) {
	if key, ok := path[len(path)-1].(string); ok && !writableKey(key) {
		u.leave(LeftStrange, path)
		return
	}
	if back == nil {
		if len(is) == 0 { // somebody else took it away as well
			u.leave(LeftChanged, path)
			return
		}
		u.edit(place.Object, rank, crdt.Edit{Kind: crdt.EditDelete, Path: path})
		return
	}
	if len(is) == 1 && u.equal(u.now, top(is), from, back) { // somebody else wrote the same
		u.leave(LeftChanged, path)
		return
	}
	value := from.Value(*back, &u.budget)
	switch {
	case u.budget.Cut:
		u.budget.Cut = false
		u.leave(LeftTooLarge, path)
		return
	case !writable(value, len(path)):
		u.leave(LeftStrange, path)
		return
	}
	kind := crdt.EditSet
	if place.InSeq && len(is) == 0 {
		kind = crdt.EditInsert
	}
	u.edit(place.Object, rank, crdt.Edit{Kind: kind, Path: path, Value: value})
}

// countBack takes increments back.
func (u *undo) countBack(place history.Place, path crdt.Path, put, is []history.VisibleOp, by int64) {
	if len(is) == 0 || top(is).ID != top(put).ID {
		u.leave(LeftChanged, path)
		return
	}
	if key, ok := path[len(path)-1].(string); ok && !writableKey(key) {
		u.leave(LeftStrange, path)
		return
	}
	rank := 0
	if place.InSeq {
		rank = u.l.layout(place.Object, u.now, false).Rank(place.Elem)
	}
	for parts := 0; by != 0; parts++ {
		if parts == maxUndoSlots {
			u.leave(LeftTooLarge, path)
			return
		}
		part := max(-maxIncrement, min(maxIncrement, by))
		u.edit(place.Object, rank, crdt.Edit{Kind: crdt.EditIncrement, Path: path, Delta: -part})
		by -= part
	}
}

// equal tells whether two operations put the same there, with everything inside.
func (u *undo) equal(v *history.View, a *history.VisibleOp, w *history.View, b *history.VisibleOp) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Object == 0 && b.Object == 0 && a.ID == b.ID && a.Value.Type != format.ValueCounter {
		return true
	}
	x := history.Budget{Values: maxRestoreValues, Bytes: maxRestoreBytes}
	y := x
	same := reflect.DeepEqual(v.Value(*a, &x), w.Value(*b, &y))
	return same && !x.Cut && !y.Cut
}

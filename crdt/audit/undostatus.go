package audit

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

// statusLog gives the map of status events of a job; false where the document is no job, or has none.
func (u *undo) statusLog() (history.ObjID, bool) {
	root := u.l.h.Root()
	kind := top(u.now.Get(root, job.KeyKind))
	if kind == nil {
		return 0, false
	}
	b := history.Budget{Values: 1, Bytes: 64}
	switch u.now.Value(*kind, &b) {
	case job.Kind, crdt.Text(job.Kind):
	default:
		return 0, false
	}
	log := top(u.now.Get(root, job.KeyStatusLog))
	if log == nil || log.Action != format.ActionMakeMap {
		return 0, true
	}
	return log.Object, true
}

// inStatusLog tells whether a place is the status log of a job, or lies in it.
func (u *undo) inStatusLog(place history.Place, log history.ObjID) bool {
	if place.Object == u.l.h.Root() {
		return place.Key == job.KeyStatusLog
	}
	for obj := place.Object; ; {
		if log != 0 && obj == log {
			return true
		}
		at, ok := u.l.h.MadeAt(obj)
		if !ok {
			return false
		}
		obj = at.Object
	}
}

// statusPlace notes an event that the change added. Nothing else in the status log is ever undone.
func (u *undo) statusPlace(place history.Place, holder crdt.Path) {
	if len(holder) == 1 && len(u.l.stands(place, u.before)) == 0 && len(u.l.stands(place, u.after)) > 0 {
		u.events = append(u.events, place.Key)
		return
	}
	path, _ := u.place(place, holder)
	u.leave(LeftFixed, path)
}

// log reads the status log in a view.
func (u *undo) log(v *history.View) []job.Event {
	op := top(v.Get(u.l.h.Root(), job.KeyStatusLog))
	if op == nil {
		return nil
	}
	b := history.Budget{Values: maxRestoreValues, Bytes: maxRestoreBytes}
	events, _ := job.Log(map[string]any{job.KeyStatusLog: v.Value(*op, &b)})
	return events
}

// status lets a status that the change set be followed by the one before.
func (u *undo) status(s Stamp) error {
	if len(u.events) == 0 {
		return nil
	}
	now := u.log(u.now)
	own := job.Current(slices.DeleteFunc(slices.Clone(now), func(e job.Event) bool { return !slices.Contains(u.events, e.ID) })).Tips()
	if len(own) == 0 { // entries that are no events
		for _, id := range u.events {
			u.leave(LeftFixed, crdt.Path{job.KeyStatusLog, id})
		}
		return nil
	}
	standing := job.Current(now).Tips()
	for _, id := range own {
		if !slices.Contains(standing, id) {
			return crdt.Errorf(crdt.KindConflict, "audit: the status was set again since: set the one that you want instead")
		}
	}
	was := job.Current(u.log(u.before))
	e := job.Event{ID: s.EventID, Status: was.Status, HappenedAt: s.At, By: s.By, Device: s.Device, After: own}
	if len(was.Standing) > 0 { // a finished job is finished again as it was
		e.Note, e.Resolution = was.Standing[0].Note, was.Standing[0].Resolution
	}
	switch {
	case e.Status.Rank() == 0:
		return crdt.Errorf(crdt.KindConflict, "audit: the status before was %q, which this version does not know", e.Status)
	case slices.ContainsFunc(now, func(x job.Event) bool { return x.ID == e.ID }):
		return crdt.Errorf(crdt.KindInvalid, "audit: there is a status event %s already", e.ID)
	}
	edits, err := job.AddEvent(e)
	if err != nil {
		return err
	}
	for _, edit := range edits {
		if edit.Kind != crdt.EditEnsureMap { // it is there: the change wrote into it
			u.edit(u.l.h.Root(), 0, edit)
		}
	}
	return nil
}

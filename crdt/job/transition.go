package job

import (
	"cmp"
	"slices"
	"strings"

	"fieldsync/crdt"
)

// next are the statuses that each status may be followed by. The worker goes forward; the dispatcher also takes back, reopens
// and cancels, and may press the worker's buttons for him. It is never changed.
var next = map[Class]map[Status][]Status{
	ClassWorker: {
		Published: {EnRoute, Started},
		EnRoute:   {Started},
		Started:   {Paused, Finished},
		Paused:    {Started, Finished},
	},
	ClassDispatcher: {
		Scheduled: {Published, Cancelled},
		Published: {Scheduled, EnRoute, Started, Finished, Cancelled},
		EnRoute:   {Scheduled, Published, Started, Finished, Cancelled},
		Started:   {Scheduled, Published, Paused, Finished, Cancelled},
		Paused:    {Scheduled, Published, Started, Finished, Cancelled},
		Finished:  {Scheduled, Published, Started, Cancelled},
		Cancelled: {Scheduled, Published},
	},
}

// Transition tells whether somebody may give a job a status now: nil, or why not. The kind is invalid for what is no status,
// else conflict.
//
// The event that follows comes after all that stand, so it settles a clash: to any of the statuses that stand, or to one that may follow
// the winner. A worker settles only to what he may set at all. What a later version wrote as a status only a dispatcher replaces.
func Transition(o Outcome, to Status, who Class) error {
	if to.Rank() == 0 {
		return invalid("%q is not a status", to)
	}
	if slices.Contains(allowed(o, who), to) {
		return nil
	}
	switch {
	case o.Status == to && !o.Clash():
		return crdt.Errorf(crdt.KindConflict, "job: it is %s already", words(to))
	case who == ClassWorker && len(allowed(o, ClassDispatcher)) > 0 && slices.Contains(allowed(o, ClassDispatcher), to):
		return crdt.Errorf(crdt.KindConflict, "job: it is %s; only a dispatcher can make it %s", words(o.Status), words(to))
	}
	return crdt.Errorf(crdt.KindConflict, "job: it is %s and cannot become %s from there", words(o.Status), words(to))
}

// Next are the statuses that somebody may give a job now: the buttons to show, in the order of Statuses.
func Next(o Outcome, who Class) []Status {
	out := []Status{}
	for _, s := range Statuses() {
		if slices.Contains(allowed(o, who), s) {
			out = append(out, s)
		}
	}
	return out
}

func allowed(o Outcome, who Class) []Status {
	out := slices.Clone(next[who][o.Status])
	if o.Status.Rank() == 0 && who == ClassDispatcher {
		out = Statuses()
	}
	if o.Clash() {
		for _, e := range o.Standing {
			if e.Status.Rank() > 0 && (who == ClassDispatcher || byWorker(e.Status)) {
				out = append(out, e.Status)
			}
		}
	}
	return out
}

// byWorker tells whether a worker sets this status at all.
func byWorker(s Status) bool { return s == EnRoute || s == Started || s == Paused || s == Finished }

func words(s Status) string { return strings.ReplaceAll(string(s), "_", " ") }

// SetStatus gives the edits of a status button: the event, after all that stand in the job, if the transition is legal. A job that
// has possible resolutions is finished with one of them, by id or name, and with a note where that one requires it; one that has none with
// any name, or none. A worker finishes, unless with an unsuccessful resolution, only when the required fields of the report are answered.
// The errors name status, resolution, note, or the field's place in report_fields.
func SetStatus(j *Job, e Event, who Class) ([]crdt.Edit, error) {
	if err := Transition(j.Outcome, e.Status, who); err != nil {
		return nil, err
	}
	var errs FieldErrors
	if err := checkLines(map[string]string{KeyNote: e.Note}, map[string]string{KeyResolution: e.Resolution}); err != nil {
		return nil, err
	}
	if e.Status != Finished {
		if e.Resolution != "" {
			errs.add(KeyResolution, "is for a job that is finished")
		}
	} else {
		r := j.resolve(&e, &errs)
		unsuccessful := r != nil && !r.Successful
		for i := range j.ReportFields {
			q := &j.ReportFields[i]
			if who == ClassWorker && !unsuccessful && q.Required && !q.Hidden && !q.ReadOnly && !q.Answered() {
				errs.add(nth(KeyReportFields, i), "%s: is required before the job is finished", cmp.Or(q.Name, q.ID))
			}
		}
	}
	if err := errs.Err(); err != nil {
		return nil, err
	}
	e.After = j.Tips()
	return AddEvent(e)
}

// resolve turns the resolution of a finished event into the id of a possible one, and checks that its note is there.
func (j *Job) resolve(e *Event, errs *FieldErrors) *PossibleResolution {
	if len(j.Possible) == 0 {
		return nil
	}
	i := slices.IndexFunc(j.Possible, func(p PossibleResolution) bool { return p.ID == e.Resolution })
	if i < 0 {
		i = slices.IndexFunc(j.Possible, func(p PossibleResolution) bool { return p.Name == e.Resolution })
	}
	switch {
	case e.Resolution == "":
		errs.add(KeyResolution, "is missing: the job ends with one of %s", j.resolutionNames())
		return nil
	case i < 0:
		errs.add(KeyResolution, "is none of the possible ones: %s", j.resolutionNames())
		return nil
	}
	r := &j.Possible[i]
	if e.Resolution = r.ID; r.NoteRequired && strings.TrimSpace(e.Note) == "" {
		errs.add(KeyNote, "is missing: the resolution %q requires one", r.Name)
	}
	return r
}

// resolutionNames lists the possible resolutions for people, the first ones where there are many.
func (j *Job) resolutionNames() string {
	const most = 10
	var names []string
	for _, p := range j.Possible {
		if len(names) == most {
			names = append(names, "…")
			break
		}
		names = append(names, p.Name)
	}
	return strings.Join(names, ", ")
}

// UndoStatus gives the edits that take a standing event back: a new event, after all that stand, of the status that the job had before
// it. A worker takes back what he pressed himself: to what he may set, or to what the office had set if nothing of anybody else's
// stands. The event brings id, time, author and device.
func UndoStatus(j *Job, id string, e Event, who Class) ([]crdt.Edit, error) {
	if !slices.ContainsFunc(j.Standing, func(s Event) bool { return s.ID == id }) {
		return nil, crdt.Errorf(crdt.KindConflict, "job: this status event does not stand any more")
	}
	undone := j.Standing[slices.IndexFunc(j.Standing, func(s Event) bool { return s.ID == id })]
	without := Current(slices.DeleteFunc(slices.Clone(j.Log), func(s Event) bool { return s.ID == id }))
	e.Status, e.Resolution = without.Status, ""
	if e.Status == Finished { // it was finished before: so it is again, in the same way
		e.Resolution = without.Standing[0].Resolution
		e.Note = cmp.Or(e.Note, without.Standing[0].Note)
	}
	switch {
	case len(without.Standing) == 0:
		return nil, crdt.Errorf(crdt.KindConflict, "job: there was no status before this one")
	case e.Status.Rank() == 0:
		return nil, crdt.Errorf(crdt.KindConflict, "job: this version does not know the status before")
	case who == ClassWorker && (undone.By != e.By || !byWorker(e.Status) && (e.Status == Cancelled || !j.ownStanding(e.By))):
		return nil, crdt.Errorf(crdt.KindConflict, "job: only a dispatcher can make it %s again", words(e.Status))
	}
	e.After = j.Tips()
	return AddEvent(e)
}

// ownStanding tells whether all events that stand are somebody's own.
func (j *Job) ownStanding(user string) bool {
	return !slices.ContainsFunc(j.Standing, func(e Event) bool { return e.By != user })
}

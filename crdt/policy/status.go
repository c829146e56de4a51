package policy

import (
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

// status looks at an event that the change adds: every status that it is given must be one that the author may set.
func (k *check) status(e event) string {
	found := false
	for _, i := range k.a.OpsIn(e.obj) {
		if k.a.InSequence(int(i)) || string(k.a.Key(int(i))) != job.KeyStatus || k.a.Change.Ops[i].Action == format.ActionDelete {
			continue
		}
		found = true
		s, ok := k.text(int(i))
		if !ok || !k.part.MaySetStatus(job.Status(s), k.making, false) && !k.part.MaySetStatus(job.Status(s), k.making, k.takesBack(e)) {
			return job.WhyStatus
		}
	}
	if !found {
		return job.WhyNoStatus
	}
	return ""
}

// text gives the text that an operation puts somewhere, as a string or as a text of its own.
func (k *check) text(i int) (string, bool) {
	o := &k.a.Change.Ops[i]
	switch o.Action {
	case format.ActionSet:
		return str(o.Value)
	case format.ActionMakeText:
		return k.a.Text(k.a.Made(i), maxName)
	}
	return "", false
}

// takesBack tells whether an event comes after events of its author alone: he takes back what he did.
func (k *check) takesBack(e event) bool {
	list := history.ObjID(0)
	for _, i := range k.a.OpsIn(e.obj) {
		if o := &k.a.Change.Ops[i]; !o.InSeq && o.Key == job.KeyAfter {
			if o.Action != format.ActionMakeList {
				return false
			}
			list = k.a.Made(int(i))
		}
	}
	if list == 0 {
		return false
	}
	named := k.a.OpsIn(list)
	for _, i := range named {
		id, ok := k.text(int(i))
		if !ok || !k.a.Change.Ops[i].Insert || !k.ownEvent(id) {
			return false
		}
	}
	return len(named) > 0
}

// ownEvent tells whether there is an event of this id, and it is the author's.
func (k *check) ownEvent(id string) bool {
	h := k.a.History
	if k.ownIDs == nil {
		k.ownIDs = map[string]bool{}
		for _, log := range h.Stand(h.Root(), job.KeyStatusLog) {
			if log.Action == format.ActionMakeMap {
				k.logs = append(k.logs, log.Object)
			}
		}
	}
	own, known := k.ownIDs[id]
	if known {
		return own
	}
	own = true
	found := false
	for _, log := range k.logs {
		for _, e := range h.Stand(log, id) {
			found = true
			own = own && e.Object != 0 && k.own(e.Object)
		}
	}
	k.ownIDs[id] = found && own
	return found && own
}

// maxLooked bounds what is looked at to find out whether the job of a creator is under way, of all changes of a Case together, as
// history.Replay counts its work. Thousands of events take less; behind it the job counts as under way.
const maxLooked = 1 << 20

// underWay tells whether a status beyond published stands.
func (k *check) underWay() bool {
	if k.making {
		return false
	}
	if k.state == unasked {
		k.state = planned
		r := k.a.History.Replay()
		for _, e := range job.Current(k.log(r)).Standing {
			if e.Status.Rank() > job.Published.Rank() {
				k.state = begun
			}
		}
		if k.looked += r.Work() + k.a.History.Len()/64; k.looked > maxLooked { // a replay has room for all changes
			k.state = begun
		}
	}
	return k.state == begun
}

// log reads of the status log what the status follows from.
func (k *check) log(r *history.Replay) (out []job.Event) {
	v := r.Now()
	log, ok := v.Winner(k.a.History.Root(), job.KeyStatusLog)
	if !ok || log.Action != format.ActionMakeMap {
		return nil
	}
	text := func(op history.VisibleOp) string {
		if op.Action == format.ActionMakeText {
			s, _ := v.Text(op.Object, maxName)
			return s
		}
		s, _ := str(op.Value)
		return s
	}
	for id, entry := range v.Members(log.Object) {
		if k.looked+r.Work() > maxLooked {
			return nil
		}
		if entry.Action != format.ActionMakeMap {
			continue
		}
		e := job.Event{ID: id}
		if status, ok := v.Winner(entry.Object, job.KeyStatus); ok {
			e.Status = job.Status(text(status))
		}
		if after, ok := v.Winner(entry.Object, job.KeyAfter); ok && after.Action == format.ActionMakeList {
			for _, item := range v.Elements(after.Object) {
				if k.looked+r.Work() > maxLooked {
					return nil
				}
				e.After = append(e.After, text(item))
			}
		}
		out = append(out, e)
	}
	return out
}

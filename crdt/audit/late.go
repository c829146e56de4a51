package audit

import (
	"math"

	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/job"
)

// Late tells whether a change is late: of a worker who had been assigned, and was not any more when it arrived. It goes by the
// order in which changes arrived here, not by who knew of what: who was taken off the job, and comes back with what he did before
// he could know. Where he lost the job in the very millisecond in which his change arrived, it is not.
func (l *Log) Late(i int) bool { return l.late(i) }

func (l *Log) late(i int) bool {
	if l.o.Arrived == nil {
		return false
	}
	who := l.who(i)
	if !who.Worker || who.User == "" {
		return false
	}
	arrived := l.arrived[i]
	now := l.r.Where(func(k int) bool { return l.arrived[k] <= arrived })
	if l.assigned(now, who.User) || !l.wasAssigned(who.User, arrived) {
		return false
	}
	return !l.assigned(l.r.Where(func(k int) bool { return l.arrived[k] < arrived }), who.User)
}

// assigned tells whether a user is assigned. Where several maps of assignees clash, each counts, as it does for access.
func (l *Log) assigned(v *history.View, user string) bool {
	for _, op := range v.Get(l.h.Root(), job.KeyAssignees) {
		if op.Action == format.ActionMakeMap && len(v.Get(op.Object, user)) > 0 {
			return true
		}
	}
	return false
}

// wasAssigned tells whether a user was ever assigned, by what had arrived until then.
func (l *Log) wasAssigned(user string, arrived int64) bool {
	first, known := l.ever[user]
	if !known {
		first = math.MaxInt64
		for _, m := range l.h.Ever(l.h.Root(), job.KeyAssignees) {
			if m.Action != format.ActionMakeMap || m.Change >= len(l.arrived) {
				continue
			}
			for _, op := range l.h.Ever(m.Object, user) {
				if op.Action != format.ActionDelete && op.Change < len(l.arrived) {
					first = min(first, l.arrived[op.Change])
				}
			}
		}
		l.ever[user] = first
	}
	return first <= arrived
}

package rules

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/job"
)

// Entry is one change of a job.
type Entry struct {
	User  string // who made it; empty for an integration
	By    string // his name, or the integration's; empty where nobody knows
	Muted bool   // by its author, who may
	Did   []audit.Effect
	More  int // effects that Did does not list
	// Plans tells that it writes to the assignees or to the status log.
	Plans bool
}

// Input is what Decide needs.
type Input struct {
	User string // who is to be told
	// Before and Now tell whether he was assigned before the first of the entries, and whether he is after the last.
	Before, Now bool
	Entries     []Entry // in the order of their arrival
	Job         *job.Job
	// OldLabel gives the job's label of before. It is asked for only where the job was taken from him.
	OldLabel func() string
	Name     func(user string) string // of other users
}

// Decide tells what a person is told. False: nothing.
func Decide(in Input) (Notice, bool) {
	j := in.Job
	before := statusBefore(j, in.Entries)
	was, is := in.Before && before != job.Scheduled, in.Now && j.Status != job.Scheduled // what is only planned, workers do not see
	n := Notice{Kind: Changed, Label: short(j.Label()), ScheduledAt: j.ScheduledAt, Was: j.ScheduledAt}
	planner, planned := in.planner()
	switch {
	case !was && !is:
		return Notice{}, false
	case was && !is:
		if !planned {
			return Notice{}, false
		}
		return Notice{Kind: Unassigned, Label: short(in.OldLabel()), By: planner, ScheduledAt: scheduledBefore(j, in.Entries)}, true
	case !was && is:
		if !planned || j.Status == job.Cancelled || j.Status == job.Finished {
			return Notice{}, false
		}
		n.Kind, n.By, n.Place = Assigned, planner, short(j.Address.Formatted)
		return n, true
	}
	n.Was = scheduledBefore(j, in.Entries)
	for _, e := range in.Entries {
		if e.User == in.User || e.Muted {
			continue
		}
		for _, d := range e.Did {
			for _, c := range changesOf(d, short(e.By), j, in.Name) {
				if c.What != SetStatus {
					n.Changes = append(n.Changes, c)
					continue
				}
				switch status := job.Status(c.New); {
				case status != j.Status: // something else won, or came after it
					if stands(j, c.Place) {
						n.Changes = append(n.Changes, c)
					}
				case status == job.Cancelled:
					n.Kind, n.By, n.Status = Cancelled, c.By, ""
				case slices.Contains([]job.Status{job.EnRoute, job.Started, job.Paused, job.Finished}, status):
					n.Kind, n.By, n.Status = Status, c.By, status
				default:
					n.Changes = append(n.Changes, c)
				}
			}
		}
		n.More += e.More
	}
	n.Changes = net(n.Changes)
	n.cap()
	return n, n.Kind != Changed || len(n.Changes)+n.More > 0
}

// stands tells whether an event, by its place, clashes with the one that won.
func stands(j *job.Job, place string) bool {
	return slices.ContainsFunc(job.Current(j.Log).Standing, func(e job.Event) bool { return job.KeyStatusLog+"/"+e.ID == place })
}

// planner is who was the last to say who has the job, or whether workers see it, beside the person himself.
func (in *Input) planner() (by string, found bool) {
	for _, e := range in.Entries {
		if e.Plans && e.User != in.User && !e.Muted {
			by, found = short(e.By), true
		}
	}
	return by, found
}

// statusBefore is the status without the events of the entries.
func statusBefore(j *job.Job, entries []Entry) job.Status {
	fresh := map[string]bool{}
	for _, e := range entries {
		for _, d := range e.Did {
			if step(d.Path, 0) != job.KeyStatusLog || d.Kind != audit.Added {
				continue
			}
			if id := step(d.Path, 1); id != "" && len(d.Path) == 2 {
				fresh[id] = true
			} else if events, ok := d.New.(map[string]any); ok && len(d.Path) == 1 {
				for id := range events {
					fresh[id] = true
				}
			}
		}
	}
	if len(fresh) == 0 {
		return j.Status
	}
	return job.Current(slices.DeleteFunc(slices.Clone(j.Log), func(e job.Event) bool { return fresh[e.ID] })).Status
}

// scheduledBefore is what the time had been before the first entry that changed it.
func scheduledBefore(j *job.Job, entries []Entry) crdt.Timestamp {
	for _, e := range entries {
		for _, d := range e.Did {
			if step(d.Path, 0) == job.KeyScheduledAt && len(d.Path) == 1 && !d.Hidden {
				at, _ := first(d.Old).(crdt.Timestamp)
				return at
			}
		}
	}
	return j.ScheduledAt
}

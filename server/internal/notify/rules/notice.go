package rules

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/job"
)

// Kind is what a notice is about, first of all.
type Kind string

// The kinds. They are stored, and stand in payloads.
const (
	Assigned   Kind = "assigned"
	Unassigned Kind = "unassigned"
	Cancelled  Kind = "cancelled"
	Status     Kind = "status"  // somebody else set it to Notice.Status
	Changed    Kind = "changed" // any other change
	Test       Kind = "test"    // somebody tries whether notices arrive
)

// rank orders the kinds: what is told first of several.
func (k Kind) rank() int {
	return slices.Index([]Kind{Test, Changed, Status, Assigned, Cancelled, Unassigned}, k)
}

// Urgent tells whether a notice is one that somebody acts upon at once.
func (k Kind) Urgent() bool { return k != Changed }

// Notice is what one person is told of one job.
type Notice struct {
	Kind   Kind       `json:"kind"`
	Label  string     `json:"label,omitempty"`  // what people call the job by; of an unassigned one, as he knew it
	Status job.Status `json:"status,omitempty"` // of Status: what it was set to
	By     string     `json:"by,omitempty"`     // the name of who did what Kind says; empty where nobody knows
	Place  string     `json:"place,omitempty"`  // of Assigned: the address
	// ScheduledAt is when the job is to be done, and Was what that had been before the first of the changes; 0: not scheduled.
	ScheduledAt crdt.Timestamp `json:"scheduled_at,omitempty"`
	Was         crdt.Timestamp `json:"was_scheduled_at,omitempty"`
	Changes     []Change       `json:"changes,omitempty"`
	More        int            `json:"more,omitempty"` // changes that are not listed
}

// maxChanges bounds the changes of a notice: nobody reads more on a lock screen.
const maxChanges = 8

// Merge gives one notice for two of the same person and job, of which he was told neither; b came later. False: nothing is to be told.
func Merge(a, b Notice) (Notice, bool) {
	if a.Kind == Assigned && b.Kind == Unassigned {
		return Notice{}, false // he never heard of it
	}
	if b.Kind == Unassigned {
		b.Label = a.Label // what he knew; what came later he may not
		return b, true
	}
	out := b
	if out.Was = a.Was; a.Kind == Unassigned {
		return out, true
	}
	if a.Kind.rank() > b.Kind.rank() && (a.Kind != Cancelled || b.Kind != Status) {
		out.Kind, out.By, out.Status = a.Kind, a.By, a.Status
		if out.Place == "" {
			out.Place = a.Place
		}
	}
	out.Changes, out.More = nil, a.More+b.More
	if out.Kind != Assigned { // the job is new to him as a whole
		out.Changes = net(slices.Concat(a.Changes, b.Changes))
	}
	out.cap()
	return out, out.Kind != Changed || len(out.Changes)+out.More > 0
}

// cap counts what is too much instead of listing it.
func (n *Notice) cap() {
	if over := len(n.Changes) - maxChanges; over > 0 {
		n.More += over
		n.Changes = n.Changes[over:] // the newest say more
	}
}

// net makes one change of several in one place, and none where all is as before.
func net(changes []Change) (out []Change) {
	for _, c := range changes {
		i := slices.IndexFunc(out, func(o Change) bool { return o.Place == c.Place })
		if i < 0 {
			out = append(out, c)
			continue
		}
		c.Old = out[i].Old
		out = slices.Delete(out, i, i+1)
		switch {
		case c.What == FileRemoved: // it came and went
		case c.reverts():
		default:
			out = append(out, c)
		}
	}
	return out
}

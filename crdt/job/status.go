package job

import (
	"cmp"
	"slices"

	"fieldsync/crdt"
)

// Status is where a job stands.
type Status string

const (
	Scheduled Status = "scheduled" // planned in the office; the worker does not see it yet
	Published Status = "published" // sent to the assignees
	EnRoute   Status = "en_route"
	Paused    Status = "paused"
	Started   Status = "started"
	Cancelled Status = "cancelled"
	Finished  Status = "finished"
)

// Statuses are all statuses, the one that wins least often first.
func Statuses() []Status {
	return []Status{Scheduled, Published, EnRoute, Paused, Started, Cancelled, Finished}
}

// Rank decides between statuses that clash: the greater wins. A status that we do not know, as a later version may write,
// has rank 0, below all others.
func (s Status) Rank() int { return slices.Index(Statuses(), s) + 1 }

// Begun tells whether somebody works, or has worked, on a job of this status.
func (s Status) Begun() bool { return s == Started || s == Paused || s == Finished }

// Event is one entry of the status log. It is written once and not changed.
type Event struct {
	ID         string         `json:"uuid"`
	Status     Status         `json:"status"`
	HappenedAt crdt.Timestamp `json:"happened_at,omitempty"` // by the clock of who pressed the button; 0 where unknown
	By         string         `json:"by,omitempty"`          // user id
	Device     string         `json:"device,omitempty"`      // device id
	After      []string       `json:"after,omitempty"`       // the events that its author saw standing, and settles with this one
	Location   *Location      `json:"location,omitempty"`    // nil where unknown
	Note       string         `json:"note,omitempty"`
	Resolution string         `json:"resolution,omitempty"` // of a finished event: id of a possible resolution, or a name
}

// Outcome is what a status log comes to.
type Outcome struct {
	// Status is the job's status; Scheduled for a log without events.
	Status Status `json:"status"`
	// Standing are the events that stand, the winner first: none for an empty log, one in the normal case. Several clash, until
	// somebody writes an event after all of them.
	Standing []Event `json:"-"`
}

// Clash tells whether events contradict one another.
func (o Outcome) Clash() bool { return len(o.Standing) > 1 }

// Tips are the ids of the standing events, sorted: what the next event comes after.
func (o Outcome) Tips() []string {
	ids := make([]string, 0, len(o.Standing))
	for _, e := range o.Standing {
		ids = append(ids, e.ID)
	}
	slices.Sort(ids)
	return ids
}

// Current applies the rule by which replicas agree on a status. It depends on the set of events alone, not on their order.
//
// The events that no other event names in after stand. If there are several, they clash, and the order between them is: greater
// rank first, then the later happened_at, then the greater id (bytes of its UTF-8).
//
// Only a broken or lying client can make a circle of events that name one another. The events of a circle count as written
// at once: they stand, all of them, unless an event outside of the circle names one of them. An event that names itself
// or events that are not there is taken as if it did not. Of two events with one id only the first in the order above counts.
func Current(events []Event) Outcome {
	g := graphOf(events)
	settled := make(map[int]bool, len(g.log))
	for i := range g.after {
		for _, j := range g.after[i] {
			if g.circle[i] != g.circle[j] {
				settled[g.circle[j]] = true
			}
		}
	}
	out := Outcome{Status: Scheduled}
	for i := range g.log {
		if !settled[g.circle[i]] {
			out.Standing = append(out.Standing, g.log[i])
		}
	}
	if len(out.Standing) > 0 {
		out.Status = out.Standing[0].Status
	}
	return out
}

// graph is a status log and what comes after what in it.
type graph struct {
	log    []Event // each id once, in the order of compareEvents
	after  [][]int // for each event, those that it names and that are there
	circle []int   // for each event, its circle: events that lead to one another share one, the others have one each
}

func graphOf(events []Event) graph {
	log := slices.Clone(events)
	slices.SortFunc(log, compareEvents)
	index := make(map[string]int, len(log))
	log = slices.DeleteFunc(log, func(e Event) bool {
		if _, twice := index[e.ID]; twice {
			return true
		}
		index[e.ID] = -1
		return false
	})
	for i := range log {
		index[log[i].ID] = i
	}
	after := make([][]int, len(log))
	for i := range log {
		for _, id := range log[i].After {
			if j, known := index[id]; known && j != i {
				after[i] = append(after[i], j)
			}
		}
	}
	return graph{log: log, after: after, circle: components(after)}
}

// compareEvents puts the winner first. The last comparisons matter only for two different events under one id, which a map cannot hold.
func compareEvents(a, b Event) int {
	return cmp.Or(
		cmp.Compare(b.Status.Rank(), a.Status.Rank()),
		cmp.Compare(b.HappenedAt, a.HappenedAt),
		cmp.Compare(b.ID, a.ID),
		cmp.Compare(b.Status, a.Status),
		slices.Compare(b.After, a.After),
		cmp.Compare(b.By, a.By),
		cmp.Compare(b.Device, a.Device),
		cmp.Compare(b.Note, a.Note),
		cmp.Compare(b.Resolution, a.Resolution),
	)
}

package job

import "fieldsync/crdt"

// Timestamps are the moments of a job's course, by the clocks of who pressed the buttons; 0 where there is none.
type Timestamps struct {
	EnRouteAt   crdt.Timestamp `json:"en_route_at,omitempty"`
	StartedAt   crdt.Timestamp `json:"started_at,omitempty"`
	SuspendedAt crdt.Timestamp `json:"suspended_at,omitempty"` // when it was paused last
	FinishedAt  crdt.Timestamp `json:"finished_at,omitempty"`
}

// TimestampsOf derives the moments from a status log. Like [Current] it depends on the set of events alone.
//
// An event counts unless a scheduled or published event comes after it, directly or by others: then the job was taken back, and begins
// anew. Events of a circle do not come after one another. Of those that count, and say when they happened: en_route_at is the
// earliest en_route, started_at the earliest started, suspended_at the latest paused. finished_at is the winner's happened_at while the
// status is finished.
func TimestampsOf(events []Event) Timestamps {
	g := graphOf(events)
	back := g.takenBack()
	var t Timestamps
	for i, e := range g.log {
		if back[g.circle[i]] || e.HappenedAt == 0 {
			continue
		}
		switch e.Status {
		case EnRoute:
			t.EnRouteAt = earlier(t.EnRouteAt, e.HappenedAt)
		case Started:
			t.StartedAt = earlier(t.StartedAt, e.HappenedAt)
		case Paused:
			if t.SuspendedAt == 0 || e.HappenedAt > t.SuspendedAt {
				t.SuspendedAt = e.HappenedAt
			}
		}
	}
	if o := Current(events); o.Status == Finished {
		t.FinishedAt = o.Standing[0].HappenedAt
	}
	return t
}

func earlier(a, b crdt.Timestamp) crdt.Timestamp {
	if a == 0 {
		return b
	}
	return min(a, b)
}

// takenBack tells of each circle whether a scheduled or published event outside of it comes after it.
func (g graph) takenBack() []bool {
	count := 0
	for _, c := range g.circle {
		count = max(count, c+1)
	}
	below := make([][]int, count) // for each circle, those that it comes after
	for i := range g.after {
		for _, j := range g.after[i] {
			if g.circle[i] != g.circle[j] {
				below[g.circle[i]] = append(below[g.circle[i]], g.circle[j])
			}
		}
	}
	back := make([]bool, count)
	walked := make([]bool, count)
	var todo []int
	for i, e := range g.log {
		if e.Status == Scheduled || e.Status == Published {
			todo = append(todo, g.circle[i])
		}
	}
	for len(todo) > 0 {
		from := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if walked[from] {
			continue
		}
		walked[from] = true
		for _, c := range below[from] {
			back[c] = true
			todo = append(todo, c)
		}
	}
	return back
}

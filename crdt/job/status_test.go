package job

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fieldsync/crdt"
)

func ev(id string, s Status, at int64, after ...string) Event {
	return Event{ID: id, Status: s, HappenedAt: crdt.Timestamp(at), After: after}
}

func TestTheStatusIsTheEventsThatNobodySettled(t *testing.T) {
	for name, c := range map[string]struct {
		log      []Event
		status   Status
		standing []string
	}{
		"no event": {nil, Scheduled, []string{}},
		"one":      {[]Event{ev("a", Published, 1)}, Published, []string{"a"}},
		"a chain": {[]Event{ev("a", Scheduled, 1), ev("b", Published, 2, "a"), ev("c", Started, 3, "b")},
			Started, []string{"c"}},
		"a chain goes back in rank": {[]Event{ev("a", Finished, 1), ev("b", Paused, 2, "a")},
			Paused, []string{"b"}},
		"a chain whose clock goes backwards": {[]Event{ev("a", Started, 100), ev("b", Paused, 50, "a")},
			Paused, []string{"b"}},
		"finished offline against cancelled in the office": {[]Event{ev("a", Started, 1), ev("b", Finished, 2, "a"), ev("c", Cancelled, 3, "a")},
			Finished, []string{"b", "c"}},
		"cancelled against started": {[]Event{ev("a", Started, 9), ev("b", Cancelled, 1)},
			Cancelled, []string{"b", "a"}},
		"started against paused":              {[]Event{ev("a", Paused, 9), ev("b", Started, 1)}, Started, []string{"b", "a"}},
		"paused against en route":             {[]Event{ev("a", EnRoute, 9), ev("b", Paused, 1)}, Paused, []string{"b", "a"}},
		"en route against published":          {[]Event{ev("a", Published, 9), ev("b", EnRoute, 1)}, EnRoute, []string{"b", "a"}},
		"published against scheduled":         {[]Event{ev("a", Scheduled, 9), ev("b", Published, 1)}, Published, []string{"b", "a"}},
		"equal rank, the later":               {[]Event{ev("b", Started, 1), ev("a", Started, 2)}, Started, []string{"a", "b"}},
		"equal rank and time, the greater id": {[]Event{ev("a", Started, 1), ev("b", Started, 1)}, Started, []string{"b", "a"}},
		"settled by an event after all of them": {[]Event{ev("a", Started, 1), ev("b", Finished, 2, "a"), ev("c", Cancelled, 3, "a"), ev("d", Cancelled, 4, "b", "c")},
			Cancelled, []string{"d"}},
		"half settled": {[]Event{ev("b", Finished, 2), ev("c", Cancelled, 3), ev("d", Started, 4, "c")},
			Finished, []string{"b", "d"}},
		"what an event comes after may be missing": {[]Event{ev("b", Paused, 2, "never-seen")}, Paused, []string{"b"}},
		"an event that names itself":               {[]Event{ev("a", Started, 1, "a")}, Started, []string{"a"}},
		"names one twice":                          {[]Event{ev("a", Started, 1), ev("b", Paused, 1, "a", "a")}, Paused, []string{"b"}},
		"a circle stands as a whole":               {[]Event{ev("z", Published, 1), ev("a", Started, 2, "b", "z"), ev("b", Paused, 3, "a")}, Started, []string{"a", "b"}},
		"a circle is settled as a whole": {[]Event{ev("a", Finished, 2, "b"), ev("b", Cancelled, 3, "c"), ev("c", Cancelled, 3, "a"), ev("d", Paused, 4, "b")},
			Paused, []string{"d"}},
		"a long circle stands as a whole": {[]Event{ev("a", Finished, 2, "b"), ev("b", Cancelled, 3, "c"), ev("c", Paused, 3, "d"), ev("d", Paused, 4, "a", "x"), ev("x", Finished, 9)},
			Finished, []string{"a", "b", "d", "c"}},
		"what stands under a circle is settled": {[]Event{ev("a", Finished, 2), ev("b", Paused, 3, "c", "a"), ev("c", Paused, 4, "b")},
			Paused, []string{"c", "b"}},
		"an unknown status is weakest":  {[]Event{ev("a", "teleported", 9), ev("b", Scheduled, 1)}, Scheduled, []string{"b", "a"}},
		"an unknown status that stands": {[]Event{ev("a", Started, 1), ev("b", "teleported", 2, "a")}, "teleported", []string{"b"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := Current(c.log)
			ids := []string{}
			for _, e := range got.Standing {
				ids = append(ids, e.ID)
			}
			if got.Status != c.status || !slices.Equal(ids, c.standing) || got.Clash() != (len(ids) > 1) {
				t.Errorf("%s by %v, want %s by %v", got.Status, ids, c.status, c.standing)
			}
		})
	}
}

func TestRanksAreThoseOfTheDesign(t *testing.T) {
	order := []Status{Finished, Cancelled, Started, Paused, EnRoute, Published, Scheduled, "unknown"}
	for i := 1; i < len(order); i++ {
		if order[i-1].Rank() <= order[i].Rank() {
			t.Errorf("%s does not win over %s", order[i-1], order[i])
		}
	}
}

// drawLog makes a log in which any event may name any other, so circles and absent ones are common.
func drawLog(t *rapid.T) []Event {
	n := rapid.IntRange(0, 12).Draw(t, "events")
	statuses := append(Statuses(), "unknown")
	var log []Event
	for i := range n {
		e := ev(fmt.Sprint("e", i), rapid.SampledFrom(statuses).Draw(t, "status"), rapid.Int64Range(0, 3).Draw(t, "at"))
		for range rapid.IntRange(0, 3).Draw(t, "names") {
			e.After = append(e.After, fmt.Sprint("e", rapid.IntRange(0, n+1).Draw(t, "named")))
		}
		log = append(log, e)
	}
	return log
}

func TestTheStatusDoesNotDependOnTheOrderOfTheEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		want := Current(log)
		shuffled := slices.Clone(log)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if diff := cmp.Diff(want, Current(shuffled)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSomethingAlwaysStandsAndOneEventSettlesIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		log := drawLog(t)
		out := Current(log)
		if len(log) > 0 && len(out.Standing) == 0 {
			t.Fatal("no event stands")
		}
		settle := Event{ID: "settle", Status: Paused, After: out.Tips()}
		after := Current(append(slices.Clone(log), settle))
		if after.Status != Paused || after.Clash() {
			t.Fatalf("after settling: %s, %d standing", after.Status, len(after.Standing))
		}
	})
}

// Without circles the rule must be the plain sentence of the design.
func TestWithoutCirclesExactlyTheUnnamedEventsStand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 15).Draw(t, "events")
		named := map[string]bool{}
		var log []Event
		for i := range n {
			e := ev(fmt.Sprintf("e%02d", i), rapid.SampledFrom(Statuses()).Draw(t, "status"), rapid.Int64Range(0, 2).Draw(t, "at"))
			for range rapid.IntRange(0, 3).Draw(t, "names") {
				if i > 0 {
					id := fmt.Sprintf("e%02d", rapid.IntRange(0, i-1).Draw(t, "named"))
					e.After, named[id] = append(e.After, id), true
				}
			}
			log = append(log, e)
		}
		var want []Event
		for _, e := range log {
			if !named[e.ID] {
				want = append(want, e)
			}
		}
		slices.SortFunc(want, func(a, b Event) int {
			if a.Status.Rank() != b.Status.Rank() {
				return b.Status.Rank() - a.Status.Rank()
			}
			if a.HappenedAt != b.HappenedAt {
				return int(b.HappenedAt - a.HappenedAt)
			}
			if a.ID > b.ID {
				return -1
			}
			return 1
		})
		if diff := cmp.Diff(want, Current(log).Standing); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestALongChainIsNoProblem(t *testing.T) {
	const n = 200_000
	log := make([]Event, n)
	for i := range log {
		log[i] = ev(fmt.Sprintf("%07d", i), Started, 0)
		if i > 0 {
			log[i].After = []string{log[i-1].ID}
		}
	}
	log[0].After = []string{log[n-2].ID} // all but the last are one circle
	if out := Current(log); len(out.Standing) != 1 || out.Standing[0].ID != log[n-1].ID {
		t.Fatalf("%d events stand", len(out.Standing))
	}
}

package turnstile

import (
	"fmt"
	"testing"
	"time"
)

var start = time.Unix(1_000_000, 0)

// in asks for somebody who must be let in at once.
func in(t *testing.T, s *Turnstile, now time.Time, who string) *Ticket {
	t.Helper()
	k, _ := s.Ask(now, who)
	if k == nil || !k.Inside() {
		t.Fatalf("%s is not let in", who)
	}
	return k
}

// waits asks for somebody who must wait.
func waits(t *testing.T, s *Turnstile, now time.Time, who string) *Ticket {
	t.Helper()
	k, later := s.Ask(now, who)
	if k == nil || k.Inside() {
		t.Fatalf("%s does not wait: %+v, %v", who, k, later)
	}
	return k
}

func TestNobodyWaitsWhileThereIsRoom(t *testing.T) {
	s := New(3, 5)
	for i := range 1000 {
		now := start.Add(time.Duration(i) * time.Millisecond)
		s.Done(now, in(t, s, now, "one"))
	}
	in(t, s, start, "one")
	in(t, s, start, "one")
	in(t, s, start, "one") // also all of it to one
	waits(t, s, start, "two")
	if s.Inside() != 3 || s.Waiting() != 1 {
		t.Errorf("%d inside, %d waiting", s.Inside(), s.Waiting())
	}
}

func TestTheyComeInInTheirOrder(t *testing.T) {
	s := New(1, 10)
	inside := in(t, s, start, "first")
	var line []*Ticket
	for i := range 5 {
		line = append(line, waits(t, s, start, fmt.Sprint(i)))
	}
	gone := line[2]
	if _, ok := s.GiveUp(start, gone); !ok {
		t.Error("one who waits cannot give up")
	}
	for _, want := range []*Ticket{line[0], line[1], line[3], line[4], nil} {
		next := s.Done(start, inside)
		if next != want {
			t.Fatalf("%+v comes in instead of %+v", next, want)
		}
		if s.Done(start, inside) != nil {
			t.Fatal("a place is free twice")
		}
		inside = next
	}
	if _, ok := s.GiveUp(start, gone); ok || s.Inside() != 0 || s.Waiting() != 0 {
		t.Errorf("%d inside, %d waiting", s.Inside(), s.Waiting())
	}
}

func TestWhoHasPlacesComesAfterWhoHasNone(t *testing.T) {
	s := New(4, 8)
	var greedy []*Ticket
	for range 4 {
		greedy = append(greedy, in(t, s, start, "greedy"))
	}
	waits(t, s, start, "greedy")
	waits(t, s, start, "greedy")
	if k, later := s.Ask(start, "greedy"); k != nil || later <= 0 {
		t.Error("one alone may have more than a quarter of the line")
	}
	modest := waits(t, s, start, "modest")
	if next := s.Done(start, greedy[0]); next != modest {
		t.Errorf("%+v comes in before one who has nothing", next)
	}
}

func TestTheLineIsNoLongerThanItsBound(t *testing.T) {
	s := New(1, 100)
	in(t, s, start, "first")
	for i := range 100 {
		waits(t, s, start, fmt.Sprint(i))
	}
	if k, later := s.Ask(start, "last"); k != nil || later <= 0 {
		t.Errorf("there is always room to wait: %v", later)
	}
}

// busy is a turnstile at which one was done every 50 ms, for long enough to know it, with a short line.
func busy(t *testing.T) (s *Turnstile, inside *Ticket, now time.Time) {
	t.Helper()
	s, now = New(1, 1000), start
	inside = in(t, s, now, "first")
	for i := range 20 {
		waits(t, s, now, fmt.Sprint("before ", i))
	}
	for range 15 {
		now = now.Add(50 * time.Millisecond)
		inside = s.Done(now, inside)
	}
	return s, inside, now
}

func TestNobodyWaitsForLongerThanPatienceByWhatIsKnown(t *testing.T) {
	s, _, now := busy(t)
	n := 0
	for ; ; n++ {
		if k, _ := s.Ask(now, fmt.Sprint(n)); k == nil {
			break
		}
	}
	if want := int(Patience / (50 * time.Millisecond)); s.Waiting() != want {
		t.Errorf("%d wait for one every 50 ms, want %d", s.Waiting(), want)
	}
}

func TestWhoIsSentAwayIsToldATurnOfHisOwn(t *testing.T) {
	s, _, now := busy(t)
	for n := 0; ; n++ {
		if k, _ := s.Ask(now, fmt.Sprint(n)); k == nil {
			break // the first who was told
		}
	}
	last := s.promised.Sub(now)
	if last < Patience || last > Patience+100*time.Millisecond {
		t.Errorf("the first is told to come after %v, the line takes %v", last, Patience)
	}
	for i := range 1000 {
		_, later := s.Ask(now, fmt.Sprint("more ", i))
		if later-last != 50*time.Millisecond {
			t.Fatalf("%d: after %v, and the one before after %v", i, later, last)
		}
		last = later
	}
	for i := range 10_000 {
		if _, later := s.Ask(now, fmt.Sprint("many ", i)); later > 5*time.Minute {
			t.Fatalf("told to come after %v", later)
		}
	}
}

// 128 share the time, so that each needs 1.28 s, though one is done every 10 ms in the end.
func TestTheFirstToBeDoneOfManyAreNoMeasureOfThePace(t *testing.T) {
	const places = 128
	s, now := New(places, 200), start
	var inside []*Ticket
	for i := range places {
		inside = append(inside, in(t, s, now, fmt.Sprint("first ", i)))
	}
	for i := range 150 {
		waits(t, s, now, fmt.Sprint("line ", i))
	}
	now = now.Add(1200 * time.Millisecond)
	for i, k := range inside[:20] {
		now = now.Add(time.Millisecond)
		s.Done(now, k)
		waits(t, s, now, fmt.Sprint("more ", i))
	}
	for s.Waiting() < 200 {
		waits(t, s, now, fmt.Sprint("last ", s.Waiting()))
	}
	if k, later := s.Ask(now, "one too many"); k != nil || later > Patience {
		t.Errorf("behind 200 of which one is done every 10 ms: told to come after %v", later)
	}
}

func TestAFreePlaceForgetsThePaceButNotForPromises(t *testing.T) {
	s, inside, now := busy(t)
	for inside != nil {
		now = now.Add(50 * time.Millisecond)
		inside = s.Done(now, inside)
	}
	now = now.Add(time.Hour)
	inside = in(t, s, now, "first")
	for i := range 1000 {
		waits(t, s, now, fmt.Sprint(i)) // how fast it goes now nobody knows
	}
	if _, later := s.Ask(now, "last"); later < 50*time.Second || later > 51*time.Second {
		t.Errorf("a thousand in front, every 50 ms one as before: told to come after %v", later)
	}
	for range 20 {
		now = now.Add(time.Second)
		inside = s.Done(now, inside)
	}
	if pace, known := s.pace(); !known || pace != time.Second {
		t.Errorf("pace %v, measured: %v", pace, known)
	}
}

package turnstile

import (
	"slices"
	"time"
)

const (
	// Patience is how long somebody waits in the line at most. A plain automerge-repo client gives up after five seconds, and begins anew.
	Patience = 3 * time.Second

	// firstPace is believed until enough were done to measure it.
	firstPace = 10 * time.Millisecond
	// measured is how many have to be done at least before their pace is believed, and window of how many of the last it is the mean at least. Both are
	// no less than there are places: those who came in together share the time, so that for long nobody is done, and then many are.
	measured = 8
	window   = 64

	// farthest is the farthest turn that is promised: what comes back is believed no longer.
	farthest = 5 * time.Minute
)

// Turnstile is the line and those who are being served. Make it with New. It belongs to one goroutine at a time.
type Turnstile struct {
	places, line int
	inside       int
	waiting      []*Ticket
	of           map[string]int // who is being served, and at how many places
	queued       map[string]int // who waits, and how often
	done         []time.Time    // when the last ones were done, since all places were taken; the first is when that was
	before       time.Duration  // the pace of the last time that all places were taken
	promised     time.Time      // the last turn that somebody was told
}

// Ticket is somebody who is being served, or waits.
type Ticket struct {
	who    string
	inside bool
	gone   bool
	since  time.Time // when he asked
}

// New makes a turnstile with so many places, and a line that is so long.
func New(places, line int) *Turnstile {
	return &Turnstile{places: max(1, places), line: max(0, line), of: map[string]int{}, queued: map[string]int{}, before: firstPace}
}

// Ask is somebody who wants to come in. A ticket that is Inside is being served, another waits: until it comes out of Done, or until Patience is over
// and GiveUp is called. Nil: there is no room to wait, and later says after which time to ask again.
func (t *Turnstile) Ask(now time.Time, who string) (ticket *Ticket, later time.Duration) {
	ticket = &Ticket{who: who, since: now}
	if t.inside < t.places {
		t.enter(now, ticket)
		return ticket, 0
	}
	if !t.room(who) {
		return nil, t.promise(now)
	}
	t.waiting = append(t.waiting, ticket)
	t.queued[who]++
	return ticket, 0
}

// room tells whether one more may wait: the line is no longer than its bound, nor than what is served within Patience, as far as that is known; and
// nobody has more than a quarter of it.
func (t *Turnstile) room(who string) bool {
	pace, known := t.pace()
	return len(t.waiting) < t.line && t.queued[who] < (t.line+3)/4 && (!known || time.Duration(len(t.waiting)+1)*pace <= Patience)
}

// enter takes a place.
func (t *Turnstile) enter(now time.Time, ticket *Ticket) {
	ticket.inside = true
	t.inside++
	t.of[ticket.who]++
	if t.inside == t.places && len(t.done) == 0 {
		t.done = append(t.done, now)
	}
}

// Done says that a ticket's place is free: he was served, or is gone. The one who comes in for him is the answer, if somebody waits: of those who have
// the fewest places the one who waits for longest.
func (t *Turnstile) Done(now time.Time, ticket *Ticket) (next *Ticket) {
	if ticket.gone || !ticket.inside {
		return nil
	}
	ticket.gone = true
	t.inside--
	less(t.of, ticket.who)
	if len(t.done) > 0 {
		if t.done = append(t.done, now); len(t.done) > max(window, t.places)+1 {
			t.done = slices.Delete(t.done, 0, 1)
		}
	}
	best := -1
	for i, w := range t.waiting {
		if best < 0 || t.of[w.who] < t.of[t.waiting[best].who] {
			best = i
		}
		if t.of[w.who] == 0 {
			break
		}
	}
	if best < 0 {
		if pace, known := t.pace(); known {
			t.before = pace
		}
		t.done = t.done[:0] // a place is free: how soon the next is done says nothing of the pace
		return nil
	}
	next = t.waiting[best]
	t.leave(best)
	t.enter(now, next)
	return next
}

// GiveUp takes a ticket that waits out of the line, and says when to ask again. False: it does not wait.
func (t *Turnstile) GiveUp(now time.Time, ticket *Ticket) (later time.Duration, ok bool) {
	i := slices.Index(t.waiting, ticket)
	if i < 0 {
		return 0, false
	}
	t.leave(i)
	ticket.gone = true
	return t.promise(now), true
}

func (t *Turnstile) leave(i int) {
	less(t.queued, t.waiting[i].who)
	t.waiting = slices.Delete(t.waiting, i, i+1)
}

func less(of map[string]int, who string) {
	if of[who]--; of[who] == 0 {
		delete(of, who)
	}
}

// pace is the time from one who is done to the next, and whether it was measured since all places were taken.
func (t *Turnstile) pace() (time.Duration, bool) {
	n := len(t.done) - 1
	if n < max(measured, t.places) {
		return t.before, false
	}
	return t.done[n].Sub(t.done[0]) / time.Duration(n), true
}

// promise gives the next turn behind those who wait and those who were promised one.
func (t *Turnstile) promise(now time.Time) time.Duration {
	pace, _ := t.pace()
	turn := now.Add(time.Duration(len(t.waiting)+1) * pace)
	if after := t.promised.Add(pace); after.After(turn) {
		turn = after
	}
	if last := now.Add(farthest); turn.After(last) {
		turn = last
	}
	t.promised = turn
	return turn.Sub(now)
}

// Inside tells whether a ticket's owner is being served.
func (k *Ticket) Inside() bool { return k.inside && !k.gone }

// Patience is how long a ticket may still wait.
func (k *Ticket) Patience(now time.Time) time.Duration { return Patience - now.Sub(k.since) }

// Inside is how many are being served, Waiting how many wait.
func (t *Turnstile) Inside() int  { return t.inside }
func (t *Turnstile) Waiting() int { return len(t.waiting) }

package schedule

import (
	"time"

	"fieldsync/client/internal/backoff"
)

// Trigger is why a sync begins.
type Trigger string

// The triggers.
const (
	Open    Trigger = "open"
	Timer   Trigger = "timer"
	Status  Trigger = "status"
	Push    Trigger = "push"
	Network Trigger = "network"
	Hand    Trigger = "hand"
	Retry   Trigger = "retry" // the last attempt failed, or the connection broke
)

// Every is the time between two syncs that nothing else causes, if nobody says otherwise.
const Every = 2 * time.Minute

// settled is how long a connection must have lasted to count as a success: a server that lets everybody in and throws them out
// again must not be met by reconnects without end.
const settled = 10 * time.Second

// A phone sleeps at most so long before it looks for its server again, if the server has said nothing else: calm, or a five-hundredth of the time that the
// server has been away, if that is more, up to backoff.Max. Sleep need not spread the phones that lost one server: a server that too many come to tells each its
// turn.
const (
	calm     = 8 * time.Second
	fraction = 500
)

// What is what there is to do.
type What int

// What there is to do.
const (
	Connect What = iota + 1
	Look         // whether the connection lives
)

// Action is something to do, and when.
type Action struct {
	What What
	At   time.Time // may have passed
	Why  Trigger
}

// Schedule is what is known. Make it with New. It belongs to one goroutine at a time.
type Schedule struct {
	every     time.Duration
	delays    backoff.Backoff
	online    bool // the platform's word
	connected bool
	since     time.Time // of the connection
	synced    time.Time // when an attempt last began, or a connection was last seen to live
	down      time.Time // since when there is no server; zero: there is one, or nobody has looked
	retry     time.Time // when to try again; zero: there was no failure
	turn      time.Time // before which the server does not want to see us; zero: it has said nothing
	asked     Trigger   // a trigger that was not answered yet
}

// New begins with the open trigger. every is the time between two syncs that nothing else causes; 0: Every. random: see backoff.Backoff.
func New(every time.Duration, random func() float64) *Schedule {
	if every == 0 {
		every = Every
	}
	return &Schedule{every: every, delays: backoff.Backoff{Random: random}, online: true, asked: Open}
}

// Asked takes a trigger: Open, Timer (a slot of the background), Status, Push, Hand.
func (s *Schedule) Asked(why Trigger) { s.asked = why }

// Online takes the platform's word: whether there is a network, and whether it is another one than before.
func (s *Schedule) Online(online, changed bool) {
	back := online && (!s.online || changed)
	s.online = online
	if back || s.connected && changed {
		s.delays.Reset()
		s.down = time.Time{}
		s.asked = Network
	}
}

// Next is what to do next. The time that the server has named (Later) is kept whatever happens, but where a person is there: who opens the app or asks by hand.
func (s *Schedule) Next(now time.Time) Action {
	what := Connect
	if s.connected {
		what = Look
	}
	next := Action{what, s.synced.Add(s.every), Timer}
	switch {
	case s.asked == Open, s.asked == Hand:
		return Action{what, now, s.asked}
	case s.asked != "" && (s.online || s.connected):
		next = Action{what, now, s.asked}
	case !s.connected && s.online && !s.retry.IsZero() && s.retry.Before(next.At):
		next = Action{what, s.retry, Retry}
	}
	if !s.connected && next.At.Before(s.turn) {
		next.At = s.turn
	}
	return next
}

// Begun says that the action is being done.
func (s *Schedule) Begun(now time.Time) { s.synced, s.asked, s.retry = now, "", time.Time{} }

// Connected says that there is a connection.
func (s *Schedule) Connected(now time.Time) {
	s.connected, s.since, s.synced, s.turn = true, now, now, time.Time{}
	if s.asked == Retry {
		s.asked = ""
	}
}

// LetIn says that the server has let somebody of us in, who may be another than the one that asks here: it can be reached, and wants to.
func (s *Schedule) LetIn() {
	s.turn = time.Time{}
	if s.asked == "" && !s.connected {
		s.asked = Retry
	}
}

// Lives says that the connection was seen to.
func (s *Schedule) Lives(now time.Time) { s.synced = now }

// Ended says that there is no connection any more, or that none could be made, and gives when it is tried again. soon: the server asked for
// it, and nothing is wrong.
func (s *Schedule) Ended(now time.Time, soon bool) time.Time {
	if s.connected && now.Sub(s.since) >= settled {
		s.delays.Reset()
		s.down = time.Time{}
	}
	s.connected = false
	if s.down.IsZero() {
		s.down = now
	}
	away := now.Sub(s.down)
	wait := s.delays.NextWithin(min(away, max(calm, away/fraction)))
	if soon {
		wait = s.delays.Soon()
	}
	s.retry = now.Add(wait)
	return s.again()
}

// Later says that the server named the time after which it wants to be asked again, after Ended: it is not asked before, and not by all at once.
func (s *Schedule) Later(now time.Time, after time.Duration) time.Time {
	s.turn = now.Add(s.delays.Told(after))
	return s.again()
}

// again is when it is tried again if nobody asks before.
func (s *Schedule) again() time.Time {
	if s.retry.Before(s.turn) {
		return s.turn
	}
	return s.retry
}

// Turn is how long the server wants to be left alone still.
func (s *Schedule) Turn(now time.Time) time.Duration { return max(0, s.turn.Sub(now)) }

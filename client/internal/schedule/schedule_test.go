package schedule

import (
	"testing"
	"time"

	"fieldsync/client/internal/backoff"
)

var start = time.Unix(1_000_000, 0)

// believed is the longest that a server's "come back in" is.
const believed = 5 * time.Minute

func half() float64 { return 0.5 }

// connected is a schedule with a connection since start.
func connected() *Schedule {
	s := New(0, half)
	s.Begun(start)
	s.Connected(start)
	return s
}

// alone is one whose attempt at start failed.
func alone() *Schedule {
	s := New(0, half)
	s.Begun(start)
	s.Ended(start, false)
	return s
}

func TestOpenConnectsAtOnce(t *testing.T) {
	if a := New(0, half).Next(start); a != (Action{Connect, start, Open}) {
		t.Errorf("%+v", a)
	}
}

func TestEveryTwoMinutesAConnectionIsLookedAt(t *testing.T) {
	s := connected()
	for now := start; now.Before(start.Add(time.Hour)); {
		a := s.Next(now)
		if a != (Action{Look, now.Add(2 * time.Minute), Timer}) {
			t.Fatalf("at %v: %+v", now.Sub(start), a)
		}
		now = a.At
		s.Begun(now)
		s.Lives(now)
	}
}

func TestATriggerActsAtOnceWithOrWithoutAConnection(t *testing.T) {
	now := start.Add(100 * time.Millisecond)
	for _, why := range []Trigger{Status, Push, Hand} {
		s := connected()
		s.Asked(why)
		if a := s.Next(now); a != (Action{Look, now, why}) {
			t.Errorf("%s, connected: %+v", why, a)
		}
		s.Begun(now)
		if a := s.Next(now); a.Why != Timer {
			t.Errorf("%s is answered twice: %+v", why, a)
		}
		s = alone()
		s.Asked(why)
		if a := s.Next(now); a != (Action{Connect, now, why}) {
			t.Errorf("%s, alone: %+v", why, a)
		}
	}
}

func TestANetworkThatIsBackConnectsAtOnceAndForgetsFailures(t *testing.T) {
	s := alone()
	for range 10 {
		s.Begun(start)
		s.Ended(start, false)
	}
	s.Online(false, true)
	if a := s.Next(start); a != (Action{Connect, start.Add(Every), Timer}) {
		t.Errorf("without a network: %+v", a)
	}
	s.Asked(Status)
	if a := s.Next(start); a.Why != Timer {
		t.Errorf("without a network a status was to be sent: %+v", a)
	}
	s.Online(true, true)
	if a := s.Next(start); a != (Action{Connect, start, Network}) {
		t.Errorf("with one again: %+v", a)
	}
	s.Begun(start)
	if at := s.Ended(start, false); at != start.Add(250*time.Millisecond) {
		t.Errorf("the failures before are remembered: again after %v", at.Sub(start))
	}
	s = connected()
	s.Online(true, true)
	if a := s.Next(start); a != (Action{Look, start, Network}) {
		t.Errorf("from Wi-Fi to LTE: %+v", a)
	}
	s = connected()
	s.Online(true, false)
	if a := s.Next(start); a.Why != Timer {
		t.Errorf("the same word again: %+v", a)
	}
}

func TestRetriesGrowWithFullJitterToEightSecondsAndAfterANightToAMinute(t *testing.T) {
	s := New(0, func() float64 { return 0.999 })
	now := start
	for _, ceiling := range []time.Duration{500 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, calm, calm, calm} {
		s.Begun(now)
		s.Ended(now, false)
		a := s.Next(now)
		if d := a.At.Sub(now); a.What != Connect || a.Why != Retry || d > ceiling || d < ceiling*9/10 {
			t.Errorf("%+v after %v, the ceiling is %v", a, d, ceiling)
		}
		now = a.At
	}
	for now.Before(start.Add(20 * time.Minute)) {
		s.Begun(now)
		s.Ended(now, false)
		now = s.Next(now).At
	}
	s.Begun(now)
	s.Ended(now, false)
	if d := s.Next(now).At.Sub(now); d > calm || d < calm*9/10 {
		t.Errorf("after twenty minutes again after %v", d)
	}
	// A server that was away for a night is looked for less often.
	for _, c := range []struct{ away, ceiling time.Duration }{{2 * time.Hour, 14400 * time.Millisecond}, {10 * time.Hour, backoff.Max}} {
		at := start.Add(c.away)
		s.Begun(at)
		s.Ended(at, false)
		if d := s.Next(at).At.Sub(at); d > c.ceiling || d < c.ceiling*9/10 {
			t.Errorf("after %v again after %v, the ceiling is %v", c.away, d, c.ceiling)
		}
	}
	// A connection that was thrown out at once is a failure; one that lasted is none.
	s.Begun(now)
	s.Connected(now)
	if at := s.Ended(now.Add(time.Second), false); at.Sub(now) < 7*time.Second {
		t.Errorf("thrown out, and back after %v", at.Sub(now))
	}
	s.Begun(now)
	s.Connected(now)
	if at := s.Ended(now.Add(time.Minute), false); at.Sub(now.Add(time.Minute)) > time.Second {
		t.Errorf("after a good minute back only after %v", at.Sub(now))
	}
	s.Begun(now)
	if at := s.Ended(now, true); at.Sub(now) > time.Second {
		t.Errorf("asked to come back, and there after %v", at.Sub(now))
	}
}

func TestAServersWordWhenToComeBackIsKept(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{2 * time.Second: 2500 * time.Millisecond, 40 * time.Second: 45 * time.Second, time.Hour: believed * 9 / 8} {
		s := alone()
		if at := s.Later(start, after); at.Sub(start) != want || s.Next(start).At.Sub(start) != want {
			t.Errorf("told %v: again after %v, next after %v", after, at.Sub(start), s.Next(start).At.Sub(start))
		}
	}
	const turn = 67500 * time.Millisecond
	for _, why := range []Trigger{Status, Push, Network, Timer} {
		s := alone()
		s.Later(start, time.Minute)
		if s.Asked(why); why == Network {
			s.Online(true, true)
		}
		if a := s.Next(start); a != (Action{Connect, start.Add(turn), why}) {
			t.Errorf("%s goes before the server's turn: %+v", why, a)
		}
		s.Begun(start.Add(turn))
		s.Connected(start.Add(turn))
		s.Ended(start.Add(turn), false)
		s.Asked(why)
		if a := s.Next(start.Add(turn)); !a.At.Equal(start.Add(turn)) {
			t.Errorf("%s waits for a turn that is over: %+v", why, a)
		}
	}
	for _, why := range []Trigger{Open, Hand} {
		s := alone()
		s.Later(start, time.Minute)
		s.Asked(why)
		if a := s.Next(start); a != (Action{Connect, start, why}) {
			t.Errorf("a person waits: %+v", a)
		}
		// His attempt failed: for all others the server's word still holds.
		s.Begun(start)
		if at := s.Ended(start, false); !at.Equal(start.Add(turn)) {
			t.Errorf("after %s again in %v", why, at.Sub(start))
		}
		s.Asked(Status)
		if a := s.Next(start); !a.At.Equal(start.Add(turn)) {
			t.Errorf("after %s: %+v", why, a)
		}
	}
	// Nor does the timer go before it, where the platform says that there is no network.
	s := alone()
	s.Later(start, believed)
	s.Online(false, true)
	if a := s.Next(start); a.At.Before(start.Add(believed)) {
		t.Errorf("the timer: %+v", a)
	}
	if left := s.Turn(start.Add(time.Minute)); left != believed*9/8-time.Minute {
		t.Errorf("after a minute it wants to be left alone for %v", left)
	}
}

func TestWhereTheServerHasLetInAnotherOneItIsTriedAtOnce(t *testing.T) {
	s := alone()
	s.Later(start, time.Minute)
	s.LetIn()
	if a := s.Next(start); a != (Action{Connect, start, Retry}) || s.Turn(start) != 0 {
		t.Errorf("%+v, and not before %v", a, s.Turn(start))
	}
	// Our own connection is one too, and is no reason to look at it.
	s.Begun(start)
	s.LetIn()
	s.Connected(start)
	if a := s.Next(start); a != (Action{Look, start.Add(Every), Timer}) {
		t.Errorf("connected: %+v", a)
	}
}

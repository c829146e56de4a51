package schedule

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var start = time.Unix(1_000_000, 0)

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

func TestRetriesGrowWithFullJitterAndStayBelowAMinute(t *testing.T) {
	s := New(0, func() float64 { return 0.999 })
	now := start
	for _, ceiling := range []time.Duration{500 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second,
		16 * time.Second, calm, calm, calm} {
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
	if d := s.Next(now).At.Sub(now); d > time.Minute || d < 59*time.Second {
		t.Errorf("after twenty minutes again after %v", d)
	}
	// A connection that was thrown out at once is a failure; one that lasted is none.
	s.Begun(now)
	s.Connected(now)
	if at := s.Ended(now.Add(time.Second), false); at.Sub(now) < 30*time.Second {
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
	for after, want := range map[time.Duration]time.Duration{2 * time.Second: 2500 * time.Millisecond, 40 * time.Second: 45 * time.Second, time.Hour: maxBelieve * 9 / 8} {
		s := alone()
		if at := s.Later(start, after); at.Sub(start) != want || s.Next(start).At.Sub(start) != min(want, Every) {
			t.Errorf("told %v: again after %v, next after %v", after, at.Sub(start), s.Next(start).At.Sub(start))
		}
	}
	s := alone()
	s.Later(start, time.Minute)
	s.Online(true, true)
	if a := s.Next(start); a != (Action{Connect, start, Network}) {
		t.Errorf("another network: %+v", a)
	}
}

// A thousand phones lose one server for a while; it lets in one every perSync.
func TestAThousandPhonesComeBackWithoutAHerd(t *testing.T) {
	const (
		phones   = 1000
		perSync  = 20 * time.Millisecond // of the server's time: 20 s of work for all
		patience = 20 * time.Second      // of a phone for the handshake
	)
	for _, outage := range []time.Duration{2 * time.Second, 15 * time.Second, 5 * time.Minute} {
		random := rand.New(rand.NewPCG(1, uint64(outage)))
		type phone struct {
			s    *Schedule
			at   time.Time // of its next attempt
			done time.Time
		}
		all := make([]*phone, phones)
		for i := range all {
			p := &phone{s: New(0, random.Float64)}
			p.s.Begun(start)
			p.s.Connected(start)
			p.s.Ended(start.Add(time.Minute), false) // the server dies
			p.at = p.s.Next(start.Add(time.Minute)).At
			all[i] = p
		}
		back := start.Add(time.Minute + outage)
		free := back // when the server has done what it was given
		var attempts []time.Time
		for {
			p := slices.MinFunc(all, func(a, b *phone) int {
				if a.done.IsZero() != b.done.IsZero() {
					if a.done.IsZero() {
						return -1
					}
					return 1
				}
				return a.at.Compare(b.at)
			})
			if !p.done.IsZero() {
				break
			}
			p.s.Begun(p.at)
			if p.at.Before(back) {
				p.s.Ended(p.at, false)
				p.at = p.s.Next(p.at).At
				continue
			}
			attempts = append(attempts, p.at)
			if free.Before(p.at) {
				free = p.at
			}
			if free.Sub(p.at) > patience {
				t.Errorf("outage of %v: a phone gives up", outage)
			}
			free = free.Add(perSync)
			p.done = free
		}
		most := 0
		for i, from := range attempts { // in the order of their time
			n, _ := slices.BinarySearchFunc(attempts, from.Add(time.Second), time.Time.Compare)
			most = max(most, n-i)
		}
		var last, longest time.Duration
		for _, p := range all {
			last, longest = max(last, p.done.Sub(back)), max(longest, p.done.Sub(p.at))
		}
		work := phones * perSync
		if last > 2*work || longest > 2*work {
			t.Errorf("outage of %v: the last is caught up %v after it, %v after its own attempt; the work is %v", outage, last, longest, work)
		}
		t.Logf("outage of %v: at most %d attempts in a second, the last phone is caught up after %v, the longest took %v; the work alone is %v", outage, most, last, longest, work)
		if outage >= 15*time.Second && most > phones/5 {
			t.Errorf("outage of %v: %d attempts in one second", outage, most)
		}
	}
}

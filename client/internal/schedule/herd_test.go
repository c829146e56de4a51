package schedule

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"fieldsync/crdt/turnstile"
)

// crowd is a thousand phones and one server, in virtual time: it serves one phone after the other, and lets in as its turnstile says.
type crowd struct {
	now    time.Time
	queue  events
	gate   *turnstile.Turnstile
	perOne time.Duration // of the server's time for each phone
	free   time.Time     // when the server has done what it was given
	back   time.Time     // from when on it can be reached

	inside  map[*turnstile.Ticket]*member
	atWork  int // at most
	arrived []time.Time
	away    int // how often somebody was told to come later
	early   int // and came earlier
	last    time.Time
}

// member is one of the crowd.
type member struct {
	name  string
	s     *Schedule // nil: a plain automerge-repo client, which tries every five seconds whatever it is told
	told  time.Time // before which the server does not want to see him
	moves int       // counts what he does, so that what was planned before is void
	done  bool
}

const (
	plainEvery = 5 * time.Second
	resting    = 100 * time.Millisecond // a place is held for so long after the work
	trip       = 50 * time.Millisecond  // from a phone's decision to the server's answer
)

type event struct {
	at time.Time
	do func()
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at.Before(e[j].at) }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }
func (e *events) Push(x any)        { *e = append(*e, x.(event)) }
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

func (c *crowd) at(t time.Time, do func()) { heap.Push(&c.queue, event{t, do}) }

// next plans a member's next attempt.
func (c *crowd) next(m *member) {
	at := c.now.Add(plainEvery)
	if m.s != nil {
		at = m.s.Next(c.now).At
	}
	moves := m.moves
	c.at(at, func() {
		if m.moves == moves {
			c.attempt(m)
		}
	})
}

func (c *crowd) attempt(m *member) {
	m.moves++
	if m.s != nil {
		m.s.Begun(c.now)
	}
	if c.now.Before(c.back) {
		if m.s != nil {
			m.s.Ended(c.now, false)
		}
		c.next(m)
		return
	}
	if m.s != nil && c.now.Before(m.told) {
		c.early++
	}
	c.arrived = append(c.arrived, c.now)
	ticket, later := c.gate.Ask(c.now, m.name)
	if ticket == nil {
		c.sent(m, later)
		return
	}
	c.inside[ticket] = m
	if ticket.Inside() {
		c.serve(ticket)
		return
	}
	moves := m.moves
	c.at(c.now.Add(ticket.Patience(c.now)), func() {
		if m.moves == moves && !m.done {
			if later, ok := c.gate.GiveUp(c.now, ticket); ok {
				delete(c.inside, ticket)
				c.sent(m, later)
			}
		}
	})
}

// sent has a member told when to come back; a header counts whole seconds.
func (c *crowd) sent(m *member, later time.Duration) {
	c.away++
	if m.s != nil {
		later = (later + time.Second - 1).Truncate(time.Second)
		m.told = c.now.Add(later)
		m.s.Ended(c.now, false)
		m.s.Later(c.now, later)
	}
	c.next(m)
}

// serve does the work of one who is inside.
func (c *crowd) serve(ticket *turnstile.Ticket) {
	m := c.inside[ticket]
	m.moves++
	c.atWork = max(c.atWork, c.gate.Inside())
	c.at(c.now.Add(trip), func() {
		if c.free.Before(c.now) {
			c.free = c.now
		}
		c.free = c.free.Add(c.perOne)
		c.at(c.free, func() { m.done, c.last = true, c.now })
		c.at(c.free.Add(resting), func() {
			if next := c.gate.Done(c.now, ticket); next != nil {
				c.serve(next)
			}
		})
	})
}

// most is how many attempts reached the server within one second.
func (c *crowd) most() int {
	most, from := 0, 0
	for i, at := range c.arrived {
		for at.Sub(c.arrived[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// A thousand phones lose one server for a while, and with them some that know neither turn nor jitter. All are caught up within twice the time that the server
// needs for the work, however long it was away, and however fast it is.
func TestAThousandPhonesComeBackInTurn(t *testing.T) {
	const members, plain, places = 1000, 100, 128
	for _, perOne := range []time.Duration{8 * time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond} {
		for _, outage := range []time.Duration{2 * time.Second, 15 * time.Second, 5 * time.Minute, time.Hour} {
			t.Run(fmt.Sprintf("%v of work after %v", members*perOne, outage), func(t *testing.T) {
				random := rand.New(rand.NewPCG(1, uint64(outage)))
				died := start.Add(time.Minute)
				c := &crowd{now: died, back: died.Add(outage), perOne: perOne, gate: turnstile.New(places, 1024), inside: map[*turnstile.Ticket]*member{}}
				all := make([]*member, members)
				for i := range all {
					m := &member{name: fmt.Sprint(i)}
					if all[i] = m; i >= plain {
						m.s = New(0, random.Float64)
						m.s.Begun(start)
						m.s.Connected(start)
						m.s.Ended(died, false)
					}
					c.next(m)
				}
				for len(c.queue) > 0 {
					ev := heap.Pop(&c.queue).(event)
					c.now = ev.at
					ev.do()
				}
				for _, m := range all {
					if !m.done {
						t.Fatalf("%s was never served", m.name)
					}
				}
				work, took := members*perOne, c.last.Sub(c.back)
				t.Logf("%d attempts, %d in one second, %d told to come later; at most %d at work; the last is caught up after %v, the work alone is %v",
					len(c.arrived), c.most(), c.away, c.atWork, took, work)
				if took > 2*work {
					t.Errorf("the last is caught up after %v, the work alone is %v", took, work)
				}
				if c.atWork > places {
					t.Errorf("%d were at work at once", c.atWork)
				}
				if c.early > 0 {
					t.Errorf("%d came before their turn", c.early)
				}
			})
		}
	}
}

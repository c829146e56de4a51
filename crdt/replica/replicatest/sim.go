package replicatest

import (
	"container/heap"
	"fmt"
	"math/rand/v2"
	"time"

	"fieldsync/crdt"
)

// Sim is one world: its clock, its nodes and what is about to happen.
type Sim struct {
	rand  *rand.Rand
	now   time.Time
	queue eventHeap
	last  uint64
	work  int // events in the queue that are not background

	server  *Node
	clients []*Node
	liar    *liar
	docs    []crdt.DocID
	known   map[crdt.DocID]bool // documents that somebody made here

	trace  *Trace
	names  *names
	frames map[pair]int // frames of a document between a client and the server, since the last reset
	fail   error        // the first invariant that was broken

	fixed  bool // every delay is one millisecond, for scenarios
	faulty bool // snapshots may fail to be built
	calm   bool // faults have ended
	rules  rules
	stats  Stats
}

// Stats counts what happened, so that a test can tell that it did.
type Stats struct {
	Edits, Frames, Crashes, Failed, Closed, Slow, Retired, Opened, Snapshots, Refused, Lies, Revoked, Dropped, Compared, Lost, Discards, DiscardsFailed int
	Pushed, Guessed, Bundled                                                                                                                            int
}

// Add adds the counts of another run.
func (s *Stats) Add(o Stats) {
	s.Edits += o.Edits
	s.Frames += o.Frames
	s.Crashes += o.Crashes
	s.Failed += o.Failed
	s.Closed += o.Closed
	s.Slow += o.Slow
	s.Retired += o.Retired
	s.Opened += o.Opened
	s.Snapshots += o.Snapshots
	s.Refused += o.Refused
	s.Lies += o.Lies
	s.Revoked += o.Revoked
	s.Dropped += o.Dropped
	s.Compared += o.Compared
	s.Lost += o.Lost
	s.Discards += o.Discards
	s.Pushed += o.Pushed
	s.Guessed += o.Guessed
	s.Bundled += o.Bundled
	s.DiscardsFailed += o.DiscardsFailed
}

type pair struct {
	client string
	doc    crdt.DocID
}

// event is something that happens at a time; of two at the same time, the one that was planned first comes first.
type event struct {
	at         time.Time
	order      uint64
	background bool // goes on for ever: the world is quiet all the same
	do         func()
}

type eventHeap []event

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].order < h[j].order
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(event)) }
func (h *eventHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	old[len(old)-1] = event{}
	*h = old[:len(old)-1]
	return x
}

// epoch is when every world begins.
var epoch = time.UnixMilli(1_800_000_000_000)

func newSim(seed uint64, keep bool) *Sim {
	return &Sim{rand: rand.New(rand.NewPCG(seed, 0x9e3779b97f4a7c15)), now: epoch, known: map[crdt.DocID]bool{},
		trace: newTrace(keep), names: newNames(), frames: map[pair]int{}}
}

// after plans an event.
func (s *Sim) after(d time.Duration, do func()) { s.plan(d, false, do) }

func (s *Sim) plan(d time.Duration, background bool, do func()) {
	s.last++
	if !background {
		s.work++
	}
	heap.Push(&s.queue, event{at: s.now.Add(d), order: s.last, background: background, do: do})
}

// between gives a random duration in milliseconds.
func (s *Sim) between(from, to int) time.Duration {
	if s.fixed {
		return time.Millisecond
	}
	return time.Duration(from+s.rand.IntN(to-from+1)) * time.Millisecond
}

func (s *Sim) chance(percent int) bool { return s.rand.IntN(100) < percent }

// step lets the next event happen; false: there is none, or an invariant is broken.
func (s *Sim) step() bool {
	if s.fail != nil || len(s.queue) == 0 {
		return false
	}
	e := heap.Pop(&s.queue).(event)
	if !e.background {
		s.work--
	}
	s.now = e.at
	e.do()
	return s.fail == nil
}

// run lets time pass.
func (s *Sim) run(d time.Duration) {
	end := s.now.Add(d)
	for len(s.queue) > 0 && !s.queue[0].at.After(end) && s.step() {
	}
	s.now = end
}

// settle runs until nothing is going on but the passing of time. It fails when that takes too many events.
func (s *Sim) settle(limit int) {
	for n := 0; s.work > 0; n++ {
		if n > limit {
			s.broken("I5: not quiet after %d events", limit)
		}
		if !s.step() {
			return
		}
	}
}

// broken notes that an invariant does not hold. The first one counts.
func (s *Sim) broken(format string, args ...any) {
	if s.fail == nil {
		s.fail = fmt.Errorf(format, args...)
		s.note("BROKEN: %v", s.fail)
	}
}

func (s *Sim) note(format string, args ...any) { s.trace.line(s.now.Sub(epoch), format, args...) }

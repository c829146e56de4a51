package syncproto

import (
	"testing"

	"fieldsync/crdt"

	"pgregory.net/rapid"
)

// end is one side of a link: a peer's state over a graph, and the messages on their way to it.
type end struct {
	g     *testGraph
	p     *Peer
	opt   Options
	snap  bool // has a verified snapshot of all but its last change
	inbox [][]byte
	sent  int // messages generated
	bytes int // of changes
}

func newEnd(g *testGraph, opt Options) *end { return &end{g: g, p: NewPeer(opt), opt: opt} }

// speak generates at most one message towards the other end, through its encoded form.
func (e *end) speak(t failer, to *end) bool {
	opt := GenerateOptions{}
	if e.snap && e.g.Len() > 1 {
		opt.SnapshotCovers = e.g.Len() - 1
		opt.SnapshotBytes = len(e.g.snapshot(opt.SnapshotCovers)) / 4 // compressed
	}
	plan, ok := e.p.Generate(e.g, opt)
	if !ok {
		return false
	}
	data := plan.Encode(e.g, e.g.snapshot(opt.SnapshotCovers))
	m, err := Decode(data, Limits{})
	if err != nil {
		t.Fatalf("our own message: %v", err)
	}
	for _, c := range m.Changes {
		e.bytes += len(c)
	}
	to.inbox = append(to.inbox, data)
	e.sent++
	return true
}

// hear takes one message in.
func (e *end) hear(t failer) bool {
	if len(e.inbox) == 0 {
		return false
	}
	m, err := Decode(e.inbox[0], Limits{})
	if err != nil {
		t.Fatal(err)
	}
	e.inbox = e.inbox[1:]
	e.g.take(&m)
	e.p.Receive(e.g, &m)
	return true
}

// settle lets both speak until both are silent and gives the number of messages. More than limit fails.
func settle(t failer, a, b *end, limit int) int {
	t.Helper()
	for n := 0; ; {
		busy := false
		for _, x := range [2][2]*end{{a, b}, {b, a}} {
			if x[0].speak(t, x[1]) {
				busy = true
				n++
			}
			for x[1].hear(t) {
				busy = true
			}
		}
		if !busy {
			return n
		}
		if n > limit {
			t.Fatalf("still talking after %d messages", n)
		}
	}
}

func draw2(t *rapid.T, label string) Options {
	return Options{AdvertiseV2: rapid.Bool().Draw(t, label)}
}

// handful bounds the messages of one synchronisation of two ends: hello, answer, changes, acknowledgement each; the rest is
// for what filters hide.
const handful = 14

func TestTwoPeersConvergeInAHandfulOfMessagesWithoutEcho(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := newTestGraph(), newTestGraph()
		for i := range rapid.IntRange(0, 30).Draw(t, "common") {
			a.edit(uint64(i))
			b.admit(a.Raw(i))
		}
		for i := range rapid.IntRange(0, 150).Draw(t, "a's own") {
			a.edit(1000 + uint64(i))
		}
		for i := range rapid.IntRange(0, 150).Draw(t, "b's own") {
			b.edit(2000 + uint64(i))
		}
		x, y := newEnd(a, draw2(t, "x v2")), newEnd(b, draw2(t, "y v2"))
		x.snap = rapid.Bool().Draw(t, "x has a snapshot")
		before := a.Len() + b.Len()
		crossing := rapid.Bool().Draw(t, "hellos cross")
		if crossing {
			x.speak(t, y)
			y.speak(t, x)
		}
		settle(t, x, y, handful)
		mustAgree(t, a, b)
		// A snapshot repeats what is in it; else nobody gets what they have.
		if !x.snap && a.twice+b.twice > 0 {
			t.Fatalf("%d changes came twice", a.twice+b.twice)
		}
		// In sync and confirmed: each edit costs its push and an acknowledgement, whoever makes it.
		a.twice, b.twice = 0, 0
		for i := range rapid.IntRange(0, 5).Draw(t, "live edits") {
			from, to := x, y
			if rapid.Bool().Draw(t, "b edits") {
				from, to = y, x
			}
			fromBytes, toBytes := from.bytes, to.bytes
			from.g.edit(3000 + uint64(i))
			if n := settle(t, x, y, handful); n != 2 {
				t.Fatalf("a live edit took %d messages", n)
			}
			if got, want := from.bytes-fromBytes, len(from.g.Raw(from.g.Len()-1)); got != want {
				t.Fatalf("an edit of %d bytes was pushed as %d", want, got)
			}
			if to.bytes != toBytes {
				t.Fatalf("an echo of %d bytes", to.bytes-toBytes)
			}
		}
		mustAgree(t, a, b)
		if a.Len() < before/2 || x.speak(t, y) || y.speak(t, x) {
			t.Fatal("not quiet")
		}
	})
}

func TestEditsInFlightGoOutAtOnceAndOnlyOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := newTestGraph(), newTestGraph()
		a.edit(1)
		x, y := newEnd(a, draw2(t, "x v2")), newEnd(b, draw2(t, "y v2"))
		settle(t, x, y, handful)
		edits := 0
		for i := range rapid.IntRange(1, 60).Draw(t, "steps") {
			switch rapid.SampledFrom([]string{"a edits", "b edits", "a hears", "b hears"}).Draw(t, "step") {
			case "a edits":
				a.edit(100 + uint64(i))
				edits++
				if !x.speak(t, y) {
					t.Fatal("an edit was held back")
				}
			case "b edits":
				b.edit(200 + uint64(i))
				edits++
				if !y.speak(t, x) {
					t.Fatal("an edit was held back")
				}
			case "a hears":
				x.hear(t)
				x.speak(t, y)
			case "b hears":
				y.hear(t)
				y.speak(t, x)
			}
		}
		settle(t, x, y, handful+2*edits)
		mustAgree(t, a, b)
		if a.twice+b.twice > 0 {
			t.Fatalf("%d changes came twice", a.twice+b.twice)
		}
	})
}

func TestLostConnectionsAndSavedStatesDoNotKeepPeersApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := newTestGraph(), newTestGraph()
		x, y := newEnd(a, draw2(t, "x v2")), newEnd(b, draw2(t, "y v2"))
		salt := uint64(0)
		for range rapid.IntRange(1, 8).Draw(t, "sessions") {
			for range rapid.IntRange(0, 25).Draw(t, "steps") {
				salt++
				switch rapid.IntRange(0, 5).Draw(t, "step") {
				case 0:
					a.edit(salt)
				case 1:
					b.edit(salt)
				case 2:
					x.speak(t, y)
				case 3:
					y.speak(t, x)
				case 4:
					x.hear(t)
				case 5:
					y.hear(t)
				}
			}
			for _, e := range []*end{x, y} { // what was on its way is lost
				e.inbox = nil
				switch rapid.SampledFrom([]string{"reset", "restore", "new", "lost its data"}).Draw(t, "reconnect") {
				case "reset":
					e.p.Reset()
				case "restore":
					p, err := Restore(e.p.Save(), e.opt)
					if err != nil {
						t.Fatal(err)
					}
					e.p = p
				case "new":
					e.p = NewPeer(e.opt)
				case "lost its data": // but not the saved state
					other := a
					if e == x {
						other = b
					}
					kept := rapid.IntRange(0, e.g.Len()).Draw(t, "kept")
					lost := newTestGraph()
					for _, raw := range e.g.raw[:kept] {
						lost.admit(raw)
					}
					for _, raw := range e.g.raw[kept:] { // what nobody else holds would be gone for good
						if !other.Has(hashOfTest(raw)) {
							other.admit(raw)
						}
					}
					*e.g = *lost
					p, err := Restore(e.p.Save(), e.opt)
					if err != nil {
						t.Fatal(err)
					}
					e.p = p
				}
			}
		}
		settle(t, x, y, handful)
		mustAgree(t, a, b)
	})
}

func TestThreePeersConvergeThroughTheMiddleOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hub, a, b := newTestGraph(), newTestGraph(), newTestGraph()
		toA, toB := newEnd(hub, draw2(t, "hub v2")), newEnd(hub, draw2(t, "hub v2 too"))
		atA, atB := newEnd(a, draw2(t, "a v2")), newEnd(b, draw2(t, "b v2"))
		type link struct{ x, y *end }
		links := []link{{toA, atA}, {toB, atB}}
		salt := uint64(0)
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			l := rapid.SampledFrom(links).Draw(t, "link")
			salt++
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				l.y.g.edit(salt)
			case 1:
				hub.edit(salt)
			case 2:
				l.x.speak(t, l.y)
			case 3:
				l.y.speak(t, l.x)
			case 4:
				l.x.hear(t)
			case 5:
				l.y.hear(t)
			}
		}
		for range 3 { // what comes from one side makes news for the other
			for _, l := range links {
				settle(t, l.x, l.y, handful)
			}
		}
		mustAgree(t, hub, a)
		mustAgree(t, hub, b)
		if n := hub.twice + a.twice + b.twice; n > 0 {
			t.Fatalf("%d changes came twice", n)
		}
	})
}

func hashOfTest(raw []byte) crdt.Hash {
	g := newTestGraph()
	g.admit(raw)
	for h := range g.waiting {
		return h
	}
	return g.hashes[0]
}

func mustAgree(t *rapid.T, a, b *testGraph) {
	t.Helper()
	if !a.Heads().Equal(b.Heads()) || a.Len() != b.Len() {
		t.Fatalf("%d changes against %d, waiting %d and %d", a.Len(), b.Len(), len(a.waiting), len(b.waiting))
	}
}

// failer is what *testing.T and *rapid.T have in common here.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

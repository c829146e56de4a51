package netclass

import (
	"testing"
	"time"
)

// world is a link that a Meter measures, in virtual time.
type world struct {
	Meter
	t    *testing.T
	now  time.Time
	rate int // bits per second
	trip time.Duration
	sent int64 // bytes of probes
}

func newWorld(t *testing.T, rate int, trip time.Duration) *world {
	return &world{t: t, now: time.Unix(1_000_000, 0), rate: rate, trip: trip}
}

func (w *world) crossing(bytes int64) time.Duration {
	return time.Duration(float64(bytes*8) / float64(w.rate) * float64(time.Second))
}

// run makes the probes that the Meter asks for, for a while; it ends early when the class is until.
func (w *world) run(d time.Duration, waiting bool, until Class) time.Duration {
	w.t.Helper()
	begun := w.now
	for n := 0; ; n++ {
		if w.Known() && w.Class() == until {
			return w.now.Sub(begun)
		}
		what, at := w.Probe(w.now, waiting)
		if at.Sub(begun) > d {
			w.now = begun.Add(d)
			return d
		}
		if n > 10_000 {
			w.t.Fatal("probes without end")
		}
		if at.After(w.now) {
			w.now = at
		}
		w.Asked(what, w.now)
		switch what {
		case PingProbe:
			w.now = w.now.Add(w.trip)
			w.sent += 50
			w.RoundTrip(w.trip, false)
		case TrainProbe:
			took := w.trip + w.crossing(TrainBytes)
			w.now = w.now.Add(took)
			w.sent += TrainBytes
			w.Train(TrainBytes, took)
		case NoProbe:
			w.t.Fatal("nothing to probe on a link that is there")
		}
	}
}

func TestWithoutAWordTheFirstSecondsDecide(t *testing.T) {
	for _, c := range []struct {
		name string
		rate int
		trip time.Duration
		want Class
	}{
		{"gprs", 50_000, 700 * time.Millisecond, Slow},
		{"gprs, loaded", 20_000, 2500 * time.Millisecond, Slow},
		{"satellite", 10_000_000, 650 * time.Millisecond, Fast},
		{"edge", 180_000, 450 * time.Millisecond, Fast}, // only the platform knows that this is 2G
		{"3g", 1_500_000, 150 * time.Millisecond, Fast},
		{"lte", 15_000_000, 60 * time.Millisecond, Fast},
		{"wifi", 50_000_000, 5 * time.Millisecond, Fast},
		{"a queue as long as a minute", 1_000_000, 1500 * time.Millisecond, Slow},
	} {
		w := newWorld(t, c.rate, c.trip)
		w.Connected()
		if w.Class() != Slow || w.Known() {
			t.Errorf("%s: files may move before anything was measured", c.name)
		}
		w.run(10*time.Second, true, "")
		if w.Class() != c.want || !w.Known() {
			t.Errorf("%s: %s", c.name, w.Class())
		}
	}
}

func TestTheWordHoldsUntilMeasurementSaysOtherwise(t *testing.T) {
	for _, c := range []struct {
		name        string
		word        Kind
		rate        int
		trip        time.Duration
		first, then Class
	}{
		{"edge is 2G, also where it is a good one", EDGE, 300_000, 320 * time.Millisecond, Slow, Slow},
		{"edge at its best", EDGE, 470_000, 190 * time.Millisecond, Slow, Slow},
		{"2G, and it is", GPRS, 50_000, 700 * time.Millisecond, Slow, Slow},
		{"2G, and it is Wi-Fi for long", GPRS, 20_000_000, 20 * time.Millisecond, Slow, Fast},
		{"LTE, and it is", LTE, 15_000_000, 60 * time.Millisecond, Fast, Fast},
		{"LTE, with a cell that is full", LTE, 100_000, 2 * time.Second, Fast, Slow},
		{"a word from the future", "9g", 15_000_000, 60 * time.Millisecond, Slow, Fast},
	} {
		w := newWorld(t, c.rate, c.trip)
		w.Word(c.word, false)
		w.Connected()
		if w.Class() != c.first {
			t.Errorf("%s: begins as %s", c.name, w.Class())
		}
		w.run(10*time.Minute, true, "")
		if w.Class() != c.then {
			t.Errorf("%s: ends as %s: %+v", c.name, w.Class(), w.Link())
		}
	}
}

func TestOneSampleDoesNotChangeTheClass(t *testing.T) {
	w := newWorld(t, 15_000_000, 60*time.Millisecond)
	w.Connected()
	w.run(time.Minute, true, Slow)
	if w.Class() != Fast {
		t.Fatal("a fast link is not")
	}
	for range 20 {
		w.RoundTrip(8*time.Second, false) // a tunnel
		if w.Class() != Fast {
			t.Fatal("one slow round trip made the link slow")
		}
		w.RoundTrip(60*time.Millisecond, false)
		w.RoundTrip(60*time.Millisecond, false)
		w.Moved(100, 5*time.Second) // a server that thinks
		if w.Class() != Fast {
			t.Fatal("one slow window made the link slow")
		}
		w.Moved(2_000_000, time.Second)
	}

	w = newWorld(t, 50_000, 700*time.Millisecond)
	w.Word(GPRS, false)
	w.Connected()
	w.run(time.Minute, true, Fast)
	w.RoundTrip(10*time.Millisecond, false)
	w.Moved(1_000_000, 10*time.Millisecond)
	if w.Class() != Slow {
		t.Error("one fast sample made 2G fast")
	}
}

func TestAFastLinkThatGetsSlowIsFoundOut(t *testing.T) {
	// By round trips, without any traffic.
	w := newWorld(t, 15_000_000, 60*time.Millisecond)
	w.Word(LTE, false)
	w.Connected()
	w.run(time.Minute, true, Slow)
	w.rate, w.trip = 50_000, 1800*time.Millisecond
	if took := w.run(10*time.Minute, true, Slow); took > 70*time.Second {
		t.Errorf("by round trips after %v", took)
	}
	// By a transfer, in windows of two seconds.
	w = newWorld(t, 15_000_000, 60*time.Millisecond)
	w.Connected()
	w.run(time.Minute, true, Slow)
	for range 10 {
		w.Moved(3_000_000, 2*time.Second)
	}
	n := 0
	for ; w.Class() == Fast && n < 20; n++ {
		w.Moved(10_000, 2*time.Second) // 40 kbit/s
	}
	if n > 5 {
		t.Errorf("by a transfer after %d windows", n)
	}
}

func TestFilesFollowWithinSecondsOfABetterLink(t *testing.T) {
	// Without a word from the platform.
	w := newWorld(t, 50_000, 700*time.Millisecond)
	w.Connected()
	w.run(2*time.Minute, true, Fast)
	if w.Class() != Slow {
		t.Fatal("2G is not slow")
	}
	w.rate, w.trip = 15_000_000, 60*time.Millisecond
	if took := w.run(10*time.Minute, true, Fast); took > 15*time.Second {
		t.Errorf("after %v", took)
	}
	// Where round trips were as long as minutes of a queue make them, and without a storm of trains.
	w = newWorld(t, 20_000, 2500*time.Millisecond)
	w.Connected()
	w.run(2*time.Minute, true, Fast)
	w.rate, w.trip, w.sent = 15_000_000, 60*time.Millisecond, 0
	if took := w.run(10*time.Minute, true, Fast); took > 40*time.Second || w.sent > 10*TrainBytes {
		t.Errorf("after %v, and %d bytes of probes", took, w.sent)
	}
	// With one, at once.
	w = newWorld(t, 50_000, 700*time.Millisecond)
	w.Word(EDGE, true)
	w.Connected()
	w.run(2*time.Minute, true, Fast)
	w.Word(LTE, true)
	if w.Class() != Fast {
		t.Error("the platform said LTE")
	}
}

func TestALinkAtTheBorderDoesNotFlap(t *testing.T) {
	for _, r := range []int{60_000, 69_000, 71_000, 85_000, 99_000, 101_000, 130_000} {
		w := newWorld(t, r, 600*time.Millisecond)
		w.Connected()
		changes, was := 0, w.Class()
		for i := range 600 {
			w.run(time.Second, true, "")
			if w.Class() == Fast { // files move
				w.Moved(int64(r/8)+int64(i%5-2)*int64(r/80), time.Second) // a tenth more or less
			}
			if w.Class() != was {
				changes, was = changes+1, w.Class()
			}
		}
		if changes > 3 {
			t.Errorf("%d bit/s: the class changed %d times in ten minutes", r, changes)
		}
	}
}

func TestOurOwnTrafficDoesNotMakeTheLinkSlow(t *testing.T) {
	w := newWorld(t, 1_500_000, 150*time.Millisecond)
	w.Word(UMTS, false)
	w.Connected()
	w.run(time.Minute, true, Slow)
	for range 50 {
		w.RoundTrip(4*time.Second, true) // behind what we have queued
		w.Moved(180_000, time.Second)
	}
	if w.Class() != Fast {
		t.Error("an upload's own queue made the link slow")
	}
}

func TestProbesCostLittleOnASlowLink(t *testing.T) {
	for _, c := range []struct {
		rate int
		trip time.Duration
	}{{50_000, 700 * time.Millisecond}, {40_000, 100 * time.Millisecond}, {30_000, 3 * time.Second}} {
		w := newWorld(t, c.rate, c.trip)
		w.Connected()
		w.run(10*time.Minute, true, Fast)
		if share := float64(w.sent*8) / 600 / float64(c.rate); share > 0.04 {
			t.Errorf("%d bit/s, %v: probes took %.1f%% of the link", c.rate, c.trip, 100*share)
		}
		before := w.sent
		w.run(10*time.Minute, false, Fast)
		if got := w.sent - before; got > 1000 {
			t.Errorf("%d bytes of probes in ten minutes in which nothing waited", got)
		}
	}
}

func TestWhatWasMeasuredBelongsToOneConnection(t *testing.T) {
	w := newWorld(t, 15_000_000, 60*time.Millisecond)
	w.Connected()
	w.run(time.Minute, true, "")
	w.Lost()
	if w.Class() != None {
		t.Errorf("without a connection: %s", w.Class())
	}
	w.rate, w.trip = 40_000, 900*time.Millisecond
	w.Connected()
	if w.Class() != Slow || w.Link().Throughput != 0 {
		t.Errorf("a new connection begins as %+v", w.Link())
	}
	w.run(time.Minute, true, Fast)
	if w.Class() != Slow {
		t.Error("the new link is slow")
	}
}

func TestATrainThatOtherTrafficSpoiledIsMadeOnceMore(t *testing.T) {
	w := newWorld(t, 1_500_000, 400*time.Millisecond)
	w.Connected()
	w.RoundTrip(w.trip, false)
	w.Asked(TrainProbe, w.now) // its answer is not told
	if what, at := w.Probe(w.now, false); what != TrainProbe || at != w.now.Add(probeFirst) {
		t.Errorf("then %v, after %v", what, at.Sub(w.now))
	}
	w.run(10*time.Second, false, "")
	if w.Class() != Fast {
		t.Error("it is not known what the link is worth")
	}
}

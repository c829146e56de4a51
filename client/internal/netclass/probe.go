package netclass

import "time"

// Probe is a measurement that is to be made.
type Probe int

// The probes, by what they cost.
const (
	NoProbe    Probe = iota
	PingProbe        // one ping: some 50 bytes each way
	TrainProbe       // TrainBytes to the server
)

// A train: pings of the greatest size that there is.
const (
	TrainPings = 40
	PingBytes  = 125                              // of a ping's payload
	TrainBytes = TrainPings * (PingBytes + 6 + 2) // with what frames them
)

// How often a link is measured.
const (
	soon       = time.Second      // where nothing is known yet
	probeFirst = 5 * time.Second  // on a slow link for which files wait
	probeMost  = 15 * time.Second // what that grows to, after minutes
	trainMost  = time.Minute      // between trains: one costs a second of a 2G link
	pingEvery  = time.Minute      // on a fast link, and where nothing waits
)

// probing is what Probe has to remember.
type probing struct {
	asked   time.Time     // when the last probe was asked for
	trained time.Time     // and the last train
	pings   int           // on the slow link, since it is one
	trains  int           // of them that showed nothing good
	confirm bool          // the last train says that the class changes, and one is not enough
	trip    time.Duration // the last round trip before the last train
}

// Probe says what to measure next, and when: a time that may have passed. waiting: files wait for a better link, or would move on a good one. It
// is asked again after each answer and each change; Asked says that the probe is being made.
func (m *Meter) Probe(now time.Time, waiting bool) (what Probe, at time.Time) {
	p := &m.probing
	after := func(d time.Duration) time.Time {
		if p.asked.IsZero() {
			return now
		}
		return p.asked.Add(d)
	}
	switch {
	case !m.connected:
		return NoProbe, now.Add(pingEvery)
	case len(m.trips) == 0:
		return PingProbe, after(soon)
	case m.class == "" && m.trip() < SlowRoundTrip && p.trained.IsZero():
		return TrainProbe, now
	case m.class == "" && m.trip() < SlowRoundTrip: // the last one said nothing: the link was busy
		return TrainProbe, p.trained.Add(probeFirst)
	case m.class == "":
		return PingProbe, after(soon)
	case p.confirm:
		return TrainProbe, now
	case m.class == Fast && (len(m.trips) < 3 || m.trips[len(m.trips)-1] >= FastRoundTrip):
		return PingProbe, after(probeFirst) // one sample says nothing yet
	case m.class == Fast || !waiting:
		return PingProbe, after(pingEvery)
	}
	ping := after(min(probeFirst<<min(p.pings/60, 8), probeMost))
	train := p.trained.Add(trainMost)
	switch trip := m.trips[len(m.trips)-1]; {
	case m.is2G() && trip >= staleRoundTrip: // as its name says
	case trip <= p.trip/2: // not the link any more that the last train went over
		train = now
	case trip < radioRoundTrip:
		train = p.trained.Add(min(probeFirst<<min(p.trains, 8), trainMost))
	}
	if p.pings > 0 && !train.After(ping) {
		return TrainProbe, train
	}
	return PingProbe, ping
}

// Asked says that a probe is being made.
func (m *Meter) Asked(what Probe, now time.Time) {
	p := &m.probing
	p.asked = now
	switch what {
	case PingProbe:
		p.pings++
	case TrainProbe:
		p.trained, p.confirm = now, false
		if len(m.trips) > 0 {
			p.trip = m.trips[len(m.trips)-1] // not the median, which pings alone change, and none is asked for where trains are
		}
	}
}

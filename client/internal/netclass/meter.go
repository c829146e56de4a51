package netclass

import (
	"slices"
	"time"
)

// Class is what a link is worth.
type Class string

// The classes.
const (
	None Class = "none" // there is none, or the server cannot be reached
	Slow Class = "slow" // text moves, files wait
	Fast Class = "fast" // everything moves
)

// Kind is the platform's word for a network.
type Kind string

// The kinds. Whatever is not known here is as good as Unknown.
const (
	Unknown  Kind = ""
	Offline  Kind = "offline" // the platform says that there is no network
	GPRS     Kind = "2g"      // GPRS
	EDGE     Kind = "edge"
	UMTS     Kind = "3g"
	LTE      Kind = "lte"
	NR       Kind = "5g"
	WiFi     Kind = "wifi"
	Ethernet Kind = "ethernet"
)

// Kinds are all that the platform may say.
func Kinds() []Kind { return []Kind{Unknown, Offline, GPRS, EDGE, UMTS, LTE, NR, WiFi, Ethernet} }

// The borders. doc.go says how they work together.
const (
	SlowRoundTrip = 1400 * time.Millisecond // this or more is slow
	FastRoundTrip = time.Second             // below it a slow link may be fast again
	SlowRate      = 70_000                  // bits per second; below it is slow
	FastRate      = 100_000                 // from here on a slow link may be fast again

	// radioRoundTrip is what no 2G radio answers within: its frames and its scheduling take longer.
	radioRoundTrip = 300 * time.Millisecond
	// staleRoundTrip and staleRate are what a link that is called 2G cannot have: EDGE ends at 473 kbit/s, over 200 ms.
	staleRoundTrip = 200 * time.Millisecond
	staleRate      = 500_000
)

// memory is how much transfer time the throughput is taken from: the last of it.
const memory = 8 * time.Second

// Meter measures a link. The zero value knows nothing. It belongs to one goroutine at a time.
type Meter struct {
	kind      Kind
	metered   bool
	connected bool
	class     Class // of a link that there is: Slow, Fast; empty: not known yet
	trips     []time.Duration
	samples   []sample
	shortest  time.Duration // round trip of this connection; 0: none measured
	rate      int           // what the link was last found to carry, also from before the class changed

	probing probing
}

type sample struct {
	bytes int64
	took  time.Duration
}

// Link is what is known of a link.
type Link struct {
	Class      Class
	Kind       Kind // the platform's word
	Metered    bool // the platform's word: bytes cost money
	RoundTrip  time.Duration
	Throughput int  // bits per second that the link was seen to carry; 0: not known
	Measured   bool // whether the class rests on a measurement of this link, or on the word alone
}

// Link is what is known now.
func (m *Meter) Link() Link {
	l := Link{Class: m.Class(), Kind: m.kind, Metered: m.metered, RoundTrip: m.trip(), Throughput: m.rate, Measured: len(m.trips)+len(m.samples) > 0}
	return l
}

// Class is what the link is worth now.
func (m *Meter) Class() Class {
	switch {
	case !m.connected:
		return None
	case m.class == "":
		return Slow
	}
	return m.class
}

// Known tells whether the class is more than a guess.
func (m *Meter) Known() bool { return m.class != "" }

// Word takes the platform's word. Saying the same again changes nothing.
func (m *Meter) Word(kind Kind, metered bool) {
	m.metered = metered
	if kind == m.kind {
		return
	}
	m.kind = kind
	m.forget()
}

// Connected says that there is a connection; the network may be another one than before.
func (m *Meter) Connected() {
	m.connected = true
	m.forget()
}

// Lost says that there is no connection any more.
func (m *Meter) Lost() { m.connected = false }

// forget drops what was measured, and falls back on the word.
func (m *Meter) forget() {
	m.trips, m.samples, m.shortest, m.rate = nil, nil, 0, 0
	m.probing = probing{}
	switch m.kind {
	case GPRS, EDGE:
		m.class = Slow
	case UMTS, LTE, NR, WiFi, Ethernet:
		m.class = Fast
	default:
		m.class = ""
	}
}

// is2G tells what the word says.
func (m *Meter) is2G() bool { return m.kind == GPRS || m.kind == EDGE }

// trip is the median of the last round trips; 0: none.
func (m *Meter) trip() time.Duration {
	if len(m.trips) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(m.trips))
	return sorted[(len(sorted)-1)/2]
}

// RoundTrip takes a measured round trip. busy: something else of ours was on the link meanwhile; then it can only speak for the link.
func (m *Meter) RoundTrip(d time.Duration, busy bool) {
	if busy && d >= FastRoundTrip {
		return
	}
	if m.shortest == 0 || d < m.shortest {
		m.shortest = d
	}
	m.trips = append(m.trips, d)
	if len(m.trips) > 3 {
		m.trips = m.trips[1:]
	}
	m.decide()
}

// Moved takes a piece of transfer: so many bytes crossed, in this time.
func (m *Meter) Moved(bytes int64, took time.Duration) {
	if took <= 0 {
		took = time.Millisecond
	}
	m.samples = append(m.samples, sample{bytes, took})
	var all time.Duration
	for i := len(m.samples) - 1; i >= 0; i-- {
		if all += m.samples[i].took; all > memory && i > 0 && len(m.samples)-i >= 2 {
			m.samples = m.samples[i:]
			break
		}
	}
	m.decide()
}

// Train takes the time from the first ping of a train to the pong of its last.
func (m *Meter) Train(bytes int64, took time.Duration) {
	took = max(took-m.shortest, time.Millisecond)
	r := rate(bytes, took)
	poor := m.class == Fast && r < SlowRate
	if all, _, _ := m.carries(); poor && all >= SlowRate {
		m.samples = nil // what crossed before says nothing of the link now
	}
	m.Moved(bytes, took)
	_, _, worst := m.carries()
	good := m.class == Slow && r >= m.enough()
	m.probing.confirm = good && (len(m.samples) < 2 || worst < m.enough()) || m.class == Fast && poor && len(m.samples) < 2
	if m.class == Slow && !m.probing.confirm {
		m.probing.trains++
	}
}

// carries is the throughput of the last seconds in bits per second, and of the two last samples the better one and the worse one.
func (m *Meter) carries() (all, best, worst int) {
	var bytes int64
	var took time.Duration
	for _, s := range m.samples {
		bytes, took = bytes+s.bytes, took+s.took
	}
	if took == 0 {
		return 0, 0, 0
	}
	for i, s := range m.samples[max(0, len(m.samples)-2):] {
		r := rate(s.bytes, s.took)
		if i == 0 || r > best {
			best = r
		}
		if i == 0 || r < worst {
			worst = r
		}
	}
	return rate(bytes, took), best, worst
}

func rate(bytes int64, took time.Duration) int {
	return int(float64(bytes) * 8 / took.Seconds())
}

// decide is the rule.
func (m *Meter) decide() {
	trip, samples := m.trip(), len(m.samples)
	all, best, worst := m.carries()
	if samples > 0 {
		m.rate = all
	}
	slowTrip := len(m.trips) >= 2 && trip >= SlowRoundTrip
	slowRate := samples >= 2 && all < SlowRate && best < SlowRate
	before := m.class
	switch {
	case slowTrip, slowRate:
		m.class = Slow
	case m.class == Slow:
		below := FastRoundTrip
		if m.is2G() {
			below = staleRoundTrip
		}
		if samples >= 2 && worst >= m.enough() && len(m.trips) > 0 && trip < below {
			m.class = Fast
		}
	case m.class == "" && len(m.trips) > 0 && trip < radioRoundTrip:
		m.class = Fast
	case m.class == "" && samples > 0 && len(m.trips) > 0 && trip < SlowRoundTrip:
		m.class = Fast
		if all < FastRate {
			m.class = Slow
		}
	}
	if m.class == before || before == "" && m.class == Fast {
		return
	}
	// What made it slow says nothing of when it is better, and the other way round.
	if m.class == Slow {
		m.samples, m.probing = nil, probing{asked: m.probing.asked}
	}
	m.trips = m.trips[max(0, len(m.trips)-1):]
}

// enough is the throughput at which a slow link is fast again.
func (m *Meter) enough() int {
	if m.is2G() {
		return staleRate
	}
	return FastRate
}

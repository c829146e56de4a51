package slowlink

import (
	"math/rand/v2"
	"sync"
	"time"
)

// line is one direction of the link: a wire that carries one packet at a time, then half a round trip of distance.
type line struct {
	mu   sync.Mutex
	free time.Time // when the wire has carried what was given to it
}

const (
	minPacket = 1400     // bytes, as on real wires
	maxPacket = 32 << 10 // of fast lines, which would have to be woken too often otherwise
	// tick is the time on the wire that a packet is made to take: what a sleep can tell apart.
	tick = 2 * time.Millisecond
)

// packet is how many bytes a packet of this class has.
func (c Class) packet() int {
	if c.Rate == 0 {
		return maxPacket
	}
	return min(max(int(float64(c.Rate)/8*tick.Seconds()), minPacket), maxPacket)
}

// carry reserves the wire for n bytes: the packet may be followed by the next one of its connection at sent, and is at the other end at there.
func (l *line) carry(c Class, n int, now time.Time) (sent, there time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.Before(now) {
		l.free = now
	}
	if c.Rate > 0 {
		l.free = l.free.Add(time.Duration(float64(n*8) / float64(c.Rate) * float64(time.Second)))
	}
	sent, there = l.free, l.free.Add(c.RoundTrip/2)
	if c.Loss > 0 && rand.Float64() < c.Loss {
		there = there.Add(c.RoundTrip)
	}
	return sent, there
}

// clear forgets what was on the wire: the link broke, or is another one.
func (l *line) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.free = time.Time{}
}

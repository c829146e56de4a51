// Package backoff says how long to wait before trying a server again: exponential, with full jitter, so that a thousand
// phones that lost one server don't come back in the same second.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// The bounds of a delay.
const (
	First = 500 * time.Millisecond // the ceiling of the first delay
	Max   = 60 * time.Second       // the ceiling that it grows to
	// maxBelieve is the longest "come back in" that is believed, of a server or of what stands before it.
	maxBelieve = 5 * time.Minute
)

// Backoff gives delays. The zero value is ready. It belongs to one goroutine.
type Backoff struct {
	// Random gives numbers in [0, 1). Nil: the runtime's own source.
	Random func() float64
	failed int
}

// Next is the delay before the next attempt, after one more that failed: anything from nothing to the ceiling, which
// doubles each time from First to Max.
func (b *Backoff) Next() time.Duration { return b.NextWithin(Max) }

// NextWithin is Next with a ceiling that is no higher than limit, nor lower than First: who has been without a server for some seconds need
// not sleep for longer.
func (b *Backoff) NextWithin(limit time.Duration) time.Duration {
	ceiling := Max
	if b.failed < 16 { // beyond it the shift says nothing more
		ceiling = min(Max, First<<b.failed)
	}
	ceiling = min(ceiling, max(limit, First))
	b.failed++
	return b.upTo(ceiling)
}

// Soon is the delay before an attempt that is expected to succeed: the server said that nothing is wrong.
func (b *Backoff) Soon() time.Duration { return b.upTo(First) }

// Told is the delay of one whom a server told to come back after some time: no less, five minutes at most, and up to a quarter more, a second at least, so that
// those who were told the same do not come at once.
func (b *Backoff) Told(after time.Duration) time.Duration {
	after = min(after, maxBelieve)
	return after + b.upTo(max(after/4, time.Second))
}

// Reset forgets the failures: the last attempt went well.
func (b *Backoff) Reset() { b.failed = 0 }

func (b *Backoff) upTo(ceiling time.Duration) time.Duration {
	random := b.Random
	if random == nil {
		random = rand.Float64
	}
	return time.Duration(random() * float64(ceiling))
}

// Wait waits, unless ctx ends first: then the answer is its error.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

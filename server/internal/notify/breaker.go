package notify

import "time"

// A service that fails as a whole is left alone for a while, with all that is for it, and then asked by one message at a time.
const (
	breakAfter = 5 // failures one after another
	minBroken  = 15 * time.Second
	maxBroken  = 5 * time.Minute
	spread     = 2 * time.Second
)

type breaker struct {
	failures int       // one after another
	until    time.Time // not before
	asking   bool      // one message tries whether it is there again
}

// passes tells whether a message may be sent to a service now; else when to come again. n.mu is held.
func (n *Notifier) passes(service string, now time.Time) (bool, time.Time) {
	b := n.broken[service]
	if b == nil || b.failures < breakAfter && !b.until.After(now) {
		return true, time.Time{}
	}
	switch {
	case b.until.After(now):
		return false, b.until
	case b.asking:
		return false, now.Add(minBroken)
	}
	b.asking = true
	return true, time.Time{}
}

// leftAlone is until when a service is left alone, a little spread, so that not all that waits for it comes at once; the zero time: it is not.
func (n *Notifier) leftAlone(service string) time.Time {
	now := n.opt.Now()
	n.mu.Lock()
	defer n.mu.Unlock()
	if b := n.broken[service]; b != nil && b.until.After(now) {
		return b.until.Add(time.Duration(n.opt.Random() * float64(spread)))
	}
	return time.Time{}
}

// noted notes what came of a message to a service. n.mu is held.
func (n *Notifier) noted(service string, outage bool, retryAfter time.Duration, now time.Time) {
	if !outage {
		delete(n.broken, service)
		return
	}
	b := n.broken[service]
	if b == nil {
		b = &breaker{}
		n.broken[service] = b
	}
	b.failures++
	b.asking = false
	if retryAfter > 0 {
		b.until = now.Add(retryAfter)
	}
	if b.failures >= breakAfter {
		pause := min(minBroken<<min(b.failures-breakAfter, 6), maxBroken)
		if until := now.Add(pause); until.After(b.until) {
			b.until = until
		}
	}
}

// Broken gives the services that are left alone now, and until when.
func (n *Notifier) Broken() map[string]time.Time {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := map[string]time.Time{}
	for service, b := range n.broken {
		if b.until.After(n.opt.Now()) {
			out[service] = b.until
		}
	}
	return out
}

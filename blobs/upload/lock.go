package upload

import (
	"context"

	"github.com/tus/tusd/v2/pkg/handler"
)

// locker has a request that holds an upload's lock give way to the next only once it reads its body. Before that tusd does not know what to end: it
// would look for the body while the request is still making it, and the request, which ends nothing then, would hold the lock until its
// client, gone perhaps, falls silent for too long.
type locker struct{ handler.Locker }

// NewLock implements handler.Locker.
func (l locker) NewLock(id string) (handler.Lock, error) {
	inner, err := l.Locker.NewLock(id)
	return lock{inner: inner}, err
}

type lock struct{ inner handler.Lock }

// Lock implements handler.Lock.
func (l lock) Lock(ctx context.Context, giveWay func()) error {
	c := callOf(ctx)
	return l.inner.Lock(ctx, func() { c.giveWay(giveWay) })
}

// Unlock implements handler.Lock.
func (l lock) Unlock() error { return l.inner.Unlock() }

// giveWay ends the call, as soon as it reads.
func (c *call) giveWay(end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reads {
		end()
	} else {
		c.yield = end
	}
}

// begins notes that the call reads its body from now on.
func (c *call) begins() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reads = true; c.yield != nil {
		c.yield()
	}
}

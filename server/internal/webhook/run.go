package webhook

import (
	"context"
	"errors"
	"sync"
	"time"

	"fieldsync/crdt/store"

	"github.com/google/uuid"
)

// maxDeliveries bounds the deliveries under way at once, of all hooks: a receiver that is slow takes one for seconds.
const maxDeliveries = 32

// failedPause is how long a hook is left alone when our own store failed.
const failedPause = 10 * time.Second

// Run delivers until ctx ends; then what is under way is broken off, and tried again by the next Run.
func (w *Webhooks) Run(ctx context.Context) {
	if err := w.dropOrphans(); err != nil && !errors.Is(err, store.ErrClosed) {
		w.opt.Log.Warn("queues of deleted webhooks were not dropped", "error", err)
	}
	var working sync.WaitGroup
	defer working.Wait()
	slots := make(chan struct{}, maxDeliveries)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.wake:
		case <-timer.C:
		}
		due, next := w.due()
		for _, id := range due {
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			working.Go(func() {
				w.work(ctx, id)
				<-slots
				w.kick()
			})
		}
		timer.Reset(next)
	}
}

// longest is how long Run waits where nothing is due.
const longest = time.Hour

// due gives the hooks to look at now, which count as running from then on, and how long until the next.
func (w *Webhooks) due() (ids []string, next time.Duration) {
	now := w.opt.Now()
	next = longest
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, s := range w.hooks {
		switch {
		case s.running || s.next.Equal(never):
		case s.next.After(now):
			next = min(next, s.next.Sub(now))
		default:
			s.running, s.again = true, false
			ids = append(ids, id)
		}
	}
	return ids, next
}

// never is when a hook is looked at again for which nothing waits.
var never = time.Unix(1<<40, 0)

// inOneGo is how many messages a hook gets before others have their turn, and oneGo for how long it does: receivers that take their time are
// not to keep those of others waiting for more than one message.
const (
	inOneGo = 20
	oneGo   = 2 * time.Second
)

// work looks at a hook until nothing is due, or it has had its turn.
func (w *Webhooks) work(ctx context.Context, id string) {
	began := w.opt.Now()
	for n := 1; ; n++ {
		next, err := w.deliver(ctx, id)
		if err != nil {
			if ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
				w.opt.Log.Error("a webhook's queue failed", "hook", id, "error", err)
			}
			next = w.opt.Now().Add(failedPause)
		}
		if next.IsZero() {
			next = never
		}
		if w.pause(id, next, n >= inOneGo || w.opt.Now().Sub(began) > oneGo || ctx.Err() != nil) {
			return
		}
	}
}

// pause ends the work on a hook until next; false: there is more to do now, and its turn is not over.
func (w *Webhooks) pause(id string, next time.Time, over bool) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.hooks[id]
	if s == nil {
		return true // deleted meanwhile
	}
	if s.again && next.Equal(never) {
		next = w.opt.Now()
	}
	s.again = false
	if !over && !next.After(w.opt.Now()) {
		return false
	}
	s.running, s.next = false, next
	return true
}

// dropOrphans removes what was queued for hooks while they were deleted.
func (w *Webhooks) dropOrphans() error {
	for _, kind := range []byte{kindQueue, kindLog} {
		prefix := store.API(kind)
		from := prefix
		for from != nil {
			at := from
			from = nil
			orphan := ""
			if err := w.opt.Store.Scan(prefix, at, func(key, _ []byte) error {
				if len(key) < len(prefix)+16 {
					return nil
				}
				id := uuid.UUID(key[len(prefix):][:16]).String()
				if _, ok := w.get(id); !ok {
					orphan = id
				}
				from = append(hookPrefix(kind, id), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
				return store.ErrStop
			}); err != nil {
				return err
			}
			if orphan != "" {
				if err := w.purge(orphan, kind); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

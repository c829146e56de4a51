package auth

import (
	"context"
	"sync"

	"fieldsync/server/internal/access"
)

// holds are the requests that are under way, so that they can be ended.
type holds struct {
	mu  sync.Mutex
	all map[*hold]struct{}
}

type hold struct {
	principal access.Principal
	cancel    context.CancelCauseFunc
}

// add gives a context that end ends, and what to call when the request is over.
func (h *holds) add(ctx context.Context, p access.Principal) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	entry := &hold{principal: p, cancel: cancel}
	h.mu.Lock()
	h.all[entry] = struct{}{}
	h.mu.Unlock()
	return ctx, func() {
		h.mu.Lock()
		delete(h.all, entry)
		h.mu.Unlock()
		cancel(nil)
	}
}

// end ends the requests of those for whom the function says yes.
func (h *holds) end(whose func(access.Principal) bool, why error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for entry := range h.all {
		if whose(entry.principal) {
			entry.cancel(why)
		}
	}
}

// hold gives the context of a request: it ends when its principal's credential is revoked or expires, or when the user is
// disabled or gets another role. authenticate finds the principal; it is asked again if accounts changed just then, so that
// nobody slips through between being let in and being known here.
func (a *Auth) hold(ctx context.Context, authenticate func() (access.Principal, error)) (context.Context, access.Principal, func(), error) {
	for {
		before := a.cache.now()
		p, err := authenticate()
		if err != nil {
			return nil, access.Principal{}, nil, err
		}
		held, release := a.holds.add(ctx, p)
		if a.cache.now() == before {
			if p.Expires.IsZero() {
				return held, p, release, nil
			}
			held, cancel := context.WithTimeoutCause(held, p.Expires.Sub(a.now()), errExpired)
			return held, p, func() { cancel(); release() }, nil
		}
		release()
	}
}

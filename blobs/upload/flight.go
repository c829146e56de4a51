package upload

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fieldsync/blobs"
)

const (
	// maxFlights is how many parts of one chunk are on their way at once: a store takes one part by one thread, and hashes it.
	maxFlights = 3
	// maxExtra is how many parts all chunks together may hold in memory beyond one on its way and one that is read, of each.
	maxExtra = 16
	// ahead is how many numbers a commit reserves, so that parts can follow before the next one.
	ahead = 8
)

// flight is a part on its way to the store.
type flight struct {
	part   blobs.Part
	buf    []byte // as it was read
	data   []byte // with the pieces before it
	pieces []piece
	seen   int64         // where the part ends
	state  []byte        // of the check, there
	landed chan struct{} // closed when it counts, or never will
}

// number gives the next part or piece its number; under mu. A process uses no number above the one that stands in the state, so that
// another that takes the upload over knows which are left to it.
func (a *appender) number(ctx context.Context) (int, error) {
	up, n := a.up, a.up.next
	if n > blobs.MaxParts {
		return 0, fmt.Errorf("upload: %w: it came in more than %d parts", blobs.ErrTooLarge, blobs.MaxParts)
	}
	if n > up.n.Next {
		if err := a.commit(ctx, ahead); err != nil {
			return 0, err
		}
	}
	up.next++
	return n, nil
}

// begin makes the growing file, if there is none; under mu.
func (a *appender) begin(ctx context.Context) (err error) {
	up := a.up
	if up.n.Token != "" {
		return nil
	}
	if up.n.Token, err = up.u.cfg.Store.BeginFile(ctx, up.growing()); err != nil {
		return err
	}
	if err = a.commit(ctx, ahead); err == nil { // so that it is found when the upload is removed
		return nil
	}
	// It may have been written all the same, with the answer lost.
	if now, lerr := up.u.load(ctx, up.owner.Space, up.id); lerr == nil && now.n.Token != up.n.Token {
		err = errors.Join(err, up.u.cfg.Store.DropFile(ctx, up.growing()))
	}
	return err
}

// sendPart makes a part of the pieces and buf, and lets it go; the caller reads on.
func (a *appender) sendPart(ctx context.Context) error {
	up := a.up
	for len(a.flights) > 0 && !a.mayFly() {
		a.await()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed != nil {
		return a.failed
	}
	f := &flight{buf: a.buf, data: a.buf, seen: a.sum.Seen(), landed: make(chan struct{})}
	var err error
	if f.state, err = a.sum.State(); err != nil {
		return err
	}
	if len(a.flights) == 0 { // only then there are pieces
		f.pieces = up.n.Pieces
		if f.data, err = up.gather(ctx, a.buf); err != nil {
			return err
		}
	}
	if err := a.begin(ctx); err != nil {
		return err
	}
	f.part = blobs.Part{Offset: f.seen - int64(len(f.data)), Size: int64(len(f.data))}
	if f.part.Number, err = a.number(ctx); err != nil {
		return err
	}
	var before chan struct{}
	if n := len(a.flights); n > 0 {
		before = a.flights[n-1].landed
	}
	growing, part := up.growing(), f.part
	go func() {
		defer close(f.landed)
		tag, err := up.u.cfg.Store.PutPart(ctx, growing, part, f.data)
		if before != nil {
			<-before
		}
		a.land(ctx, f, tag, err)
	}()
	a.airborne++
	a.flights = append(a.flights, f)
	a.buf, a.base, a.flushed = nil, f.seen, time.Now()
	return nil
}

// mayFly tells whether another part may go now: each chunk has one part of its own, more are of what all share.
func (a *appender) mayFly() bool {
	n := len(a.flights)
	if n >= maxFlights {
		return false
	}
	for a.extra < n {
		select {
		case a.up.u.extra <- struct{}{}:
			a.extra++
		default:
			return false
		}
	}
	return true
}

// await waits until the first of the parts on their way is through.
func (a *appender) await() {
	f := a.flights[0]
	<-f.landed
	a.flights = a.flights[1:]
	a.spare = append(a.spare, f.buf)
}

// land counts a part that the store has, if those before it came there too. It is committed at once if none follows: while many
// do, each FlushAfter.
func (a *appender) land(ctx context.Context, f *flight, tag string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.airborne--
	if a.failed != nil {
		return
	}
	if a.failed = err; err != nil {
		return
	}
	up := a.up
	f.part.Tag = tag
	up.n.Parts, up.n.Offset, up.n.Hash = append(up.n.Parts, f.part), f.seen, f.state
	a.settled++
	if len(f.pieces) > 0 {
		up.n.Pieces = nil
	}
	if len(f.pieces) > 0 || a.airborne == 0 || time.Since(a.committed) > up.u.cfg.FlushAfter {
		if a.failed = a.commit(ctx, 0); a.failed == nil {
			a.failed = up.removePieces(ctx, f.pieces)
		}
	}
}

// settleAll waits for all parts on their way; those that came before the first that failed count.
func (a *appender) settleAll(ctx context.Context) error {
	for len(a.flights) > 0 {
		a.await()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.settled == 0 {
		return a.failed
	}
	return errors.Join(a.failed, a.commit(ctx, 0))
}

// commit writes the state: what was settled counts. It reserves so many numbers.
func (a *appender) commit(ctx context.Context, numbers int) error {
	if err := a.up.reserve(ctx, numbers); err != nil {
		return err
	}
	a.settled, a.committed = 0, time.Now()
	return nil
}

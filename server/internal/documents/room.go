package documents

import (
	"context"
	"sync/atomic"

	"fieldsync/crdt"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"

	"golang.org/x/sync/semaphore"
)

// roomBytes is how much memory the engine's documents may take together, as history.Weight counts it: hundreds of common jobs, or four of
// those that claim as much as a few bytes may. A heavier document waits until there is no other.
const roomBytes = 256 << 20

// ErrTooHeavy is the answer about a document that is too large to be loaded. Admission takes none such; it was there before admission weighed
// them. Its kind is TooLarge.
var ErrTooHeavy = crdt.Errorf(crdt.KindTooLarge, "the document holds more operations and objects than can be loaded")

// Room bounds the memory of the documents that are in the engine at once, views of them at earlier heads included.
type Room struct {
	size  int64
	free  *semaphore.Weighted
	taken atomic.Int64
}

// NewRoom makes the room that one process needs: all who load documents share it.
func NewRoom() *Room { return newRoom(roomBytes) }

func newRoom(size int64) *Room { return &Room{size: size, free: semaphore.NewWeighted(size)} }

// take waits until there is room for a document, so many times: all at once, so that nobody waits for more while he has some. What it weighs
// is counted without making more of its bytes than they are.
func (r *Room) take(ctx context.Context, chunks [][]byte, times int64) (release func(), err error) {
	var amount format.Amount
	for _, chunk := range chunks {
		one, err := format.Count(chunk, format.DefaultLimits())
		if err != nil {
			return nil, crdt.Errorf(crdt.KindInternal, "documents: %w", err)
		}
		amount.Add(one)
	}
	weight := int64(history.Weight(amount))
	if weight > history.MaxWeight {
		return nil, ErrTooHeavy
	}
	weight *= times
	share := min(weight, r.size)
	if err := r.free.Acquire(ctx, share); err != nil {
		return nil, unavailable(err)
	}
	r.taken.Add(weight)
	return func() {
		r.taken.Add(-weight)
		r.free.Release(share)
	}, nil
}

// snapshot is engine.Snapshot in this room.
func (r *Room) snapshot(changes [][]byte) ([]byte, error) {
	release, err := r.take(context.Background(), changes, 1) // whoever has room gives it back soon
	if err != nil {
		return nil, err
	}
	defer release()
	return engine.Snapshot(changes)
}

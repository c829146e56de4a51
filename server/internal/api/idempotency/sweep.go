package idempotency

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"fieldsync/crdt/store"
)

// sweepEvery is how often expired answers are looked for.
const sweepEvery = time.Minute

// Run forgets what has expired, until ctx ends.
func (k *Keeper) Run(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := k.Sweep(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, store.ErrClosed) {
			log.Warn("idempotency keys not swept", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Sweep forgets what has expired by now.
func (k *Keeper) Sweep(ctx context.Context) error {
	for ctx.Err() == nil {
		n, err := k.sweepSome()
		if err != nil || n == 0 {
			return err
		}
	}
	return ctx.Err()
}

// sweepSome forgets some, and tells how many.
func (k *Keeper) sweepSome() (int, error) {
	k.writes.Lock()
	defer k.writes.Unlock()
	gone, err := k.expired()
	if err != nil || len(gone) == 0 {
		return 0, err
	}
	var ops []store.Op
	owners := map[string]int{}
	for _, g := range gone {
		ops = append(ops, store.Op{Key: expiryKey(g.at, g.hash)})
		value, err := k.store.Get(store.API(kindAnswer, g.hash[:]))
		var e entry
		if err != nil || json.Unmarshal(value, &e) != nil || e.Expires != g.at {
			continue // it was renewed
		}
		ops = append(ops, store.Op{Key: store.API(kindAnswer, g.hash[:])})
		owners[e.Owner]++
	}
	if err := store.Write(k.store, ops); err != nil {
		return 0, err
	}
	for owner, n := range owners {
		k.count(owner, -n)
	}
	return len(gone), nil
}

type expiry struct {
	at   int64
	hash [32]byte
}

func (k *Keeper) expired() (out []expiry, err error) {
	prefix := store.API(kindExpires)
	now := k.now().UnixMilli()
	err = k.store.Scan(prefix, nil, func(key, _ []byte) error {
		rest := key[len(prefix):]
		if len(rest) != 40 {
			return nil
		}
		at := int64(binary.BigEndian.Uint64(rest))
		if at > now || len(out) >= sweepBatch {
			return store.ErrStop
		}
		out = append(out, expiry{at: at, hash: [32]byte(rest[8:])})
		return nil
	})
	return out, err
}

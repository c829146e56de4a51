package index

import (
	"context"
	"errors"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/drive"
	"fieldsync/crdt/replica"
	"fieldsync/crdt/store"
	"fieldsync/server/internal/access"
)

const (
	// passRoom is how many documents a pass over all of them keeps waiting at most: the rest of the queue is for those that
	// change meanwhile.
	passRoom = 2_000

	// passView is how many records are read from one state of the store.
	passView = 256

	// missedEvery is how often it is looked whether the queue was full, which a pass over all documents makes good.
	missedEvery = 5 * time.Second

	// dropBatch is how many keys are removed in one write.
	dropBatch = 4_000
)

// reconcile finds what a crash left undone, and from then on what a full queue has missed.
func (x *Index) reconcile() {
	x.compare()
	close(x.compared)
	tick := time.NewTicker(missedEvery)
	defer tick.Stop()
	for {
		select {
		case <-x.ctx.Done():
			return
		case <-tick.C:
		}
		if x.queue.missed() {
			x.compare()
		}
	}
}

// settled waits until all is done that was known when it was called.
func (x *Index) settled(ctx context.Context) error {
	if x.compared != nil {
		select {
		case <-x.compared:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return x.awaitQueue(ctx, time.Now(), func() {})
}

// compare is a pass that nobody waits for: what goes wrong with it is in the log, and it is done again later.
func (x *Index) compare() { _ = x.settlePass(x.ctx, false, func(Progress) {}) }

// settlePass is pass, and says in the log what it comes to.
func (x *Index) settlePass(ctx context.Context, anew bool, progress func(Progress)) error {
	started := time.Now()
	n, err := x.pass(ctx, anew, progress)
	switch {
	case ctx.Err() != nil || errors.Is(err, store.ErrClosed):
		return errors.Join(err, ctx.Err())
	case err != nil:
		x.log.Error("index not compared with the documents", "error", err.Error())
		x.queue.miss()
	case n > 0 || anew:
		x.log.Info("index compared with the documents", "documents", n, "took", time.Since(started))
	}
	return err
}

// Progress says how far a rebuild is.
type Progress struct {
	Done, Total int // documents
}

// Rebuild makes all rows anew. Lists lack what is not made yet; nobody is told of rows that have not changed. It returns when all of
// them are durable and the full text knows them. progress is called now and then, by one goroutine.
func (x *Index) Rebuild(ctx context.Context, progress func(Progress)) error {
	if err := x.settlePass(ctx, true, progress); err != nil {
		return err
	}
	if x.text != nil {
		return x.text.caughtUp(ctx)
	}
	return nil
}

// pass goes through all documents, and has the rows made of those that differ from them. With anew, or where the store's entries are
// of another layout, all entries are dropped before. It returns when the rows are durable, and gives how many documents it has put
// on the list.
func (x *Index) pass(ctx context.Context, anew bool, progress func(Progress)) (int, error) {
	x.passing.Lock()
	defer x.passing.Unlock()
	st, err := readState(x.opt.Store)
	if err != nil {
		return 0, err
	}
	if anew || st.layout != layoutVersion || st.phase == phaseDropping {
		x.ready.Store(false)
		if st, err = x.renew(ctx, st); err != nil {
			return 0, err
		}
	}
	total := 0
	if anew {
		if err := x.documents(ctx, func(store.Reader, crdt.DocID) error { total++; return nil }); err != nil {
			return 0, err
		}
	}
	seen, put := 0, 0
	report := func() {
		queued, _ := x.queue.len()
		progress(Progress{Done: max(0, seen-queued), Total: max(total, seen)})
	}
	var stale []crdt.DocID
	flush := func() {
		for _, doc := range stale {
			now := time.Now()
			x.queue.push(item{doc: doc, since: now, due: now}, passRoom)
			put++
		}
		stale = stale[:0]
		report()
	}
	if err := x.documents(ctx, func(r store.Reader, doc crdt.DocID) error {
		seen++
		fresh, err := x.fresh(r, doc)
		if err != nil {
			return err
		}
		if !fresh {
			stale = append(stale, doc)
		}
		return nil
	}, flush); err != nil {
		return put, err
	}
	if err := x.awaitQueue(ctx, time.Now(), report); err != nil {
		return put, err
	}
	if st.phase != phaseComplete {
		if err := x.forget(ctx, st.gen); err != nil {
			return put, err
		}
		st.phase = phaseComplete
		if err := store.Write(x.opt.Store, []store.Op{st.op()}); err != nil {
			return put, err
		}
	}
	x.ready.Store(true)
	return put, nil
}

// awaitQueue waits until nothing is left to do of what was known before a time.
func (x *Index) awaitQueue(ctx context.Context, before time.Time, report func()) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		report()
		if _, oldest := x.queue.len(); oldest.IsZero() || oldest.After(before) {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		case <-x.ctx.Done():
			return x.ctx.Err()
		}
	}
}

// documents visits the inner id of each document, some of them in one state of the store, and calls between with no state held.
func (x *Index) documents(ctx context.Context, visit func(r store.Reader, doc crdt.DocID) error, between ...func()) error {
	next := store.DocsPrefix()
	for next != nil {
		if err := errors.Join(ctx.Err(), x.ctx.Err()); err != nil {
			return err
		}
		if err := x.opt.Store.View(func(r store.Reader) error {
			for range passView {
				var doc crdt.DocID
				found := false
				if err := r.Scan(store.DocsPrefix(), next, func(key, _ []byte) error {
					doc, found = store.ParseKey(key).Doc, true
					return store.ErrStop
				}); err != nil {
					return err
				}
				if !found {
					next = nil
					return nil
				}
				next = store.AfterDoc(doc)
				if err := visit(r, doc); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
		for _, f := range between {
			f()
		}
	}
	return nil
}

// fresh tells whether a document has the row that it should have. One whose record cannot be read has it: there is nothing to
// make a row of, and whoever opens the document says so.
func (x *Index) fresh(r store.Reader, doc crdt.DocID) (bool, error) {
	rec, err := drive.ReadRecord(r, doc)
	switch {
	case errors.Is(err, store.ErrClosed):
		return false, err
	case err != nil:
		return true, nil //nolint:nilerr // as above
	}
	meta, err := access.DecodeRecord(rec.Meta)
	if err != nil || validOrg(meta.Org) != nil {
		return true, nil //nolint:nilerr // as above
	}
	names, err := x.namespace(meta.Org)
	if err != nil {
		return false, err
	}
	row, err := readRow(r, orgKeys{meta.Org}, names.Outer(doc))
	switch {
	case errors.Is(err, store.ErrNotFound):
		return !indexed(meta.Kind), nil
	case errors.Is(err, errHeader):
		return false, nil
	case err != nil:
		return false, err
	case row.gen != x.gen.Load():
		return false, nil
	case !indexed(meta.Kind):
		return row.gone(), nil
	}
	return !row.gone() && row.digest == replica.DigestHeads(rec.Heads), nil
}

// renew begins a new generation: all that follows from the rows is removed. The rows themselves stay, with their places in the
// feed, until they are made anew.
func (x *Index) renew(ctx context.Context, st state) (state, error) {
	x.writing.Lock()
	defer x.writing.Unlock()
	st = state{layout: layoutVersion, gen: st.gen + 1, phase: phaseDropping}
	if err := store.Write(x.opt.Store, []store.Op{st.op()}); err != nil {
		return st, err
	}
	x.gen.Store(st.gen)
	if x.text != nil {
		if err := x.text.empty(); err != nil {
			return st, err
		}
	}
	if err := x.eachOrg(func(o orgKeys) error {
		for _, p := range []byte{partCounter, partEntry, partFeed, partHolders, partLookup, partText} {
			if err := x.drop(ctx, o.part(p)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		return st, err
	}
	st.phase = phaseFilling
	return st, store.Write(x.opt.Store, []store.Op{st.op()})
}

// drop removes all keys with a prefix.
func (x *Index) drop(ctx context.Context, prefix []byte) error {
	for {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var ops []store.Op
		if err := x.opt.Store.Scan(prefix, nil, func(key, _ []byte) error {
			ops = append(ops, store.Op{Key: append([]byte{}, key...)})
			if len(ops) == dropBatch {
				return store.ErrStop
			}
			return nil
		}); err != nil || len(ops) == 0 {
			return err
		}
		if err := store.Write(x.opt.Store, ops); err != nil {
			return err
		}
	}
}

// forget lets the rows of earlier generations go whose documents make none any more: nothing has made them anew.
func (x *Index) forget(ctx context.Context, gen uint32) error {
	return x.eachOrg(func(o orgKeys) error {
		next := o.part(partRow)
		for next != nil {
			if err := errors.Join(ctx.Err(), x.ctx.Err()); err != nil {
				return err
			}
			var rows []made
			n, from := 0, next
			next = nil
			if err := x.opt.Store.Scan(o.part(partRow), from, func(key, value []byte) error {
				if row, err := decodeRow(value); err != nil || row.gen != gen {
					rows = append(rows, made{doc: docOf(key), org: o.org})
				}
				if n++; n == passView {
					next = append(append([]byte{}, key...), 0)
					return store.ErrStop
				}
				return nil
			}); err != nil {
				return err
			}
			if err := x.put(rows); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachOrg visits each organisation that has rows.
func (x *Index) eachOrg(visit func(o orgKeys) error) error {
	var all []orgKeys
	if err := x.opt.Store.View(func(r store.Reader) error {
		return orgs(r, func(o orgKeys) error { all = append(all, o); return nil })
	}); err != nil {
		return err
	}
	for _, o := range all {
		if err := visit(o); err != nil {
			return err
		}
	}
	return nil
}

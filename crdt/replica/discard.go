package replica

import (
	"maps"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/syncproto"
)

// Made is a change that takes the place of others.
type Made struct {
	Raw     []byte // a type 1 chunk
	Arrived int64  // when the work in it was done here, ms since 1970
}

// rewriting is a Discard in the Persist that is out: the document as it was before, for the case that the store fails.
type rewriting struct {
	token     uint64
	graph     *history.History
	arrivals  []int64
	rec       Record
	snapshot  []byte
	covered   int
	firstTail uint64
	entries   []uint64
	durable   int
	states    map[string][]byte

	gone    []crdt.Hash
	dropped bool // the snapshot holds some of them
}

// discardNext takes up the next Discard that waits, unless a write is out, or about to go out.
func (d *Document) discardNext(b *Batch) {
	for len(d.discards) > 0 && d.writing < 0 && d.rewriting == nil && len(b.Persist) == 0 && d.corrupt == nil {
		ev := d.discards[0]
		d.discards = d.discards[1:]
		if err := d.discard(ev); err != nil || d.rewriting == nil {
			b.Notify = append(b.Notify, Discarded{Token: ev.Token, Err: err})
		}
	}
}

// discard puts the document without the changes in the place of the one that there is. The Persist that makes it so follows with
// this step; until it is durable, everything that it takes to go back is kept.
func (d *Document) discard(ev Discard) error {
	h := d.history()
	if h == nil {
		return d.corrupt
	}
	gone, first, err := d.mayGo(h, &ev)
	if err != nil || first < 0 {
		return err
	}
	left, err := h.Without(func(i int) bool { return gone[i] })
	if err != nil {
		return err
	}
	old := &rewriting{token: ev.Token, graph: h, arrivals: d.arrivals, rec: d.rec, snapshot: d.snapshot, covered: d.covered,
		firstTail: d.firstTail, entries: d.entries, durable: d.durable, states: d.unbuilt.syncStates}
	arrivals, durable := make([]int64, 0, len(d.arrivals)), 0
	for i := range h.Len() {
		if gone[i] {
			old.gone = append(old.gone, h.Hash(i))
			continue
		}
		arrivals = append(arrivals, d.arrivals[i])
		if i < d.durable {
			durable++
		}
	}
	for _, m := range ev.News {
		c, err := format.DecodeChange(m.Raw, format.DefaultLimits())
		if err != nil {
			return err
		}
		res, err := left.Admit(c, ev.Author, nil)
		if err == nil && len(res.Admitted) == 0 {
			err = &crdt.Refusal{Code: crdt.RefusedMissingDeps, Change: c.Hash, Detail: "is here already, or lacks what it depends on"}
		}
		if err != nil {
			return err
		}
		for range res.Admitted { // and whatever had waited for it
			arrivals = append(arrivals, m.Arrived)
		}
	}
	d.rewriting, d.graph, d.arrivals, d.durable = old, left, arrivals, durable
	d.entries, d.firstTail = nil, d.rec.Next
	if old.dropped = first < d.covered; old.dropped {
		d.snapshot, d.covered = nil, 0
	}
	d.forgetBuild()
	for i := range d.appended {
		d.appended[i].upto = left.Len() // all of it is in this Persist
	}
	d.beginAnew()
	return nil
}

// mayGo checks that the changes may go: the named ones by index, and the first of them; -1: none of them is here.
func (d *Document) mayGo(h *history.History, ev *Discard) (gone []bool, first int, err error) {
	gone, first = make([]bool, h.Len()), -1
	missing := 0
	for _, x := range ev.Changes {
		if i, ok := h.IndexOf(x); ok {
			gone[i] = true
		} else {
			missing++
		}
	}
	switch missing {
	case 0:
	case len(ev.Changes):
		return nil, -1, nil
	default:
		return nil, -1, crdt.Errorf(crdt.KindConflict, "some of the changes that are to be discarded are not here")
	}
	unshared := make([]bool, h.Len())
	for _, i := range h.Since(d.sharedWith(ev.Storage)) {
		unshared[i] = true
	}
	for i := range gone {
		switch {
		case !gone[i]:
			for _, dep := range h.Deps(i) {
				if gone[dep] {
					return nil, -1, crdt.Errorf(crdt.KindConflict, "another change was built on one that is to be discarded")
				}
			}
			continue
		case h.Author(i) != ev.Author:
			return nil, -1, crdt.Errorf(crdt.KindInvalid, "a change of somebody else's is not to be discarded")
		case !unshared[i]:
			return nil, -1, crdt.Errorf(crdt.KindConflict, "the peer holds a change that is to be discarded")
		case i >= d.durable:
			return nil, -1, crdt.Errorf(crdt.KindConflict, "a change that is to be discarded is not durable yet")
		}
		if first < 0 {
			first = i
		}
	}
	return gone, first, nil
}

// sharedWith gives what is shared with a storage: as its connection knows, or as it was stored.
func (d *Document) sharedWith(storage string) []crdt.Hash {
	for _, p := range d.peers {
		if p.Storage == storage {
			return p.state.SharedHeads()
		}
	}
	if state, err := syncproto.Restore(d.unbuilt.syncStates[storage], syncproto.Options{}); err == nil {
		return state.SharedHeads()
	}
	return nil
}

// beginAnew has all conversations begin anew: what they know of our changes, they know by index.
func (d *Document) beginAnew() {
	d.dirty = true
	for _, p := range d.peers {
		p.state.Unsay(d.view())
		p.blind.said, p.offered = nil, nil
		if d.Exists() {
			p.dirty = true
			d.tryAgain(p)
		} else {
			p.talking, p.dirty, p.shared, p.saved = false, false, nil, nil
		}
	}
}

// forgetBuild has a snapshot that is being built, or waits, come to nothing.
func (d *Document) forgetBuild() {
	d.tried = 0
	if d.finished != nil {
		d.finished, d.building = nil, false
	}
	d.stale = d.building
}

// persistDiscard puts into the batch what the document is to lose, and gives the index from which its changes are stored anew.
func (d *Document) persistDiscard(b *Batch) (from int) {
	r := d.rewriting
	b.Persist = append(b.Persist, DropChanges{Entries: r.entries, Snapshot: r.dropped, Gone: r.gone})
	for _, x := range r.gone {
		i, _ := r.graph.IndexOf(x)
		if _, writes := d.graph.Binding(r.graph.Actor(i)); r.graph.Seq(i) == 1 && !writes {
			b.Persist = append(b.Persist, DropActor{Actor: r.graph.Actor(i)})
		}
	}
	return d.covered
}

// persistNothing puts the end of the document into the batch, of which no change is left.
func (d *Document) persistNothing(b *Batch) {
	b.Persist = append(b.Persist, DropRecord{})
	for _, storage := range slices.Sorted(maps.Keys(d.unbuilt.syncStates)) {
		b.Persist = append(b.Persist, DropSyncState{Storage: storage})
	}
	d.unbuilt.syncStates = nil
	d.rec = Record{}
}

// undiscard takes a Discard back whose Persist failed: everything is as it was.
func (d *Document) undiscard(err error, b *Batch) {
	r := d.rewriting
	d.rewriting = nil
	d.graph, d.arrivals, d.rec, d.snapshot, d.covered = r.graph, r.arrivals, r.rec, r.snapshot, r.covered
	d.firstTail, d.entries, d.durable, d.unbuilt.syncStates = r.firstTail, r.entries, r.durable, r.states
	d.before = r.rec
	d.tried = 0
	b.Notify = append(b.Notify, Discarded{Token: r.token, Err: &crdt.Refusal{Code: crdt.RefusedStoreFailed, Detail: err.Error()}})
}

package replica

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/wire"
)

// stored: the Persist that was out is durable. What arrived meanwhile goes into the next.
func (d *Document) stored(b *Batch) {
	if d.writing < 0 {
		return
	}
	d.durable, d.writing = d.writing, -1
	put := d.putting
	if put != nil {
		d.snapshot, d.covered, d.firstTail = put.chunk, put.covered, put.to
		gone, _ := slices.BinarySearch(d.entries, put.to)
		d.entries = slices.Delete(d.entries, 0, gone)
		d.putting = nil
	}
	b.Notify = append(b.Notify, d.pending...)
	d.pending = nil
	if d.rewriting != nil {
		b.Notify = append(b.Notify, Discarded{Token: d.rewriting.token})
		d.rewriting = nil
	}
	kept := d.appended[:0]
	for _, a := range d.appended {
		if a.upto <= d.durable {
			b.Notify = append(b.Notify, Appended{Token: a.token})
		} else {
			kept = append(kept, a)
		}
	}
	d.appended = kept
	for _, p := range d.peers {
		p.contributed = p.contributed && d.len() > d.durable
	}
	d.dirty = true
	if put != nil {
		d.slim(put.arrived)
	}
	d.resumeBuilt(b)
	if d.durable-d.covered >= openSnapshotTail && !d.building && d.wantSnapshot() {
		d.build(b)
	}
}

// Release gives what may still leave of the After of the Persist that has just become durable; the caller asks before it
// reports Stored. What was meant for a peer that may not read any more is taken out. after is written to.
func (d *Document) Release(after []Out) []Out {
	return slices.DeleteFunc(after, func(o Out) bool {
		p := d.peer(o.Conn)
		return p == nil || o.Shared != nil && !p.access.Has(AccessRead)
	})
}

// resumeBuilt takes up a snapshot that waited for the store.
func (d *Document) resumeBuilt(b *Batch) {
	if ev := d.finished; ev != nil {
		d.finished = nil
		d.built(*ev, b)
	}
}

// storeFailed: nothing of the Persist was written. The document goes back to what is durable. Nobody was told of what is
// taken back; those who brought it are told to bring it again later, and begin anew, as only a new connection makes a
// plain automerge-repo client send it again.
func (d *Document) storeFailed(err error, b *Batch) {
	if d.writing < 0 {
		return
	}
	d.writing, d.pending, d.putting = -1, nil, nil
	lost := d.rewriting != nil
	if lost {
		d.undiscard(err, b)
	}
	lost = lost || d.graph != nil && d.graph.Len() > d.durable
	if lost {
		if terr := d.graph.Truncate(d.durable); terr != nil {
			d.corrupt = terr
			return
		}
		d.arrivals = d.arrivals[:d.durable]
		d.rec = d.before
		kept, _ := slices.BinarySearch(d.entries, d.rec.Next)
		d.entries = d.entries[:kept]
	}
	for _, a := range d.appended {
		b.Notify = append(b.Notify, Appended{Token: a.token, Err: &crdt.Refusal{Code: crdt.RefusedStoreFailed, Detail: err.Error()}})
	}
	d.appended = nil
	refusal := crdt.Refusal{Code: crdt.RefusedStoreFailed}
	for _, p := range d.peers {
		p.saved, p.unsaved = nil, d.cfg.KeepSyncStates
		if lost || d.held {
			// What was generated for it was thrown away: its state says that it was sent.
			p.state.Unsay(d.view())
			p.shared, p.blind.said, p.blind.brought = nil, nil, nil
			p.dirty = true
		}
		if !p.contributed {
			continue
		}
		p.contributed = false
		b.Notify = append(b.Notify, Refused{Conn: p.Conn, Author: p.Principal.Author(), Refusal: refusal})
		d.sendRefused(p, &refusal, true, b)
		// Whichever end called: the peer takes what it has sent for delivered as long as the connection lasts.
		b.Close = append(b.Close, Close{Conn: p.Conn, Code: wire.CloseTryAgainLater, Reason: "could not be stored, try again later"})
	}
	d.recheck(b)
	d.dirty = true
	d.resumeBuilt(b)
}

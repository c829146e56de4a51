package replica

import (
	"errors"
	"fmt"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// A snapshot is worth its building when the changes behind it are several, and weigh as much as it does: then the bytes
// written for compaction stay in proportion to those written for changes.
const (
	minSnapshotTail  = 4     // changes
	openSnapshotTail = 2_000 // changes; a document that never falls idle is compacted at this many

	// maxTailEntries is when a snapshot is made whatever it weighs: all entries that it replaces are removed at once, and a
	// phone's store takes 6,500 writes at once.
	maxTailEntries = 4_000
)

// Bounds of a document that is made a snapshot because a peer waits for it: a few dozen milliseconds of building.
const (
	maxDemanded      = 1_000     // changes
	maxDemandedBytes = 256 << 10 // of those that are in no snapshot yet
)

// ErrBuildLater answers a Build that there is no time for now: whoever waits gets the changes.
var ErrBuildLater = errors.New("replica: too many snapshots are being built")

// newSnapshot is a snapshot in a Persist.
type newSnapshot struct {
	chunk   []byte
	covered int
	to      uint64
	arrived []int64 // in the chunk's order
}

func (d *Document) tailBytes() int {
	n := 0
	for i := d.covered; i < d.durable; i++ {
		n += len(d.view().Raw(i))
	}
	return n
}

// snapshotOpen tells whether it is worth a look whether a snapshot pays.
func (d *Document) snapshotOpen() bool {
	return d.durable-d.covered >= minSnapshotTail && d.tried != d.durable
}

func (d *Document) wantSnapshot() bool {
	return d.snapshotOpen() && (d.tailBytes() >= len(d.snapshot) || len(d.entries) >= maxTailEntries)
}

// awaitsSnapshot tells whether a peer that holds nothing is better off waiting for a snapshot, which is several times smaller than the changes and serves
// whoever comes after it too.
func (d *Document) awaitsSnapshot(p *peer) bool {
	if p.Dialed || !p.talking || p.unavailable || !p.access.Has(AccessRead) || !p.state.SpeaksV2() || d.durable < d.len() || d.durable > maxDemanded || d.declined == d.durable {
		return false
	}
	if theirs, heard := p.state.TheirHeads(); !heard || len(theirs) > 0 {
		return false
	}
	return d.building && !d.stale || d.putting != nil || !d.building && d.wantSnapshot() && d.tailBytes() <= maxDemandedBytes
}

// slim gives up the change graph of a document whose snapshot has just become durable, and which nobody is talking about: its
// stored bytes take a fraction of the memory, and answer most of what is asked. The order of the changes becomes the snapshot's, so
// that no peer may be in the middle of anything.
func (d *Document) slim(arrived []int64) {
	if d.graph == nil || d.covered != d.graph.Len() || d.graph.WaitingCount() > 0 || d.finished != nil {
		return
	}
	for _, p := range d.peers {
		if p.dirty || !d.settled(p) {
			return
		}
	}
	h := d.graph
	actors := make([]PutActor, 0, h.NumActors())
	for i := range h.Len() {
		if h.Seq(i) == 1 {
			actors = append(actors, PutActor{Actor: h.Actor(i), Author: h.Author(i)})
		}
	}
	d.graph = nil
	d.arrivals = arrived
	d.unbuilt.len, d.unbuilt.tail, d.unbuilt.actors = d.covered, nil, actors
	for _, p := range d.peers {
		p.state.AssumeSynced(d.view(), p.state.SpeaksV2())
	}
}

// build asks for a document chunk of all durable changes.
func (d *Document) build(b *Batch) {
	h := d.history()
	if h == nil {
		return
	}
	d.tried, d.building = d.durable, true
	d.buildCovers = d.durable
	raws := make([][]byte, d.durable)
	for i := range raws {
		raws[i] = h.Raw(i)
	}
	b.Build = &Build{Raws: raws}
}

// built takes a document chunk in: only when decoding it gives exactly the changes that it was to hold, it replaces them.
func (d *Document) built(ev Built, b *Batch) {
	if !d.building {
		return
	}
	d.building = false
	if d.stale {
		d.stale = false
		return
	}
	if ev.Err == nil && d.writing >= 0 {
		d.building = true
		d.finished = &ev // the store is busy with this document: afterwards
		return
	}
	if errors.Is(ev.Err, ErrBuildLater) {
		d.tried, d.declined = 0, d.durable
		return
	}
	order, err := d.verifySnapshot(ev)
	if err != nil {
		b.Notify = append(b.Notify, SnapshotFailed{Err: err})
		return
	}
	arrivals := make([]int64, len(order))
	for i, at := range order {
		arrivals[i] = d.arrivals[at]
	}
	to := d.firstTail + uint64(d.buildCovers-d.covered)
	d.putting = &newSnapshot{chunk: ev.Chunk, covered: d.buildCovers, to: to, arrived: arrivals}
	gone, _ := slices.BinarySearch(d.entries, to)
	b.Persist = append(b.Persist, PutSnapshot{Value: appendSnapshot(nil, arrivals, ev.Chunk), From: d.firstTail, To: to,
		Entries: slices.Clone(d.entries[:gone])})
	d.dirty = true
}

// verifySnapshot decodes the chunk, and gives for each of its changes the index in our history.
func (d *Document) verifySnapshot(ev Built) ([]int, error) {
	if ev.Err != nil {
		return nil, ev.Err
	}
	h := d.history()
	if h == nil {
		return nil, d.corrupt
	}
	doc, err := format.DecodeDocument(ev.Chunk, format.DefaultLimits())
	if err != nil {
		return nil, fmt.Errorf("replica: the snapshot cannot be read: %w", err)
	}
	if len(doc.Changes) != d.buildCovers {
		return nil, fmt.Errorf("replica: the snapshot holds %d changes, not %d", len(doc.Changes), d.buildCovers)
	}
	order := make([]int, len(doc.Changes))
	seen := make(map[crdt.Hash]struct{}, len(doc.Changes))
	for i, c := range doc.Changes {
		at, ok := h.IndexOf(c.Hash)
		if _, twice := seen[c.Hash]; !ok || twice || at >= d.buildCovers {
			return nil, fmt.Errorf("replica: the snapshot holds a change that it should not: %s", c.Hash)
		}
		seen[c.Hash] = struct{}{}
		order[i] = at
	}
	return order, nil
}

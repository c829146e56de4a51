package replica

import (
	"bytes"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/syncproto"
	"fieldsync/crdt/wire"
)

// flush hands out what is to be persisted, and what the peers are to be told. While a Persist is out nothing is said:
// the history may hold more than what is durable. Its answer brings us back here.
func (d *Document) flush(now time.Time, b *Batch) {
	if d.writing >= 0 || !d.dirty || d.corrupt != nil {
		return
	}
	d.dirty = false
	d.before = d.rec // whatever this Persist is about, its failure takes back all that comes behind it
	d.persistChanges(b)
	out := &b.Send
	if len(b.Persist) > 0 {
		out = &b.After
	}
	var f round
	for _, p := range d.peers {
		if !p.dirty {
			continue
		}
		if d.awaitsSnapshot(p) {
			d.dirty = true
			if !d.building && d.putting == nil {
				d.build(b)
			}
			continue
		}
		p.dirty = false
		d.say(p, &f, out)
		d.noteShared(p, b)
		d.persistShared(p, b)
	}
	if len(b.Persist) > 0 {
		d.writing, d.held = d.len(), len(b.After) > 0
	}
}

// persistChanges puts the changes that are not durable into the batch, with the record that follows from them.
func (d *Document) persistChanges(b *Batch) {
	n := d.len()
	if n == d.durable && d.rewriting == nil {
		return
	}
	h := d.graph
	created := d.durable == 0 && d.rewriting == nil
	local := true
	from, looked := d.durable, d.durable
	if d.rewriting != nil {
		from, looked = d.persistDiscard(b), 0
	}
	d.putChanges(b, from)
	for i := d.durable; i < n; i++ {
		if h.Seq(i) == 1 {
			b.Persist = append(b.Persist, PutActor{Actor: h.Actor(i), Author: h.Author(i)})
		}
	}
	for _, p := range d.peers {
		local = local && !p.contributed
	}
	note := Changed{Heads: h.Heads(), From: d.durable, To: n, Created: created, Local: local}
	if n == 0 {
		d.pending = append(d.pending, note)
		d.persistNothing(b)
		return
	}
	d.rec.Heads = h.Heads()
	if d.cfg.Describe != nil {
		meta := d.cfg.Describe(d.id, d.rec.Meta, h, looked, Creator{d.rec.Creator, d.maker})
		note.MetaChanged = created || !bytes.Equal(meta, d.rec.Meta)
		d.rec.Meta, d.maker = meta, nil
	}
	note.Meta = d.rec.Meta
	b.Persist = append(b.Persist, PutRecord{Value: d.rec.Append(nil), Before: d.before.metaIf(!created), Meta: d.rec.Meta, From: d.durable, To: n})
	d.pending = append(d.pending, note)
	if note.MetaChanged {
		d.recheck(b)
	}
}

// A store takes so many writes and so many bytes of small values at once, and no more: a phone's 6,500 and 630 KB. What was
// written in one go offline, or comes with a first sync, may be a hundred times that. So what is over these bounds is
// put into few large entries, which stores keep apart.
const (
	maxSingles     = 256       // changes in entries of their own
	maxSingleBytes = 128 << 10 // of all of those
	runBytes       = 1 << 20   // of changes, from which an entry of several is full
)

// putChanges puts the changes from an index on into entries.
func (d *Document) putChanges(b *Batch, first int) {
	h, n := d.graph, d.len()
	size := 0
	for i := first; i < n; i++ {
		size += len(h.Raw(i))
	}
	single := n-first <= maxSingles && size <= maxSingleBytes
	for i := first; i < n; {
		var value []byte
		from := i
		if single {
			value = AppendEntry(nil, d.arrivals[i], h.Raw(i))
			i++
		} else {
			for size = 0; i < n && size < runBytes; i++ {
				size += len(h.Raw(i))
			}
			value = appendRun(make([]byte, 0, size+8*(i-from)), d.arrivals[from:i], func(k int) []byte { return h.Raw(from + k) })
		}
		b.Persist = append(b.Persist, PutChange{Index: d.rec.Next, Value: value})
		d.entries = append(d.entries, d.rec.Next)
		d.rec.Next += uint64(i - from)
	}
}

// round is what the peers share while one state goes out to all: those who need the same get the same bytes.
type round struct {
	fan    syncproto.Fanout
	data   []byte // the last sync message
	doc    crdt.DocID
	suffix []byte // its frame, for peers that call the document so
}

// say sends a peer what it should hear now, if anything.
func (d *Document) say(p *peer, f *round, out *[]Out) {
	if !p.talking {
		return
	}
	if d.Exists() && !p.access.Has(AccessRead) {
		d.sayBlind(p, out)
		return
	}
	if p.unavailable {
		return
	}
	plan, ok := p.state.Generate(d.view(), syncproto.GenerateOptions{Fanout: &f.fan, SnapshotCovers: d.covered,
		SnapshotBytes: len(d.snapshot), Unwanted: p.unwanted.has, NoQuestions: d.Exists() && !p.access.Has(AccessWrite)})
	if !ok {
		return
	}
	data := f.fan.Encode(d.view(), &plan, d.snapshot)
	if p.Dialed && len(plan.Heads) == 0 && len(plan.Changes) == 0 {
		// We hold nothing: that is a request.
		*out = append(*out, Out{Conn: p.Conn, Frame: wire.Sync{Request: true, Doc: p.Doc, Sender: p.Local, Target: p.Remote, Data: data}})
		return
	}
	if len(f.data) == 0 || &f.data[0] != &data[0] || f.doc != p.Doc {
		if d.text == "" || d.called != p.Doc {
			d.called, d.text = p.Doc, p.Doc.String()
		}
		f.data, f.doc, f.suffix = data, p.Doc, wire.AppendSyncSuffixText(nil, d.text, data)
	}
	*out = append(*out, Out{Conn: p.Conn, Shared: f.suffix})
}

// noteShared tells the caller when what is shared with a peer has changed.
func (d *Document) noteShared(p *peer, b *Batch) {
	heads := p.state.SharedHeads()
	if heads.Equal(p.shared) {
		return
	}
	p.shared = heads
	d.tellShared(p, b)
}

func (d *Document) tellShared(p *peer, b *Batch) {
	b.Notify = append(b.Notify, Shared{Conn: p.Conn, Heads: p.shared, Same: d.sharesAll(p)})
}

func (d *Document) persistShared(p *peer, b *Batch) {
	if !d.cfg.KeepSyncStates || p.Storage == "" || p.shared.Equal(p.saved) || p.unavailable {
		return
	}
	if p.unsaved && len(b.Persist) == 0 {
		return
	}
	p.saved, p.unsaved = p.shared, false
	value := p.state.Save()
	if d.unbuilt.syncStates == nil {
		d.unbuilt.syncStates = make(map[string][]byte, 1)
	}
	d.unbuilt.syncStates[p.Storage] = value
	b.Persist = append(b.Persist, PutSyncState{Storage: p.Storage, Value: value})
}

// retrySaving has sync states stored that could not be before; false: there are none.
func (d *Document) retrySaving() bool {
	found := false
	for _, p := range d.peers {
		if p.unsaved && !p.unavailable {
			p.unsaved, p.dirty, d.dirty, found = false, true, true, true
		}
	}
	return found
}

package format

import (
	"slices"

	"fieldsync/crdt"
)

// arenaBytes is how much memory rebuilt changes get at a time.
const arenaBytes = 1 << 16

// rebuild makes the changes, in order, each with its dependencies' hashes, and checks the heads.
func (d *docDecoder) rebuild() (*Document, *crdt.Refusal) {
	left := within(d.lim.InflatedBytes, d.lim.FreeBytes, d.lim.BytesPerByte, d.size)
	changes := make([]Change, len(d.changes))
	out := make([]*Change, len(d.changes))
	hashes := make([]crdt.Hash, len(d.deps))
	index := make([]uint32, len(d.actors)) // of each actor in the change at work; 0: not used in it
	var used []uint32
	var arena []byte
	e := encoders.Get().(*encoder)
	defer e.release()
	for i := range d.changes {
		c, ch := &d.changes[i], &changes[i]
		ch.Actor, ch.Seq, ch.Time, ch.Message, ch.Extra = d.actors[c.actor], c.seq, c.time, c.message, c.extra
		if ops := d.ops[c.from:c.end:c.end]; len(ops) > 0 {
			ch.Ops = ops
		}
		ch.StartOp = c.maxOp - uint64(len(ch.Ops)) + 1
		if n := len(c.deps); n > 0 {
			ch.Deps, hashes = hashes[:n:n], hashes[n:]
			for j, k := range c.deps {
				ch.Deps[j] = changes[k].Hash
			}
			slices.SortFunc(ch.Deps, crdt.CompareHash)
		}
		used = d.localise(ch, c.actor, index, used[:0])
		err := ch.encodable(d.lim)
		if err == nil {
			err = ch.fault(d.lim)
		}
		if err != nil {
			return nil, err
		}
		body := e.body(ch)
		if err := ch.fits(d.lim, len(body)); err != nil {
			return nil, err
		}
		need := len(body) + hashedFrom + 11
		if left -= need; left < 0 {
			return nil, refuse(crdt.RefusedTooLarge, "the document's changes are over the limit of bytes")
		}
		if cap(arena)-len(arena) < need {
			arena = make([]byte, 0, max(arenaBytes, need))
		}
		from := len(arena)
		arena, ch.Hash = appendChunk(arena, ChunkChange, body)
		ch.Raw = arena[from:len(arena):len(arena)]
		out[i] = ch
	}
	heads, err := d.checkHeads(out)
	if err != nil {
		return nil, err
	}
	return &Document{Heads: heads, Changes: out}, nil
}

// localise turns the document's actor indexes in a change's operations into the change's own, and sets its other actors.
// index is all zeros, before and after; used is scratch memory, which it gives back.
func (d *docDecoder) localise(ch *Change, author uint32, index, used []uint32) []uint32 {
	note := func(id OpID) {
		if !id.IsZero() && id.Actor != author && index[id.Actor] == 0 {
			index[id.Actor] = 1
			used = append(used, id.Actor)
		}
	}
	for i := range ch.Ops {
		op := &ch.Ops[i]
		note(op.Object)
		note(op.Elem)
		for _, id := range op.Pred {
			note(id)
		}
	}
	if len(used) > 0 {
		slices.Sort(used)
		ch.Others = make([]crdt.ActorID, len(used))
		for i, a := range used {
			ch.Others[i] = d.actors[a]
			index[a] = uint32(i + 1)
		}
	}
	set := func(id *OpID) {
		if !id.IsZero() {
			id.Actor = index[id.Actor] // the author's is 0
		}
	}
	for i := range ch.Ops {
		op := &ch.Ops[i]
		set(&op.Object)
		set(&op.Elem)
		for j := range op.Pred {
			set(&op.Pred[j])
		}
	}
	for _, a := range used {
		index[a] = 0
	}
	return used
}

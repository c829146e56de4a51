package history

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// flush makes a change of the run, if there is something in it.
func (b *rebaser) flush() error {
	if len(b.run.ops) == 0 {
		return nil
	}
	return b.write(b.run.first)
}

// deps are what the next new change depends on, by index in fresh: what the old one stood on, and the new actor's last one.
func (b *rebaser) deps() []uint32 {
	deps := slices.Clone(b.base[b.run.old])
	if a, ok := b.fresh.findActor(b.actor); ok {
		list := b.fresh.actors[a].changes
		deps = append(deps, list[len(list)-1])
	}
	return b.fresh.newest(deps)
}

// start is the counter with which the next new change begins: the one that its first operation had, if that is not too far
// beyond what it depends on now. 0: the next one.
func (b *rebaser) start(wanted uint64) uint64 {
	before := uint64(0)
	for _, d := range b.deps() {
		before = max(before, uint64(b.fresh.maxOp(d)))
	}
	if wanted == 0 {
		return before + 1
	}
	return min(wanted, before+1+MaxOpGap)
}

// write makes a change of the run, and admits it to fresh.
func (b *rebaser) write(start uint64) error {
	old := b.run.change
	c := &format.Change{Actor: b.actor, Seq: b.fresh.NextSeq(b.actor), StartOp: start, Time: old.Time, Message: old.Message, Extra: old.Extra}
	for _, d := range b.deps() {
		c.Deps = append(c.Deps, b.fresh.hashes[d])
	}
	slices.SortFunc(c.Deps, crdt.CompareHash)
	if len(c.Extra) > 0 && c.Extra[0]&0x7f == 1 && c.Seq > 1 {
		c.Extra = nil // it names the actor's author, and may stand in the actor's first change only
	}
	spell(c, b.run.ops)
	b.run.ops = nil
	raw, _, err := format.EncodeChange(c)
	if err != nil {
		return crdt.Errorf(crdt.KindOf(err), "rebase: %w", err)
	}
	made, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		return crdt.Errorf(crdt.KindInternal, "rebase: %w", err)
	}
	res, err := b.fresh.Admit(made, b.own, nil)
	if err != nil {
		return crdt.Errorf(crdt.KindOf(err), "rebase: %w", err)
	}
	if len(res.Admitted) != 1 {
		return crdt.Errorf(crdt.KindInternal, "rebase: a new change is not admitted by itself")
	}
	b.out.News = append(b.out.News, Renewed{Hash: made.Hash, Raw: raw, From: int(b.run.old)})
	b.base[b.run.old] = []uint32{uint32(res.Admitted[0])}
	return nil
}

// spell writes operations with spelled ids into a change, with the table of actors that they need.
func spell(c *format.Change, ops []respelled) {
	name := func(id OpID) {
		if id.Counter != 0 && id.Actor != c.Actor {
			if at, found := slices.BinarySearch(c.Others, id.Actor); !found {
				c.Others = slices.Insert(c.Others, at, id.Actor)
			}
		}
	}
	for i := range ops {
		name(ops[i].object)
		name(ops[i].elem)
		for _, p := range ops[i].pred {
			name(p)
		}
	}
	index := func(id OpID) format.OpID {
		if id.Counter == 0 || id.Actor == c.Actor {
			return format.OpID{Counter: id.Counter}
		}
		at, _ := slices.BinarySearch(c.Others, id.Actor)
		return format.OpID{Counter: id.Counter, Actor: uint32(at + 1)}
	}
	c.Ops = make([]format.Op, len(ops))
	for i := range ops {
		o := *ops[i].op
		o.Object, o.Elem, o.Pred = index(ops[i].object), index(ops[i].elem), nil
		for _, p := range ops[i].pred {
			o.Pred = append(o.Pred, index(p))
		}
		c.Ops[i] = o
	}
}

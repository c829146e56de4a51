package historytest

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
)

// ID names an operation wherever it is meant.
type ID = history.OpID

// Op is an operation with its ids spelled out, so that it can be moved and altered freely.
type Op struct {
	Object, Elem ID
	Key          string
	InSeq        bool
	Insert       bool
	Action       format.Action
	Value        format.Value
	Pred         []ID
	Expand       bool
	HasMark      bool
	MarkName     string
}

// Change is a change with its ids spelled out.
type Change struct {
	Actor   crdt.ActorID
	Seq     uint64
	StartOp uint64
	Deps    []crdt.Hash
	Time    int64
	Message string
	Ops     []Op
	Extra   []byte

	// Others, if set, are the other actors as they are to stand in the header; else those that the operations name.
	Others []crdt.ActorID
}

// Spell gives a decoded change with its ids spelled out.
func Spell(c *format.Change) Change {
	out := Change{Actor: c.Actor, Seq: c.Seq, StartOp: c.StartOp, Deps: slices.Clone(c.Deps), Time: c.Time,
		Message: c.Message, Extra: c.Extra}
	id := func(x format.OpID) ID {
		if x.IsZero() {
			return ID{}
		}
		return ID{Counter: x.Counter, Actor: c.ActorAt(x.Actor)}
	}
	for i := range c.Ops {
		o := &c.Ops[i]
		op := Op{Object: id(o.Object), Elem: id(o.Elem), Key: o.Key, InSeq: o.InSeq, Insert: o.Insert, Action: o.Action,
			Value: o.Value, Expand: o.Expand, HasMark: o.HasMark, MarkName: o.MarkName}
		for _, p := range o.Pred {
			op.Pred = append(op.Pred, id(p))
		}
		out.Ops = append(out.Ops, op)
	}
	return out
}

// Format gives the change as the encoder takes it. Dependencies and predecessors are left in the order they have.
func (c Change) Format() *format.Change {
	out := &format.Change{Actor: c.Actor, Seq: c.Seq, StartOp: c.StartOp, Deps: c.Deps, Time: c.Time, Message: c.Message,
		Extra: c.Extra, Others: c.Others}
	if out.Others == nil {
		name := func(x ID) {
			if x.Counter != 0 && x.Actor != c.Actor {
				out.Others = append(out.Others, x.Actor)
			}
		}
		for i := range c.Ops {
			name(c.Ops[i].Object)
			name(c.Ops[i].Elem)
			for _, p := range c.Ops[i].Pred {
				name(p)
			}
		}
		slices.Sort(out.Others)
		out.Others = slices.Compact(out.Others)
	}
	id := func(x ID) format.OpID {
		if x.Counter == 0 {
			return format.OpID{}
		}
		if x.Actor == c.Actor {
			return format.OpID{Counter: x.Counter}
		}
		return format.OpID{Counter: x.Counter, Actor: uint32(slices.Index(out.Others, x.Actor) + 1)}
	}
	for i := range c.Ops {
		o := &c.Ops[i]
		op := format.Op{Object: id(o.Object), Elem: id(o.Elem), Key: o.Key, InSeq: o.InSeq, Insert: o.Insert,
			Action: o.Action, Value: o.Value, Expand: o.Expand, HasMark: o.HasMark, MarkName: o.MarkName}
		for _, p := range o.Pred {
			op.Pred = append(op.Pred, id(p))
		}
		out.Ops = append(out.Ops, op)
	}
	return out
}

// Build encodes the change, and decodes it again as one that came from a peer. The error is a *crdt.Refusal.
func (c Change) Build() (*format.Change, error) {
	raw, _, err := format.EncodeChange(c.Format())
	if err != nil {
		return nil, err
	}
	return format.DecodeChange(raw, format.DefaultLimits())
}

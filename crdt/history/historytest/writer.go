package historytest

import (
	"fmt"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Rand is a source of randomness: IntN gives 0 to n-1. *math/rand/v2.Rand is one.
type Rand interface{ IntN(n int) int }

// Writer is one replica of a document with an actor of its own, that makes changes as an Automerge core would.
type Writer struct {
	*Model
	Actor crdt.ActorID
	rand  Rand

	ops     []Op // of the change being made
	pending []*ModelOp
}

// NewWriter makes a replica of the empty document.
func NewWriter(actor crdt.ActorID, rand Rand) *Writer {
	return &Writer{Model: NewModel(), Actor: actor, rand: rand}
}

// ActorID makes an actor of a number; the order of actors is not that of the numbers.
func ActorID(n int) crdt.ActorID {
	return crdt.ActorID(fmt.Sprintf("%c-actor-%08d", 'a'+(n*7)%26, n))
}

// MergeFrom takes over what another replica has. limit bounds the number of changes taken over, -1 takes all.
func (w *Writer) MergeFrom(other *Model, limit int) {
	for _, c := range other.Changes {
		if limit == 0 {
			return
		}
		if w.Has(c.Hash) || slices.ContainsFunc(c.Deps, func(d crdt.Hash) bool { return !w.Has(d) }) {
			continue
		}
		w.Apply(c)
		limit--
	}
}

// next is the id of the next operation.
func (w *Writer) next() ID {
	return ID{Counter: w.maxOp + 1 + uint64(len(w.ops)), Actor: w.Actor}
}

// Do adds an operation to the change being made; its predecessors are what is visible in its place, unless it inserts.
func (w *Writer) Do(o Op) ID {
	if !o.Insert {
		for _, v := range w.Visible(o.Object, o.InSeq, o.Key, o.Elem) {
			o.Pred = append(o.Pred, v.ID)
		}
	}
	id := w.next()
	w.ops = append(w.ops, o)
	x := &ModelOp{Op: o, ID: id}
	w.Ops[id] = x
	w.order = append(w.order, id)
	for _, p := range o.Pred {
		pred := w.Ops[p]
		if o.Action == format.ActionIncrement && pred.Value.Type == format.ValueCounter {
			continue
		}
		if !pred.Hidden {
			pred.Hidden = true
			w.pending = append(w.pending, pred)
		}
	}
	return id
}

// Draft takes the operations added since the last change, and gives the change of them without applying it: the writer is
// as it was before they were added.
func (w *Writer) Draft() Change {
	c := Change{Actor: w.Actor, Seq: w.Seq() + 1, StartOp: w.maxOp + 1, Deps: w.Heads, Ops: w.ops,
		Time: int64(1_700_000_000 + len(w.Changes))}
	for i := range w.ops {
		delete(w.Ops, ID{Counter: c.StartOp + uint64(i), Actor: w.Actor})
	}
	w.order = w.order[:len(w.order)-len(w.ops)]
	for _, p := range w.pending {
		p.Hidden = false
	}
	w.pending, w.ops = nil, nil
	return c
}

// Seq is the sequence number of the writer's last change, 0 before the first.
func (w *Writer) Seq() uint64 {
	n := uint64(0)
	for _, c := range w.Changes {
		if c.Actor == w.Actor {
			n = max(n, c.Seq)
		}
	}
	return n
}

// Commit makes a change of the operations added since the last one, and applies it.
func (w *Writer) Commit() *format.Change {
	c, err := w.Draft().Build()
	if err != nil {
		panic(fmt.Sprintf("a writer made an invalid change: %v", err))
	}
	w.Apply(c)
	return c
}

// Sketch adds up to most random operations of all kinds, for Draft or Commit.
func (w *Writer) Sketch(most int) {
	for range 1 + w.rand.IntN(most) {
		w.step()
	}
}

// Edit makes a change of up to most random operations of all kinds.
func (w *Writer) Edit(most int) *format.Change {
	w.Sketch(most)
	return w.Commit()
}

// step adds one random operation, or a mark's two.
func (w *Writer) step() {
	var live []ID
	for _, o := range w.Objects() {
		if w.Reachable(o) {
			live = append(live, o)
		}
	}
	object := live[w.rand.IntN(len(live))]
	if w.IsSequence(object) {
		w.sequenceStep(object)
	} else {
		w.mapStep(object)
	}
}

func (w *Writer) mapStep(object ID) {
	o := Op{Object: object, Key: fmt.Sprintf("k%d", w.rand.IntN(6))}
	w.content(&o, object)
}

// content picks what an operation on an existing place does, and adds it.
func (w *Writer) content(o *Op, object ID) {
	visible := w.Visible(object, o.InSeq, o.Key, o.Elem)
	counter := len(visible) > 0 && visible[len(visible)-1].Value.Type == format.ValueCounter // the one that wins
	text := w.Ops[object] != nil && w.Ops[object].Action == format.ActionMakeText
	switch n := w.rand.IntN(10); {
	case counter && n < 6:
		o.Action, o.Value = format.ActionIncrement, format.IntValue(int64(w.rand.IntN(20)-5))
	case len(visible) > 0 && n < 3:
		o.Action = format.ActionDelete
	case text:
		o.Action, o.Value = format.ActionSet, format.StringValue(string(rune('a'+w.rand.IntN(26))))
	case n < 5 && len(w.Objects()) < 20:
		o.Action = []format.Action{format.ActionMakeMap, format.ActionMakeList, format.ActionMakeText}[w.rand.IntN(3)]
	default:
		o.Action, o.Value = format.ActionSet, w.Value()
	}
	w.Do(*o)
}

// Value picks a random scalar.
func (w *Writer) Value() format.Value {
	switch w.rand.IntN(9) {
	case 0:
		return format.NullValue()
	case 1:
		return format.BoolValue(w.rand.IntN(2) == 0)
	case 2:
		return format.UintValue(uint64(w.rand.IntN(1000)))
	case 3:
		return format.IntValue(int64(w.rand.IntN(1000) - 500))
	case 4:
		return format.FloatValue(float64(w.rand.IntN(1000)) / 8)
	case 5:
		return format.BytesValue([]byte{byte(w.rand.IntN(256)), 1})
	case 6:
		return format.CounterValue(int64(w.rand.IntN(10)))
	case 7:
		return format.TimestampValue(1_700_000_000_000 + int64(w.rand.IntN(1000)))
	}
	return format.StringValue(fmt.Sprintf("v%d", w.rand.IntN(100)))
}

func (w *Writer) sequenceStep(object ID) {
	elems := w.Elements(object, true)
	behind := func() ID {
		if len(elems) == 0 || w.rand.IntN(4) == 0 {
			return ID{}
		}
		return elems[w.rand.IntN(len(elems))]
	}
	var shown []ID
	for _, e := range w.Elements(object, false) {
		if len(w.Visible(object, true, "", e)) > 0 {
			shown = append(shown, e)
		}
	}
	text := w.Ops[object].Action == format.ActionMakeText
	switch n := w.rand.IntN(10); {
	case text && n == 0:
		// The end stands behind something that was inserted behind what the beginning stands behind: so it comes later.
		end := behind()
		begin := end
		for begin != (ID{}) && (begin == end || w.rand.IntN(3) > 0) {
			begin = w.Ops[begin].Elem
		}
		mark := w.Do(Op{Object: object, Elem: begin, InSeq: true, Insert: true, Action: format.ActionMark, HasMark: true,
			MarkName: "bold", Value: format.BoolValue(true), Expand: w.rand.IntN(2) == 0})
		if end == begin {
			end = mark
		}
		w.Do(Op{Object: object, Elem: end, InSeq: true, Insert: true, Action: format.ActionMark, Expand: w.rand.IntN(2) == 0})
	case len(shown) > 0 && n < 5:
		o := Op{Object: object, Elem: shown[w.rand.IntN(len(shown))], InSeq: true}
		w.content(&o, object)
	case text:
		w.Do(Op{Object: object, Elem: behind(), InSeq: true, Insert: true, Action: format.ActionSet,
			Value: format.StringValue(string(rune('a' + w.rand.IntN(26))))})
	default:
		o := Op{Object: object, Elem: behind(), InSeq: true, Insert: true, Action: format.ActionSet, Value: w.Value()}
		if w.rand.IntN(5) == 0 && len(w.Objects()) < 20 {
			o.Action, o.Value = format.ActionMakeMap, format.Value{}
		}
		w.Do(o)
	}
}

// Document makes a document of about so many changes by several writers who merge now and then.
func Document(rand Rand, writers, changes, opsEach int) *Model {
	ws := make([]*Writer, writers)
	for i := range ws {
		ws[i] = NewWriter(ActorID(i), rand)
	}
	all := NewModel()
	for range changes {
		w := ws[rand.IntN(len(ws))]
		if rand.IntN(3) == 0 {
			w.MergeFrom(all, -1)
		} else if rand.IntN(3) == 0 {
			w.MergeFrom(all, 1+rand.IntN(3))
		}
		all.Apply(w.Edit(opsEach))
	}
	return all
}

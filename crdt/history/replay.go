package history

import (
	"iter"
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// ElemID names an element of a sequence of one history, as ObjID names an object. 0 is none.
type ElemID uint32

// Replay reads a document as it was: at any heads, before or after a change, or as it would be without one. A history keeps no
// values, and not which operation overwrote which; a replay decodes the changes that it is asked about, and keeps what they say:
// about 50 bytes an operation. It sees the changes that were there when it was made, and is of no use after Truncate.
//
// Like its history, which it must not outlive, it is not safe for concurrent use.
type Replay struct {
	h       *History
	changes []*spelled // by index; nil where not decoded yet
	seqs    map[ObjID]*sequence
	work    int
}

// spelled is what is kept of a decoded change.
type spelled struct {
	values []format.Value // of each operation
	from   []uint32       // where each operation's predecessors begin; they end where the next one's begin
	preds  []uint32       // operations
}

// Replay makes a replay of all changes that are here now.
func (h *History) Replay() *Replay {
	return &Replay{h: h, changes: make([]*spelled, len(h.changes)), seqs: make(map[ObjID]*sequence)}
}

// Work is how many operations and elements were looked at so far: what it cost. A caller who answers strangers bounds it.
func (r *Replay) Work() int { return r.work }

// spell decodes a change, once.
func (r *Replay) spell(in uint32) *spelled {
	if s := r.changes[in]; s != nil {
		return s
	}
	h := r.h
	n := int(h.opsEnd(in) - h.changes[in].op)
	s := &spelled{values: make([]format.Value, n), from: make([]uint32, n+1)}
	r.changes[in] = s
	r.work += 4 * n // as long as looking at four
	c, err := format.DecodeTrusted(h.Raw(int(in)))
	if err != nil || len(c.Ops) != n { // it was decoded when it was admitted
		return s
	}
	var buf [8]uint16
	actors := h.actorsOf(c, buf[:0])
	for k := range c.Ops {
		s.values[k] = c.Ops[k].Value
		for _, p := range c.Ops[k].Pred {
			if at, ok := h.resolve(p, actors); ok {
				s.preds = append(s.preds, at)
			}
		}
		s.from[k+1] = uint32(len(s.preds))
	}
	s.preds = slices.Clip(s.preds)
	return s
}

// preds are the operations that an operation of a change overwrites, deletes or increments.
func (r *Replay) preds(at, in uint32) []uint32 {
	s := r.spell(in)
	k := at - r.h.changes[in].op
	return s.preds[s.from[k]:s.from[k+1]]
}

func (r *Replay) value(at, in uint32) format.Value {
	return r.spell(in).values[at-r.h.changes[in].op]
}

// Place is what an operation of an admitted change does, and where.
type Place struct {
	Object ObjID
	Own    bool   // the same change made the object
	Key    string // if not InSeq
	Elem   ElemID // if InSeq: the element that is written to, the new one for an insertion
	InSeq  bool
	Insert bool
	Action format.Action
}

// Places gives where the operations of change i write, in their order. Nothing is decoded for it.
func (h *History) Places(i int) iter.Seq[Place] {
	return func(yield func(Place) bool) {
		begin := h.changes[i].op
		for at := begin; at < h.opsEnd(uint32(i)); at++ {
			o := &h.ops[at]
			out := Place{Object: ObjID(o.object()), Own: o.object() > begin, InSeq: o.is(flagInSeq), Insert: o.is(flagInsert),
				Action: o.flags().action()}
			if out.InSeq {
				out.Elem = ElemID(o.slot(at))
			} else {
				out.Key = string(h.keyString(o.place))
			}
			if !yield(out) {
				return
			}
		}
	}
}

// Elem is the way to the element itself: the object that it stands in, and its id.
func (h *History) Elem(e ElemID) (ObjID, OpID) {
	return ObjID(h.ops[e-1].object()), h.idOf(uint32(e - 1))
}

// MadeAt is where an object was made: the object that holds it, and the key, or else the element. False for the root.
func (h *History) MadeAt(obj ObjID) (Place, bool) {
	if obj == 0 || int(obj) > len(h.ops) {
		return Place{}, false
	}
	o := &h.ops[obj-1]
	out := Place{Object: ObjID(o.object()), InSeq: o.is(flagInSeq), Insert: o.is(flagInsert), Action: o.flags().action()}
	if out.InSeq {
		out.Elem = ElemID(o.slot(uint32(obj - 1)))
	} else {
		out.Key = string(h.keyString(o.place))
	}
	return out, true
}

// MadeBy is the index of the change that made an object; -1 for the root.
func (h *History) MadeBy(obj ObjID) int {
	if obj == 0 || int(obj) > len(h.ops) {
		return -1
	}
	return int(h.changeOfOp(uint32(obj - 1)))
}

// WritesIn gives the indexes of the changes that write to an object itself, ascending and each once. What stands in objects
// inside of it is not looked at.
func (h *History) WritesIn(obj ObjID) iter.Seq[int] {
	return func(yield func(int) bool) {
		last := -1
		visit := func(at uint32) bool {
			if last >= 0 && at < h.opsEnd(uint32(last)) {
				return true
			}
			last = int(h.changeOfOp(at))
			return yield(last)
		}
		if isSequence(h.Type(obj)) {
			for at := range h.inSequence(uint32(obj)) {
				if !visit(at) {
					return
				}
			}
			return
		}
		for _, at := range h.ofMap(uint32(obj)) {
			if !visit(at) {
				return
			}
		}
	}
}

// ofMap gives the indexes of the operations on a map, ascending.
func (h *History) ofMap(obj uint32) []uint32 {
	var out []uint32
	for at := range h.inMap(obj) {
		if !h.ops[at].is(flagInSeq) {
			out = append(out, at)
		}
	}
	slices.Sort(out)
	return out
}

// View is a document as it stands for whoever has some of its changes.
type View struct {
	r       *Replay
	clock   []uint32       // nil: all changes
	only    func(int) bool // nil: no further condition
	without int            // a change that counts as not made; -1: none
}

// Now is the document with all changes.
func (r *Replay) Now() *View { return &View{r: r, without: -1} }

// At is the document for whoever has these heads and what they depend on. The error's kind is NotFound.
func (r *Replay) At(heads crdt.Heads) (*View, error) {
	of := make([]uint32, len(heads))
	for k := range heads {
		i, ok := r.h.IndexOf(heads[k])
		if !ok || i >= len(r.changes) {
			return nil, crdt.Errorf(crdt.KindNotFound, "history: no change %s in this document", heads[k])
		}
		of[k] = uint32(i)
	}
	return &View{r: r, clock: r.h.clockOf(of), without: -1}, nil
}

// Before is the document as the author of change i saw it.
func (r *Replay) Before(i int) *View {
	return &View{r: r, clock: r.h.clockOf(r.h.Deps(i)), without: -1}
}

// After is the document as the author of change i left it.
func (r *Replay) After(i int) *View {
	return &View{r: r, clock: r.h.clockOf([]uint32{uint32(i)}), without: -1}
}

// Where is the document with the changes for which has is true; with each there must be all that it depends on.
func (r *Replay) Where(has func(change int) bool) *View { return &View{r: r, only: has, without: -1} }

// Without is the document as if change i had not been made, but all others had. What others overwrote of it stays overwritten.
func (r *Replay) Without(i int) *View { return &View{r: r, without: i} }

// Has tells whether the view's changes include one.
func (v *View) Has(i int) bool {
	if i >= len(v.r.changes) || i == v.without {
		return false
	}
	if v.clock != nil {
		if c := &v.r.h.changes[i]; v.clock[c.actor] < c.seq {
			return false
		}
	}
	return v.only == nil || v.only(i)
}

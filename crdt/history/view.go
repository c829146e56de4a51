package history

import (
	"cmp"
	"iter"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// Get gives the visible operations at a key of a map, by ascending id, as History.Get does; but the value of a counter is the
// one with the view's increments.
func (v *View) Get(obj ObjID, key string) []VisibleOp {
	k, ok := v.r.h.findKey(key)
	if !ok {
		return nil
	}
	var buf [8]uint32
	ats := buf[:0]
	for at := range v.r.h.inSlot(uint32(obj), k) {
		if !v.r.h.ops[at].is(flagInSeq) {
			ats = append(ats, at)
		}
	}
	slices.Sort(ats)
	return v.visible(ats)
}

// Winner gives the operation that is shown at a key of a map.
func (v *View) Winner(obj ObjID, key string) (VisibleOp, bool) { return last(v.Get(obj, key)) }

// Element gives the visible operations in an element, as Get does.
func (v *View) Element(e ElemID) []VisibleOp {
	obj, _ := v.r.h.Elem(e)
	s := v.r.sequence(obj)
	return v.visible(s.at(s.rankOf(e)))
}

func last(ops []VisibleOp) (VisibleOp, bool) {
	if len(ops) == 0 {
		return VisibleOp{}, false
	}
	return ops[len(ops)-1], true
}

// Members gives what stands in a map: the keys, sorted, with what is shown there. A sequence has none.
func (v *View) Members(obj ObjID) iter.Seq2[string, VisibleOp] {
	h := v.r.h
	places := make(map[uint32][]uint32)
	for _, at := range h.ofMap(uint32(obj)) {
		places[h.ops[at].place] = append(places[h.ops[at].place], at)
	}
	keys := make([]uint32, 0, len(places))
	for k := range places {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b uint32) int { return cmp.Compare(string(h.keyString(a)), string(h.keyString(b))) })
	return func(yield func(string, VisibleOp) bool) {
		for _, k := range keys {
			if op, ok := last(v.visible(places[k])); ok && !yield(string(h.keyString(k)), op) {
				return
			}
		}
	}
}

// Elements gives the elements of a sequence that are there, in the order of the document, with what is shown in each.
func (v *View) Elements(obj ObjID) iter.Seq2[ElemID, VisibleOp] {
	return func(yield func(ElemID, VisibleOp) bool) {
		s := v.r.sequence(obj)
		for k := range s.elems {
			if at, in, ok := v.shows(s, k); ok && !yield(ElemID(s.elems[k]+1), v.op(holder{at: at, in: in, sum: v.sum(s, k, at)})) {
				return
			}
		}
	}
}

// sum is what a counter in an element counted.
func (v *View) sum(s *sequence, rank int, at uint32) int64 {
	if !v.r.h.ops[at].is(flagCounter) {
		return 0
	}
	for _, x := range v.holders(s.at(rank)) {
		if x.at == at {
			return x.sum
		}
	}
	return 0
}

// Text gives the characters of a text: at most so many bytes, and whether that is all.
func (v *View) Text(obj ObjID, most int) (string, bool) {
	s := v.r.sequence(obj)
	var b strings.Builder
	for k := range s.elems {
		at, in, ok := v.shows(s, k)
		if !ok {
			continue
		}
		x := v.r.character(at, in)
		if b.Len()+len(x) > most {
			return b.String(), false
		}
		b.WriteString(x)
	}
	return b.String(), true
}

func (r *Replay) character(at, in uint32) string {
	return character(r.h.ops[at].flags().action(), r.value(at, in))
}

// holder is an operation that holds a value, as a view sees it.
type holder struct {
	at, in uint32
	hidden bool
	own    []uint32 // those of the change that counts as not made that overwrite it
	sum    int64    // of a counter's increments
}

// holders gives, of the operations in one place, by ascending index, those that hold a value that can be seen: by ascending id.
func (v *View) holders(ats []uint32) []holder {
	h := v.r.h
	var all []holder
	find := func(at uint32) (int, bool) {
		return slices.BinarySearchFunc(all, at, func(x holder, at uint32) int { return cmp.Compare(x.at, at) })
	}
	in := uint32(0)
	for _, at := range ats {
		v.r.work++
		if c := &h.changes[in]; at < c.op || at >= h.opsEnd(in) {
			in = h.changeOfOp(at)
		}
		own := int(in) == v.without
		if !own && !v.Has(int(in)) {
			continue
		}
		o := &h.ops[at]
		if len(all) > 0 {
			for _, p := range v.r.preds(at, in) {
				k, ok := find(p)
				switch {
				case !ok:
				case o.flags().action() == format.ActionIncrement && h.ops[p].is(flagCounter):
					if n, _ := v.r.value(at, in).Int(); !own {
						all[k].sum += n
					}
				case own:
					all[k].own = append(all[k].own, at)
				default:
					all[k].hidden = true
				}
			}
		}
		if o.flags().holdsValue() {
			all = append(all, holder{at: at, in: in})
		}
	}
	// Who overwrote what the change had put there meant what had stood there before as well.
	for k := len(all) - 1; k >= 0; k-- {
		for _, at := range all[k].own {
			if j, ok := find(at); ok && all[j].hidden {
				all[k].hidden = true
			}
		}
	}
	all = slices.DeleteFunc(all, func(x holder) bool { return x.hidden || int(x.in) == v.without })
	if len(all) > 1 {
		v.r.work += 2 * len(all)
		slices.SortFunc(all, func(a, b holder) int { return v.id(a).Compare(v.id(b)) })
	}
	return all
}

// id is the id of an operation whose change is known.
func (v *View) id(x holder) OpID {
	c := &v.r.h.changes[x.in]
	return OpID{Counter: uint64(c.startOp + (x.at - c.op)), Actor: v.r.h.actors[c.actor].id}
}

func (v *View) visible(ats []uint32) []VisibleOp {
	all := v.holders(ats)
	if len(all) == 0 {
		return nil
	}
	out := make([]VisibleOp, len(all))
	for k, x := range all {
		out[k] = v.op(x)
	}
	return out
}

func (v *View) op(x holder) VisibleOp {
	h := v.r.h
	out := VisibleOp{ID: v.id(x), Change: int(x.in), Action: h.ops[x.at].flags().action()}
	if isMake(out.Action) {
		out.Object = ObjID(x.at + 1)
		return out
	}
	out.Value = v.r.value(x.at, x.in)
	if h.ops[x.at].is(flagCounter) {
		n, _ := out.Value.Int()
		out.Value = format.CounterValue(n + x.sum)
	}
	return out
}

// sequence is a list or a text with all elements that it ever had. Where an element stands among them never changes.
type sequence struct {
	elems, in []uint32 // the operations that inserted the elements, in the order of the document, and their changes
	ats, rank []uint32 // the same operations, ascending, and where they stand
	from      []uint32 // where each element's other operations begin; they end where the next one's begin
	others    []uint32
}

func (r *Replay) sequence(obj ObjID) *sequence {
	if s := r.seqs[obj]; s != nil {
		return s
	}
	h := r.h
	s := &sequence{elems: h.elements(uint32(obj))}
	n := len(s.elems)
	s.in, s.ats, s.rank, s.from = make([]uint32, n), slices.Clone(s.elems), make([]uint32, n), make([]uint32, n+1)
	slices.Sort(s.ats)
	in := uint32(0)
	changes := make([]uint32, n)
	for k, at := range s.ats {
		if at >= h.opsEnd(in) {
			in = h.changeOfOp(at)
		}
		changes[k] = in
	}
	for rank, at := range s.elems {
		k, _ := slices.BinarySearch(s.ats, at)
		s.rank[k], s.in[rank] = uint32(rank), changes[k]
	}
	for at := range h.inSequence(uint32(obj)) {
		r.work++
		if o := &h.ops[at]; !o.is(flagInsert) {
			s.from[s.rankOf(ElemID(o.place))+1]++
		}
	}
	for k := range n {
		s.from[k+1] += s.from[k]
	}
	s.others = make([]uint32, s.from[n])
	next := slices.Clone(s.from)
	for at := range h.inSequence(uint32(obj)) {
		if o := &h.ops[at]; !o.is(flagInsert) {
			k := s.rankOf(ElemID(o.place))
			s.others[next[k]] = at
			next[k]++
		}
	}
	r.seqs[obj] = s
	return s
}

// rankOf is where an element stands.
func (s *sequence) rankOf(e ElemID) int {
	k, _ := slices.BinarySearch(s.ats, uint32(e-1))
	return int(s.rank[k])
}

// at gives the operations on an element, ascending.
func (s *sequence) at(rank int) []uint32 {
	return append([]uint32{s.elems[rank]}, s.others[s.from[rank]:s.from[rank+1]]...)
}

// shows gives the operation whose value an element shows, and its change; false where it shows none.
func (v *View) shows(s *sequence, rank int) (at, in uint32, ok bool) {
	v.r.work++
	h := v.r.h
	others := s.others[s.from[rank]:s.from[rank+1]]
	at, in = s.elems[rank], s.in[rank]
	switch {
	case len(others) == 0:
		return at, in, v.Has(int(in)) && h.ops[at].flags().holdsValue()
	case len(others) == 1 && h.ops[others[0]].flags().action() == format.ActionDelete:
		// It overwrites the insertion: there is nothing else (see checkAlone).
		return at, in, v.Has(int(in)) && !v.Has(int(h.changeOfOp(others[0])))
	}
	shown := v.holders(s.at(rank))
	if len(shown) == 0 {
		return 0, 0, false
	}
	x := shown[len(shown)-1]
	return x.at, x.in, true
}

// Budget bounds a value that View.Value reads. Cut tells that there was more.
type Budget struct {
	Values int // scalars and objects
	Bytes  int // of strings, texts, bytes and keys
	Cut    bool
}

// Tree gives the whole document.
func (v *View) Tree(b *Budget) map[string]any {
	out, _ := v.Value(VisibleOp{Action: format.ActionMakeMap, Object: v.r.h.Root()}, b).(map[string]any)
	return out
}

// Value gives what an operation put there, with everything inside it, as the engine would (see crdt.Text for the types).
// What is over the budget is left out. Admission bounds how deep it goes (MaxDepth).
func (v *View) Value(op VisibleOp, b *Budget) any {
	if b.Values--; b.Values < 0 {
		b.Cut = true
		return nil
	}
	switch op.Action {
	case format.ActionMakeMap:
		out := map[string]any{}
		for k, op := range v.Members(op.Object) {
			if b.Bytes -= len(k); b.Bytes < 0 || b.Values <= 0 {
				b.Cut = true
				break
			}
			out[k] = v.Value(op, b)
		}
		return out
	case format.ActionMakeList:
		out := []any{}
		for _, op := range v.Elements(op.Object) {
			if b.Values <= 0 {
				b.Cut = true
				break
			}
			out = append(out, v.Value(op, b))
		}
		return out
	case format.ActionMakeText:
		s, whole := v.Text(op.Object, max(0, b.Bytes))
		b.Bytes -= len(s)
		b.Cut = b.Cut || !whole
		return crdt.Text(s)
	}
	if n := len(op.Value.Raw); n > b.Bytes && n > 10 { // a number fits always
		b.Cut = true
		if s, ok := op.Value.Str(); ok {
			return strings.ToValidUTF8(s[:max(0, b.Bytes)], "")
		}
		return nil
	}
	b.Bytes -= len(op.Value.Raw)
	return scalar(op.Value)
}

// scalar gives a value as the engine reads it.
func scalar(v format.Value) any {
	switch v.Type {
	case format.ValueNull:
		return nil
	case format.ValueFalse, format.ValueTrue:
		return v.Type == format.ValueTrue
	case format.ValueUint:
		n, _ := v.Uint()
		return n
	case format.ValueInt:
		n, _ := v.Int()
		return n
	case format.ValueFloat:
		f, _ := v.Float()
		return f
	case format.ValueString:
		return string(v.Raw)
	case format.ValueBytes:
		return append([]byte{}, v.Raw...)
	case format.ValueCounter:
		n, _ := v.Int()
		return crdt.Counter(n)
	case format.ValueTimestamp:
		n, _ := v.Int()
		return crdt.Timestamp(n)
	}
	return crdt.Unknown{Type: uint8(v.Type), Raw: append([]byte{}, v.Raw...)}
}

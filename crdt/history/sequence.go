package history

import (
	"bytes"
	"cmp"
	"iter"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// MaxText is how many bytes of a text Text gives. People write some kilobytes; what is longer is not read by anyone who
// asks the history rather than the engine.
const MaxText = 1 << 22

// NoCharacter stands in a text for an element that holds no string: a number, or an object.
const NoCharacter = "\ufffc"

// Text gives the characters of a text object; false where the object is no text, or longer than MaxText. Automerge JS 3 writes
// every string as one. It decodes the changes that hold them, and looks at every element that the text ever had.
func (h *History) Text(obj ObjID) (string, bool) {
	if h.Type(obj) != format.ActionMakeText {
		return "", false
	}
	shows := h.shownIn(uint32(obj))
	var b strings.Builder
	for _, at := range h.elements(uint32(obj)) {
		if s := shows[at]; s.there {
			if b.Len()+len(s.text) > MaxText {
				return "", false
			}
			b.WriteString(s.text)
		}
	}
	return b.String(), true
}

// TextAt gives what a text object read for somebody who had these heads and what they depend on, and nothing else: false
// where the object is no text, longer than MaxText, or not made yet, or one of the heads is not here.
func (h *History) TextAt(obj ObjID, heads crdt.Heads) (string, bool) {
	v, err := h.Replay().At(heads)
	if err != nil || h.Type(obj) != format.ActionMakeText || !v.Has(h.MadeBy(obj)) {
		return "", false
	}
	return v.Text(obj, MaxText)
}

// shown is what an element of a text shows.
type shown struct {
	there bool
	at    uint32 // the operation whose value it is
	text  string
}

// shownIn gives what the elements of a text show, by the operations that inserted them.
func (h *History) shownIn(obj uint32) map[uint32]shown {
	out := make(map[uint32]shown)
	var c *format.Change
	in, decoded := uint32(0), false
	for at := range h.inSequence(obj) {
		o := &h.ops[at]
		if o.is(flagHidden) || !o.flags().holdsValue() {
			continue
		}
		if at >= h.opsEnd(in) || at < h.changes[in].op {
			in, decoded = h.changeOfOp(at), false
		}
		if !decoded {
			var err error
			if c, err = format.DecodeTrusted(h.Raw(int(in))); err != nil { // it was decoded when it was admitted
				return nil
			}
			decoded = true
		}
		x := &c.Ops[at-h.changes[in].op]
		elem := o.slot(at) - 1
		if now := out[elem]; now.there && h.idOf(now.at).Compare(h.idOf(at)) > 0 {
			continue // of several the greatest id is shown
		}
		out[elem] = shown{there: true, at: at, text: character(x.Action, x.Value)}
	}
	return out
}

// character is what an element of a text reads as.
func character(a format.Action, v format.Value) string {
	if a == format.ActionSet && v.Type == format.ValueString {
		return string(v.Raw)
	}
	return NoCharacter
}

// actorsOf gives the indexes of a change's actors, the author first, as format.OpID counts them.
func (h *History) actorsOf(c *format.Change, buf []uint16) []uint16 {
	for k := range 1 + len(c.Others) {
		a, _ := h.findActor(c.ActorAt(uint32(k))) // checkOps has found them
		buf = append(buf, a)
	}
	return buf
}

// resolve gives the operation that an id of a decoded change names.
func (h *History) resolve(id format.OpID, actors []uint16) (uint32, bool) {
	at, _, ok := h.findOp(actors[id.Actor], id.Counter)
	return at, ok
}

// elements gives the operations that inserted something into a sequence, in the order of the document: also of elements that
// were deleted, and marks. Each stands behind the one that it was inserted behind; of several behind the same one, the greatest
// id stands first.
func (h *History) elements(obj uint32) []uint32 {
	type elem struct {
		at, counter uint32
		actor       uint16
		parent      int // in the slice, -1: the head
		first, next int // of what was inserted behind it; behind the same one: -1: none
	}
	var elems []elem
	var ats []uint32 // of elems, ascending
	in := uint32(0)
	for at := range h.inSequence(obj) {
		if !h.ops[at].is(flagInsert) {
			continue
		}
		if at >= h.opsEnd(in) {
			in = h.changeOfOp(at)
		}
		c := &h.changes[in]
		e := elem{at: at, counter: c.startOp + (at - c.op), actor: c.actor, parent: -1, first: -1, next: -1}
		if behind := h.ops[at].place; behind != 0 {
			e.parent, _ = slices.BinarySearch(ats, behind-1)
		}
		elems, ats = append(elems, e), append(ats, at)
	}
	byID := make([]int, len(elems))
	for k := range byID {
		byID[k] = k
	}
	slices.SortFunc(byID, func(a, b int) int {
		x, y := &elems[a], &elems[b]
		if x.counter != y.counter || x.actor == y.actor {
			return cmp.Compare(x.counter, y.counter)
		}
		return bytes.Compare([]byte(h.actors[x.actor].id), []byte(h.actors[y.actor].id))
	})
	head := -1
	for _, k := range byID { // each before those with smaller ids
		e := &elems[k]
		if e.parent < 0 {
			e.next, head = head, k
		} else {
			e.next, elems[e.parent].first = elems[e.parent].first, k
		}
	}
	out := ats[:0]
	for k := head; k >= 0; {
		e := &elems[k]
		out = append(out, e.at)
		switch {
		case e.first >= 0:
			k = e.first
		default:
			for k >= 0 && elems[k].next < 0 {
				k = elems[k].parent
			}
			if k >= 0 {
				k = elems[k].next
			}
		}
	}
	return out
}

// inSequence gives the indexes of the operations on a sequence, ascending.
func (h *History) inSequence(obj uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		h.seqs = h.reindexed(h.seqs, &h.seqsScans, flagInSeq, func(a, b uint32) int {
			return cmp.Or(cmp.Compare(h.ops[a].object(), h.ops[b].object()), cmp.Compare(a, b))
		})
		from := 0
		if x := h.seqs; x != nil {
			from = x.upTo
			n, _ := slices.BinarySearchFunc(x.sorted, obj, func(i, obj uint32) int { return cmp.Compare(h.ops[i].object(), obj) })
			for ; n < len(x.sorted) && h.ops[x.sorted[n]].object() == obj; n++ {
				if !yield(x.sorted[n]) {
					return
				}
			}
		}
		for i := from; i < len(h.ops); i++ {
			if h.ops[i].object() == obj && h.ops[i].is(flagInSeq) && !yield(uint32(i)) {
				return
			}
		}
	}
}

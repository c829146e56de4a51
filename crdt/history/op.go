package history

import (
	"bytes"
	"hash/maphash"
	"sort"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// op is what is kept of an operation, 8 bytes. Its id follows from where it stands.
type op struct {
	// what is the object, in the upper 24 bits: 1 + index of the operation that made it, 0 is the root; below that the flags.
	what  uint32
	place uint32 // in a map: the key's index; in a sequence: 1 + index of the operation that inserted the element that is
	//               written to, or behind which is inserted; 0 is the head
}

// mostOps is the greatest number of operations whose objects fit.
const mostOps = 1<<24 - 2

func newOp(object uint32, flags opFlags) op { return op{what: object<<8 | uint32(flags)} }

func (o op) object() uint32    { return o.what >> 8 }
func (o op) flags() opFlags    { return opFlags(o.what) }
func (o *op) set(f opFlags)    { o.what |= uint32(f) }
func (o op) is(f opFlags) bool { return o.flags()&f != 0 }

type opFlags uint8

const (
	flagAction  opFlags = 0x07 // format.Action
	flagInSeq   opFlags = 0x08
	flagInsert  opFlags = 0x10
	flagHidden  opFlags = 0x20 // overwritten or deleted by another operation
	flagCounter opFlags = 0x40 // sets a counter
	flagTrue    opFlags = 0x80 // sets true
)

func (f opFlags) action() format.Action { return format.Action(f & flagAction) }

// isMake tells whether the operation makes an object.
func isMake(a format.Action) bool {
	return a == format.ActionMakeMap || a == format.ActionMakeList || a == format.ActionMakeText || a == format.ActionMakeTable
}

// isSequence tells whether what the operation makes is a list or a text.
func isSequence(a format.Action) bool {
	return a == format.ActionMakeList || a == format.ActionMakeText
}

// holdsValue tells whether the operation puts something into its place that can be seen, and overwritten.
func (f opFlags) holdsValue() bool {
	return f.action() == format.ActionSet || isMake(f.action())
}

// slot is the place that an operation's value stands in: its place, but the new element for an insertion.
func (o *op) slot(at uint32) uint32 {
	if o.is(flagInsert) {
		return at + 1
	}
	return o.place
}

// keyString is a map key.
func (h *History) keyString(k uint32) []byte {
	end := len(h.keys)
	if int(k)+1 < len(h.keyFrom) {
		end = int(h.keyFrom[k+1])
	}
	return h.keys[h.keyFrom[k]:end]
}

func (h *History) hashOfKey(k uint32) uint64 { return maphash.Bytes(h.seed, h.keyString(k)) }

func (h *History) findKey(key string) (uint32, bool) {
	return h.byKey.find(maphash.String(h.seed, key), func(k uint32) bool { return string(h.keyString(k)) == key })
}

// addKey gives a key's index, a new one if need be.
func (h *History) addKey(key string) uint32 {
	if k, ok := h.findKey(key); ok {
		return k
	}
	k := uint32(len(h.keyFrom))
	h.keyFrom = append(grow(h.keyFrom, 1), uint32(len(h.keys)))
	h.keys = append(grow(h.keys, len(key)), key...)
	h.byKey.add(k, h.hashOfKey)
	return k
}

// dropKeys takes out the keys that were added since there were n.
func (h *History) dropKeys(n int) {
	for k := len(h.keyFrom) - 1; k >= n; k-- {
		h.byKey.drop(uint32(k), h.hashOfKey)
		h.keys = h.keys[:h.keyFrom[k]]
		h.keyFrom = h.keyFrom[:k]
	}
}

// findOp gives the index of an actor's operation, and the index of its change.
func (h *History) findOp(a uint16, counter uint64) (at, in uint32, ok bool) {
	list := h.actors[a].changes
	// The last change that begins at the counter or before it. Empty changes have their successor's first counter too, and stand before it;
	// there may be many of them, so that they are not walked over.
	n := sort.Search(len(list), func(k int) bool { return uint64(h.changes[list[k]].startOp) > counter })
	if n == 0 {
		return 0, 0, false
	}
	in = list[n-1]
	c := &h.changes[in]
	behind := counter - uint64(c.startOp)
	return c.op + uint32(behind), in, behind < uint64(h.opsEnd(in)-c.op)
}

// changeOfOp is the index of the change that holds an operation: the last one that begins at it or before it, as empty ones stand
// before the one that begins there.
func (h *History) changeOfOp(at uint32) uint32 {
	return uint32(sort.Search(len(h.changes), func(i int) bool { return h.changes[i].op > at }) - 1)
}

// OpID names an operation, an element or an object wherever it is meant: by its counter and its actor. The zero value is
// the root, or the head of a sequence.
type OpID struct {
	Counter uint64
	Actor   crdt.ActorID
}

// Compare orders ids as all cores do: by counter, then by the actor's bytes. Of several values in one place the one with
// the greatest id is shown.
func (a OpID) Compare(b OpID) int {
	switch {
	case a.Counter < b.Counter:
		return -1
	case a.Counter > b.Counter:
		return 1
	}
	return bytes.Compare([]byte(a.Actor), []byte(b.Actor))
}

func (h *History) idOf(at uint32) OpID {
	c := &h.changes[h.changeOfOp(at)]
	return OpID{Counter: uint64(c.startOp + (at - c.op)), Actor: h.actors[c.actor].id}
}

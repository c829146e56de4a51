package format

import "fieldsync/crdt"

// Change is one decoded change chunk.
//
// The decoder shares the input's memory where it can: whoever keeps a Change keeps Raw, and must not write to it.
type Change struct {
	Hash    crdt.Hash      // SHA-256 of type, length and body of the type 1 chunk
	Deps    []crdt.Hash    // sorted, without duplicates
	Actor   crdt.ActorID   // the author
	Seq     uint64         // 1 for an actor's first change, then one more each
	StartOp uint64         // counter of the first operation, >= 1
	Time    int64          // seconds since 1970 as the author's clock had it (automerge-go writes milliseconds); 0 where unknown
	Message string         // commit message; empty where none
	Others  []crdt.ActorID // the other actors that the operations name, sorted; index i+1 in OpID.Actor
	Ops     []Op           // operation i has the id {StartOp+i, Actor 0}
	Extra   []byte         // bytes behind the columns, kept as they are
	Raw     []byte         // the canonical type 1 chunk, also where the input was deflated
}

// MaxOp is the counter of the change's last operation; StartOp-1 where it has none.
func (c *Change) MaxOp() uint64 { return c.StartOp + uint64(len(c.Ops)) - 1 }

// ActorAt gives the actor of an index in an OpID of this change.
func (c *Change) ActorAt(i uint32) crdt.ActorID {
	if i == 0 {
		return c.Actor
	}
	return c.Others[i-1]
}

// OpID names an operation inside a change: its counter, and an index into the change's actors (0 is the author,
// i is Others[i-1]). The zero value is "none": the root object, the head of a sequence.
type OpID struct {
	Counter uint64
	Actor   uint32
}

// IsZero tells whether the id is the root or the head.
func (id OpID) IsZero() bool { return id.Counter == 0 }

// Action is what an operation does.
type Action uint8

const (
	ActionMakeMap Action = iota
	ActionSet
	ActionMakeList
	ActionDelete
	ActionMakeText
	ActionIncrement
	ActionMakeTable
	ActionMark
)

// Op is one operation.
type Op struct {
	Object   OpID   // the object operated on; zero is the root
	Elem     OpID   // sequence position, if InSeq; zero is the head
	Key      string // map key, if not InSeq
	InSeq    bool   // the operation names an element, not a key
	Insert   bool   // a new element behind Elem
	Action   Action
	Value    Value
	Pred     []OpID // the operations that this one overwrites, ascending by counter, then by actor bytes
	Expand   bool   // marks only
	MarkName string // marks only; HasMark tells an empty name from none
	HasMark  bool
}

// ValueType is the low four bits of a value's metadata.
type ValueType uint8

const (
	ValueNull ValueType = iota
	ValueFalse
	ValueTrue
	ValueUint
	ValueInt
	ValueFloat
	ValueString
	ValueBytes
	ValueCounter
	ValueTimestamp
	// 10 to 15 are unknown to today's cores; they are kept as they are.
)

// Value is a scalar as it stands in the value column.
type Value struct {
	Type ValueType
	Raw  []byte // uLEB for Uint, LEB for Int, Counter and Timestamp (ms), eight bytes little-endian for Float, UTF-8 for String
}

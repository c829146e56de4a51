package history_test

import (
	"errors"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
)

// crowding writes to a document as one actor, change by change.
type crowding struct {
	t    *testing.T
	h    *history.History
	seq  uint64
	last []crdt.Hash
}

func (c *crowding) try(ops ...format.Op) error {
	c.t.Helper()
	raw, _, err := format.EncodeChange(&format.Change{Actor: "a", Seq: c.seq + 1, StartOp: c.h.MaxOp() + 1, Deps: c.last, Ops: ops})
	if err != nil {
		c.t.Fatal(err)
	}
	change, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		c.t.Fatal(err)
	}
	if _, err = c.h.Admit(change, "anna", nil); err == nil {
		c.seq, c.last = c.seq+1, []crdt.Hash{change.Hash}
	}
	return err
}

// refused checks that the next change is refused as one that crowds a place, and that nothing of it stays.
func (c *crowding) refused(ops ...format.Op) {
	c.t.Helper()
	before := c.h.NumOps()
	var refusal *crdt.Refusal
	if err := c.try(ops...); !errors.As(err, &refusal) || refusal.Code != crdt.RefusedDocumentTooBig {
		c.t.Fatalf("taken: %v", err)
	}
	if c.h.NumOps() != before {
		c.t.Error("a refused change has left operations")
	}
}

func (c *crowding) must(ops ...format.Op) {
	c.t.Helper()
	if err := c.try(ops...); err != nil {
		c.t.Fatal(err)
	}
}

func writes(key string, n int) []format.Op {
	return slices.Repeat([]format.Op{{Key: key, Action: format.ActionSet}}, n)
}

// Older cores pass by every operation in a place for each new one there. A hundred bytes that claim very many in one place must not
// keep them busy for hours.
func TestAPlaceTakesNoMoreThanCoresCanLoad(t *testing.T) {
	c := &crowding{t: t, h: history.New(history.DefaultLimits())}
	c.refused(writes("x", 1<<17)...)
	c.must(writes("x", 16_000)...)
	for n := 100; n > 0; n /= 100 {
		for c.try(writes("x", n)...) == nil {
		}
	}
	if n := c.h.NumOps(); n < 16_000 || n > 17_000 {
		t.Errorf("a place has taken %d operations", n)
	}
	c.must(writes("y", 20)...)
	c.refused(writes("y", 40_000)...)
	for _, loaded := range []bool{false, true} {
		if loaded {
			again, err := history.Load(history.DefaultLimits(), func(yield func(history.Stored, error) bool) {
				for i := range c.h.Len() {
					if !yield(history.Stored{Raw: c.h.Raw(i), Author: "anna"}, nil) {
						return
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			c.h = again
		}
		c.refused(writes("x", 100)...)
		c.must(writes("z", 10)...)
	}
	if err := c.h.Truncate(1); err != nil {
		t.Fatal(err)
	}
	c.seq, c.last = 1, []crdt.Hash{c.h.Hash(0)}
	c.must(writes("x", 100)...)
}

// What people write in their lives is far from it: a text of half a million characters that is deleted, and many fields.
func TestALongTextCrowdsNothing(t *testing.T) {
	c := &crowding{t: t, h: history.New(history.DefaultLimits())}
	const n = 250_000
	text := []format.Op{{Key: "text", Action: format.ActionMakeText}}
	for i := range n {
		behind := format.OpID{Counter: uint64(1 + i)}
		if i == 0 {
			behind = format.OpID{}
		}
		text = append(text, format.Op{Object: format.OpID{Counter: 1}, InSeq: true, Insert: true, Elem: behind, Action: format.ActionSet, Value: format.StringValue("x")})
	}
	c.must(text...)
	var gone, fields []format.Op
	for i := range n {
		at := format.OpID{Counter: uint64(2 + i)}
		gone = append(gone, format.Op{Object: format.OpID{Counter: 1}, InSeq: true, Elem: at, Action: format.ActionDelete, Pred: []format.OpID{at}})
		fields = append(fields, format.Op{Key: string(rune('a'+i%26)) + string(rune(0x4e00+i/26)), Action: format.ActionSet})
	}
	c.must(gone...)
	c.must(fields...)
	c.must(fields...)
}

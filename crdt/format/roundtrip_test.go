package format

import (
	"bytes"
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/crdt"
)

// compareID orders ids by counter, then by actor.
func compareID(a, b OpID) int {
	return cmp.Or(cmp.Compare(a.Counter, b.Counter), cmp.Compare(a.Actor, b.Actor))
}

// drawChange draws a valid change.
func drawChange(t *rapid.T) *Change {
	pool := []crdt.ActorID{"a", "b", "bb", "c\x00", "\xff"} // sorted
	author := uint32(rapid.IntRange(0, len(pool)-1).Draw(t, "author"))
	id := rapid.Custom(func(t *rapid.T) OpID {
		return OpID{rapid.Uint64Range(1, maxCounter).Draw(t, "counter"), uint32(rapid.IntRange(0, len(pool)-1).Draw(t, "actor"))}
	})
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "a", "b", "ключ"}), rapid.String())
	value := rapid.Custom(func(t *rapid.T) Value {
		switch rapid.IntRange(0, 9).Draw(t, "type") {
		case 0:
			return BoolValue(rapid.Bool().Draw(t, "bool"))
		case 1:
			return UintValue(rapid.Uint64().Draw(t, "uint"))
		case 2:
			return IntValue(rapid.Int64().Draw(t, "int"))
		case 3:
			return FloatValue(rapid.Float64().Draw(t, "float"))
		case 4:
			return StringValue(text.Draw(t, "string"))
		case 5:
			return BytesValue(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "bytes"))
		case 6:
			return CounterValue(rapid.Int64().Draw(t, "counter"))
		case 7:
			return TimestampValue(rapid.Int64().Draw(t, "time"))
		case 8:
			return Value{ValueType(rapid.IntRange(10, 15).Draw(t, "unknown")), rapid.SliceOfN(rapid.Byte(), 0, 5).Draw(t, "raw")}
		}
		return NullValue()
	})
	c := &Change{
		Actor: pool[author], Seq: rapid.Uint64Range(1, maxSeq).Draw(t, "seq"), StartOp: rapid.Uint64Range(1, maxCounter-100).Draw(t, "start"),
		Time: rapid.Int64Range(-maxTime, maxTime).Draw(t, "time"), Message: text.Draw(t, "message"),
		Extra: rapid.SliceOfN(rapid.Byte(), 0, 9).Draw(t, "extra"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "deps") {
		var h crdt.Hash
		copy(h[:], rapid.SliceOfN(rapid.Byte(), 1, 32).Draw(t, "dep"))
		c.Deps = append(c.Deps, h)
	}
	c.Deps = crdt.NewHeads(c.Deps...)
	for range rapid.IntRange(0, 20).Draw(t, "ops") {
		var op Op
		if rapid.Bool().Draw(t, "inside") {
			op.Object = id.Draw(t, "object")
		}
		for range rapid.IntRange(0, 3).Draw(t, "preds") {
			op.Pred = append(op.Pred, id.Draw(t, "pred"))
		}
		op.Action = Action(rapid.IntRange(0, int(ActionMark)).Draw(t, "action"))
		op.InSeq = op.Action == ActionMark || rapid.Bool().Draw(t, "seq")
		op.Insert = op.Action == ActionMark || op.InSeq && op.Action != ActionDelete && op.Action != ActionIncrement && rapid.Bool().Draw(t, "insert")
		switch {
		case !op.InSeq:
			op.Key = text.Draw(t, "key")
		case !op.Insert || rapid.Bool().Draw(t, "not the head"):
			op.Elem = id.Draw(t, "elem")
		}
		switch op.Action {
		case ActionSet:
			op.Value = value.Draw(t, "value")
		case ActionIncrement:
			op.Value = IntValue(rapid.Int64().Draw(t, "by"))
		case ActionDelete:
			op.Pred = append(op.Pred, id.Draw(t, "pred"))
		case ActionMark:
			op.Expand = rapid.Bool().Draw(t, "expand")
			if op.HasMark = rapid.Bool().Draw(t, "begins"); op.HasMark {
				op.MarkName, op.Value = text.Draw(t, "name"), value.Draw(t, "value")
			}
		}
		c.Ops = append(c.Ops, op)
	}
	// From indexes into the pool to the change's own: the author first, then those that are used.
	var used [5]bool
	each := func(f func(*OpID)) {
		for i := range c.Ops {
			op := &c.Ops[i]
			f(&op.Object)
			f(&op.Elem)
			for j := range op.Pred {
				f(&op.Pred[j])
			}
		}
	}
	each(func(id *OpID) { used[id.Actor] = used[id.Actor] || !id.IsZero() })
	var index [5]uint32
	for i, a := range pool {
		if used[i] && uint32(i) != author {
			c.Others = append(c.Others, a)
			index[i] = uint32(len(c.Others))
		}
	}
	for i := range c.Ops {
		slices.SortFunc(c.Ops[i].Pred, compareID) // the pool is sorted
		c.Ops[i].Pred = slices.Compact(c.Ops[i].Pred)
	}
	each(func(id *OpID) {
		if !id.IsZero() {
			id.Actor = index[id.Actor]
		}
	})
	return c
}

func TestEncodedChangesDecodeToThemselves(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		c := drawChange(rt)
		raw, hash, err := EncodeChange(c)
		if err != nil {
			rt.Fatalf("%v: %+v", err, c)
		}
		got, err := DecodeChange(raw, DefaultLimits())
		if err != nil {
			rt.Fatalf("%v: %+v", err, c)
		}
		c.Hash = hash
		if !equalChanges(got, c) || !bytes.Equal(got.Raw, raw) {
			rt.Fatalf("decoded\n%+v\nwant\n%+v", got, c)
		}
		checkAgreement(t, got, raw)
	})
}

func TestIntegersEncodeToTheirShortestFormAndBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		u, i := rapid.Uint64().Draw(t, "u")>>rapid.IntRange(0, 63).Draw(t, "by"), rapid.Int64().Draw(t, "i")>>rapid.IntRange(0, 63).Draw(t, "by")
		b := appendLEB(appendULEB(nil, u), i)
		c := cursor{b: b}
		if gotU, gotI := c.uleb(), c.leb(); gotU != u || gotI != i || !c.done() || c.fail != "" {
			t.Fatalf("%d %d became %d %d, %s", u, i, gotU, gotI, c.fail)
		}
		// With its last byte carried on, each is a longer form of itself.
		long := appendULEB(nil, u)
		long[len(long)-1] |= 0x80
		c = cursor{b: append(long, 0)}
		if c.uleb(); c.fail == "" {
			t.Fatalf("overlong %d is taken", u)
		}
		long = appendLEB(nil, i)
		sign := byte(0)
		if i < 0 {
			sign = 0x7f
		}
		long[len(long)-1] |= 0x80
		c = cursor{b: append(long, sign)}
		if c.leb(); c.fail == "" {
			t.Fatalf("overlong %d is taken", i)
		}
	})
}

func TestIntegersOver64BitsAreRefused(t *testing.T) {
	for _, last := range []byte{2, 0x7e} {
		b := append(bytes.Repeat([]byte{0xff}, 9), last)
		c := cursor{b: b}
		if c.uleb(); c.fail == "" {
			t.Errorf("unsigned with last byte %x is taken", last)
		}
		c = cursor{b: b}
		if c.leb(); c.fail == "" {
			t.Errorf("signed with last byte %x is taken", last)
		}
	}
}

func TestValuesReadWhatTheyWereMadeOf(t *testing.T) {
	if v, ok := UintValue(1<<63 + 5).Uint(); !ok || v != 1<<63+5 {
		t.Error(v, ok)
	}
	for _, v := range []Value{IntValue(-7), CounterValue(-7), TimestampValue(-7)} {
		if n, ok := v.Int(); !ok || n != -7 {
			t.Error(v, n, ok)
		}
	}
	if f, ok := FloatValue(-0.5).Float(); !ok || f != -0.5 {
		t.Error(f, ok)
	}
	if s, ok := StringValue("größer").Str(); !ok || s != "größer" {
		t.Error(s, ok)
	}
	if b, ok := BytesValue([]byte{1}).Bytes(); !ok || !bytes.Equal(b, []byte{1}) {
		t.Error(b, ok)
	}
	for _, want := range []bool{true, false} {
		if b, ok := BoolValue(want).Bool(); !ok || b != want {
			t.Error(b, ok)
		}
	}
	if !NullValue().IsNull() || IntValue(0).IsNull() {
		t.Error("null is not null")
	}
	s := StringValue("1")
	if _, ok := s.Uint(); ok {
		t.Error("a string is an unsigned integer")
	}
	if _, ok := s.Int(); ok {
		t.Error("a string is an integer")
	}
	if _, ok := s.Float(); ok {
		t.Error("a string is a float")
	}
	if _, ok := s.Bool(); ok {
		t.Error("a string is a boolean")
	}
	if _, ok := s.Bytes(); ok {
		t.Error("a string is bytes")
	}
	if _, ok := BytesValue(nil).Str(); ok {
		t.Error("bytes are a string")
	}
}

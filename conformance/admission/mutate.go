package admission

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"math"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history/historytest"
)

type (
	change = historytest.Change
	op     = historytest.Op
	id     = historytest.ID
)

// mutator alters a change. all is the whole document, of which the change's past is a part.
type mutator struct {
	name string
	do   func(r historytest.Rand, all *historytest.Model, c *change)
}

// pick gives a random element; the zero value of an empty slice.
func pick[T any](r historytest.Rand, s []T) T {
	var none T
	if len(s) == 0 {
		return none
	}
	return s[r.IntN(len(s))]
}

// anOp gives a random operation of the change; one that is thrown away if there is none.
func anOp(r historytest.Rand, c *change) *op {
	if len(c.Ops) == 0 {
		return new(op)
	}
	return &c.Ops[r.IntN(len(c.Ops))]
}

// anID gives the id of a random operation: of the document, of the change itself, or of nothing.
func anID(r historytest.Rand, all *historytest.Model, c *change) id {
	switch r.IntN(8) {
	case 0:
		return id{Counter: c.StartOp + uint64(r.IntN(len(c.Ops)+1)), Actor: c.Actor}
	case 1:
		return id{Counter: 1 + uint64(r.IntN(40)), Actor: pick(r, actors(all))}
	}
	ids := make([]id, 0, len(all.Ops))
	for x := range all.Ops {
		ids = append(ids, x)
	}
	slices.SortFunc(ids, id.Compare)
	return pick(r, ids)
}

func actors(all *historytest.Model) []crdt.ActorID {
	var out []crdt.ActorID
	for _, c := range all.Changes {
		out = append(out, c.Actor)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// rename moves the change to another actor or first counter, and what it says of itself with it.
func rename(c *change, actor crdt.ActorID, start uint64) {
	own := func(x *id) {
		if x.Actor == c.Actor && x.Counter >= c.StartOp {
			x.Actor, x.Counter = actor, x.Counter-c.StartOp+start
		}
	}
	for i := range c.Ops {
		own(&c.Ops[i].Object)
		own(&c.Ops[i].Elem)
		c.Ops[i].Pred = slices.Clone(c.Ops[i].Pred) // the draft's
		for k := range c.Ops[i].Pred {
			own(&c.Ops[i].Pred[k])
		}
	}
	c.Actor, c.StartOp = actor, start
}

func addPred(o *op, x id) {
	o.Pred = append(slices.Clone(o.Pred), x)
	slices.SortFunc(o.Pred, id.Compare)
	o.Pred = slices.Compact(o.Pred)
}

// samePlace gives every operation that ever stood in the place of o, overwritten, deleted and concurrent ones too.
func samePlace(all *historytest.Model, o *op) []id {
	var out []id
	for _, x := range all.Ops {
		elem := x.Elem
		if x.Insert {
			elem = x.ID
		}
		if x.Object == o.Object && x.InSeq == o.InSeq && x.Key == o.Key && (!o.InSeq || elem == o.Elem) {
			out = append(out, x.ID)
		}
	}
	slices.SortFunc(out, id.Compare)
	return out
}

var oddKeys = []string{"", "k0", "k1", "__proto__", "constructor", "toJSON", "\x00", "é", "e\u0301", "\U0001F468\u200d\U0001F469", strings.Repeat("long", 300)}

func oddValue(r historytest.Rand) format.Value {
	switch r.IntN(16) {
	case 0:
		return format.FloatValue(math.NaN())
	case 1:
		return format.FloatValue(math.Float64frombits(0xfff8_0000_dead_beef))
	case 2:
		return format.FloatValue(math.Copysign(0, -1))
	case 3:
		return format.FloatValue(math.Inf(1))
	case 4:
		return format.IntValue(math.MinInt64)
	case 5:
		return format.IntValue(math.MaxInt64)
	case 6:
		return format.UintValue(math.MaxUint64)
	case 7:
		return format.CounterValue(math.MaxInt64)
	case 8:
		return format.TimestampValue(math.MinInt64)
	case 9:
		return format.StringValue(pick(r, oddKeys))
	case 10:
		return format.BytesValue(bytes.Repeat([]byte{0x85}, r.IntN(400)))
	case 11:
		return format.Value{Type: format.ValueType(10 + r.IntN(6)), Raw: []byte{1, 2, 3}[:r.IntN(4)]}
	case 12:
		return format.CounterValue(math.MinInt64)
	case 13:
		return format.NullValue()
	case 14:
		return format.IntValue(int64(r.IntN(3) - 1))
	}
	return format.TimestampValue(int64(r.IntN(10)) * 1e15)
}

// mutators alter fields that the format can spell, each in a way that a hostile or broken writer might.
func mutators() []mutator {
	return []mutator{
		{"drop an operation", func(r historytest.Rand, _ *historytest.Model, c *change) {
			if len(c.Ops) > 0 {
				i := r.IntN(len(c.Ops))
				c.Ops = slices.Delete(slices.Clone(c.Ops), i, i+1)
			}
		}},
		{"no operations", func(_ historytest.Rand, _ *historytest.Model, c *change) { c.Ops = nil }},
		{"repeat an operation", func(r historytest.Rand, _ *historytest.Model, c *change) {
			if len(c.Ops) > 0 {
				c.Ops = slices.Insert(slices.Clone(c.Ops), r.IntN(len(c.Ops)+1), *anOp(r, c))
			}
		}},
		{"swap operations", func(r historytest.Rand, _ *historytest.Model, c *change) {
			a, b := anOp(r, c), anOp(r, c)
			*a, *b = *b, *a
		}},
		{"action", func(r historytest.Rand, _ *historytest.Model, c *change) {
			anOp(r, c).Action = format.Action(r.IntN(8))
		}},
		{"action, fitted", func(r historytest.Rand, _ *historytest.Model, c *change) {
			o := anOp(r, c)
			o.Action = format.Action(r.IntN(8))
			o.Expand, o.HasMark, o.MarkName, o.Value = false, false, "", format.Value{}
			switch o.Action {
			case format.ActionIncrement:
				o.Value = format.IntValue(int64(r.IntN(5)))
			case format.ActionSet:
				o.Value = oddValue(r)
			case format.ActionDelete:
				o.Insert = false
			}
		}},
		{"value", func(r historytest.Rand, _ *historytest.Model, c *change) { anOp(r, c).Value = oddValue(r) }},
		{"set an odd value", func(r historytest.Rand, _ *historytest.Model, c *change) {
			for i := range c.Ops {
				if c.Ops[i].Action == format.ActionSet {
					c.Ops[i].Value = oddValue(r)
				}
			}
		}},
		{"increment by an odd amount", func(r historytest.Rand, _ *historytest.Model, c *change) {
			for i := range c.Ops {
				if c.Ops[i].Action == format.ActionIncrement {
					c.Ops[i].Value = oddValue(r)
				}
			}
		}},
		{"key", func(r historytest.Rand, _ *historytest.Model, c *change) {
			if o := anOp(r, c); !o.InSeq {
				o.Key = pick(r, oddKeys)
			}
		}},
		{"key of all", func(r historytest.Rand, _ *historytest.Model, c *change) {
			for i, key := 0, pick(r, oddKeys); i < len(c.Ops); i++ {
				if !c.Ops[i].InSeq {
					c.Ops[i].Key, c.Ops[i].Pred = key, nil
				}
			}
		}},
		{"object", func(r historytest.Rand, all *historytest.Model, c *change) { anOp(r, c).Object = anID(r, all, c) }},
		{"object of the same type", func(r historytest.Rand, all *historytest.Model, c *change) {
			if o := anOp(r, c); o.Insert || !o.InSeq {
				for _, x := range all.Objects() {
					if all.IsSequence(x) == o.InSeq && r.IntN(2) == 0 {
						o.Object, o.Elem, o.Pred = x, id{}, nil
					}
				}
			}
		}},
		{"root", func(r historytest.Rand, _ *historytest.Model, c *change) { anOp(r, c).Object = id{} }},
		{"element", func(r historytest.Rand, all *historytest.Model, c *change) {
			if o := anOp(r, c); o.InSeq {
				o.Elem = anID(r, all, c)
			}
		}},
		{"element of the object", func(r historytest.Rand, all *historytest.Model, c *change) {
			if o := anOp(r, c); o.InSeq {
				o.Elem = pick(r, all.Elements(o.Object, true))
			}
		}},
		{"element of the object, without predecessors", func(r historytest.Rand, all *historytest.Model, c *change) {
			if o := anOp(r, c); o.InSeq {
				o.Elem, o.Pred = pick(r, all.Elements(o.Object, true)), nil
			}
		}},
		{"head", func(r historytest.Rand, _ *historytest.Model, c *change) { anOp(r, c).Elem = id{} }},
		{"map to sequence or back", func(r historytest.Rand, _ *historytest.Model, c *change) {
			o := anOp(r, c)
			o.InSeq, o.Key = !o.InSeq, ""
		}},
		{"insert or overwrite", func(r historytest.Rand, _ *historytest.Model, c *change) {
			o := anOp(r, c)
			o.Insert = !o.Insert
		}},
		{"no predecessors", func(r historytest.Rand, _ *historytest.Model, c *change) { anOp(r, c).Pred = nil }},
		{"any predecessor", func(r historytest.Rand, all *historytest.Model, c *change) {
			addPred(anOp(r, c), anID(r, all, c))
		}},
		{"a predecessor of the same place", func(r historytest.Rand, all *historytest.Model, c *change) {
			if o := anOp(r, c); !o.Insert {
				addPred(o, pick(r, samePlace(all, o)))
			}
		}},
		{"all predecessors of the same place", func(r historytest.Rand, all *historytest.Model, c *change) {
			if o := anOp(r, c); !o.Insert {
				for _, x := range samePlace(all, o) {
					if all.Ops[x].HoldsValue() {
						addPred(o, x)
					}
				}
			}
		}},
		{"only one predecessor of the same place", func(r historytest.Rand, all *historytest.Model, c *change) {
			if o := anOp(r, c); !o.Insert {
				o.Pred = nil
				addPred(o, pick(r, samePlace(all, o)))
			}
		}},
		{"predecessors reversed", func(r historytest.Rand, _ *historytest.Model, c *change) {
			o := anOp(r, c)
			o.Pred = slices.Clone(o.Pred)
			slices.Reverse(o.Pred)
		}},
		{"overwrite an own operation", func(r historytest.Rand, _ *historytest.Model, c *change) {
			if len(c.Ops) == 0 {
				return
			}
			i := r.IntN(len(c.Ops))
			o := c.Ops[i]
			self := id{Counter: c.StartOp + uint64(i), Actor: c.Actor}
			if o.InSeq && o.Insert {
				o.Elem = self
			}
			o.Insert, o.Pred, o.Expand, o.HasMark, o.MarkName = false, []id{self}, false, false, ""
			o.Action = []format.Action{format.ActionSet, format.ActionDelete, format.ActionMakeMap, format.ActionIncrement}[r.IntN(4)]
			if o.Value = (format.Value{}); o.Action == format.ActionIncrement {
				o.Value = format.IntValue(1)
			}
			c.Ops = append(slices.Clone(c.Ops), o)
		}},
		{"delete what was deleted", func(r historytest.Rand, all *historytest.Model, c *change) {
			var gone []*historytest.ModelOp
			for _, x := range all.Ops {
				if x.Hidden {
					gone = append(gone, x)
				}
			}
			slices.SortFunc(gone, func(a, b *historytest.ModelOp) int { return a.ID.Compare(b.ID) })
			if x := pick(r, gone); x != nil {
				o := x.Op
				if o.Insert {
					o.Elem = x.ID
				}
				o.Insert, o.Action, o.Value, o.Pred = false, format.ActionDelete, format.Value{}, []id{x.ID}
				c.Ops = append(slices.Clone(c.Ops), o)
			}
		}},
		{"mark anywhere", func(r historytest.Rand, all *historytest.Model, c *change) {
			obj := pick(r, all.Objects())
			elems := append(all.Elements(obj, true), id{})
			begin := op{Object: obj, Elem: pick(r, elems), InSeq: true, Insert: true, Action: format.ActionMark, HasMark: true,
				MarkName: pick(r, oddKeys), Value: oddValue(r), Expand: r.IntN(2) == 0}
			end := op{Object: obj, Elem: pick(r, elems), InSeq: true, Insert: true, Action: format.ActionMark, Expand: r.IntN(2) == 0}
			c.Ops = append(slices.Clone(c.Ops), begin, end)
		}},
		{"expand", func(r historytest.Rand, _ *historytest.Model, c *change) {
			o := anOp(r, c)
			o.Expand = !o.Expand
		}},
		{"mark name", func(r historytest.Rand, _ *historytest.Model, c *change) {
			o := anOp(r, c)
			o.HasMark = !o.HasMark
			o.MarkName = ""
		}},
		{"table", func(r historytest.Rand, _ *historytest.Model, c *change) {
			for i := range c.Ops {
				if c.Ops[i].Action == format.ActionMakeMap {
					c.Ops[i].Action = format.ActionMakeTable
				}
			}
		}},
		{"nest deep", func(r historytest.Rand, _ *historytest.Model, c *change) {
			under := id{}
			c.Ops = slices.Clone(c.Ops)
			for range 1 + r.IntN(120) {
				self := id{Counter: c.StartOp + uint64(len(c.Ops)), Actor: c.Actor}
				c.Ops = append(c.Ops, op{Object: under, Key: "deep", Action: format.ActionMakeMap})
				under = self
			}
		}},
		{"text of many", func(r historytest.Rand, all *historytest.Model, c *change) {
			for _, obj := range all.Objects() {
				if all.IsSequence(obj) {
					for range r.IntN(40) {
						c.Ops = append(slices.Clone(c.Ops), op{Object: obj, InSeq: true, Insert: true, Action: format.ActionSet,
							Value: format.StringValue(pick(r, []string{"a", "é", "\U0001F468", "", "two"}))})
					}
					return
				}
			}
		}},
		{"sequence number", func(r historytest.Rand, _ *historytest.Model, c *change) {
			c.Seq += uint64(r.IntN(4)) - 1
		}},
		{"first counter", func(r historytest.Rand, _ *historytest.Model, c *change) {
			c.StartOp += uint64(r.IntN(5)) - 2
		}},
		{"gap before the first counter", func(r historytest.Rand, _ *historytest.Model, c *change) {
			rename(c, c.Actor, c.StartOp+[]uint64{1, 5, 100, 1 << 20, 1 << 22, 1 << 30, 1 << 31}[r.IntN(7)])
		}},
		{"first counter lower", func(r historytest.Rand, _ *historytest.Model, c *change) {
			rename(c, c.Actor, uint64(max(1, int(c.StartOp)-1-r.IntN(3))))
		}},
		{"drop a dependency", func(r historytest.Rand, _ *historytest.Model, c *change) {
			if len(c.Deps) > 0 {
				i := r.IntN(len(c.Deps))
				c.Deps = slices.Delete(slices.Clone(c.Deps), i, i+1)
			}
		}},
		{"no dependencies", func(_ historytest.Rand, _ *historytest.Model, c *change) { c.Deps = nil }},
		{"another dependency", func(r historytest.Rand, all *historytest.Model, c *change) {
			if x := pick(r, all.Changes); x != nil {
				c.Deps = crdt.NewHeads(append(slices.Clone(c.Deps), x.Hash)...)
			}
		}},
		{"older dependencies", func(r historytest.Rand, all *historytest.Model, c *change) {
			if x := pick(r, all.Changes); x != nil {
				c.Deps = []crdt.Hash{x.Hash}
			}
		}},
		{"dependencies reversed", func(_ historytest.Rand, _ *historytest.Model, c *change) {
			c.Deps = slices.Clone(c.Deps)
			slices.Reverse(c.Deps)
		}},
		{"unknown dependency", func(r historytest.Rand, _ *historytest.Model, c *change) {
			c.Deps = crdt.NewHeads(append(slices.Clone(c.Deps), crdt.Hash{byte(r.IntN(256)), 1})...)
		}},
		{"new actor", func(r historytest.Rand, _ *historytest.Model, c *change) {
			rename(c, crdt.ActorID(pick(r, []string{"a", "\x00", strings.Repeat("\xff", 64), "b-actor-00000000\x00", "zz"})), c.StartOp)
			c.Seq = 1
		}},
		{"another's actor", func(r historytest.Rand, all *historytest.Model, c *change) {
			a := pick(r, actors(all))
			if a == "" {
				return
			}
			rename(c, a, c.StartOp)
			c.Seq = 1
			for _, x := range all.Changes {
				if x.Actor == a {
					c.Seq = x.Seq + 1
				}
			}
		}},
		{"another's actor, its last change a dependency", func(r historytest.Rand, all *historytest.Model, c *change) {
			x := pick(r, all.Changes)
			if x == nil {
				return
			}
			for _, y := range all.Changes {
				if y.Actor == x.Actor {
					x = y
				}
			}
			rename(c, x.Actor, max(c.StartOp, x.MaxOp()+1))
			c.Seq = x.Seq + 1
			c.Deps = crdt.NewHeads(append(slices.Clone(c.Deps), x.Hash)...)
		}},
		{"unused actor", func(r historytest.Rand, all *historytest.Model, c *change) {
			f := c.Format()
			c.Others = append(slices.Clone(f.Others), pick(r, actors(all)), "unused")
			slices.Sort(c.Others)
			c.Others = slices.Compact(c.Others)
		}},
		{"actors reversed", func(_ historytest.Rand, _ *historytest.Model, c *change) {
			c.Others = slices.Clone(c.Format().Others)
			slices.Reverse(c.Others)
		}},
		{"time", func(r historytest.Rand, _ *historytest.Model, c *change) {
			c.Time = []int64{0, -1, math.MinInt64, math.MaxInt64, 1 << 53}[r.IntN(5)]
		}},
		{"message", func(r historytest.Rand, _ *historytest.Model, c *change) { c.Message = pick(r, oddKeys) }},
		{"extra bytes", func(r historytest.Rand, _ *historytest.Model, c *change) {
			c.Extra = []byte(pick(r, append(oddKeys, "\x01\x02ab", "\x01\x00", "\x81\x00\x01a", "\x02", "\x01\x09a")))
		}},
	}
}

// mangle alters bytes of a change chunk's body, and mends length and checksum, so that only decoding can refuse it.
func mangle(r historytest.Rand, raw []byte) []byte {
	_, n := binary.Uvarint(raw[9:])
	body := slices.Clone(raw[9+n:])
	for range 1 + r.IntN(3) {
		i := r.IntN(len(body))
		switch r.IntN(5) {
		case 0:
			body[i] ^= 1 << r.IntN(8)
		case 1:
			body[i] = byte(r.IntN(256))
		case 2:
			body = slices.Insert(body, i, byte(r.IntN(256)))
		case 3:
			body = slices.Delete(body, i, min(len(body), i+1))
		case 4:
			j := r.IntN(len(body))
			body[i], body[j] = body[j], body[i]
		}
		if len(body) == 0 {
			return raw
		}
	}
	return chunk(body)
}

// chunk wraps a change's body.
func chunk(body []byte) []byte {
	hashed := append(binary.AppendUvarint([]byte{1}, uint64(len(body))), body...)
	sum := sha256.Sum256(hashed)
	return append(append([]byte{0x85, 0x6f, 0x4a, 0x83}, sum[:4]...), hashed...)
}

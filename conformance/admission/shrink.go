package admission

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// Shrink leaves out changes and operations for as long as admission takes the rest and still reports something wrong with it.
func Shrink(c Case, wrong func(Case) bool) Case {
	doc := spell(c)
	try := func(d document) bool {
		smaller, ok := d.build()
		if !ok || !wrong(smaller) {
			return false
		}
		doc, c = d, smaller
		return true
	}
	for again := true; again; {
		again = false
		for i := len(doc) - 1; i >= 0; i-- {
			if d, ok := doc.withoutChange(i); ok && try(d) {
				again = true
			}
		}
		for i := len(doc) - 1; i >= 0; i-- {
			for n := len(doc[i].change.Ops); n > 0; n /= 2 { // whole blocks first
				for k := len(doc[i].change.Ops) - n; k >= 0; k -= n {
					if try(doc.withoutOps(i, k, n)) {
						again = true
					}
				}
			}
		}
	}
	return c
}

// document is a case with dependencies by index, so that hashes may change.
type document []struct {
	change change
	deps   []int
}

func spell(c Case) document {
	number := map[crdt.Hash]int{}
	d := make(document, len(c.Changes))
	for i, x := range c.Changes {
		number[x.Hash] = i
		d[i].change = historytest.Spell(x)
		for _, dep := range x.Deps {
			d[i].deps = append(d[i].deps, number[dep])
		}
	}
	return d
}

func (d document) clone() document {
	out := slices.Clone(d)
	for i := range out {
		out[i].change.Ops = slices.Clone(out[i].change.Ops)
		out[i].deps = slices.Clone(out[i].deps)
	}
	return out
}

// withoutChange leaves out a change that is its actor's last; what depended on it depends on what it depended on.
func (d document) withoutChange(i int) (document, bool) {
	out := d.clone()
	for k := range out {
		if k != i && out[k].change.Actor == d[i].change.Actor && out[k].change.Seq > d[i].change.Seq {
			return nil, false
		}
		if slices.Contains(out[k].deps, i) {
			out[k].deps = append(out[k].deps, d[i].deps...)
		}
		out[k].deps = slices.DeleteFunc(out[k].deps, func(x int) bool { return x == i })
		for j := range out[k].deps {
			if out[k].deps[j] > i {
				out[k].deps[j]--
			}
		}
		slices.Sort(out[k].deps)
		out[k].deps = slices.Compact(out[k].deps)
	}
	return slices.Delete(out, i, i+1), true
}

// withoutOps leaves out n operations of a change; ids of its later ones move down everywhere.
func (d document) withoutOps(i, k, n int) document {
	out := d.clone()
	c := &out[i].change
	first := c.StartOp + uint64(k)
	last := c.StartOp + uint64(len(c.Ops))
	move := func(x *id) {
		if x.Actor == c.Actor && x.Counter >= first+uint64(n) && x.Counter < last {
			x.Counter -= uint64(n)
		}
	}
	c.Ops = slices.Delete(c.Ops, k, k+n)
	for j := range out {
		for o := range out[j].change.Ops {
			op := &out[j].change.Ops[o]
			move(&op.Object)
			move(&op.Elem)
			op.Pred = slices.Clone(op.Pred)
			for p := range op.Pred {
				move(&op.Pred[p])
			}
		}
	}
	return out
}

// build encodes and admits the changes; false where one is refused.
func (d document) build() (Case, bool) {
	h := history.New(history.DefaultLimits())
	var out Case
	for i := range d {
		c := d[i].change
		c.Others = nil
		var deps []crdt.Hash
		before := uint64(0)
		for _, k := range d[i].deps {
			deps = append(deps, out.Changes[k].Hash)
			before = max(before, out.Changes[k].MaxOp())
		}
		if len(c.Ops) == 0 { // any other counter is refused
			c.StartOp = before + 1
		}
		c.Deps = crdt.NewHeads(deps...)
		built, err := c.Build()
		if err != nil {
			return out, false
		}
		if res, err := h.Admit(built, "author", nil); err != nil || len(res.Admitted) != 1 {
			return out, false
		}
		out.Changes = append(out.Changes, built)
	}
	for _, x := range h.Heads() {
		out.Heads = append(out.Heads, x.String())
	}
	return out, true
}

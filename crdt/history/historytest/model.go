package historytest

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// ModelOp is an operation of the model with what became of it.
type ModelOp struct {
	Op
	ID     ID
	Hidden bool // overwritten or deleted; increments do not hide a counter
}

// IsMake tells whether the operation makes an object.
func (o *ModelOp) IsMake() bool {
	switch o.Action {
	case format.ActionMakeMap, format.ActionMakeList, format.ActionMakeText, format.ActionMakeTable:
		return true
	}
	return false
}

// HoldsValue tells whether the operation puts something into its place.
func (o *ModelOp) HoldsValue() bool { return o.Action == format.ActionSet || o.IsMake() }

// place is the element that a sequence operation works on.
func (o *ModelOp) place() ID {
	if o.Insert {
		return o.ID
	}
	return o.Elem
}

// Model is a document kept in the plainest way.
type Model struct {
	Changes []*format.Change
	Heads   crdt.Heads
	Ops     map[ID]*ModelOp
	order   []ID // of arrival
	maxOp   uint64
}

// NewModel makes the empty document.
func NewModel() *Model { return &Model{Ops: make(map[ID]*ModelOp)} }

// Has tells whether a change was applied.
func (m *Model) Has(x crdt.Hash) bool {
	return slices.ContainsFunc(m.Changes, func(c *format.Change) bool { return c.Hash == x })
}

// Apply applies a valid change whose dependencies were applied.
func (m *Model) Apply(c *format.Change) {
	m.Changes = append(m.Changes, c)
	rest := slices.DeleteFunc(slices.Clone(m.Heads), func(x crdt.Hash) bool { return slices.Contains(c.Deps, x) })
	m.Heads = crdt.NewHeads(append(rest, c.Hash)...)
	m.maxOp = max(m.maxOp, c.MaxOp())
	for i, o := range Spell(c).Ops {
		x := &ModelOp{Op: o, ID: ID{Counter: c.StartOp + uint64(i), Actor: c.Actor}}
		m.Ops[x.ID] = x
		m.order = append(m.order, x.ID)
		for _, p := range o.Pred {
			pred := m.Ops[p]
			if o.Action == format.ActionIncrement && pred.Value.Type == format.ValueCounter {
				continue
			}
			pred.Hidden = true
		}
	}
}

// Visible gives the visible operations in a place of an object, by ascending id: under a key, or in an element.
func (m *Model) Visible(object ID, inSeq bool, key string, elem ID) []*ModelOp {
	var out []*ModelOp
	for _, id := range m.order {
		o := m.Ops[id]
		if o.Object == object && o.InSeq == inSeq && !o.Hidden && o.HoldsValue() &&
			(inSeq && o.place() == elem || !inSeq && o.Key == key) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(a, b *ModelOp) int { return a.ID.Compare(b.ID) })
	return out
}

// Keys gives the keys of a map that have a visible value, sorted.
func (m *Model) Keys(object ID) []string {
	var out []string
	for _, o := range m.Ops {
		if o.Object == object && !o.InSeq && !o.Hidden && o.HoldsValue() {
			out = append(out, o.Key)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Objects gives the objects that were made, the root first, in order of arrival. Deleted ones are among them.
func (m *Model) Objects() []ID {
	out := []ID{{}}
	for _, id := range m.order {
		if m.Ops[id].IsMake() {
			out = append(out, id)
		}
	}
	return out
}

// IsSequence tells whether an object is a list or a text.
func (m *Model) IsSequence(object ID) bool {
	o := m.Ops[object]
	return o != nil && (o.Action == format.ActionMakeList || o.Action == format.ActionMakeText)
}

// Elements gives the elements of a sequence, marks included if so asked, in order of arrival. Deleted ones are among them.
func (m *Model) Elements(object ID, marks bool) []ID {
	var out []ID
	for _, id := range m.order {
		if o := m.Ops[id]; o.Object == object && o.Insert && (marks || o.Action != format.ActionMark) {
			out = append(out, id)
		}
	}
	return out
}

// Reachable tells whether an object and all that it stands in are visible.
func (m *Model) Reachable(object ID) bool {
	for object != (ID{}) {
		o := m.Ops[object]
		if o.Hidden {
			return false
		}
		object = o.Object
	}
	return true
}

package history_test

import (
	"slices"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"

	"pgregory.net/rapid"
)

// The story that these tests tell: everybody has a document; "me" goes on offline, hears of the others now and then, and of some
// of my changes it turns out that nobody will ever take them.
const me = history.Author("me")

type story struct {
	t       *rapid.T
	changes []*format.Change // in the order of admission at me
	mine    map[crdt.Hash]bool
	unsent  []*format.Change // mine, of which nobody knows, unless leaky
	actor   crdt.ActorID     // a new one for me
}

// tell makes a story. leaky: the others have built on unsent changes too, which no honest server lets happen.
func tell(t *rapid.T, leaky bool) *story {
	rand := pcg(t)
	base := historytest.ActorID(100)
	s := &story{t: t, mine: map[crdt.Hash]bool{}, actor: base + "\x07\x07"}
	others := []*historytest.Writer{historytest.NewWriter(historytest.ActorID(0), rand), historytest.NewWriter(historytest.ActorID(1), rand),
		historytest.NewWriter(historytest.ActorID(2), rand)}
	all := historytest.NewModel()
	first := historytest.NewWriter(base, rand)
	for range 1 + rand.IntN(6) {
		w := append(others, first)[rand.IntN(4)]
		w.MergeFrom(all, -1)
		all.Apply(w.Edit(6))
	}
	for _, c := range all.Changes {
		s.mine[c.Hash] = c.Actor == base
	}
	mine := first
	if rand.IntN(2) == 0 { // my folder has been through this before
		mine = historytest.NewWriter(base+"\x03\x01", rand)
	}
	mine.MergeFrom(all, -1)
	outside := historytest.NewModel()
	for _, c := range all.Changes {
		outside.Apply(c)
	}
	for range 2 + rand.IntN(14) {
		if rand.IntN(2) == 0 {
			c := mine.Edit(5)
			s.mine[c.Hash] = true
			s.unsent = append(s.unsent, c)
			if leaky && rand.IntN(2) == 0 && !outside.Has(c.Hash) && !slices.ContainsFunc(c.Deps, func(d crdt.Hash) bool { return !outside.Has(d) }) {
				outside.Apply(c)
			}
			continue
		}
		w := others[rand.IntN(len(others))]
		w.MergeFrom(outside, -1-rand.IntN(2))
		outside.Apply(w.Edit(5))
		if rand.IntN(2) == 0 {
			mine.MergeFrom(outside, -1)
		}
	}
	mine.MergeFrom(outside, -1)
	s.changes = mine.Changes
	if len(s.unsent) == 0 {
		c := mine.Edit(5)
		s.mine[c.Hash], s.unsent, s.changes = true, []*format.Change{c}, mine.Changes
	}
	return s
}

func (s *story) history(only func(*format.Change) bool) *history.History {
	h := history.New(history.DefaultLimits())
	for _, c := range s.changes {
		if only != nil && !only(c) {
			continue
		}
		author := history.Author("others")
		if s.mine[c.Hash] {
			author = me
		}
		if res, err := h.Admit(c, author, nil); err != nil || len(res.Admitted) != 1 {
			s.t.Fatalf("the story itself is not admitted: %v", err)
		}
	}
	return h
}

// some picks a few of my unsent changes.
func (s *story) some(name string) []crdt.Hash {
	var out []crdt.Hash
	for range rapid.IntRange(1, 3).Draw(s.t, name) {
		out = append(out, s.unsent[rapid.IntRange(0, len(s.unsent)-1).Draw(s.t, name)].Hash)
	}
	return out
}

// outcome is a rebase seen from outside: what the document was, what it is, and which operation became which.
type outcome struct {
	*rapid.T
	s             *story
	h             *history.History
	r             *history.Rebased
	before, after *historytest.Model
	now           map[historytest.ID]historytest.ID
	lost          map[historytest.ID]bool // not made anew, for whatever reason
	past          map[historytest.ID]map[crdt.Hash]bool
}

func rebase(t *rapid.T, s *story, drop, move []crdt.Hash) *outcome {
	o := &outcome{T: t, s: s, h: s.history(nil), before: historytest.NewModel(), after: historytest.NewModel(),
		now: map[historytest.ID]historytest.ID{}, lost: map[historytest.ID]bool{}}
	was := fingerprint(o.h)
	r, err := o.h.Rebase(history.Rebase{Drop: drop, Move: move, Own: me, Actor: s.actor})
	if err != nil {
		t.Fatalf("rebase: %v", err)
	}
	if fingerprint(o.h) != was {
		t.Fatalf("the history itself was altered")
	}
	o.r = r
	gone := map[crdt.Hash]*history.Gone{}
	for i := range r.Gone {
		gone[r.Gone[i].Hash] = &r.Gone[i]
	}
	for _, x := range slices.Concat(drop, move) {
		if gone[x] == nil {
			t.Fatalf("%s was to go, and did not", x)
		}
	}
	for _, c := range s.changes {
		o.before.Apply(c)
		if gone[c.Hash] == nil {
			o.after.Apply(c)
			for i := range c.Ops {
				id := historytest.ID{Counter: c.StartOp + uint64(i), Actor: c.Actor}
				o.now[id] = id
			}
		}
	}
	news := o.admitNews()
	for _, c := range s.changes {
		if g := gone[c.Hash]; g != nil {
			o.match(c, g, news[g.Index])
		}
	}
	return o
}

// admitNews admits the new changes as a stranger would, and gives their operations by the old change.
func (o *outcome) admitNews() map[int][]historytest.ID {
	fresh, err := o.h.Without(func(i int) bool {
		return slices.ContainsFunc(o.r.Gone, func(g history.Gone) bool { return g.Index == i })
	})
	if err != nil {
		o.Fatalf("what is left cannot be loaded: %v", err)
	}
	out := map[int][]historytest.ID{}
	for _, n := range o.r.News {
		c, err := format.DecodeChange(n.Raw, format.DefaultLimits())
		if err != nil || c.Hash != n.Hash || c.Actor != o.s.actor {
			o.Fatalf("a new change cannot be read: %v", err)
		}
		if res, err := fresh.Admit(c, me, nil); err != nil || len(res.Admitted) != 1 {
			o.Fatalf("a new change is not admitted: %v", err)
		}
		old, err := format.DecodeTrusted(o.h.Raw(n.From))
		if err != nil || old.Time != c.Time || old.Message != c.Message {
			o.Fatalf("a new change has another time or message: %v", err)
		}
		o.after.Apply(c)
		for i := range c.Ops {
			out[n.From] = append(out[n.From], historytest.ID{Counter: c.StartOp + uint64(i), Actor: c.Actor})
		}
	}
	return out
}

// match pairs a change's operations with those made of them.
func (o *outcome) match(c *format.Change, g *history.Gone, made []historytest.ID) {
	unmade := map[int]bool{}
	for _, k := range g.Moot {
		unmade[k] = true
	}
	for _, l := range g.Lost {
		unmade[l.Op] = true
		if i, ok := o.h.IndexOf(l.Cause); !ok || !slices.ContainsFunc(o.r.Gone, func(g history.Gone) bool { return g.Index == i }) {
			o.Fatalf("lost because of a change that stays")
		}
	}
	if len(unmade) != len(g.Moot)+len(g.Lost) {
		o.Fatalf("an operation is moot and lost, or twice so")
	}
	for k := range c.Ops {
		id := historytest.ID{Counter: c.StartOp + uint64(k), Actor: c.Actor}
		if g.Dropped || unmade[k] {
			o.lost[id] = true
			continue
		}
		if len(made) == 0 {
			o.Fatalf("operation %d of %s is neither made anew nor told of", k, c.Hash)
		}
		o.now[id], made = made[0], made[1:]
	}
	if len(made) > 0 {
		o.Fatalf("%d operations come from nowhere", len(made))
	}
}

// mapped gives an id of before as it is after; false where it is lost.
func (o *outcome) mapped(id historytest.ID) (historytest.ID, bool) {
	if id == (historytest.ID{}) {
		return id, true
	}
	now, ok := o.now[id]
	return now, ok
}

// knew tells whether the writer of operation b had operation a.
func (o *outcome) knew(b, a historytest.ID) bool {
	if o.past == nil {
		o.past = map[historytest.ID]map[crdt.Hash]bool{}
		byHash := map[crdt.Hash]map[crdt.Hash]bool{}
		for _, c := range o.s.changes {
			past := map[crdt.Hash]bool{c.Hash: true}
			for _, d := range c.Deps {
				for x := range byHash[d] {
					past[x] = true
				}
			}
			byHash[c.Hash] = past
			for i := range c.Ops {
				o.past[historytest.ID{Counter: c.StartOp + uint64(i), Actor: c.Actor}] = past
			}
		}
	}
	for _, c := range o.s.changes {
		if c.Actor == a.Actor && a.Counter >= c.StartOp && a.Counter <= c.MaxOp() {
			return o.past[b][c.Hash] && (a.Actor != b.Actor || a.Counter < b.Counter)
		}
	}
	return false
}

func (o *outcome) check() {
	back := map[historytest.ID]historytest.ID{}
	for was, now := range o.now {
		back[now] = was
	}
	for was, now := range o.now {
		o.checkSame(was, now)
	}
	for now, op := range o.after.Ops {
		if op.Hidden || !op.HoldsValue() {
			continue
		}
		was := back[now]
		if o.before.Ops[was].Hidden { // then it was a lost operation that had hidden it, and nothing that is there
			for id, by := range o.before.Ops {
				if slices.Contains(by.Pred, was) && !o.lost[id] &&
					(by.Action != format.ActionIncrement || op.Value.Type != format.ValueCounter) {
					o.Fatalf("%v is to be seen, which %v had overwritten", was, id)
				}
			}
		}
		for other, rival := range o.after.Ops {
			if other == now || rival.Hidden || !rival.HoldsValue() || rival.Object != op.Object || rival.InSeq || op.InSeq || rival.Key != op.Key {
				continue
			}
			if a, b := back[other], back[now]; o.knew(b, a) && (o.before.Ops[a].Hidden || o.before.Ops[b].Hidden) {
				o.Fatalf("%v and %v clash, of which one was written over the other", a, b)
			}
		}
	}
	o.checkOrder(back)
}

// checkSame holds an operation that is there against what it was.
func (o *outcome) checkSame(was, now historytest.ID) {
	a, b := o.before.Ops[was], o.after.Ops[now]
	if was.Counter != now.Counter {
		o.Fatalf("%v has another counter: %v", was, now)
	}
	obj, ok := o.mapped(a.Object)
	if !ok || obj != b.Object || a.Key != b.Key || a.Action != b.Action || a.Insert != b.Insert || a.InSeq != b.InSeq ||
		a.Value.Type != b.Value.Type || string(a.Value.Raw) != string(b.Value.Raw) || a.MarkName != b.MarkName || a.Expand != b.Expand {
		o.Fatalf("%v became something else: %+v, %+v", was, a, b)
	}
	if a.InSeq {
		elem := a.Elem
		for a.Insert && o.lost[elem] {
			elem = o.before.Ops[elem].Elem
		}
		if e, ok := o.mapped(elem); !ok || e != b.Elem {
			o.Fatalf("%v stands behind %v, and not %v", was, b.Elem, e)
		}
	}
	if a.HoldsValue() && !a.Hidden && b.Hidden {
		o.Fatalf("%v could be seen, and cannot any more", was)
	}
	if a.Action == format.ActionIncrement {
		for _, p := range a.Pred {
			if q, ok := o.mapped(p); ok && !slices.Contains(b.Pred, q) {
				o.Fatalf("an increment of %v does not count any more", p)
			}
		}
	}
}

// checkOrder: whichever of two operations won, wins; and sequences into which nothing lost was inserted have their order.
func (o *outcome) checkOrder(back map[historytest.ID]historytest.ID) {
	var all []historytest.ID
	for was := range o.now {
		all = append(all, was)
	}
	slices.SortFunc(all, historytest.ID.Compare)
	for k := 1; k < len(all); k++ {
		a, b := all[k-1], all[k]
		if o.now[a].Compare(o.now[b]) >= 0 && (!o.own(a) || !o.own(b)) { // mine follow one another: none ever wins by its actor
			o.Fatalf("%v lost against %v, and wins", a, b)
		}
	}
	for _, object := range o.before.Objects() {
		now, ok := o.mapped(object)
		if !ok || !o.before.IsSequence(object) {
			continue
		}
		was := inOrder(o.before, object)
		if slices.ContainsFunc(was, func(id historytest.ID) bool { return o.lost[id] }) {
			continue
		}
		var got []historytest.ID
		for _, id := range inOrder(o.after, now) {
			got = append(got, back[id])
		}
		if !slices.Equal(got, was) {
			o.Fatalf("%v has another order: %v, %v", object, was, got)
		}
	}
}

func (o *outcome) own(id historytest.ID) bool {
	return slices.ContainsFunc(o.s.changes, func(c *format.Change) bool { return c.Actor == id.Actor && o.s.mine[c.Hash] })
}

// inOrder gives the elements of a sequence in the order of the document, the plainest way.
func inOrder(m *historytest.Model, object historytest.ID) []historytest.ID {
	kids := map[historytest.ID][]historytest.ID{}
	for _, e := range m.Elements(object, true) {
		at := m.Ops[e].Elem
		kids[at] = append(kids[at], e)
	}
	var out []historytest.ID
	var walk func(at historytest.ID)
	walk = func(at historytest.ID) {
		slices.SortFunc(kids[at], func(a, b historytest.ID) int { return b.Compare(a) })
		for _, e := range kids[at] {
			out = append(out, e)
			walk(e)
		}
	}
	walk(historytest.ID{})
	return out
}

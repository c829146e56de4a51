package admission

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// Case is a document that admission took, some of whose changes were altered.
type Case struct {
	Changes []*format.Change // in the order of their admission
	Altered []string         // for each altered change: its index, and how
	Heads   []string
}

// Counts tells what became of the altered changes, by name of the alteration and then by code; "admitted" where they were.
type Counts map[string]map[string]int

func (n Counts) add(name, what string) {
	if n[name] == nil {
		n[name] = map[string]int{}
	}
	n[name][what]++
}

// Generator makes cases from a source of randomness.
type Generator struct {
	Rand   historytest.Rand
	Seeds  [][]*format.Change // documents that other implementations made, to continue from
	Counts Counts
}

// tries is how many alterations of one change are tried until one is admitted.
const tries = 30

// Next makes a case. The error tells that a change that a well-behaved writer made was refused.
func (g *Generator) Next() (Case, error) {
	r := g.Rand
	h := history.New(history.DefaultLimits())
	all := historytest.NewModel()
	var out Case
	admit := func(c *format.Change) error {
		res, err := h.Admit(c, "author", nil)
		if err != nil {
			return err
		}
		if len(res.Admitted) == 0 { // a duplicate, or it waits
			h.ForgetWaiting()
			return errNotNow
		}
		all.Apply(c)
		return nil
	}
	if len(g.Seeds) > 0 && r.IntN(3) == 0 {
		for _, c := range pick(r, g.Seeds) {
			if err := admit(c); err != nil {
				return out, fmt.Errorf("a change of another implementation: %w", err)
			}
		}
	}
	writers := make([]*historytest.Writer, 1+r.IntN(4))
	for i := range writers {
		writers[i] = historytest.NewWriter(historytest.ActorID(100+i), r)
	}
	for range 2 + r.IntN(12) {
		w := pick(r, writers)
		switch r.IntN(3) {
		case 0:
			w.MergeFrom(all, -1)
		case 1:
			w.MergeFrom(all, 1+r.IntN(5))
		}
		w.Sketch(6)
		draft := w.Draft()
		var taken *format.Change
		if r.IntN(5) > 0 {
			var how string
			if taken, how = g.alter(all, draft, admit); taken != nil {
				out.Altered = append(out.Altered, fmt.Sprintf("%d: %s", len(all.Changes)-1, how))
			}
		}
		if taken == nil {
			c, err := draft.Build()
			if err == nil {
				err = admit(c)
			}
			var refusal *crdt.Refusal
			if errors.As(err, &refusal) && refusal.Code == crdt.RefusedBadSeq {
				w.MergeFrom(all, -1) // an altered change took its actor's next number
				continue
			}
			if err != nil {
				return out, fmt.Errorf("a writer's change: %w\n%s", err, Case{Changes: append(all.Changes, c)})
			}
			taken = c
		}
		if !slices.ContainsFunc(taken.Deps, func(d crdt.Hash) bool { return !w.Has(d) }) {
			w.Apply(taken)
		}
	}
	out.Changes = all.Changes
	for _, x := range h.Heads() {
		out.Heads = append(out.Heads, x.String())
	}
	if !h.Heads().Equal(all.Heads) {
		return out, fmt.Errorf("heads %s, want %s", h.Heads(), all.Heads)
	}
	return out, nil
}

var errNotNow = errors.New("waits, or was here")

// alter tries alterations of a change until one is admitted, and gives that one.
func (g *Generator) alter(all *historytest.Model, draft change, admit func(*format.Change) error) (*format.Change, string) {
	ms := mutators()
	for range tries {
		c := draft
		c.Ops = slices.Clone(draft.Ops)
		var names []string
		var built *format.Change
		var err error
		if g.Rand.IntN(6) == 0 {
			names = []string{"bytes"}
			var base *format.Change
			if base, err = c.Build(); err == nil {
				built, err = format.DecodeChange(mangle(g.Rand, base.Raw), format.DefaultLimits())
			}
		} else {
			for range 1 + g.Rand.IntN(2) {
				m := ms[g.Rand.IntN(len(ms))]
				m.do(g.Rand, all, &c)
				names = append(names, m.name)
			}
			built, err = c.Build()
		}
		if err == nil && !all.Has(built.Hash) {
			err = admit(built)
		}
		name := strings.Join(names, " + ")
		what := "admitted"
		var refusal *crdt.Refusal
		if errors.As(err, &refusal) {
			what = string(refusal.Code)
		} else if err != nil {
			what = "waits"
		}
		for _, n := range names {
			g.Counts.add(n, what)
		}
		if err == nil {
			return built, name
		}
	}
	return nil, ""
}

// Request is the case for a judge: in the order of admission, and in a random other order.
func (c Case) Request(r historytest.Rand) Request {
	var q Request
	for _, x := range c.Changes {
		q.A = append(q.A, x.Raw)
		q.WithoutPatches = q.WithoutPatches || slices.ContainsFunc(x.Ops, func(o format.Op) bool {
			return o.InSeq && o.Action == format.ActionIncrement
		})
	}
	rest := slices.Clone(c.Changes)
	done := map[crdt.Hash]bool{}
	for len(rest) > 0 {
		i := r.IntN(len(rest))
		for slices.ContainsFunc(rest[i].Deps, func(d crdt.Hash) bool { return !done[d] }) {
			i = (i + 1) % len(rest)
		}
		done[rest[i].Hash] = true
		q.B = append(q.B, rest[i].Raw)
		rest = slices.Delete(rest, i, i+1)
	}
	return q
}

// String describes the changes, for the log of a failure.
func (c Case) String() string {
	var b strings.Builder
	number := map[crdt.Hash]int{}
	name := func(x id) string {
		if x.Counter == 0 {
			return "0"
		}
		return fmt.Sprintf("%d@%.4q", x.Counter, string(x.Actor))
	}
	for i, x := range c.Changes {
		number[x.Hash] = i
		var deps []int
		for _, d := range x.Deps {
			deps = append(deps, number[d])
		}
		fmt.Fprintf(&b, "change %d by %q seq %d start %d deps %v", i, string(x.Actor), x.Seq, x.StartOp, deps)
		if len(x.Extra) > 0 || x.Message != "" {
			fmt.Fprintf(&b, " message %.20q extra %x", x.Message, x.Extra[:min(40, len(x.Extra))])
		}
		b.WriteString("\n")
		for k, o := range historytest.Spell(x).Ops {
			fmt.Fprintf(&b, "  %d: in %s", x.StartOp+uint64(k), name(o.Object))
			switch {
			case o.Insert:
				fmt.Fprintf(&b, " insert behind %s", name(o.Elem))
			case o.InSeq:
				fmt.Fprintf(&b, " at %s", name(o.Elem))
			default:
				fmt.Fprintf(&b, " key %.20q", o.Key)
			}
			fmt.Fprintf(&b, " action %d value %d %.20x pred", o.Action, o.Value.Type, o.Value.Raw)
			for _, p := range o.Pred {
				fmt.Fprintf(&b, " %s", name(p))
			}
			if o.HasMark {
				fmt.Fprintf(&b, " mark %.20q", o.MarkName)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

package admission_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"fieldsync/conformance/admission"
	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
)

// What a rebase makes of a document is what every core loads, merges in any order, saves and shows alike: documents that
// automerge JS and automerge-go began, and that two writers went on with, of whom one has some of his changes dropped.
func TestARebasedDocumentSuitsEveryCore(t *testing.T) {
	js, docs := judges(t), seeds(t)
	made, lost, sick := 0, 0, 0
	for n := range 30 {
		r := rand.New(rand.NewPCG(7, uint64(n)))
		before, c, told, err := rebased(r, docs[n%len(docs)])
		if err != nil {
			t.Fatalf("case %d: %v", n, err)
		}
		// Two who overwrite one character at once, and one of them deletes it: automerge JS 3.5 panics on some such documents,
		// which nobody can be kept from making.
		if verdict, err := admission.Compare(js, before.Request(r), before.Heads); err != nil || len(verdict) > 0 {
			sick++
			continue
		}
		made += len(told.News)
		for _, g := range told.Gone {
			lost += len(g.Lost)
		}
		verdict, err := admission.Compare(js, c.Request(r), c.Heads)
		if err != nil {
			t.Fatalf("case %d: %v", n, err)
		}
		if len(verdict) > 0 {
			t.Errorf("case %d: %s\n%s", n, strings.Join(verdict, "\n"), c)
		}
	}
	if made < 60 || lost < 10 || sick > 4 {
		t.Errorf("%d changes were made anew, %d operations lost, %d documents no good before: too few to prove anything", made, lost, sick)
	}
}

// rebased makes such a document, as it was and as it is then.
func rebased(r *rand.Rand, begun []*format.Change) (before, after admission.Case, told *history.Rebased, err error) {
	h := history.New(history.DefaultLimits())
	admit := func(c *format.Change, by history.Author) {
		if _, aerr := h.Admit(c, by, nil); err == nil && aerr != nil {
			err = fmt.Errorf("a writer's change is not admitted: %w", aerr)
		}
	}
	all := historytest.NewModel()
	for _, x := range begun {
		all.Apply(x)
		admit(x, "others")
	}
	me, other := historytest.NewWriter("the actor of my phone", r), historytest.NewWriter(historytest.ActorID(3), r)
	me.MergeFrom(all, -1)
	other.MergeFrom(all, -1)
	var mine []crdt.Hash
	for range 4 + r.IntN(8) {
		if r.IntN(3) == 0 {
			x := other.Edit(4)
			admit(x, "others")
			me.MergeFrom(other.Model, -1)
			continue
		}
		x := me.Edit(4)
		admit(x, "me")
		mine = append(mine, x.Hash)
	}
	if err != nil || len(mine) == 0 {
		return before, after, &history.Rebased{}, err
	}
	drop := []crdt.Hash{mine[r.IntN(1+len(mine)/2)]}
	told, err = h.Rebase(history.Rebase{Drop: drop, Own: "me", Actor: "the actor of my phone\x00\x01"})
	if err != nil {
		return before, after, nil, err
	}
	gone := map[int]bool{}
	for _, g := range told.Gone {
		gone[g.Index] = true
	}
	left, err := h.Without(func(i int) bool { return gone[i] })
	if err != nil {
		return before, after, nil, err
	}
	for _, n := range told.News {
		x, err := format.DecodeChange(n.Raw, format.DefaultLimits())
		if err != nil {
			return before, after, nil, err
		}
		if _, err := left.Admit(x, "me", nil); err != nil {
			return before, after, nil, err
		}
	}
	if before, err = caseOf(h); err == nil {
		after, err = caseOf(left)
	}
	return before, after, told, err
}

func caseOf(h *history.History) (c admission.Case, err error) {
	for i := range h.Len() {
		x, err := format.DecodeChange(h.Raw(i), format.DefaultLimits())
		if err != nil {
			return c, err
		}
		c.Changes = append(c.Changes, x)
	}
	for _, x := range h.Heads() {
		c.Heads = append(c.Heads, x.String())
	}
	return c, nil
}

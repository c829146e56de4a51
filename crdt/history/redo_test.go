package history_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"fieldsync/crdt"
	"fieldsync/crdt/format"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"

	"pgregory.net/rapid"
)

// again is what is to be done once more after a rebase: what was dropped, and what was lost with it.
func (o *outcome) again() []history.Piece {
	var out []history.Piece
	for _, g := range o.r.Gone {
		p := history.Piece{Raw: o.h.Raw(g.Index)}
		if !g.Dropped {
			p.Ops = []int{}
			for _, l := range g.Lost {
				p.Ops = append(p.Ops, l.Op)
			}
		}
		out = append(out, p)
	}
	return out
}

// What is done again is what a writer would do at the heads of now who wants the same.
func TestWhatIsDoneAgainIsWhatAWriterWouldDoNow(t *testing.T) {
	done, left, marks := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		s := tell(t, false)
		o := rebase(t, s, s.some("drop"), nil)
		h := history.New(history.DefaultLimits())
		admitAll(t, h, o.after.Changes)
		if h.Len() == 0 {
			return
		}
		pieces := o.again()
		before := fingerprint(h)
		raw, undone, err := h.Redo(history.Redo{Pieces: pieces, Actor: s.actor, Time: 5, Message: "again"})
		if err != nil {
			t.Fatalf("again: %v", err)
		}
		if fingerprint(h) != before {
			t.Fatalf("the history itself was altered")
		}
		left += len(undone)
		want, wantLeft, hasMarks := doAgain(o, pieces)
		if hasMarks { // whether their ends can stand where they would, only admission tells
			marks++
		} else if !slices.Equal(undone, wantLeft) {
			t.Fatalf("left undone %v, want %v", undone, wantLeft)
		}
		if raw == nil {
			if len(want) > 0 && !hasMarks {
				t.Fatalf("%d operations are not done", len(want))
			}
			return
		}
		c, err := format.DecodeChange(raw, format.DefaultLimits())
		if err != nil || c.Time != 5 || c.Message != "again" || c.Actor != s.actor {
			t.Fatalf("the change: %v", err)
		}
		if _, err := h.Admit(c, me, nil); err != nil {
			t.Fatalf("not admitted: %v", err)
		}
		done += len(c.Ops)
		if got := historytest.Spell(c).Ops; !hasMarks && !slices.EqualFunc(got, want, sameOp) {
			t.Fatalf("done\n%+v\nwant\n%+v", got, want)
		}
	})
	if done == 0 || left == 0 || marks == 0 {
		t.Errorf("done %d, left %d, with marks %d: the test does not try it", done, left, marks)
	}
}

func sameOp(a, b historytest.Op) bool {
	return a.Object == b.Object && a.Elem == b.Elem && a.Key == b.Key && a.InSeq == b.InSeq && a.Insert == b.Insert &&
		a.Action == b.Action && a.Value.Type == b.Value.Type && string(a.Value.Raw) == string(b.Value.Raw) && slices.Equal(a.Pred, b.Pred)
}

// doAgain does the work again in the naive model, whose writers name as predecessors what they see.
func doAgain(o *outcome, pieces []history.Piece) (want []historytest.Op, left []history.Left, hasMarks bool) {
	w := historytest.NewWriter(o.s.actor, rand.New(rand.NewPCG(1, 1)))
	w.Model = o.after
	start := uint64(0)
	for _, x := range o.after.Changes {
		start = max(start, x.MaxOp())
	}
	moved := map[historytest.ID]historytest.ID{}
	now := func(id historytest.ID) (historytest.ID, bool) {
		if to, ok := moved[id]; ok {
			return to, true
		}
		return id, id == (historytest.ID{}) || o.after.Ops[id] != nil
	}
	for p, piece := range pieces {
		c, err := format.DecodeTrusted(piece.Raw)
		if err != nil {
			o.Fatal(err)
		}
		for k, op := range historytest.Spell(c).Ops {
			if piece.Ops != nil && !slices.Contains(piece.Ops, k) {
				continue
			}
			hasMarks = hasMarks || op.Action == format.ActionMark
			self := historytest.ID{Counter: c.StartOp + uint64(k), Actor: c.Actor}
			object, there := now(op.Object)
			elem, elemThere := now(op.Elem)
			visible := w.Visible(object, op.InSeq, op.Key, elem)
			var last historytest.ModelOp
			if len(visible) > 0 {
				last = *visible[len(visible)-1]
			}
			bare := len(op.Pred) == 0
			op.Object, op.Elem, op.Pred = object, elem, nil
			switch {
			case !there:
				left = append(left, history.Left{Piece: p, Op: k})
				continue
			case op.Action == format.ActionDelete && (!elemThere || len(visible) == 0):
				continue
			case !elemThere,
				!op.Insert && op.InSeq && len(visible) == 0,
				op.Action == format.ActionIncrement && (len(visible) == 0 || last.Value.Type != format.ValueCounter || last.Action != format.ActionSet):
				left = append(left, history.Left{Piece: p, Op: k})
				continue
			case op.Action == format.ActionMakeMap && !op.InSeq && bare && len(visible) > 0 && last.Action == format.ActionMakeMap:
				moved[self] = last.ID
				continue
			}
			id := w.Do(op)
			if id.Counter != start+1+uint64(len(want)) {
				o.Fatalf("the model counts otherwise")
			}
			moved[self] = id
			want = append(want, w.Ops[id].Op)
		}
	}
	return want, left, hasMarks
}

func TestAMapThatSomebodyElseMadeMeanwhileIsUsed(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	office, phone := historytest.NewWriter("office", r), historytest.NewWriter("phone", r)
	office.Do(historytest.Op{Key: "title", Action: format.ActionSet, Value: format.StringValue("pump")})
	first := office.Commit()
	phone.MergeFrom(office.Model, -1)
	comments := phone.Do(historytest.Op{Key: "comments", Action: format.ActionMakeMap})
	phone.Do(historytest.Op{Object: comments, Key: "mine", Action: format.ActionSet, Value: format.StringValue("hello")})
	refused := phone.Commit()
	comments = office.Do(historytest.Op{Key: "comments", Action: format.ActionMakeMap})
	office.Do(historytest.Op{Object: comments, Key: "theirs", Action: format.ActionSet, Value: format.StringValue("hi")})
	second := office.Commit()

	h := history.New(history.DefaultLimits())
	admitAll(t, h, []*format.Change{first, second})
	raw, left, err := h.Redo(history.Redo{Pieces: []history.Piece{{Raw: refused.Raw}}, Actor: "phone 2"})
	if err != nil || len(left) > 0 {
		t.Fatal(left, err)
	}
	c, err := format.DecodeChange(raw, format.DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	admitAll(t, h, []*format.Change{c})
	for _, key := range []string{"mine", "theirs"} {
		if len(h.Lookup("comments", key)) != 1 {
			t.Errorf("%s is not among the comments", key)
		}
	}
	if !slices.Equal(c.Deps, []crdt.Hash{second.Hash}) {
		t.Error("it does not stand on the heads of now")
	}
}

package admission_test

import (
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"fieldsync/conformance/admission"
	"fieldsync/crdt"
	"fieldsync/crdt/audit"
	"fieldsync/crdt/engine"
	"fieldsync/crdt/history"
)

// tell reads everything that package audit says of a case, holds it against the core, and undoes every change in a copy.
func tell(t *testing.T, c admission.Case) (undone int) {
	t.Helper()
	h := history.New(history.DefaultLimits())
	raws := make([][]byte, len(c.Changes))
	for i, x := range c.Changes {
		if _, err := h.Admit(x, "author", nil); err != nil {
			t.Fatal(err)
		}
		raws[i] = x.Raw
	}
	d, err := engine.Load(raws...)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	replay := h.Replay()
	wantView := func(what string, v *history.View, d *engine.Doc) {
		t.Helper()
		want, err := d.Tree()
		if err != nil {
			t.Fatal(err)
		}
		b := &history.Budget{Values: 1 << 20, Bytes: 1 << 24}
		if diff := cmp.Diff(want, v.Tree(b), cmpopts.EquateNaNs()); diff != "" || b.Cut {
			t.Fatalf("%s (-core +history):\n%s\n%s", what, diff, c)
		}
	}
	wantView("now", replay.Now(), d)
	l := audit.New(h, audit.Options{
		Arrived: func(i int) int64 { return int64(i) },
		Who:     func(history.Author) audit.Who { return audit.Who{User: "anna", Worker: true} },
	})
	for i, x := range c.Changes {
		if i < len(c.Changes)-15 { // what the case begins with others have made, and it is long
			continue
		}
		then, err := d.At(crdt.NewHeads(x.Hash))
		if err != nil {
			t.Fatal(err)
		}
		wantView("after a change", replay.After(i), then)
		then.Close()
		e, err := l.Entry(x.Hash)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(e); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(e.Event()); err != nil {
			t.Fatal(err)
		}
		u, err := l.Undo(x.Hash, audit.Stamp{EventID: "undo", At: 1})
		if err != nil {
			if crdt.KindOf(err) != crdt.KindConflict {
				t.Fatalf("%v\n%s", err, c)
			}
			continue
		}
		fork, err := d.Fork()
		if err != nil {
			t.Fatal(err)
		}
		_, err = fork.Edit(engine.Commit{Actor: "undoer"}, func(tx *engine.Tx) error { return tx.Apply(u.Edits...) })
		if err != nil && !errors.Is(err, engine.ErrMiscounted) {
			t.Fatalf("undoing change %d by %+v: %v\n%s", i, u.Edits, err, c)
		}
		if h.Heads().Contains(x.Hash) && err == nil && len(u.Left) == 0 { // then there is a document in which it was never made
			b := &history.Budget{Values: 1 << 20, Bytes: 1 << 24}
			is, err := fork.Tree()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(replay.Without(i).Tree(b), is, cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("undoing change %d by %+v (-without it +is):\n%s\n%s", i, u.Edits, diff, c)
			}
		}
		fork.Close()
		undone++
	}
	for _, q := range []audit.Query{{Limit: 7}, {Limit: 7, Oldest: true, Fold: true}, {Path: crdt.Path{"k1", 0}}} {
		for n := 0; ; n++ {
			page, err := l.Page(q)
			if err != nil || n > len(c.Changes) {
				t.Fatalf("page %d: %v", n, err)
			}
			if q.After = page.Next; q.After == (crdt.Hash{}) {
				break
			}
		}
	}
	if err := l.Export(io.Discard, crdt.DocID{}); err != nil {
		t.Fatal(err)
	}
	return undone
}

// Whatever admission takes, the history of it can be told, and agrees with the core; and each change can be undone, or it is said
// why not.
func TestWhatIsAdmittedCanBeToldAndUndone(t *testing.T) {
	docs, undone, altered := seeds(t), 0, 0
	for n := range 200 {
		r := rand.New(rand.NewPCG(11, uint64(n)))
		g := admission.Generator{Rand: r, Counts: admission.Counts{}}
		if n%20 == 0 { // their long documents take the generator's time
			g.Seeds = docs
		}
		c, err := g.Next()
		if err != nil {
			t.Fatal(err)
		}
		altered += len(c.Altered)
		undone += tell(t, c)
	}
	if undone < 500 || altered < 300 {
		t.Errorf("only %d changes were undone, %d were altered", undone, altered)
	}
}

// FuzzAudit is TestWhatIsAdmittedCanBeToldAndUndone with the fuzzer in the place of the generator's dice.
func FuzzAudit(f *testing.F) {
	for i := range 10 {
		b := make([]byte, 64)
		r := rand.New(rand.NewPCG(98, uint64(i)))
		for k := range b {
			b[k] = byte(r.IntN(256))
		}
		f.Add(uint64(i), b)
	}
	f.Fuzz(func(t *testing.T, seed uint64, dice []byte) {
		r := &bytesRand{bytes: dice, rest: rand.New(rand.NewPCG(seed, 0))}
		g := admission.Generator{Rand: r, Counts: admission.Counts{}}
		c, err := g.Next()
		if err != nil {
			t.Fatal(err)
		}
		tell(t, c)
	})
}

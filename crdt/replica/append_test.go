package replica_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"fieldsync/crdt"
	"fieldsync/crdt/history"
	"fieldsync/crdt/history/historytest"
	"fieldsync/crdt/replica"
)

// What the document holds already is answered as well: at once if it is durable, else with the write that makes it so.
func TestAnAppendOfWhatIsThereIsAnsweredWhenItIsDurable(t *testing.T) {
	d, err := replica.Open(crdt.DocID{1}, &replica.Config{PeerID: "server", History: history.DefaultLimits()}, replica.Loaded{})
	if err != nil {
		t.Fatal(err)
	}
	want := func(what string, ev replica.Event, tokens ...uint64) {
		t.Helper()
		b, err := d.Step(time.UnixMilli(1_800_000_000_000), ev)
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		for _, n := range b.Notify {
			if a, ok := n.(replica.Appended); ok {
				if got = append(got, a.Token); (a.Err != nil) != failing(ev) {
					t.Errorf("%s: append %d: %v", what, a.Token, a.Err)
				}
			}
		}
		if !slices.Equal(got, tokens) {
			t.Errorf("%s: answered %v, want %v", what, got, tokens)
		}
	}
	w := historytest.NewWriter("actor", rand.New(rand.NewPCG(1, 1)))
	one, two, three := w.Edit(2).Raw, w.Edit(2).Raw, w.Edit(2).Raw
	want("nothing at all", replica.Append{Token: 1}, 1)
	want("the first", replica.Append{Token: 2, Raws: [][]byte{one}})
	want("the first, while it is being written", replica.Append{Token: 3, Raws: [][]byte{one}})
	want("the second, which has to wait for the next write", replica.Append{Token: 4, Raws: [][]byte{two}})
	want("both again", replica.Append{Token: 5, Raws: [][]byte{one, two}})
	want("the first write", replica.Stored{}, 2, 3)
	want("the first, durable, while the second is being written", replica.Append{Token: 6, Raws: [][]byte{one}}, 6)
	want("the second write", replica.Stored{}, 4, 5)
	want("both, durable", replica.Append{Token: 7, Raws: [][]byte{one, two}}, 7)
	want("a third", replica.Append{Token: 8, Raws: [][]byte{three}})
	want("the third again", replica.Append{Token: 9, Raws: [][]byte{three}})
	want("a write that fails", replica.StoreFailed{Err: errors.New("disk full")}, 8, 9)
}

func failing(ev replica.Event) bool { _, failed := ev.(replica.StoreFailed); return failed }

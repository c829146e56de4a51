package engine

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"fieldsync/crdt"
)

// However replicas write to a list at once: its elements read the same one by one as all together, and a write by index does what it
// says, or nothing.
func TestAListIsReadAndWrittenByIndexAsItStands(t *testing.T) {
	written, refused := 0, 0
	for seed := range uint64(150) {
		rng := rand.New(rand.NewPCG(seed, 7))
		var first []any
		for i := range 14 + rng.IntN(6) {
			first = append(first, fmt.Sprint("v", i))
		}
		base := edit(t, open(t), anna, set(crdt.Path{"l"}, first))
		var docs [3]*Doc
		var made [3][][]byte
		var has [3][3]int // of the others' changes
		for i := range docs {
			docs[i] = open(t, base)
		}
		for step := range 40 {
			who, from := rng.IntN(3), rng.IntN(3)
			d := docs[who]
			if who != from && rng.IntN(2) == 0 {
				if d.Apply(made[from][has[who][from]:]...) == nil { // else it lacks what they build on
					has[who][from] = len(made[from])
				}
			} else {
				before := wholeList(t, d)
				want, fn := someEdit(rng, before, step)
				raw, err := d.Edit(Commit{Actor: crdt.ActorID(fmt.Sprint("actor-", who)), Time: 1}, fn)
				switch {
				case errors.Is(err, ErrMiscounted):
					want = before
					refused++
				case err != nil:
					t.Fatal(err)
				default:
					made[who] = append(made[who], raw)
					written++
				}
				if diff := cmp.Diff(want, wholeList(t, d)); diff != "" {
					t.Fatalf("seed %d, step %d: %v (-want +got):\n%s", seed, step, err, diff)
				}
			}
			for i, x := range wholeList(t, d) {
				if got, err := d.Get("l", i); err != nil || !cmp.Equal(got, x) {
					t.Fatalf("seed %d, step %d: element %d is %v (%v), and reads as %v in the list", seed, step, i, got, err, x)
				}
				if all, err := d.Conflicts("l", i); err == nil && !cmp.Equal(all[0].Value, x) || err != nil && !errors.Is(err, ErrMiscounted) {
					t.Fatalf("seed %d, step %d: element %d is %v, in conflict are %v (%v)", seed, step, i, x, all, err)
				}
			}
		}
		for _, d := range docs {
			d.Close()
		}
	}
	if refused == 0 || refused > written/100 {
		t.Errorf("%d writes, %d refused", written, refused)
	}
}

func wholeList(t *testing.T, d *Doc) []any {
	t.Helper()
	v, err := d.Get("l")
	if err != nil {
		t.Fatal(err)
	}
	return v.([]any)
}

// someEdit is an edit of a list, and what the list is afterwards.
func someEdit(rng *rand.Rand, before []any, step int) (want []any, fn func(*Tx) error) {
	v := any(fmt.Sprint("s", step))
	switch rng.IntN(4) {
	case 0:
		v = crdt.Counter(step)
	case 1:
		v = map[string]any{"k": int64(step)}
	case 2:
		v = crdt.Text(fmt.Sprint("t", step))
	}
	i := rng.IntN(len(before) + 1)
	if rng.IntN(2) == 0 {
		i = min(i, 8+i%4) // where others write as well
	}
	at := crdt.Path{"l", i}
	want = slices.Clone(before)
	switch op := rng.IntN(5); {
	case op == 0 || i == len(before):
		return slices.Insert(want, i, v), func(tx *Tx) error { return tx.Insert(at, v) }
	case op == 1:
		return slices.Delete(want, i, i+1), func(tx *Tx) error { return tx.Delete(at) }
	case op == 2:
		if c, ok := before[i].(crdt.Counter); ok {
			want[i] = c + 3
			return want, func(tx *Tx) error { return tx.Increment(at, 3) }
		}
	}
	want[i] = v
	return want, func(tx *Tx) error { return tx.Set(at, v) }
}

package admission_test

import (
	"math/rand/v2"
	"testing"

	"fieldsync/conformance/admission"
)

// bytesRand takes its decisions from bytes, and from a generator once they are used up, so that the fuzzer can turn each.
type bytesRand struct {
	bytes []byte
	rest  *rand.Rand
}

func (b *bytesRand) IntN(n int) int {
	if len(b.bytes) == 0 {
		return b.rest.IntN(n)
	}
	x := int(b.bytes[0])
	b.bytes = b.bytes[1:]
	if n > 256 && len(b.bytes) > 0 {
		x = x<<8 | int(b.bytes[0])
		b.bytes = b.bytes[1:]
	}
	return x % n
}

// FuzzAdmit is TestWhatIsAdmittedSuitsEveryCore with the fuzzer in the place of the generator's dice.
func FuzzAdmit(f *testing.F) {
	js, docs := judges(f), seeds(f)
	for i := range 20 {
		b := make([]byte, 64)
		r := rand.New(rand.NewPCG(99, uint64(i)))
		for k := range b {
			b[k] = byte(r.IntN(256))
		}
		f.Add(uint64(i), b)
	}
	f.Fuzz(func(t *testing.T, seed uint64, dice []byte) {
		r := &bytesRand{bytes: dice, rest: rand.New(rand.NewPCG(seed, 0))}
		g := admission.Generator{Rand: r, Seeds: docs, Counts: admission.Counts{}}
		c, err := g.Next()
		if err != nil {
			t.Fatal(err)
		}
		verdict, err := admission.Compare(js, c.Request(r), c.Heads)
		if err != nil {
			t.Fatal(err)
		}
		if len(verdict) > 0 {
			t.Fatalf("%v\n%s", verdict[0], least(t, js, c, verdict[0]))
		}
	})
}

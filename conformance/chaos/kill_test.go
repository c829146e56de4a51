package chaos_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// number reads a number from the environment.
func number(t testing.TB, name string, def int) int {
	t.Helper()
	s := os.Getenv(name)
	if s == "" {
		return def
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		t.Fatalf("%s=%s is not a number of at least 1", name, s)
	}
	return n
}

const (
	writers = 8
	// generation is how many rounds write to the same documents, so that later ones find what earlier ones left.
	generation = 10
)

func TestNothingAcknowledgedIsLostByKill9(t *testing.T) {
	rounds := number(t, "CHAOS_ROUNDS", 50)
	w := newWorld(t, uint64(number(t, "CHAOS_SEED", 1)))
	if err := w.start(); err != nil {
		t.Fatal(err)
	}
	var own, shared, all []string
	for round := range rounds {
		if round%generation == 0 {
			own, shared = nil, nil
			for range writers {
				own = append(own, w.newDoc())
			}
			shared = append(shared, w.newDoc(), w.newDoc())
			all = append(all, append(own, shared...)...)
		}
		target := 20 + w.rand.IntN(6000)
		c := w.work(fmt.Sprintf("round-%d", round), own, shared, target)
		if err := c.wait(); err != nil {
			t.Fatalf("round %d: %v\n%s", round, err, w.p.Output())
		}
		w.p.Kill()
		c.done.Wait()
		if err := w.start(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if err := w.check(fmt.Sprintf("round-%d", round), append(own, shared...)); err != nil {
			t.Fatalf("round %d, killed after %d acknowledgements: %v\n%s", round, target, err, w.p.Output())
		}
	}
	if err := w.check("end", all); err != nil {
		t.Fatal(err)
	}
	promised := 0
	for _, held := range w.promised {
		promised += len(held)
	}
	t.Logf("%d rounds, %d documents, %d acknowledged changes", rounds, len(all), promised)
}

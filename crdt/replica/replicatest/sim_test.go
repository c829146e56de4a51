package replicatest_test

import (
	"flag"
	"testing"

	"fieldsync/crdt/replica/replicatest"
)

var (
	seeds = flag.Int("sim.seeds", 300, "how many worlds TestSimulation lives through")
	first = flag.Uint64("sim.first", 1, "the first seed")
	trace = flag.Bool("sim.trace", false, "print the trace of every seed, not only of failing ones")
)

func TestSimulation(t *testing.T) {
	var all replicatest.Stats
	failures := 0
	for seed := *first; seed < *first+uint64(*seeds) && failures < 5; seed++ {
		r := replicatest.Run(seed, replicatest.Options{Keep: *trace})
		all.Add(r.Stats)
		if *trace {
			t.Log(r.Trace)
		}
		if r.Err != nil {
			failures++
			t.Errorf("seed %d: %v\nits story: go test ./crdt/replica/replicatest -run TestSimulation -sim.first=%d -sim.seeds=1 -sim.trace -v", seed, r.Err, seed)
		}
	}
	t.Logf("%+v", all)
}

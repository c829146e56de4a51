package replicatest_test

import (
	"flag"
	"testing"

	"fieldsync/crdt/replica/replicatest"
)

var (
	seeds = flag.Int("sim.seeds", 300, "how many worlds TestSimulation lives through")
	first = flag.Uint64("sim.first", 1, "the seed of the first")
	trace = flag.Bool("sim.trace", false, "tell the story of every world, not only its end")
)

// maxFailures ends the test: the first few say enough.
const maxFailures = 5

func TestSimulation(t *testing.T) {
	var all replicatest.Stats
	failures := 0
	for seed := *first; seed < *first+uint64(*seeds) && failures < maxFailures; seed++ {
		r := replicatest.Run(seed, replicatest.Options{Keep: *trace})
		all.Add(r.Stats)
		if *trace {
			t.Logf("seed %d\n%s", seed, r.Trace)
		}
		if r.Err != nil {
			failures++
			t.Errorf("seed %d: %v\nto hear its story: go test ./crdt/replica/replicatest -run 'TestSimulation$' -sim.first=%d -sim.seeds=1 -sim.trace", seed, r.Err, seed)
		}
	}
	t.Logf("%+v", all)
	if *seeds < 100 || failures > 0 {
		return
	}
	for what, n := range map[string]int{"edits": all.Edits, "crashes": all.Crashes, "writes lost in a crash": all.Lost,
		"failed writes": all.Failed, "slow readers closed": all.Slow, "documents that left memory": all.Retired, "snapshots": all.Snapshots,
		"refusals": all.Refused, "lies": all.Lies, "changes of access": all.Revoked, "comparisons": all.Compared, "changes that were discarded": all.Discards, "discards that failed": all.DiscardsFailed,
		"documents pushed": all.Pushed, "heads guessed": all.Guessed, "frames in bundles": all.Bundled} {
		if n == 0 {
			t.Errorf("no %s in %d worlds: the simulation does not try them", what, *seeds)
		}
	}
}

func TestTheSameSeedGivesTheSameTrace(t *testing.T) {
	different := map[string]bool{}
	for seed := uint64(1); seed <= 20; seed++ {
		a, b := replicatest.Run(seed, replicatest.Options{Keep: true}), replicatest.Run(seed, replicatest.Options{})
		if a.Digest != b.Digest {
			t.Errorf("seed %d: two runs, two stories", seed)
		}
		if a.Trace == "" || b.Trace != "" {
			t.Error("the text is there when it was asked for, and only then")
		}
		different[a.Digest] = true
	}
	if len(different) != 20 {
		t.Errorf("20 seeds, %d stories", len(different))
	}
}

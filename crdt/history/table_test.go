package history

import (
	"testing"

	"pgregory.net/rapid"
)

func TestTableFindsWhatWasAddedAndNotDropped(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tab table
		// Few distinct hashes, so that runs are long and wrap around.
		hashOf := func(i uint32) uint64 { return uint64(i) * 7 % 5 * 0x1fff_ffff_ffff_fffd }
		var there []uint32
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			if len(there) > 0 && rapid.IntRange(0, 2).Draw(t, "what") == 0 {
				last := there[len(there)-1]
				there = there[:len(there)-1]
				tab.drop(last, hashOf)
			} else {
				there = append(there, uint32(len(there)))
				tab.add(uint32(len(there)-1), hashOf)
			}
			for i := range uint32(64) {
				got, ok := tab.find(hashOf(i), func(x uint32) bool { return x == i })
				if want := int(i) < len(there); ok != want || ok && got != i {
					t.Fatalf("%d of %d: %d, %v", i, len(there), got, ok)
				}
			}
		}
	})
}

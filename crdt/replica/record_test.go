package replica

import (
	"bytes"
	"testing"
)

func TestAnEntryOfOneAndOfSeveralChangesReadsBackAndNoPartOfItDoes(t *testing.T) {
	arrivals := []int64{1_700_000_000_000, 1_699_999_999_000, 1_700_000_000_500} // clocks go back, too
	raws := [][]byte{[]byte("one"), bytes.Repeat([]byte("two"), 100), []byte("3")}
	run := appendRun(nil, arrivals, func(i int) []byte { return raws[i] })
	at := 0
	if err := DecodeEntry(run, func(arrived int64, raw []byte) {
		if arrived != arrivals[at] || !bytes.Equal(raw, raws[at]) {
			t.Errorf("change %d reads back as %d %q", at, arrived, raw)
		}
		at++
	}); err != nil || at != len(raws) {
		t.Fatalf("%d changes read back: %v", at, err)
	}
	visited := 0
	for cut := range run {
		if err := DecodeEntry(run[:cut], func(int64, []byte) { visited++ }); err == nil {
			t.Errorf("the first %d bytes of %d are taken for a whole entry", cut, len(run))
		}
	}
	if err := DecodeEntry(append(bytes.Clone(run), 0), func(int64, []byte) { visited++ }); err == nil || visited > 0 {
		t.Errorf("bytes behind the entry are not noticed, or %d changes of a damaged one are shown", visited)
	}

	single := AppendEntry(nil, arrivals[1], raws[1])
	if err := DecodeEntry(single, func(arrived int64, raw []byte) {
		if arrived != arrivals[1] || !bytes.Equal(raw, raws[1]) {
			t.Errorf("a single change reads back as %d %q", arrived, raw)
		}
	}); err != nil {
		t.Error(err)
	}
}

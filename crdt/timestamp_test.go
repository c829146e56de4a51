package crdt_test

import (
	"encoding/json"
	"math"
	"testing"

	"pgregory.net/rapid"

	"fieldsync/crdt"
)

func TestATimeIsWrittenInOneSpelling(t *testing.T) {
	for ms, want := range map[crdt.Timestamp]string{
		0:                             `"1970-01-01T00:00:00.000Z"`,
		1_790_000_000_007:             `"2026-09-21T14:13:20.007Z"`,
		-1:                            `"1969-12-31T23:59:59.999Z"`,
		253_402_300_799_999:           `"9999-12-31T23:59:59.999Z"`,
		-62_167_219_200_000:           `"0000-01-01T00:00:00.000Z"`,
		253_402_300_800_000:           `253402300800000`,
		-62_167_219_200_001:           `-62167219200001`,
		crdt.Timestamp(math.MinInt64): `-9223372036854775808`,
	} {
		got, err := json.Marshal(ms)
		if err != nil || string(got) != want {
			t.Errorf("%d: %s, %v, want %s", int64(ms), got, err, want)
		}
	}
}

func TestATimeIsReadInEverySpelling(t *testing.T) {
	for in, want := range map[string]crdt.Timestamp{
		`"2026-09-21T14:13:20.007Z"`:       1_790_000_000_007,
		`"2026-09-21T16:13:20.0079+02:00"`: 1_790_000_000_007,
		`"2026-09-21T14:13:20Z"`:           1_790_000_000_000,
		`"2026-09-21T14:13:20.000\u005a"`:  1_790_000_000_000,
		`1790000000007`:                    1_790_000_000_007, // as it was cached before
		`-5`:                               -5,
		`null`:                             77, // what stood there
	} {
		got := crdt.Timestamp(77)
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", in, int64(got), err, int64(want))
		}
	}
	for _, in := range []string{`"tomorrow"`, `""`, `1.5`, `1e3`, `true`, `{}`, `"2026-09-21"`, `"0000-01-01T00:00:00+01:00"`, `9223372036854775808`} {
		var got crdt.Timestamp
		if err := json.Unmarshal([]byte(in), &got); err == nil {
			t.Errorf("%s was taken for %d", in, int64(got))
		}
	}
}

func TestATimeComesBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.OneOf(rapid.Map(rapid.Int64(), func(n int64) crdt.Timestamp { return crdt.Timestamp(n) }),
			rapid.Map(rapid.Int64Range(-62_167_219_200_000, 253_402_300_799_999), func(n int64) crdt.Timestamp { return crdt.Timestamp(n) })).Draw(t, "time")
		b, err := json.Marshal(map[crdt.Timestamp]crdt.Timestamp{1: want})
		if err != nil {
			t.Fatal(err)
		}
		got := map[crdt.Timestamp]crdt.Timestamp{}
		if err := json.Unmarshal(b, &got); err != nil || got[1] != want {
			t.Fatalf("%s: %d, %v", b, int64(got[1]), err)
		}
	})
}

package format

import (
	"testing"

	"fieldsync/crdt"
)

// typical is a change of three operations, as a tap on a status button makes it.
func typical(b *testing.B) []byte {
	log := OpID{9, 1}
	return mustEncode(b, &Change{
		Deps: []crdt.Hash{{1}}, Actor: crdt.ActorID("0123456789abcdef"), Seq: 12, StartOp: 240, Time: 1795000000,
		Others: []crdt.ActorID{"fedcba9876543210"},
		Ops: []Op{
			{Object: log, Key: "e17", Action: ActionMakeMap},
			{Object: OpID{240, 0}, Key: "status", Action: ActionSet, Value: StringValue("started")},
			{Object: OpID{240, 0}, Key: "happened_at", Action: ActionSet, Value: TimestampValue(1795000000123)},
		},
	})
}

func BenchmarkDecodeChange(b *testing.B) {
	raw := typical(b)
	lim := DefaultLimits()
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeChange(raw, lim); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeTrusted(b *testing.B) {
	raw := typical(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeTrusted(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeHeader(b *testing.B) {
	raw := typical(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := DecodeHeader(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncodeChange(b *testing.B) {
	c, err := DecodeChange(typical(b), DefaultLimits())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := EncodeChange(c); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeDocument(b *testing.B) {
	for _, name := range []string{"js3-job", "js3-long"} {
		v := loadVector(b, name)
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(v.doc)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := DecodeDocument(v.doc, DefaultLimits()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(v.Count), "changes")
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	v := loadVector(b, "js3-random1")
	b.SetBytes(int64(len(v.changes)))
	b.ReportAllocs()
	for b.Loop() {
		for _, err := range Split(v.changes, DefaultLimits()) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

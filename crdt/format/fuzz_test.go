package format

import (
	"bytes"
	"runtime"
	"testing"

	"fieldsync/crdt"
)

// fuzzLimits allow little for free, so that allocation out of proportion is seen.
func fuzzLimits() Limits {
	lim := DefaultLimits()
	lim.FreeOps, lim.FreeChanges, lim.FreeBytes = 1<<10, 1<<8, 1<<16
	return lim
}

// checkAllocation fails when f allocates more than a constant and a factor of the input.
func checkAllocation(t *testing.T, input int, f func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	// Encoders and inflaters may have to be made; an operation is below 200 bytes, of which DocumentOpsPerByte come per byte.
	if grown, most := after.TotalAlloc-before.TotalAlloc, uint64(4<<20+8000*input); grown > most {
		t.Errorf("allocated %d bytes for an input of %d", grown, input)
	}
}

func fuzzDecodedChange(t *testing.T, raw []byte) {
	var c *Change
	var err error
	checkAllocation(t, len(raw), func() { c, err = DecodeChange(raw, fuzzLimits()) })
	if err != nil {
		_ = refusalOf(t, err)
		_, _ = DecodeTrusted(raw) // must not panic, whatever it says
		if _, err := DecodeHeader(raw); err != nil {
			_ = refusalOf(t, err)
		}
		return
	}
	checkAgreement(t, c, raw)
	if c.MaxOp() > maxCounter {
		t.Errorf("last operation is %d", c.MaxOp())
	}
	for i := range c.Ops {
		op := &c.Ops[i]
		for _, id := range append([]OpID{op.Object, op.Elem}, op.Pred...) {
			_ = c.ActorAt(id.Actor) // panics outside the table
		}
	}
}

// FuzzDecodeChange mutates the body of a change, and mends length and checksum, so that the decoders behind them are
// reached.
func FuzzDecodeChange(f *testing.F) {
	for _, v := range loadVectors(f) {
		for i, c := range mustSplit(f, v.changes) {
			if i < 8 && c.Type == ChunkChange {
				f.Add(c.Body, false)
			}
		}
	}
	f.Add(mustSplit(f, mustEncode(f, sample()))[0].Body, true)
	f.Fuzz(func(t *testing.T, body []byte, deflate bool) {
		raw, _ := appendChunk(nil, ChunkChange, body)
		if deflate {
			raw = Deflate(raw)
		}
		fuzzDecodedChange(t, raw)
	})
}

// FuzzDecodeDocument does the same for documents.
func FuzzDecodeDocument(f *testing.F) {
	for _, v := range loadVectors(f) {
		if len(v.doc) < 4096 {
			f.Add(mustSplit(f, v.doc)[0].Body)
		}
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		raw, _ := appendChunk(nil, ChunkDocument, body)
		var doc *Document
		var err error
		checkAllocation(t, len(raw), func() { doc, err = DecodeDocument(raw, fuzzLimits()) })
		if err != nil {
			_ = refusalOf(t, err)
			return
		}
		known := make(map[crdt.Hash]bool)
		for _, c := range doc.Changes {
			again, err := DecodeChange(c.Raw, DefaultLimits())
			if err != nil || !equalChanges(again, c) {
				t.Fatalf("a change of the document does not decode to itself: %v", err)
			}
			for _, dep := range c.Deps {
				if !known[dep] {
					t.Fatal("a change stands before its dependency")
				}
			}
			known[c.Hash] = true
		}
	})
}

// FuzzSplit walks over anything.
func FuzzSplit(f *testing.F) {
	for _, v := range loadVectors(f) {
		if len(v.changes) < 2048 {
			f.Add(v.changes)
			f.Add(append(bytes.Clone(v.doc), v.changes...))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rest := data
		for c, err := range Split(data, DefaultLimits()) {
			if err != nil {
				_ = refusalOf(t, err)
				return
			}
			if !bytes.HasPrefix(rest, c.Raw) || !bytes.HasSuffix(c.Raw, c.Body) {
				t.Fatal("chunks are not the data's parts in order")
			}
			rest = rest[len(c.Raw):]
			if c.Type == ChunkChange || c.Type == ChunkDeflated {
				fuzzDecodedChange(t, c.Raw)
			}
		}
		if len(rest) > 0 {
			t.Fatalf("%d bytes were left", len(rest))
		}
	})
}

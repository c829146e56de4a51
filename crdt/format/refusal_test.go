package format

import (
	"bytes"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"

	"fieldsync/crdt"
)

func refusalOf(tb testing.TB, err error) *crdt.Refusal {
	tb.Helper()
	var r *crdt.Refusal
	if !errors.As(err, &r) {
		tb.Fatalf("error %v is not a refusal", err)
	}
	return r
}

func TestHandMadeChangeIsAccepted(t *testing.T) { // so that the refusals below are for the reason that they name
	c, err := DecodeChange(chunkOf(setNull()...), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Ops) != 1 || c.Ops[0].Key != "k" || !c.Ops[0].Value.IsNull() {
		t.Errorf("decoded %+v", c.Ops)
	}
}

func TestRefusedChunks(t *testing.T) {
	good := mustEncode(t, sample())
	edit := func(at int, b ...byte) []byte {
		out := bytes.Clone(good)
		copy(out[at:], b)
		return out
	}
	overlong := append(bytes.Clone(good[:9]), good[9]|0x80)
	if good[9] >= 0x80 {
		overlong = append(bytes.Clone(good[:10]), good[10]|0x80, 0)
		overlong = append(overlong, good[11:]...)
	}
	bundle, _ := appendChunk(nil, ChunkBundle, []byte{1, 2, 3})
	unknown, _ := appendChunk(nil, 9, nil)
	bomb, _ := appendChunk(nil, ChunkDeflated, deflated(t, make([]byte, 20<<20)))
	for _, tc := range []struct {
		name string
		raw  []byte
		code crdt.RefusalCode
	}{
		{"nothing", nil, crdt.RefusedMalformed},
		{"cut off in the header", good[:9], crdt.RefusedMalformed},
		{"cut off in the body", good[:len(good)-1], crdt.RefusedMalformed},
		{"bytes behind", append(bytes.Clone(good), 0), crdt.RefusedMalformed},
		{"two chunks", append(bytes.Clone(good), good...), crdt.RefusedMalformed},
		{"wrong magic", edit(0, 0x86), crdt.RefusedMalformed},
		{"wrong checksum", edit(4, good[4]^1), crdt.RefusedBadChecksum},
		{"altered body", edit(len(good)-1, good[len(good)-1]^1), crdt.RefusedBadChecksum},
		{"length not in its shortest form", overlong, crdt.RefusedMalformed},
		{"length over everything", append(bytes.Clone(good[:9]), 0xff, 0xff, 0xff, 0xff, 0x7f), crdt.RefusedTooLarge},
		{"length over 64 bits", append(bytes.Clone(good[:9]), bytes.Repeat([]byte{0xff}, 11)...), crdt.RefusedMalformed},
		{"document chunk", mend(good, ChunkDocument), crdt.RefusedMalformed},
		{"bundle", bundle, crdt.RefusedUnsupported},
		{"unknown type", unknown, crdt.RefusedUnsupported},
		{"deflated garbage", append(append(bytes.Clone(good[:8]), byte(ChunkDeflated), 3), 0xff, 0xff, 0xff), crdt.RefusedMalformed},
		{"inflates beyond the limit", bomb, crdt.RefusedTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := DecodeChange(tc.raw, DefaultLimits())
			if r := refusalOf(t, err); r.Code != tc.code {
				t.Errorf("refused with %v, want %s", r, tc.code)
			}
			if _, err := DecodeHeader(tc.raw); err == nil {
				t.Error("DecodeHeader takes it")
			}
			if _, err := DecodeTrusted(tc.raw); err == nil {
				t.Error("DecodeTrusted takes it")
			}
		})
	}
}

// deflated is the raw DEFLATE stream of a change body.
func deflated(t *testing.T, body []byte) []byte {
	raw, _ := appendChunk(nil, ChunkChange, body)
	packed := Deflate(raw)
	c, err := nextChunk(packed, len(packed))
	if err != nil || c.Type != ChunkDeflated {
		t.Fatal("not deflated", err)
	}
	return c.Body
}

func TestRefusedDeflatedChangeWithBytesBehindTheStream(t *testing.T) {
	c := sample()
	c.Ops[0].Value = StringValue(strings.Repeat("long ", 200))
	raw := Deflate(mustEncode(t, c))
	chunk := mustSplit(t, raw)[0]
	body := append(bytes.Clone(chunk.Body), 0)
	longer := appendULEB(append(bytes.Clone(raw[:8]), byte(ChunkDeflated)), uint64(len(body)))
	_, err := DecodeChange(append(longer, body...), DefaultLimits())
	if r := refusalOf(t, err); r.Code != crdt.RefusedMalformed {
		t.Errorf("refused with %v", r)
	}
}

func TestRefusedDeflatedChangeWithAnotherChecksum(t *testing.T) {
	c := sample()
	c.Message = strings.Repeat("long ", 200)
	raw := bytes.Clone(Deflate(mustEncode(t, c)))
	raw[4] ^= 1
	_, err := DecodeChange(raw, DefaultLimits())
	if r := refusalOf(t, err); r.Code != crdt.RefusedBadChecksum {
		t.Errorf("refused with %v", r)
	}
	if _, _, err := Inflate(raw, DefaultLimits()); err == nil {
		t.Error("Inflate takes it")
	}
	if _, _, err := Inflate(mustEncode(t, c), DefaultLimits()); err == nil {
		t.Error("Inflate takes a change that is not deflated")
	}
}

func TestRefusedHeaders(t *testing.T) {
	for _, tc := range []struct {
		name  string
		alter func(*Change)
		code  crdt.RefusalCode
	}{
		{"unsorted dependencies", func(c *Change) { c.Deps = []crdt.Hash{{2}, {1}} }, crdt.RefusedNotCanonical},
		{"a dependency twice", func(c *Change) { c.Deps = []crdt.Hash{{2}, {2}} }, crdt.RefusedNotCanonical},
		{"more dependencies than allowed", func(c *Change) { c.Deps = make([]crdt.Hash, 5000) }, crdt.RefusedTooLarge},
		{"no author", func(c *Change) { c.Actor = "" }, crdt.RefusedBadActor},
		{"an author too long", func(c *Change) { c.Actor = crdt.ActorID(strings.Repeat("a", crdt.MaxActorID+1)) }, crdt.RefusedBadActor},
		{"sequence number 0", func(c *Change) { c.Seq = 0 }, crdt.RefusedBadSeq},
		{"sequence number over 31 bits", func(c *Change) { c.Seq = 1 << 31 }, crdt.RefusedBadSeq},
		{"first operation 0", func(c *Change) { c.StartOp = 0 }, crdt.RefusedBadStartOp},
		{"first operation over 31 bits", func(c *Change) { c.StartOp = 1 << 31 }, crdt.RefusedBadStartOp},
		{"first operation over 63 bits", func(c *Change) { c.StartOp = math.MaxUint64 }, crdt.RefusedBadStartOp},
		{"last operation over 31 bits", func(c *Change) { c.StartOp = 1<<31 - 3 }, crdt.RefusedBadStartOp},
		{"time that cores cannot save", func(c *Change) { c.Time = math.MinInt64 }, crdt.RefusedMalformed},
		{"message not UTF-8", func(c *Change) { c.Message = "\xff" }, crdt.RefusedMalformed},
		{"unsorted actors", func(c *Change) { c.Others = []crdt.ActorID{cleo, anna} }, crdt.RefusedBadActor},
		{"an actor twice", func(c *Change) { c.Others = []crdt.ActorID{anna, anna} }, crdt.RefusedBadActor},
		{"the author among the others", func(c *Change) { c.Others = []crdt.ActorID{anna, ben} }, crdt.RefusedBadActor},
		{"an actor too long", func(c *Change) {
			c.Others = []crdt.ActorID{anna, crdt.ActorID(strings.Repeat("z", crdt.MaxActorID+1))}
		}, crdt.RefusedBadActor},
		{"an empty actor", func(c *Change) { c.Others = []crdt.ActorID{"", anna} }, crdt.RefusedBadActor},
		{"an actor that nothing uses", func(c *Change) { c.Others = append(c.Others, "\x04dora") }, crdt.RefusedBadActor},
		{"more actors than allowed", func(c *Change) { c.Others = make([]crdt.ActorID, 5000) }, crdt.RefusedTooLarge},
		{"an actor index outside the table", func(c *Change) { c.Others = c.Others[:1] }, crdt.RefusedBadActor},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := sample()
			tc.alter(c)
			raw := encodeUnchecked(c)
			_, err := DecodeChange(raw, DefaultLimits())
			r := refusalOf(t, err)
			if r.Code != tc.code {
				t.Errorf("refused with %v, want %s", r, tc.code)
			}
			if want := mustSplit(t, raw)[0].Hash; r.Change != want {
				t.Errorf("refusal names change %s, want %s", r.Change, want)
			}
			if _, _, err := EncodeChange(c); err == nil {
				t.Error("EncodeChange takes it")
			}
		})
	}
}

func TestRefusedOperations(t *testing.T) {
	for _, tc := range []struct {
		name  string
		alter func(op *Op) // of a set of the root's key "k"
		code  crdt.RefusalCode
	}{
		{"new object with a value", func(op *Op) { op.Action = ActionMakeList }, crdt.RefusedBadOperation},
		{"deletion with a value", func(op *Op) { op.Action, op.Pred = ActionDelete, []OpID{{1, 0}} }, crdt.RefusedBadOperation},
		{"deletion of nothing", func(op *Op) { op.Action, op.Value = ActionDelete, Value{} }, crdt.RefusedBadOperation},
		{"deletion that inserts", func(op *Op) {
			*op = Op{InSeq: true, Insert: true, Action: ActionDelete, Pred: []OpID{{1, 0}}}
		}, crdt.RefusedBadOperation},
		{"increment by a string", func(op *Op) { op.Action, op.Value = ActionIncrement, StringValue("1") }, crdt.RefusedBadOperation},
		{"increment by an unsigned", func(op *Op) { op.Action, op.Value = ActionIncrement, UintValue(1) }, crdt.RefusedBadOperation},
		{"unknown action", func(op *Op) { op.Action = 8 }, crdt.RefusedBadOperation},
		{"mark on a key", func(op *Op) { op.Action, op.HasMark, op.MarkName = ActionMark, true, "bold" }, crdt.RefusedBadOperation},
		{"end of a mark with a value", func(op *Op) { op.Key, op.InSeq, op.Insert, op.Action = "", true, true, ActionMark }, crdt.RefusedBadOperation},
		{"name without a mark", func(op *Op) { op.HasMark, op.MarkName = true, "bold" }, crdt.RefusedBadOperation},
		{"expand without a mark", func(op *Op) { op.Expand = true }, crdt.RefusedBadOperation},
		{"insertion into a map", func(op *Op) { op.Insert = true }, crdt.RefusedBadOperation},
		{"write to the head", func(op *Op) { op.Key, op.InSeq = "", true }, crdt.RefusedBadOperation},
		{"predecessors unsorted", func(op *Op) { op.Pred = []OpID{{2, 0}, {1, 0}} }, crdt.RefusedNotCanonical},
		{"a predecessor twice", func(op *Op) { op.Pred = []OpID{{2, 0}, {2, 0}} }, crdt.RefusedNotCanonical},
		{"null with bytes", func(op *Op) { op.Value = Value{ValueNull, []byte{0}} }, crdt.RefusedBadOperation},
		{"true with bytes", func(op *Op) { op.Value = Value{ValueTrue, []byte{0}} }, crdt.RefusedBadOperation},
		{"unsigned not in its shortest form", func(op *Op) { op.Value = Value{ValueUint, []byte{0x81, 0}} }, crdt.RefusedBadOperation},
		{"integer not in its shortest form", func(op *Op) { op.Value = Value{ValueInt, []byte{0xff, 0x7f}} }, crdt.RefusedBadOperation},
		{"integer with bytes behind", func(op *Op) { op.Value = Value{ValueInt, []byte{1, 1}} }, crdt.RefusedBadOperation},
		{"integer without bytes", func(op *Op) { op.Value = Value{ValueCounter, nil} }, crdt.RefusedBadOperation},
		{"timestamp over 64 bits", func(op *Op) { op.Value = Value{ValueTimestamp, bytes.Repeat([]byte{0x80}, 10)} }, crdt.RefusedBadOperation},
		{"float of four bytes", func(op *Op) { op.Value = Value{ValueFloat, make([]byte, 4)} }, crdt.RefusedBadOperation},
		{"string not UTF-8", func(op *Op) { op.Value = Value{ValueString, []byte{0xc0, 0x80}} }, crdt.RefusedBadOperation},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := &Change{Actor: ben, Seq: 1, StartOp: 10, Ops: []Op{{Key: "k", Action: ActionSet, Value: IntValue(1)}}}
			tc.alter(&c.Ops[0])
			_, err := DecodeChange(encodeUnchecked(c), DefaultLimits())
			if r := refusalOf(t, err); r.Code != tc.code {
				t.Errorf("refused with %v, want %s", r, tc.code)
			}
			if _, _, err := EncodeChange(c); err == nil {
				t.Error("EncodeChange takes it")
			}
		})
	}
}

func TestRefusedColumns(t *testing.T) {
	two := func(spec uint64, data ...byte) []column { // two operations, one column altered
		cols := []column{
			{specKeyStr, []byte{0x7e, 1, 'a', 1, 'b'}}, {specInsert, []byte{2}}, {specAction, []byte{2, 1}}, {specValMeta, []byte{2, 0}},
			{specPredNum, []byte{2, 0}},
		}
		return with(cols, spec, data)
	}
	huge := appendLEB(nil, 1<<33)
	for _, tc := range []struct {
		name string
		cols []column
		code crdt.RefusalCode
	}{
		{"unknown column", with(setNull(), 181, []byte{1}), crdt.RefusedUnsupported},
		{"unknown column that a document has", with(setNull(), specSuccNum, []byte{1}), crdt.RefusedUnsupported},
		{"deflated column", with(setNull(), specValMeta|specDeflateBit, []byte{1}), crdt.RefusedMalformed},
		{"columns unsorted", append(setNull(), column{specKeyActor, []byte{1}}), crdt.RefusedMalformed},
		{"a column twice", append(setNull(), column{specPredNum, []byte{1}}), crdt.RefusedMalformed},
		{"more columns than there are", make([]column, 200), crdt.RefusedUnsupported},
		{"empty column", with(setNull(), specVal, []byte{}), crdt.RefusedNotCanonical},
		{"columns without operations", []column{{specInsert, []byte{1}}}, crdt.RefusedMalformed},
		{"8 Gi operations in a few bytes", with(setNull(), specAction, append(huge, 1)), crdt.RefusedTooLarge},
		{"8 Gi null actions", with(setNull(), specAction, appendULEB([]byte{0}, 1<<33)), crdt.RefusedTooLarge},
		{"8 Gi predecessors in a few bytes", with(setNull(), specPredNum, appendULEB([]byte{0x7f}, 1<<33)), crdt.RefusedTooLarge},
		{"predecessors whose sum overflows", two(specPredNum, append([]byte{2}, appendULEB(nil, 1<<63)...)...), crdt.RefusedTooLarge},
		{"fewer keys than operations", two(specKeyStr, 0x7f, 1, 'a'), crdt.RefusedMalformed},
		{"more keys than operations", two(specKeyStr, 3, 1, 'a'), crdt.RefusedMalformed},
		{"8 Gi keys", two(specKeyStr, append(huge, 1, 'a')...), crdt.RefusedMalformed},
		{"fewer inserts", two(specInsert, 1), crdt.RefusedMalformed},
		{"more inserts", two(specInsert, 3), crdt.RefusedMalformed},
		{"fewer values", two(specValMeta, 0x7f, 0), crdt.RefusedMalformed},
		{"more predecessor counts", two(specPredNum, 3, 0), crdt.RefusedMalformed},
		{"no insert column", two(specInsert), crdt.RefusedNotCanonical},
		{"no value column", with(setNull(), specValMeta, nil), crdt.RefusedNotCanonical},
		{"no predecessor counts", with(setNull(), specPredNum, nil), crdt.RefusedNotCanonical},
		{"no action", with(setNull(), specAction, []byte{0, 1}), crdt.RefusedMalformed},
		{"neither key nor element", with(setNull(), specKeyStr, nil), crdt.RefusedMalformed},
		{"key and element", with(setNull(), specKeyCtr, []byte{0x7f, 0}), crdt.RefusedMalformed},
		{"element with an actor only", with(with(setNull(), specKeyStr, nil), specKeyActor, []byte{0x7f, 0}), crdt.RefusedMalformed},
		{"element 0 with an actor", with(with(with(setNull(), specKeyStr, nil), specKeyActor, []byte{0x7f, 0}), specKeyCtr, []byte{0x7f, 0}), crdt.RefusedMalformed},
		{"element of an unknown actor", with(with(with(setNull(), specKeyStr, nil), specKeyActor, []byte{0x7f, 1}), specKeyCtr, []byte{0x7f, 1}), crdt.RefusedBadActor},
		{"element's counter negative", with(with(with(setNull(), specKeyStr, nil), specKeyActor, []byte{0x7f, 0}), specKeyCtr, []byte{0x7f, 0x7f}), crdt.RefusedMalformed},
		{"object of an unknown actor", with(with(setNull(), specObjActor, []byte{0x7f, 9}), specObjCtr, []byte{0x7f, 1}), crdt.RefusedBadActor},
		{"object with a counter only", with(setNull(), specObjCtr, []byte{0x7f, 1}), crdt.RefusedMalformed},
		{"object's counter over 31 bits", with(with(setNull(), specObjActor, []byte{0x7f, 0}), specObjCtr, appendULEB([]byte{0x7f}, 1<<31)), crdt.RefusedMalformed},
		{"key not UTF-8", with(setNull(), specKeyStr, []byte{0x7f, 1, 0xff}), crdt.RefusedMalformed},
		{"key longer than its column", with(setNull(), specKeyStr, []byte{0x7f, 9, 'k'}), crdt.RefusedMalformed},
		{"value longer than its column", with(setNull(), specValMeta, []byte{0x7f, 0x16}), crdt.RefusedMalformed},
		{"value bytes that nothing takes", with(setNull(), specVal, []byte{1}), crdt.RefusedMalformed},
		{"predecessor missing", with(setNull(), specPredNum, []byte{0x7f, 1}), crdt.RefusedMalformed},
		{"predecessors that nothing takes", with(with(setNull(), specPredActor, []byte{0x7f, 0}), specPredCtr, []byte{0x7f, 1}), crdt.RefusedMalformed},
		{"literal run as long as 64 bits allow", with(setNull(), specAction, append(appendLEB(nil, math.MinInt64), 1)), crdt.RefusedMalformed},
		{"run of nothing", with(setNull(), specAction, []byte{0, 0, 0x7f, 1}), crdt.RefusedMalformed},
		{"run of one", with(setNull(), specAction, []byte{1, 1}), crdt.RefusedNotCanonical},
		{"two runs that are one", two(specAction, 0x7f, 1, 0x7f, 1), crdt.RefusedNotCanonical},
		{"literal run of equal values", two(specAction, 0x7e, 1, 1), crdt.RefusedNotCanonical},
		{"integer not in its shortest form", with(setNull(), specAction, []byte{0x7f, 0x81, 0}), crdt.RefusedMalformed},
		{"run length not in its shortest form", with(setNull(), specAction, []byte{0xff, 0x7f, 1}), crdt.RefusedMalformed},
		{"booleans with an empty run", two(specInsert, 1, 0, 1), crdt.RefusedMalformed},
		{"expand all false", with(setNull(), specExpand, []byte{1}), crdt.RefusedNotCanonical},
		{"mark names all null", with(setNull(), specMarkName, []byte{0, 1}), crdt.RefusedNotCanonical},
		{"objects all null", with(setNull(), specObjActor, []byte{0, 1}), crdt.RefusedNotCanonical},
		{"value metadata null", with(setNull(), specValMeta, []byte{0, 1}), crdt.RefusedNotCanonical},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw := chunkOf(tc.cols...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := DecodeChange(raw, DefaultLimits())
			runtime.ReadMemStats(&after)
			if r := refusalOf(t, err); r.Code != tc.code {
				t.Errorf("refused with %v, want %s", r, tc.code)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
				t.Errorf("allocated %d bytes for %d", grown, len(raw))
			}
			if _, err := DecodeTrusted(raw); err == nil && tc.code == crdt.RefusedMalformed {
				t.Error("DecodeTrusted takes it")
			}
		})
	}
}

func TestLimitsAreObeyed(t *testing.T) {
	raw := mustEncode(t, sample())
	for _, tc := range []struct {
		name  string
		alter func(*Limits)
	}{
		{"change bytes", func(l *Limits) { l.ChangeBytes = len(raw) - 20 }},
		{"actors", func(l *Limits) { l.Actors = 1 }},
		{"dependencies", func(l *Limits) { l.Deps = 1 }},
		{"operations", func(l *Limits) { l.Ops = 6 }},
		{"free operations", func(l *Limits) { l.FreeOps, l.OpsPerByte = 6, 0 }},
	} {
		lim := DefaultLimits()
		tc.alter(&lim)
		_, err := DecodeChange(raw, lim)
		if r := refusalOf(t, err); r.Code != crdt.RefusedTooLarge {
			t.Errorf("%s: refused with %v", tc.name, r)
		}
	}
	doc := loadVector(t, "js3-manyactors").doc
	for _, tc := range []struct {
		name  string
		alter func(*Limits)
	}{
		{"document bytes", func(l *Limits) { l.DocumentBytes = len(doc) - 20 }},
		{"inflated bytes", func(l *Limits) { l.InflatedBytes = 100 }},
		{"free bytes", func(l *Limits) { l.FreeBytes, l.BytesPerByte = 1000, 0 }},
		{"actors of a document", func(l *Limits) { l.DocumentActors = 10 }},
		{"heads", func(l *Limits) { l.DocumentHeads = 0 }},
		{"changes", func(l *Limits) { l.Changes = 20 }},
		{"free changes", func(l *Limits) { l.FreeChanges, l.ChangesPerByte = 20, 0 }},
		{"operations of a document", func(l *Limits) { l.DocumentOps = 50 }},
		{"free operations of a document", func(l *Limits) { l.FreeOps, l.DocumentOpsPerByte = 20, 0 }},
		{"dependencies of a document", func(l *Limits) { l.DepsPerChange = 0 }},
	} {
		lim := DefaultLimits()
		tc.alter(&lim)
		_, err := DecodeDocument(doc, lim)
		if err == nil {
			t.Errorf("%s: taken", tc.name)
			continue
		}
		if r := refusalOf(t, err); r.Code != crdt.RefusedTooLarge {
			t.Errorf("%s: refused with %v", tc.name, r)
		}
	}
}

package format

import (
	"testing"

	"fieldsync/crdt"
)

func TestCountSaysWhatDecodingSays(t *testing.T) {
	for name, c := range map[string]*Change{
		"every column": sample(),
		"nothing":      {Actor: ben, Seq: 1, StartOp: 1},
		"runs": {Actor: ben, Seq: 1, StartOp: 1, Ops: append([]Op{{Key: "l", Action: ActionMakeList}},
			inserts(ActionMakeMap, 70_000)...)},
	} {
		raw := mustEncode(t, c)
		decoded, err := DecodeChange(raw, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		got, err := Count(raw, DefaultLimits())
		if err != nil || got != decoded.Amount() || got.Ops != len(c.Ops) || got.Bytes != len(raw) {
			t.Errorf("%s: counted %+v, decoded %+v (%v)", name, got, decoded.Amount(), err)
		}
	}
	if a := (sample()).Amount(); a.Objects != 1 || a.Deletes != 1 {
		t.Errorf("the sample makes one object and deletes once, not %+v", a)
	}
	doc := goodDoc(t).encode() // two values, and a deletion that has no row
	if a, err := Count(doc, DefaultLimits()); err != nil || a != (Amount{Ops: 2, Bytes: len(doc)}) {
		t.Errorf("a document: %+v, %v", a, err)
	}
	for name, raw := range map[string][]byte{
		"too many rows":  chunkOf(column{specAction, appendLEB(nil, 1<<40)}, column{specAction + 1, nil}),
		"null":           chunkOf(column{specAction, []byte{0, 5}}),
		"cut off":        chunkOf(column{specAction, []byte{0x7e, 1}}),
		"another change": append(mustEncode(t, sample()), 1),
	} {
		if a, err := Count(raw, DefaultLimits()); err == nil {
			t.Errorf("%s: %+v", name, a)
		} else if crdt.KindOf(err) == crdt.KindInternal {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func inserts(a Action, n int) []Op {
	out := make([]Op, n)
	for i := range out {
		out[i] = Op{Object: OpID{1, 0}, InSeq: true, Insert: true, Action: a}
	}
	return out
}

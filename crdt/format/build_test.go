package format

import (
	"testing"

	"fieldsync/crdt"
)

const (
	anna = crdt.ActorID("\x01anna")
	ben  = crdt.ActorID("\x02ben")
	cleo = crdt.ActorID("\x03cleo")
)

// sample is a valid change that uses every column.
func sample() *Change {
	return &Change{
		Deps:  []crdt.Hash{{1}, {2}},
		Actor: ben, Seq: 7, StartOp: 100, Time: -5, Message: "größer", Others: []crdt.ActorID{anna, cleo}, Extra: []byte{1, 2, 3},
		Ops: []Op{
			{Key: "title", Action: ActionSet, Value: StringValue("new"), Pred: []OpID{{3, 1}, {3, 0}, {4, 2}}},
			{Object: OpID{5, 2}, InSeq: true, Insert: true, Action: ActionSet, Value: IntValue(-300)},
			{Object: OpID{5, 2}, InSeq: true, Elem: OpID{101, 0}, Insert: true, Action: ActionMakeMap},
			{Object: OpID{5, 2}, InSeq: true, Elem: OpID{9, 1}, Action: ActionDelete, Pred: []OpID{{9, 1}}},
			{Key: "", Action: ActionIncrement, Value: IntValue(3), Pred: []OpID{{8, 0}}},
			{Object: OpID{6, 0}, InSeq: true, Elem: OpID{10, 1}, Insert: true, Action: ActionMark, Expand: true, HasMark: true, MarkName: "bold", Value: BoolValue(true)},
			{Object: OpID{6, 0}, InSeq: true, Elem: OpID{11, 1}, Insert: true, Action: ActionMark},
		},
	}
}

func mustEncode(tb testing.TB, c *Change) []byte {
	tb.Helper()
	raw, _, err := EncodeChange(c)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// encodeUnchecked encodes without asking whether the change is valid, with a right checksum.
func encodeUnchecked(c *Change) []byte {
	raw, _ := appendChunk(nil, ChunkChange, new(encoder).body(c))
	return raw
}

// column is one column of a change put together by hand.
type column struct {
	spec uint64
	data []byte
}

// chunkOf puts a change together from columns, with a right checksum, behind the header of a first change of ben's.
func chunkOf(cols ...column) []byte {
	c := Change{Actor: ben, Seq: 1, StartOp: 1}
	body := new(encoder).body(&c)
	return chunkWith(body[:len(body)-1], cols...)
}

// chunkWith puts a chunk together from a header and columns.
func chunkWith(header []byte, cols ...column) []byte {
	body := appendULEB(append([]byte(nil), header...), uint64(len(cols)))
	for _, c := range cols {
		body = appendULEB(appendULEB(body, c.spec), uint64(len(c.data)))
	}
	for _, c := range cols {
		body = append(body, c.data...)
	}
	raw, _ := appendChunk(nil, ChunkChange, body)
	return raw
}

// setNull is the columns of one operation, which sets the key "k" of the root to null.
func setNull() []column {
	return []column{
		{specKeyStr, []byte{0x7f, 1, 'k'}}, {specInsert, []byte{1}}, {specAction, []byte{0x7f, 1}}, {specValMeta, []byte{0x7f, 0}},
		{specPredNum, []byte{0x7f, 0}},
	}
}

// with replaces, adds or, with nil data, removes a column.
func with(cols []column, spec uint64, data []byte) []column {
	var out []column
	placed := data == nil
	for _, c := range cols {
		if !placed && c.spec >= spec {
			out = append(out, column{spec, data})
			placed = true
		}
		if c.spec != spec {
			out = append(out, c)
		}
	}
	if !placed {
		out = append(out, column{spec, data})
	}
	return out
}

// mend gives the chunk a right length and checksum for its body, so that what is behind them is reached.
func mend(raw []byte, t ChunkType) []byte {
	if len(raw) < hashedFrom+2 {
		return raw
	}
	cur := cursor{b: raw, pos: hashedFrom + 1}
	cur.uleb()
	if cur.fail != "" {
		return raw
	}
	out, _ := appendChunk(nil, t, raw[cur.pos:])
	return out
}

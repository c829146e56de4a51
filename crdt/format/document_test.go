package format

import (
	"bytes"
	"runtime"
	"testing"

	"fieldsync/crdt"
)

// handDoc is a document put together by hand: one change of ben's, which sets the root's keys "a" and "b" to null, and
// then deletes "a" in a second change.
type handDoc struct {
	actors     []crdt.ActorID
	heads      []crdt.Hash
	changeCols []column
	opCols     []column
	suffix     []byte
}

func goodDoc(t *testing.T) handDoc {
	d := handDoc{
		actors: []crdt.ActorID{ben},
		changeCols: []column{
			{1, []byte{2, 0}}, {3, []byte{2, 1}}, {19, []byte{0x7e, 2, 1}}, {35, []byte{0x7e, 5, 1}}, {64, []byte{0x7e, 0, 1}},
			{67, []byte{0x7f, 0}}, {86, []byte{2, 7}},
		},
		opCols: []column{
			{specKeyStr, []byte{0x7e, 1, 'a', 1, 'b'}}, {specIDActor, []byte{2, 0}}, {specIDCtr, []byte{2, 1}}, {specInsert, []byte{2}},
			{specAction, []byte{2, 1}}, {specValMeta, []byte{2, 0}}, {specSuccNum, []byte{0x7e, 1, 0}}, {specSuccActor, []byte{0x7f, 0}},
			{specSuccCtr, []byte{0x7f, 3}},
		},
		suffix: []byte{1},
	}
	_, first, err := EncodeChange(&Change{Actor: ben, Seq: 1, StartOp: 1, Time: 5, Ops: []Op{{Key: "a", Action: ActionSet}, {Key: "b", Action: ActionSet}}})
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := EncodeChange(&Change{
		Deps: []crdt.Hash{first}, Actor: ben, Seq: 2, StartOp: 3, Time: 6, Ops: []Op{{Key: "a", Action: ActionDelete, Pred: []OpID{{1, 0}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d.heads = []crdt.Hash{second}
	return d
}

func (d handDoc) encode() []byte {
	body := appendULEB(nil, uint64(len(d.actors)))
	for _, a := range d.actors {
		body = appendString(body, string(a))
	}
	body = appendULEB(body, uint64(len(d.heads)))
	for _, h := range d.heads {
		body = append(body, h[:]...)
	}
	for _, cols := range [][]column{d.changeCols, d.opCols} {
		body = appendULEB(body, uint64(len(cols)))
		for _, c := range cols {
			body = appendULEB(appendULEB(body, c.spec), uint64(len(c.data)))
		}
	}
	for _, cols := range [][]column{d.changeCols, d.opCols} {
		for _, c := range cols {
			body = append(body, c.data...)
		}
	}
	raw, _ := appendChunk(nil, ChunkDocument, append(body, d.suffix...))
	return raw
}

func TestHandMadeDocumentIsAccepted(t *testing.T) {
	doc, err := DecodeDocument(goodDoc(t).encode(), DefaultLimits())
	if err != nil {
		t.Fatal(err)
	}
	if len(doc.Changes) != 2 || len(doc.Changes[1].Ops) != 1 || doc.Changes[1].Ops[0].Action != ActionDelete {
		t.Errorf("decoded %+v", doc.Changes)
	}
}

func TestRefusedDocuments(t *testing.T) {
	change := func(spec uint64, data ...byte) func(*handDoc) {
		return func(d *handDoc) { d.changeCols = with(d.changeCols, spec, data) }
	}
	op := func(spec uint64, data ...byte) func(*handDoc) {
		return func(d *handDoc) { d.opCols = with(d.opCols, spec, data) }
	}
	huge := appendLEB(nil, 1<<33)
	bomb := deflated(t, make([]byte, 15<<20))
	for _, tc := range []struct {
		name  string
		alter func(*handDoc)
		code  crdt.RefusalCode
	}{
		{"other heads", func(d *handDoc) { d.heads[0][0] ^= 1 }, crdt.RefusedInconsistentDoc},
		{"no heads", func(d *handDoc) { d.heads, d.suffix = nil, nil }, crdt.RefusedInconsistentDoc},
		{"a head too many", func(d *handDoc) { d.heads, d.suffix = append(d.heads, crdt.Hash{9}), nil }, crdt.RefusedInconsistentDoc},
		{"a head twice", func(d *handDoc) { d.heads, d.suffix = append(d.heads, d.heads[0]), nil }, crdt.RefusedInconsistentDoc},
		{"a head's index that names another change", func(d *handDoc) { d.suffix = []byte{0} }, crdt.RefusedInconsistentDoc},
		{"a head's index outside the changes", func(d *handDoc) { d.suffix = []byte{2} }, crdt.RefusedInconsistentDoc},
		{"bytes behind", func(d *handDoc) { d.suffix = []byte{1, 1} }, crdt.RefusedMalformed},
		{"another time", change(35, 2, 5), crdt.RefusedInconsistentDoc},
		{"another key", op(specKeyStr, 0x7e, 1, 'a', 1, 'c'), crdt.RefusedInconsistentDoc},
		{"unsorted actors", func(d *handDoc) { d.actors = []crdt.ActorID{ben, anna} }, crdt.RefusedBadActor},
		{"an empty actor", func(d *handDoc) { d.actors = []crdt.ActorID{""} }, crdt.RefusedBadActor},
		{"a change's actor outside the table", change(1, 2, 1), crdt.RefusedBadActor},
		{"an operation's actor outside the table", op(specIDActor, 2, 1), crdt.RefusedBadActor},
		{"an object's actor outside the table", func(d *handDoc) {
			d.opCols = with(with(d.opCols, specObjActor, []byte{2, 9}), specObjCtr, []byte{2, 1})
		}, crdt.RefusedBadActor},
		{"a successor's actor outside the table", op(specSuccActor, 0x7f, 1), crdt.RefusedBadActor},
		{"numbering from 2", change(3, 0x7e, 2, 1), crdt.RefusedBadSeq},
		{"a number twice", change(3, 0x7e, 1, 0), crdt.RefusedBadSeq},
		{"no numbers", change(3), crdt.RefusedMalformed},
		{"operations that do not ascend", change(19, 0x7e, 3, 0x7f), crdt.RefusedBadStartOp},
		{"a dependency on itself", change(67, 0x7f, 1), crdt.RefusedInconsistentDoc},
		{"a dependency on what is not there", change(67, 0x7f, 60), crdt.RefusedInconsistentDoc},
		{"a negative dependency", change(67, 0x7f, 0x7f), crdt.RefusedInconsistentDoc},
		{"a dependency too few", change(67), crdt.RefusedInconsistentDoc},
		{"a dependency too many", change(67, 2, 0), crdt.RefusedMalformed},
		{"a dependency twice", func(d *handDoc) {
			d.changeCols = with(with(d.changeCols, 64, []byte{0x7e, 0, 2}), 67, []byte{2, 0})
		}, crdt.RefusedNotCanonical},
		{"a gap in the operations", op(specIDCtr, 0x7e, 1, 2), crdt.RefusedInconsistentDoc},
		{"an operation beyond its actor's last change", op(specSuccCtr, 0x7f, 9), crdt.RefusedInconsistentDoc},
		{"two operations with one id", op(specIDCtr, 0x7e, 1, 0), crdt.RefusedInconsistentDoc},
		{"a last operation that is missing", change(19, 0x7e, 2, 2), crdt.RefusedInconsistentDoc},
		{"operation 0", op(specIDCtr, 0x7e, 0, 2), crdt.RefusedMalformed},
		{"a deletion with a row of its own", op(specAction, 0x7e, 1, 3), crdt.RefusedBadOperation},
		{"unknown column of changes", change(101, 1), crdt.RefusedUnsupported},
		{"unknown column of operations", op(181, 1), crdt.RefusedUnsupported},
		{"columns unsorted", func(d *handDoc) { d.opCols = append(d.opCols, column{1, []byte{2, 0}}) }, crdt.RefusedMalformed},
		{"a column twice, once deflated", func(d *handDoc) {
			d.opCols = append(d.opCols, column{specSuccCtr | specDeflateBit, []byte{3, 0}})
		}, crdt.RefusedMalformed},
		{"deflated garbage", op(specExpand|specDeflateBit, 0xff), crdt.RefusedMalformed},
		{"8 Gi changes", change(1, append(huge, 0)...), crdt.RefusedTooLarge},
		{"8 Gi dependencies", change(64, appendULEB([]byte{0x7e, 0}, 1<<33)...), crdt.RefusedTooLarge},
		{"8 Gi operations", op(specAction, append(huge, 1)...), crdt.RefusedTooLarge},
		{"8 Gi successors", op(specSuccNum, appendULEB([]byte{2}, 1<<33)...), crdt.RefusedTooLarge},
		{"extra bytes that are not there", change(86, 2, 0x17), crdt.RefusedMalformed},
		{"extra bytes that nothing takes", change(87, 1), crdt.RefusedMalformed},
		{"time that cannot be", change(35, append([]byte{2}, appendLEB(nil, 1<<62)...)...), crdt.RefusedMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			d := goodDoc(t)
			tc.alter(&d)
			raw := d.encode()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := DecodeDocument(raw, DefaultLimits())
			runtime.ReadMemStats(&after)
			if r := refusalOf(t, err); r.Code != tc.code {
				t.Errorf("refused with %v, want %s", r, tc.code)
			}
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
				t.Errorf("allocated %d bytes for %d", grown, len(raw))
			}
		})
	}
	t.Run("columns that inflate beyond the limit", func(t *testing.T) {
		d := goodDoc(t)
		d.opCols = with(d.opCols, specExpand|specDeflateBit, bomb)
		d.changeCols = with(d.changeCols, 53|specDeflateBit, bomb)
		_, err := DecodeDocument(d.encode(), DefaultLimits())
		if r := refusalOf(t, err); r.Code != crdt.RefusedTooLarge {
			t.Errorf("refused with %v", r)
		}
	})
	t.Run("not a document", func(t *testing.T) {
		for kind, code := range map[ChunkType]crdt.RefusalCode{
			ChunkChange: crdt.RefusedMalformed, ChunkDeflated: crdt.RefusedMalformed, ChunkBundle: crdt.RefusedUnsupported, 7: crdt.RefusedUnsupported,
		} {
			_, err := DecodeDocument(mend(goodDoc(t).encode(), kind), DefaultLimits())
			if r := refusalOf(t, err); r.Code != code {
				t.Errorf("type %d refused with %v, want %s", kind, r, code)
			}
		}
	})
}

func TestDocumentWithActorsThatNothingUses(t *testing.T) { // a core keeps actors whose changes were never made
	d := goodDoc(t)
	d.actors = append(d.actors, cleo)
	if _, err := DecodeDocument(d.encode(), DefaultLimits()); err != nil {
		t.Error(err)
	}
}

func TestDocumentMayListDependenciesInAnyOrder(t *testing.T) {
	chunks := []*Change{{Actor: anna, Seq: 1, StartOp: 1}, {Actor: ben, Seq: 1, StartOp: 1}, {Actor: ben, Seq: 2, StartOp: 1}}
	var hashes []crdt.Hash
	for i, c := range chunks {
		if i == 2 {
			c.Deps = crdt.NewHeads(hashes...)
		}
		_, h, err := EncodeChange(c)
		if err != nil {
			t.Fatal(err)
		}
		hashes = append(hashes, h)
	}
	for _, index := range [][]byte{{0x7e, 0, 1}, {0x7e, 1, 0x7f}} {
		raw := handDoc{
			actors: []crdt.ActorID{anna, ben}, heads: hashes[2:],
			changeCols: []column{{1, []byte{0x7f, 0, 2, 1}}, {3, []byte{0x7d, 1, 0, 1}}, {19, []byte{3, 0}}, {64, []byte{2, 0, 0x7f, 2}}, {67, index}},
		}.encode()
		doc, err := DecodeDocument(raw, DefaultLimits())
		if err != nil {
			t.Fatal(err)
		}
		if len(doc.Changes) != 3 || doc.Changes[2].Hash != hashes[2] {
			t.Errorf("decoded %+v", doc.Changes)
		}
	}
}

func TestSplitWalksOverAllKindsAndStopsAtTheFirstError(t *testing.T) {
	change := mustEncode(t, sample())
	long := sample()
	long.Message = string(bytes.Repeat([]byte("long "), 100))
	data := append(bytes.Clone(change), goodDoc(t).encode()...)
	data = append(data, Deflate(mustEncode(t, long))...)
	whole := len(data)
	data = append(data, change...)
	data[len(data)-1] ^= 1
	var types []ChunkType
	var failed error
	seen := 0
	for c, err := range Split(data, DefaultLimits()) {
		if err != nil {
			failed = err
			continue
		}
		types = append(types, c.Type)
		seen += len(c.Raw)
	}
	if seen != whole || len(types) != 3 || types[0] != ChunkChange || types[1] != ChunkDocument || types[2] != ChunkDeflated {
		t.Errorf("saw %d bytes of types %v", seen, types)
	}
	if r := refusalOf(t, failed); r.Code != crdt.RefusedBadChecksum {
		t.Errorf("failed with %v", r)
	}
	for range Split(data, DefaultLimits()) {
		break // a caller may leave early
	}
	if n := testing.AllocsPerRun(100, func() {
		for range Split(data[:whole], DefaultLimits()) {
		}
	}); n > 0 {
		t.Errorf("allocates %v times", n)
	}
}

func TestBigDeletionStaysReadable(t *testing.T) { // run lengths of legal size are not taken for a bomb
	const n = 200_000
	c := &Change{Actor: ben, Seq: 2, StartOp: n + 2, Ops: make([]Op, n)}
	for i := range c.Ops {
		id := OpID{uint64(i + 2), 0}
		c.Ops[i] = Op{Object: OpID{1, 0}, InSeq: true, Elem: id, Action: ActionDelete, Pred: []OpID{id}}
	}
	raw := mustEncode(t, c)
	if len(raw) > 100 {
		t.Errorf("%d bytes", len(raw))
	}
	got, err := DecodeChange(raw, DefaultLimits())
	if err != nil || len(got.Ops) != n {
		t.Error(err)
	}
}

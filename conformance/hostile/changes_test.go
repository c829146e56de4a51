package hostile_test

import (
	"bytes"
	"fmt"
	"testing"

	"fieldsync/conformance/internal/author"
	"fieldsync/conformance/internal/sut"
	"fieldsync/crdt"
	"fieldsync/crdt/format"
)

// badChange makes a change that must be refused, on top of what the copy holds.
type badChange struct {
	name string
	code crdt.RefusalCode
	make func(w *world, c *author.Copy) []byte
}

// raw makes a change of columns put together by hand.
func raw(cols func() []column) func(*world, *author.Copy) []byte {
	return func(_ *world, c *author.Copy) []byte {
		f := c.Next()
		return chunk(typeChange, columns(header(&f), cols()...))
	}
}

// valid makes a change that every decoder takes.
func valid(alter func(*format.Change)) func(*world, *author.Copy) []byte {
	return func(w *world, c *author.Copy) []byte {
		f := c.Next()
		alter(&f)
		out, _, err := format.EncodeChange(&f)
		w.must(err)
		return out
	}
}

// op makes a change of one operation.
func op(o format.Op) func(*world, *author.Copy) []byte {
	return valid(func(f *format.Change) {
		f.Others, f.Ops = []crdt.ActorID{"good"}, []format.Op{o}
	})
}

// goods names an operation of the document's first change.
func goods(counter uint64) format.OpID { return format.OpID{Counter: counter, Actor: 1} }

func badChanges() []badChange {
	set := format.ActionSet
	one := format.IntValue(1)
	plain := func(f *format.Change) { f.Ops = []format.Op{{Key: "k", Action: set, Value: one}} }
	return []badChange{
		// Bytes.
		{"a wrong checksum", crdt.RefusedBadChecksum, func(w *world, c *author.Copy) []byte {
			b := valid(plain)(w, c)
			b[4] ^= 1
			return b
		}},
		{"a body altered behind its checksum", crdt.RefusedBadChecksum, func(w *world, c *author.Copy) []byte {
			b := valid(plain)(w, c)
			b[len(b)-1] ^= 1
			return b
		}},
		{"cut in the middle", crdt.RefusedMalformed, func(w *world, c *author.Copy) []byte { b := valid(plain)(w, c); return b[:len(b)/2] }},
		{"garbage", crdt.RefusedMalformed, func(*world, *author.Copy) []byte { return bytes.Repeat([]byte{0xab}, 500) }},
		{"garbage behind a change that was there before", crdt.RefusedMalformed, func(_ *world, c *author.Copy) []byte {
			return append(bytes.Clone(c.Raws()[0]), 1, 2, 3, 4)
		}},
		{"a length of 2^62", crdt.RefusedTooLarge, func(w *world, c *author.Copy) []byte { return append(valid(plain)(w, c)[:9], uleb(nil, 1<<62)...) }},
		{"a bundle", crdt.RefusedUnsupported, func(w *world, c *author.Copy) []byte { return chunk(typeBundle, valid(plain)(w, c)) }},
		{"a chunk type of the future", crdt.RefusedUnsupported, func(*world, *author.Copy) []byte { return chunk(77, []byte{1}) }},
		{"an empty body", crdt.RefusedMalformed, func(*world, *author.Copy) []byte { return chunk(typeChange, nil) }},
		{"a deflated change that inflates to 512 MB", crdt.RefusedTooLarge, func(*world, *author.Copy) []byte { return deflatedChunk(make([]byte, 512<<20)) }},
		{"a deflated change of garbage", crdt.RefusedMalformed, func(*world, *author.Copy) []byte {
			return append([]byte{0x85, 0x6f, 0x4a, 0x83, 1, 2, 3, 4, typeDeflated, 4}, 0xff, 0xff, 0xff, 0xff)
		}},
		{"an empty document chunk's body", crdt.RefusedMalformed, func(*world, *author.Copy) []byte { return chunk(typeDocument, nil) }},
		{"a document chunk whose columns inflate to 512 MB", crdt.RefusedTooLarge, func(*world, *author.Copy) []byte { return documentBomb() }},
		{"a document chunk that claims 2^40 actors", crdt.RefusedTooLarge, func(*world, *author.Copy) []byte {
			return chunk(typeDocument, uleb(nil, 1<<40))
		}},
		{"a document chunk with heads that do not follow from its changes", crdt.RefusedInconsistentDoc, wrongHeads},
		// Columns.
		{"booleans with an empty run", crdt.RefusedMalformed, raw(func() []column { return with(setTwo(), colInsert, []byte{1, 0, 1}) })},
		{"two runs that should be one", crdt.RefusedNotCanonical, raw(func() []column { return with(setTwo(), colAction, []byte{0x7f, 1, 0x7f, 1}) })},
		{"a column of nulls", crdt.RefusedNotCanonical, raw(func() []column { return with(setTwo(), colObjActor, []byte{0, 2}) })},
		{"an actor outside the table", crdt.RefusedBadActor, raw(func() []column {
			return with(with(setTwo(), colObjActor, []byte{2, 9}), colObjCtr, []byte{2, 1})
		})},
		{"a predecessor's actor outside the table", crdt.RefusedBadActor, raw(func() []column {
			return with(with(with(setTwo(), colPredNum, []byte{2, 1}), colPredActor, []byte{2, 9}), colPredCtr, []byte{2, 1})
		})},
		{"2^33 rows in a run", crdt.RefusedTooLarge, raw(func() []column { return with(setTwo(), colAction, append(leb(nil, 1<<33), 1)) })},
		{"2^33 rows in all columns", crdt.RefusedTooLarge, raw(func() []column {
			n := leb(nil, 1<<33)
			return []column{{colKeyStr, append(bytes.Clone(n), 1, 'k')}, {colInsert, uleb(nil, 1<<33)}, {colAction, append(bytes.Clone(n), 1)},
				{colValMeta, append(bytes.Clone(n), 0)}, {colPredNum, append(bytes.Clone(n), 0)}}
		})},
		{"2^33 predecessors", crdt.RefusedTooLarge, raw(func() []column { return with(setTwo(), colPredNum, append([]byte{2}, uleb(nil, 1<<33)...)) })},
		{"rows that are missing in a column", crdt.RefusedMalformed, raw(func() []column { return with(setTwo(), colKeyStr, []byte{0x7f, 1, 'a'}) })},
		{"rows too many in a column", crdt.RefusedMalformed, raw(func() []column { return with(setTwo(), colInsert, []byte{3}) })},
		{"a deflated column in a change", crdt.RefusedMalformed, raw(func() []column { return with(setTwo(), colPredNum|deflateBit, pack([]byte{2, 0})) })},
		{"a column nobody knows", crdt.RefusedUnsupported, raw(func() []column { return with(setTwo(), 181, []byte{1}) })},
		{"a key that is not UTF-8", crdt.RefusedMalformed, raw(func() []column { return with(setTwo(), colKeyStr, []byte{0x7e, 1, 0xff, 1, 'b'}) })},
		// The graph.
		{"a sequence number that is taken", crdt.RefusedBadSeq, func(w *world, c *author.Copy) []byte {
			return valid(func(f *format.Change) { plain(f); f.Actor = "good"; f.Seq = 1 })(w, c)
		}},
		{"a gap in the sequence", crdt.RefusedBadSeq, valid(func(f *format.Change) { plain(f); f.Seq = 3 })},
		{"a first operation too small", crdt.RefusedBadStartOp, valid(func(f *format.Change) { plain(f); f.StartOp = 1 })},
		{"a first operation that leaves no counters to others", crdt.RefusedBadStartOp, valid(func(f *format.Change) { plain(f); f.StartOp = 1<<31 - 10 })},
		// The operations.
		{"a predecessor that does not exist", crdt.RefusedUnknownPred, op(format.Op{Key: "kind", Action: set, Value: one, Pred: []format.OpID{goods(999)}})},
		{"a predecessor in another place", crdt.RefusedUnknownPred, op(format.Op{Key: "kind", Action: set, Value: one, Pred: []format.OpID{goods(opCounter)}})},
		{"an object that does not exist", crdt.RefusedUnknownObject, op(format.Op{Object: goods(888), Key: "k", Action: set, Value: one})},
		{"an object that is a number", crdt.RefusedUnknownObject, op(format.Op{Object: goods(opCounter), Key: "k", Action: set, Value: one})},
		{"a key in a text", crdt.RefusedWrongType, op(format.Op{Object: goods(opText), Key: "k", Action: set, Value: one})},
		{"a key in a list", crdt.RefusedWrongType, op(format.Op{Object: goods(opList), Key: "k", Action: set, Value: one})},
		{"an element in a map", crdt.RefusedWrongType, op(format.Op{Object: goods(opMap), InSeq: true, Insert: true, Action: set, Value: one})},
		{"behind an element that does not exist", crdt.RefusedUnknownElement, op(format.Op{Object: goods(opList), InSeq: true, Insert: true, Elem: goods(777), Action: set, Value: one})},
		{"behind an element of another list", crdt.RefusedUnknownElement, op(format.Op{Object: goods(opList), InSeq: true, Insert: true, Elem: goods(opLetter), Action: set, Value: one})},
		{"an increment of what is no counter", crdt.RefusedUnknownPred, op(format.Op{Key: "kind", Action: format.ActionIncrement, Value: one, Pred: []format.OpID{goods(1)}})},
		{"objects in one another without end", crdt.RefusedTooLarge, valid(func(f *format.Change) {
			for i := range 10_000 {
				o := format.Op{Key: "deep", Action: format.ActionMakeMap}
				if i > 0 {
					o.Object = format.OpID{Counter: f.StartOp + uint64(i) - 1}
				}
				f.Ops = append(f.Ops, o)
			}
		})},
		{"a deletion of nothing", crdt.RefusedBadOperation, raw(func() []column {
			return with(setTwo(), colAction, []byte{2, 3})
		})},
		{"an action nobody knows", crdt.RefusedBadOperation, raw(func() []column { return with(setTwo(), colAction, []byte{2, 44}) })},
	}
}

// documentBomb is a document chunk with a column that inflates to 512 MB.
func documentBomb() []byte {
	bomb := pack(make([]byte, 512<<20))
	body := append(append([]byte{1, 1, 'x'}, 1), make([]byte, 32)...) // an actor and a head
	cols := []column{{1 | deflateBit, bomb}}
	body = uleb(uleb(uleb(body, uint64(len(cols))), cols[0].spec), uint64(len(bomb)))
	body = append(body, 0) // no operations
	return chunk(typeDocument, append(append(body, bomb...), 0))
}

// wrongHeads is the vector of another core with one head replaced.
func wrongHeads(w *world, _ *author.Copy) []byte {
	doc := readVector(w, "js3-nested.automerge")
	d, err := format.DecodeDocument(doc, format.DefaultLimits())
	w.must(err)
	at := bytes.Index(doc, d.Heads[0][:])
	if at < 0 {
		w.Fatal("the vector does not hold its head")
	}
	body := bytes.Clone(doc[len(doc)-bodyLength(doc):])
	body[at-(len(doc)-len(body))] ^= 0xff
	return chunk(typeDocument, body)
}

func TestBadChangesAreRefusedWithTheirReason(t *testing.T) {
	w := newWorld(t)
	for _, tc := range badChanges() {
		t.Run(tc.name, func(t *testing.T) {
			w := w.in(t)
			client, copied := w.attacker(sut.Dispatcher)
			w.refuses(client, w.doc, copied, tc.code, tc.make(w, copied))
			w.unharmed()
		})
	}
}

// refuses sends a change, and wants it refused with a code, told and counted.
func (w *world) refuses(client *author.Client, doc string, c *author.Copy, code crdt.RefusalCode, change []byte) {
	w.Helper()
	series := fmt.Sprintf("fieldsync_refusals_total{code=%q}", string(code))
	before := w.metric(series)
	w.must(client.SendSync("sync", doc, c.Message(change)))
	w.must(client.Until(func() bool { return len(client.Refused) > 0 }))
	if got := client.Refused[0]; got.Code != string(code) || got.DocumentID != doc || got.Retry {
		w.Fatalf("refused with %q (%s), retry %v; want %q", got.Code, got.Detail, got.Retry, code)
	}
	w.waitMetric(series, before+1)
}

func TestAChangeInTheNameOfAnotherIsRefused(t *testing.T) {
	w := newWorld(t)
	client, copied := w.attacker(sut.WorkerAnna) // the job is hers, but the actor is the dispatcher's
	f := copied.Next()
	f.Actor, f.Seq = "good", uint64(len(w.copy.Changes()))+1
	f.Ops = []format.Op{{Key: "k", Action: format.ActionSet, Value: format.IntValue(1)}}
	change, _, err := format.EncodeChange(&f)
	w.must(err)
	w.refuses(client, w.doc, copied, crdt.RefusedActorTaken, change)
	w.unharmed()
	// In her own name she may write what she may write: a comment.
	f = copied.Next()
	own := func(n uint64) format.OpID { return format.OpID{Counter: f.StartOp + n} }
	f.Ops = []format.Op{{Key: "comments", Action: format.ActionMakeMap}, {Object: own(0), Key: "c1", Action: format.ActionMakeMap},
		{Object: own(1), Key: "text", Action: format.ActionSet, Value: format.StringValue("hers")}}
	w.must(client.SendSync("sync", w.doc, copied.Message(w.added(copied, &f))))
	w.must(client.Until(func() bool { return copied.Unconfirmed() == 0 }))
	w.must(w.good.Until(func() bool { return w.copy.Has(copied.Heads()[0]) }))
	w.unharmed()
}

package format

import (
	"bytes"

	"fieldsync/crdt"
)

// DecodeChange decodes exactly one change chunk, deflated or not, and checks everything that can be told without the
// document: limits, checksum, header, columns, actors, values, and that the encoding is the canonical one. Errors are
// *crdt.Refusal, with the change's hash where the chunk's checksum was right.
//
// The change shares raw, or the inflated copy of it.
func DecodeChange(raw []byte, lim Limits) (*Change, error) {
	c, err := oneChunk(raw, lim.ChangeBytes)
	if err != nil {
		return nil, err
	}
	return c.DecodeChange(lim)
}

// DecodeChange is DecodeChange for a chunk that Split gave, whose hash is not computed a second time.
func (c Chunk) DecodeChange(lim Limits) (*Change, error) {
	c, err := c.change(lim)
	if err != nil {
		return nil, err
	}
	ch, refusal := decodeBody(c, lim, false)
	if refusal == nil {
		refusal = ch.fault(lim)
	}
	if refusal == nil {
		e := encoders.Get().(*encoder)
		if !bytes.Equal(e.body(ch), c.Body) {
			refusal = refuse(crdt.RefusedNotCanonical, "encoding the decoded change gives other bytes")
		}
		e.release()
	}
	if refusal != nil {
		refusal.Change = c.Hash
		return nil, refusal
	}
	return ch, nil
}

// DecodeTrusted decodes a change chunk that DecodeChange accepted before and that has been in our own store since. The
// chunk's checksum is verified, since disks fail, but the operations are not encoded again and their meaning is not
// checked. It fails on damaged bytes with a *crdt.Refusal, and never panics.
func DecodeTrusted(raw []byte) (*Change, error) {
	lim := DefaultLimits()
	c, err := changeChunk(raw, lim)
	if err != nil {
		return nil, err
	}
	ch, refusal := decodeBody(c, lim, true)
	if refusal != nil {
		refusal.Change = c.Hash
		return nil, refusal
	}
	return ch, nil
}

func decodeBody(c Chunk, lim Limits, trusted bool) (*Change, *crdt.Refusal) {
	var h header
	cur, err := h.read(c.Body, lim)
	if err != nil {
		return nil, err
	}
	var cols opColumns
	if err := cols.read(&cur); err != nil {
		return nil, err
	}
	ch := &Change{Hash: c.Hash, Deps: h.depList(), Seq: h.seq, StartOp: h.startOp, Time: h.time, Message: string(h.message),
		Raw: c.Raw}
	if cur.rest() > 0 {
		ch.Extra = cur.take(uint64(cur.rest()))
	}
	ch.Actor, ch.Others = h.actorList()
	ch.Ops, err = cols.ops(lim.ops(len(c.Body)), uint64(len(ch.Others)+1))
	if err != nil {
		return nil, err
	}
	if ch.MaxOp() > maxCounter {
		return nil, refuse(crdt.RefusedBadStartOp, "last operation's counter out of range")
	}
	return ch, nil
}

// ops reads the operations: at most so many, with indexes into so many actors.
func (cols *opColumns) ops(most int, actors uint64) ([]Op, *crdt.Refusal) {
	n, fail := countRows(cols[colAction], kindUint, most)
	if fail != "" {
		return nil, refuseColumn("action", fail)
	}
	preds, fail := sumRows(cols[colPredNum], most)
	if fail != "" {
		return nil, refuseColumn("predecessor count", fail)
	}
	if n == 0 {
		for i := range cols {
			if len(cols[i]) > 0 {
				return nil, refuse(crdt.RefusedMalformed, "columns without operations")
			}
		}
		return nil, nil
	}

	ops := make([]Op, n)
	var pred []OpID
	if preds > 0 {
		pred = make([]OpID, preds)
	}
	r := newOpReader(cols, actors)
	for i := range ops {
		op := &ops[i]
		if err := r.read(op); err != nil {
			return nil, err
		}
		if !r.predNum.next() || r.predNum.val == 0 {
			continue
		}
		k := r.predNum.val
		if k > uint64(len(pred)) {
			return nil, refuseColumn("predecessor count", "rows and sum disagree")
		}
		op.Pred, pred = pred[:k:k], pred[k:]
		for j := range op.Pred {
			id, ok := readID(&r.predActor, &r.predCtr, actors)
			if !ok || id.IsZero() {
				return nil, idFault("predecessor", &r.predActor, &r.predCtr, actors)
			}
			op.Pred[j] = id
		}
	}
	return ops, r.finish()
}

// opReader reads the columns of a change in step, one row each.
type opReader struct {
	objActor, objCtr, keyActor, keyCtr, keyStr, action, valMeta, predNum, predActor, predCtr, markName rleReader
	insert, expand                                                                                     boolReader
	val                                                                                                cursor
	keys, names                                                                                        string // copies of the columns, of which each key is a part
	actors                                                                                             uint64
}

// newOpReader reads columns whose ids index so many actors.
func newOpReader(cols *opColumns, actors uint64) opReader {
	return opReader{
		objActor: newRLE(cols[colObjActor], kindUint), objCtr: newRLE(cols[colObjCtr], kindUint),
		keyActor: newRLE(cols[colKeyActor], kindUint), keyCtr: newRLE(cols[colKeyCtr], kindDelta),
		keyStr: newRLE(cols[colKeyStr], kindString), insert: newBools(cols[colInsert]),
		action: newRLE(cols[colAction], kindUint), valMeta: newRLE(cols[colValMeta], kindUint),
		val: cursor{b: cols[colVal]}, predNum: newRLE(cols[colPredNum], kindUint),
		predActor: newRLE(cols[colPredActor], kindUint), predCtr: newRLE(cols[colPredCtr], kindDelta),
		expand: newBools(cols[colExpand]), markName: newRLE(cols[colMarkName], kindString),
		keys: string(cols[colKeyStr]), names: string(cols[colMarkName]), actors: actors,
	}
}

// read reads one operation, its predecessors excepted.
func (r *opReader) read(op *Op) *crdt.Refusal {
	var ok bool
	if op.Object, ok = readID(&r.objActor, &r.objCtr, r.actors); !ok {
		return idFault("object", &r.objActor, &r.objCtr, r.actors)
	}
	if err := r.readKey(op); err != nil {
		return err
	}
	op.Insert = r.insert.next()
	if !r.action.next() {
		return refuseColumn("action", "a row without an action")
	}
	if r.action.val > uint64(ActionMark) {
		return refuse(crdt.RefusedBadOperation, "unknown action")
	}
	op.Action = Action(r.action.val)
	if r.valMeta.next() {
		op.Value.Type = ValueType(r.valMeta.val & 15)
		if n := r.valMeta.val >> 4; n > 0 {
			op.Value.Raw = r.val.take(n)
		}
		if r.val.fail != "" {
			return refuseColumn("value", r.val.fail)
		}
	}
	op.Expand = r.expand.next()
	if op.HasMark = r.markName.next(); op.HasMark {
		op.MarkName = r.names[r.markName.lo:r.markName.hi]
	}
	return nil
}

// readKey reads a key or an element: either there is text; or there is a counter, with an actor unless it is the head's 0.
func (r *opReader) readKey(op *Op) *crdt.Refusal {
	hasActor, hasCtr, hasStr := r.keyActor.next(), r.keyCtr.next(), r.keyStr.next()
	switch {
	case hasStr && !hasCtr && !hasActor:
		op.Key = r.keys[r.keyStr.lo:r.keyStr.hi]
		return nil
	case hasCtr && !hasActor && !hasStr && r.keyCtr.val == 0:
		op.InSeq = true
		return nil
	case hasCtr && hasActor && !hasStr && r.keyCtr.val > 0 && r.keyActor.val < r.actors:
		op.InSeq = true
		op.Elem = OpID{r.keyCtr.val, uint32(r.keyActor.val)}
		return nil
	}
	switch {
	case r.keyStr.fail != "":
		return refuseColumn("key text", r.keyStr.fail)
	case hasActor && r.keyActor.val >= r.actors:
		return refuse(crdt.RefusedBadActor, "key: actor index outside the table")
	}
	return idFault("key", &r.keyActor, &r.keyCtr, r.actors)
}

// readID reads an id, zero where both columns have no value.
func readID(actor, ctr *rleReader, actors uint64) (OpID, bool) {
	hasActor, hasCtr := actor.next(), ctr.next()
	if !hasActor && !hasCtr {
		return OpID{}, actor.fail == "" && ctr.fail == ""
	}
	if !hasActor || !hasCtr || actor.val >= actors || ctr.val == 0 || ctr.val > maxCounter {
		return OpID{}, false
	}
	return OpID{ctr.val, uint32(actor.val)}, true
}

// idFault is the refusal of an id that could not be read.
func idFault(what string, actor, ctr *rleReader, actors uint64) *crdt.Refusal {
	switch {
	case actor.fail != "":
		return refuseColumn(what+" actor", actor.fail)
	case ctr.fail != "":
		return refuseColumn(what+" counter", ctr.fail)
	case actor.state != runNull && actor.state != runNone && actor.val >= actors:
		return refuse(crdt.RefusedBadActor, what+": actor index outside the table")
	default:
		return refuse(crdt.RefusedMalformed, what+": is not an operation's id")
	}
}

// finish checks that all columns end with the last operation.
func (r *opReader) finish() *crdt.Refusal {
	for _, c := range [...]struct {
		r    *rleReader
		name string
	}{
		{&r.objActor, "object actor"}, {&r.objCtr, "object counter"}, {&r.keyActor, "key actor"}, {&r.keyCtr, "key counter"},
		{&r.keyStr, "key text"}, {&r.action, "action"}, {&r.valMeta, "value metadata"}, {&r.predNum, "predecessor count"},
		{&r.predActor, "predecessor actor"}, {&r.predCtr, "predecessor counter"}, {&r.markName, "mark name"},
	} {
		if fail := c.r.finish(); fail != "" {
			return refuseColumn(c.name, fail)
		}
	}
	if fail := r.insert.finish(); fail != "" {
		return refuseColumn("insert", fail)
	}
	if fail := r.expand.finish(); fail != "" {
		return refuseColumn("expand", fail)
	}
	if !r.val.done() {
		return refuseColumn("value", "has more bytes than the operations take")
	}
	return nil
}

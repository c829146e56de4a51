package format

import (
	"slices"

	"fieldsync/crdt"
)

// readChanges reads the change columns.
func (d *docDecoder) readChanges() *crdt.Refusal {
	cols := &d.changeCols
	most := within(d.lim.Changes, d.lim.FreeChanges, d.lim.ChangesPerByte, d.size)
	n, fail := countRows(cols[docActor], kindUint, most)
	if fail != "" {
		return refuseColumn("change actor", fail)
	}
	sum, fail := sumRows(cols[docDepsNum], n*d.lim.DepsPerChange)
	if fail != "" {
		return refuseColumn("dependency count", fail)
	}
	d.changes = make([]docChange, n)
	d.deps = make([]uint32, sum)
	left := d.deps
	actor, seq, maxOp := newRLE(cols[docActor], kindUint), newRLE(cols[docSeq], kindDelta), newRLE(cols[docMaxOp], kindDelta)
	time, message := newRLE(cols[docTime], kindTime), newRLE(cols[docMessage], kindString)
	depsNum, depsIndex := newRLE(cols[docDepsNum], kindUint), newRLE(cols[docDepsIndex], kindDelta)
	extraMeta, extra := newRLE(cols[docExtraMeta], kindUint), cursor{b: cols[docExtra]}
	messages := string(cols[docMessage])
	for i := range d.changes {
		c := &d.changes[i]
		if !actor.next() || actor.val >= uint64(len(d.actors)) {
			return refuse(crdt.RefusedBadActor, "a change's actor is not in the table")
		}
		if !seq.next() || !maxOp.next() {
			return refuse(crdt.RefusedMalformed, "a change without a sequence number or a last operation")
		}
		c.actor, c.seq, c.maxOp = uint32(actor.val), seq.val, maxOp.val
		if time.next() {
			c.time = int64(time.val)
		}
		if message.next() {
			c.message = messages[message.lo:message.hi]
		}
		if depsNum.next() {
			k := depsNum.val
			if k > uint64(d.lim.Deps) {
				return refuse(crdt.RefusedTooLarge, "more dependencies than allowed")
			}
			if k > uint64(len(left)) {
				return refuse(crdt.RefusedMalformed, "dependency count column: rows and sum disagree")
			}
			c.deps, left = left[:k:k], left[k:]
			for j := range c.deps {
				if !depsIndex.next() || depsIndex.val >= uint64(i) {
					return refuse(crdt.RefusedInconsistentDoc, "a change depends on one that is not before it")
				}
				c.deps[j] = uint32(depsIndex.val)
			}
		}
		if extraMeta.next() {
			// The value's type tells nothing: the cores write and read these as bytes.
			if c.extra = extra.take(extraMeta.val >> 4); len(c.extra) == 0 {
				c.extra = nil
			}
		}
	}
	for _, r := range [...]*rleReader{&actor, &seq, &maxOp, &time, &message, &depsNum, &depsIndex, &extraMeta} {
		if fail := r.finish(); fail != "" {
			return refuseColumn("change", fail)
		}
	}
	if extra.fail != "" || !extra.done() {
		return refuseColumn("extra bytes", "not as long as its metadata says")
	}
	return nil
}

// indexChanges lists each actor's changes, and checks that they are numbered and that their operations ascend.
func (d *docDecoder) indexChanges() *crdt.Refusal {
	d.actorFrom = make([]uint32, len(d.actors)+1)
	for i := range d.changes {
		d.actorFrom[d.changes[i].actor+1]++
	}
	for a := range d.actors {
		d.actorFrom[a+1] += d.actorFrom[a]
	}
	d.actorChanges = make([]uint32, len(d.changes))
	have := make([]uint32, len(d.actors))
	for i := range d.changes {
		c := &d.changes[i]
		at := d.actorFrom[c.actor] + have[c.actor]
		have[c.actor]++
		if c.seq != uint64(have[c.actor]) {
			return refuse(crdt.RefusedBadSeq, "an actor's changes are not numbered from 1 in order")
		}
		if have[c.actor] > 1 && d.changes[d.actorChanges[at-1]].maxOp > c.maxOp {
			return refuse(crdt.RefusedBadStartOp, "an actor's operations do not ascend")
		}
		d.actorChanges[at] = uint32(i)
	}
	return nil
}

// readIDs reads each row's id and successors, and finds the changes that they belong to.
func (d *docDecoder) readIDs() *crdt.Refusal {
	cols := &d.opCols
	most := within(d.lim.DocumentOps, d.lim.FreeOps, d.lim.DocumentOpsPerByte, d.size)
	n, fail := countRows(cols[docAction], kindUint, most)
	if fail != "" {
		return refuseColumn("action", fail)
	}
	sum, fail := sumRows(cols[docSuccNum], most)
	if fail != "" {
		return refuseColumn("successor count", fail)
	}
	d.rows = make([]docRow, n)
	d.succ = make([]docSucc, 0, sum)
	idActor, idCtr := newRLE(cols[docIDActor], kindUint), newRLE(cols[docIDCtr], kindDelta)
	num := newRLE(cols[docSuccNum], kindUint)
	succActor, succCtr := newRLE(cols[docSuccActor], kindUint), newRLE(cols[docSuccCtr], kindDelta)
	for i := range d.rows {
		id, change, err := d.readID(&idActor, &idCtr)
		if err != nil {
			return err
		}
		d.rows[i] = docRow{ctr: uint32(id.Counter), actor: id.Actor, change: change}
		d.changes[change].end++
		if !num.next() {
			continue
		}
		if num.val > uint64(sum-len(d.succ)) {
			return refuse(crdt.RefusedMalformed, "successor count column: rows and sum disagree")
		}
		for range num.val {
			id, change, err := d.readID(&succActor, &succCtr)
			if err != nil {
				return err
			}
			d.succ = append(d.succ, docSucc{uint32(id.Counter), change, uint32(i)})
			d.changes[change].end++
		}
	}
	for _, r := range [...]*rleReader{&idActor, &idCtr, &num, &succActor, &succCtr} {
		if fail := r.finish(); fail != "" {
			return refuseColumn("id or successor", fail)
		}
	}
	return nil
}

func (d *docDecoder) readID(actor, ctr *rleReader) (OpID, uint32, *crdt.Refusal) {
	id, ok := readID(actor, ctr, uint64(len(d.actors)))
	if !ok || id.IsZero() {
		return id, 0, idFault("operation", actor, ctr, uint64(len(d.actors)))
	}
	change, ok := d.changeOf(uint64(id.Actor), id.Counter)
	if !ok {
		return id, 0, refuse(crdt.RefusedInconsistentDoc, "an operation that belongs to none of its actor's changes")
	}
	return id, change, nil
}

// An entry of bucket is the counter, whether it is of a successor, and the row: sorted, each operation's row comes first,
// then the rows that it overwrites.
const bucketSucc = 1 << 31

// layOut gives each row its place among its change's operations, finds the deletions, which are successors without a
// row, and gives each operation its predecessors.
func (d *docDecoder) layOut() *crdt.Refusal {
	d.bucket = make([]uint64, len(d.rows)+len(d.succ))
	from := 0
	for i := range d.changes {
		c := &d.changes[i]
		n := c.end
		c.from, c.end = from, from
		from += n
	}
	for i, r := range d.rows {
		c := &d.changes[r.change]
		d.bucket[c.end] = uint64(r.ctr)<<32 | uint64(i)
		c.end++
	}
	for _, s := range d.succ {
		c := &d.changes[s.change]
		d.bucket[c.end] = uint64(s.ctr)<<32 | bucketSucc | uint64(s.row)
		c.end++
	}
	ops := 0
	for i := range d.changes {
		c := &d.changes[i]
		b := d.bucket[c.from:c.end]
		slices.Sort(b)
		n := uint64(0)
		for j := range b {
			if j == 0 || b[j]>>32 != b[j-1]>>32 {
				n++
			} else if b[j]&bucketSucc == 0 {
				return refuse(crdt.RefusedInconsistentDoc, "two operations with one id")
			}
		}
		// Distinct counters, as many as from the first to the last: none is missing.
		if n > 0 && (b[len(b)-1]>>32 != c.maxOp || b[0]>>32 != c.maxOp-n+1) {
			return refuse(crdt.RefusedInconsistentDoc, "a change's operations have gaps")
		}
		ops += int(n)
	}
	d.ops = make([]Op, ops)
	d.preds = make([]OpID, len(d.succ))
	slot, pred := 0, 0
	for i := range d.changes {
		c := &d.changes[i]
		b := d.bucket[c.from:c.end]
		c.from = slot
		for len(b) > 0 {
			ctr := b[0] >> 32
			first := pred
			if b[0]&bucketSucc == 0 {
				d.rows[uint32(b[0])].slot = uint32(slot)
				b = b[1:]
			} else {
				d.delsFrom = append(d.delsFrom, docDel{uint32(slot), uint32(b[0]) &^ bucketSucc})
			}
			for len(b) > 0 && b[0]>>32 == ctr {
				r := &d.rows[uint32(b[0])&^bucketSucc]
				d.preds[pred] = OpID{uint64(r.ctr), r.actor}
				pred++
				b = b[1:]
			}
			if pred > first {
				d.ops[slot].Pred = d.preds[first:pred:pred] // in the rows' order, which is the ids': else Change.fault refuses
			}
			slot++
		}
		c.end = slot
	}
	d.bucket, d.succ = nil, nil
	return nil
}

// fillOps reads the operations into their places, and completes the deletions.
func (d *docDecoder) fillOps() *crdt.Refusal {
	r := newOpReader(d.opCols.changeOps(), uint64(len(d.actors)))
	for i := range d.rows {
		if err := r.read(&d.ops[d.rows[i].slot]); err != nil {
			return err
		}
	}
	if err := r.finish(); err != nil {
		return err
	}
	for _, del := range d.delsFrom {
		row := &d.rows[del.row]
		op, target := &d.ops[del.slot], &d.ops[row.slot]
		op.Action = ActionDelete
		op.Object, op.InSeq, op.Key, op.Elem = target.Object, target.InSeq, target.Key, target.Elem
		if target.Insert {
			op.Elem = OpID{uint64(row.ctr), row.actor}
		}
	}
	return nil
}

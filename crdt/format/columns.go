package format

import "fieldsync/crdt"

// Column specifications: id<<4 | deflated<<3 | type. A change and a document's operations share most of them.
const (
	specObjActor   = 1
	specObjCtr     = 2
	specKeyActor   = 17
	specKeyCtr     = 19
	specKeyStr     = 21
	specIDActor    = 33 // documents only
	specIDCtr      = 35 // documents only
	specInsert     = 52
	specAction     = 66
	specValMeta    = 86
	specVal        = 87
	specPredNum    = 112 // changes only
	specPredActor  = 113
	specPredCtr    = 115
	specSuccNum    = 128 // documents only
	specSuccActor  = 129
	specSuccCtr    = 131
	specExpand     = 148
	specMarkName   = 165
	specDeflateBit = 8
)

// The columns of a change, in the order in which they are written.
const (
	colObjActor = iota
	colObjCtr
	colKeyActor
	colKeyCtr
	colKeyStr
	colInsert
	colAction
	colValMeta
	colVal
	colPredNum
	colPredActor
	colPredCtr
	colExpand
	colMarkName
	numOpCols
)

var opSpecs = [numOpCols]uint8{specObjActor, specObjCtr, specKeyActor, specKeyCtr, specKeyStr, specInsert, specAction,
	specValMeta, specVal, specPredNum, specPredActor, specPredCtr, specExpand, specMarkName}

// opColumns are a change's columns; nil where there is none.
type opColumns [numOpCols][]byte

// read reads the column metadata and cuts the columns.
//
// The Rust cores skip columns that they do not know when they load a change, and leave them out when they save it: its
// hash would change. So an unknown column is refused.
func (cols *opColumns) read(cur *cursor) *crdt.Refusal {
	n := cur.uleb()
	if cur.fail == "" && n > numOpCols {
		return refuse(crdt.RefusedUnsupported, "more columns than there are known ones")
	}
	var which, size [numOpCols]uint32
	last, next := -1, 0
	for i := range n {
		spec, length := cur.uleb(), cur.uleb()
		if cur.fail != "" {
			break
		}
		if spec&specDeflateBit != 0 {
			return refuse(crdt.RefusedMalformed, "a change's column is deflated")
		}
		if int64(spec) <= int64(last) {
			return refuse(crdt.RefusedMalformed, "columns are not sorted, or one stands twice")
		}
		for next < numOpCols && uint64(opSpecs[next]) < spec {
			next++
		}
		if next == numOpCols || uint64(opSpecs[next]) != spec {
			return refuse(crdt.RefusedUnsupported, "unknown column")
		}
		if length > uint64(cur.rest()) {
			return refuse(crdt.RefusedMalformed, "a column is longer than the change")
		}
		last = int(spec)
		which[i], size[i] = uint32(next), uint32(length)
	}
	for i := range n {
		cols[which[i]] = cur.take(uint64(size[i]))
	}
	if cur.fail != "" {
		return refuse(crdt.RefusedMalformed, "columns: "+cur.fail)
	}
	return nil
}

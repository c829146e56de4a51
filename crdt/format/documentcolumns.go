package format

import "fieldsync/crdt"

// The columns of a document's changes.
const (
	docActor = iota
	docSeq
	docMaxOp
	docTime
	docMessage
	docDepsNum
	docDepsIndex
	docExtraMeta
	docExtra
	numDocChangeCols
)

var docChangeSpecs = [numDocChangeCols]uint8{1, 3, 19, 35, 53, 64, 67, 86, 87}

// The columns of a document's operations.
const (
	docObjActor = iota
	docObjCtr
	docKeyActor
	docKeyCtr
	docKeyStr
	docIDActor
	docIDCtr
	docInsert
	docAction
	docValMeta
	docVal
	docSuccNum
	docSuccActor
	docSuccCtr
	docExpand
	docMarkName
	numDocOpCols
)

var docOpSpecs = [numDocOpCols]uint8{specObjActor, specObjCtr, specKeyActor, specKeyCtr, specKeyStr, specIDActor, specIDCtr,
	specInsert, specAction, specValMeta, specVal, specSuccNum, specSuccActor, specSuccCtr, specExpand, specMarkName}

type (
	docChangeColumns [numDocChangeCols][]byte
	docOpColumns     [numDocOpCols][]byte
)

// docColumn is one entry of column metadata.
type docColumn struct {
	which    int
	deflated bool
	size     uint64
}

// readColumns reads the metadata of both kinds of columns, then the columns, and inflates those that are deflated.
func (d *docDecoder) readColumns(cur *cursor) *crdt.Refusal {
	var changeMeta, opMeta [numDocOpCols]docColumn
	nc, err := readDocMeta(cur, docChangeSpecs[:], &changeMeta)
	if err != nil {
		return err
	}
	no, err := readDocMeta(cur, docOpSpecs[:], &opMeta)
	if err != nil {
		return err
	}
	left := within(d.lim.InflatedBytes, d.lim.FreeBytes, d.lim.BytesPerByte, d.size)
	for _, m := range changeMeta[:nc] {
		if err := m.read(cur, &d.changeCols[m.which], &left); err != nil {
			return err
		}
	}
	for _, m := range opMeta[:no] {
		if err := m.read(cur, &d.opCols[m.which], &left); err != nil {
			return err
		}
	}
	return nil
}

// readDocMeta reads column metadata. A column that we do not know is refused: what it means for the changes is unknown.
func readDocMeta(cur *cursor, specs []uint8, out *[numDocOpCols]docColumn) (int, *crdt.Refusal) {
	n := cur.uleb()
	if cur.fail == "" && n > uint64(len(specs)) {
		return 0, refuse(crdt.RefusedUnsupported, "more columns than there are known ones")
	}
	next := 0
	for i := range n {
		spec, size := cur.uleb(), cur.uleb()
		if cur.fail != "" {
			break
		}
		plain := spec &^ specDeflateBit
		if next > 0 && plain <= uint64(specs[next-1]) {
			return 0, refuse(crdt.RefusedMalformed, "columns are not sorted, or one stands twice")
		}
		for next < len(specs) && uint64(specs[next]) < plain {
			next++
		}
		if next == len(specs) || uint64(specs[next]) != plain {
			return 0, refuse(crdt.RefusedUnsupported, "unknown column")
		}
		out[i] = docColumn{next, spec != plain, size}
		next++
	}
	if cur.fail != "" {
		return 0, refuse(crdt.RefusedMalformed, "columns: "+cur.fail)
	}
	return int(n), nil
}

// read cuts one column, and inflates it into at most so many bytes, which it takes off.
func (m docColumn) read(cur *cursor, out *[]byte, left *int) *crdt.Refusal {
	b := cur.take(m.size)
	if cur.fail != "" {
		return refuse(crdt.RefusedMalformed, "a column is longer than the document")
	}
	if m.deflated {
		inflated, err := appendInflated(nil, b, *left)
		if err != nil {
			return err
		}
		*left -= len(inflated)
		b = inflated[:len(inflated):len(inflated)]
	}
	*out = b
	return nil
}

// changeOps gives the operation columns that a change has too, where a change has them.
func (c *docOpColumns) changeOps() *opColumns {
	return &opColumns{
		colObjActor: c[docObjActor], colObjCtr: c[docObjCtr], colKeyActor: c[docKeyActor], colKeyCtr: c[docKeyCtr],
		colKeyStr: c[docKeyStr], colInsert: c[docInsert], colAction: c[docAction], colValMeta: c[docValMeta],
		colVal: c[docVal], colExpand: c[docExpand], colMarkName: c[docMarkName],
	}
}

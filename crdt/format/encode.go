package format

import (
	"sync"

	"fieldsync/crdt"
)

// EncodeChange encodes a change as a type 1 chunk from its fields, and gives the chunk with its hash; Raw and Hash are not
// read. It refuses, with a *crdt.Refusal, what DecodeChange with the default limits would refuse.
func EncodeChange(c *Change) ([]byte, crdt.Hash, error) {
	lim := DefaultLimits()
	if err := c.encodable(lim); err != nil {
		return nil, crdt.Hash{}, err
	}
	if err := c.fault(lim); err != nil {
		return nil, crdt.Hash{}, err
	}
	e := encoders.Get().(*encoder)
	defer e.release()
	body := e.body(c)
	if err := c.fits(lim, len(body)); err != nil {
		return nil, crdt.Hash{}, err
	}
	raw, hash := appendChunk(make([]byte, 0, len(body)+hashedFrom+6), ChunkChange, body)
	return raw, hash, nil
}

// encoders keeps scratch memory for encoding. It holds no data between uses.
var encoders = sync.Pool{New: func() any { return new(encoder) }}

// encoder is the scratch memory for one change.
type encoder struct {
	out  []byte
	cols []byte
	nums []uint64
	strs []string
	ends [numOpCols]int // of each column in cols
}

// keptScratch is the scratch size, in bytes of columns and in rows, over which an encoder is not kept for the next use.
const keptScratch = 1 << 16

func (e *encoder) release() {
	if cap(e.cols) > keptScratch || cap(e.nums) > keptScratch || cap(e.out) > keptScratch {
		return
	}
	clear(e.strs[:cap(e.strs)]) // holds on to no change's text
	encoders.Put(e)
}

// body encodes a change's body. The result is valid until the encoder's next use.
func (e *encoder) body(c *Change) []byte {
	e.columns(c.Ops)
	b := appendULEB(e.out[:0], uint64(len(c.Deps)))
	for i := range c.Deps {
		b = append(b, c.Deps[i][:]...)
	}
	b = appendString(b, string(c.Actor))
	b = appendULEB(b, c.Seq)
	b = appendULEB(b, c.StartOp)
	b = appendLEB(b, c.Time)
	b = appendString(b, c.Message)
	b = appendULEB(b, uint64(len(c.Others)))
	for _, a := range c.Others {
		b = appendString(b, string(a))
	}
	n, from := 0, 0
	for _, end := range e.ends {
		if end > from {
			n++
		}
		from = end
	}
	b = appendULEB(b, uint64(n))
	from = 0
	for i, end := range e.ends {
		if end > from {
			b = appendULEB(b, uint64(opSpecs[i]))
			b = appendULEB(b, uint64(end-from))
		}
		from = end
	}
	b = append(b, e.cols...)
	b = append(b, c.Extra...)
	e.out = b
	return b
}

// columns encodes the operations' columns behind one another.
func (e *encoder) columns(ops []Op) {
	b := e.cols[:0]
	if cap(e.nums) < len(ops) {
		e.nums = make([]uint64, 0, len(ops))
		e.strs = make([]string, 0, len(ops))
	}
	for col := range numOpCols {
		if len(ops) > 0 {
			b = e.column(b, col, ops)
		}
		e.ends[col] = len(b)
	}
	e.cols = b
}

func (e *encoder) column(b []byte, col int, ops []Op) []byte {
	nums := e.nums[:0]
	put := appendULEB
	last := uint64(0)
	switch col {
	case colObjActor:
		for i := range ops {
			nums = append(nums, idActor(ops[i].Object))
		}
	case colObjCtr:
		for i := range ops {
			nums = append(nums, idCounter(ops[i].Object))
		}
	case colKeyActor:
		for i := range ops {
			nums = append(nums, idActor(ops[i].Elem))
		}
	case colKeyCtr:
		put = appendSigned
		for i := range ops {
			v := nullNumber
			if ops[i].InSeq {
				v = ops[i].Elem.Counter - last
				last = ops[i].Elem.Counter
			}
			nums = append(nums, v)
		}
	case colKeyStr:
		strs := e.strs[:0]
		for i := range ops {
			if ops[i].InSeq {
				strs = append(strs, nullString)
			} else {
				strs = append(strs, ops[i].Key)
			}
		}
		e.strs = strs
		return appendRLE(b, strs, nullString, appendString)
	case colInsert:
		return appendBools(b, ops, func(op *Op) bool { return op.Insert })
	case colAction:
		for i := range ops {
			nums = append(nums, uint64(ops[i].Action))
		}
	case colValMeta:
		for i := range ops {
			nums = append(nums, uint64(len(ops[i].Value.Raw))<<4|uint64(ops[i].Value.Type))
		}
	case colVal:
		for i := range ops {
			b = append(b, ops[i].Value.Raw...)
		}
		return b
	case colPredNum:
		for i := range ops {
			nums = append(nums, uint64(len(ops[i].Pred)))
		}
	case colPredActor:
		for i := range ops {
			for _, id := range ops[i].Pred {
				nums = append(nums, uint64(id.Actor))
			}
		}
	case colPredCtr:
		put = appendSigned
		for i := range ops {
			for _, id := range ops[i].Pred {
				nums = append(nums, id.Counter-last)
				last = id.Counter
			}
		}
	case colExpand:
		for i := range ops {
			if ops[i].Expand {
				return appendBools(b, ops, func(op *Op) bool { return op.Expand })
			}
		}
		return b
	case colMarkName:
		some := false
		strs := e.strs[:0]
		for i := range ops {
			if ops[i].HasMark {
				some = true
				strs = append(strs, ops[i].MarkName)
			} else {
				strs = append(strs, nullString)
			}
		}
		e.strs = strs
		if !some {
			return b
		}
		return appendRLE(b, strs, nullString, appendString)
	}
	e.nums = nums
	return appendRLE(b, nums, nullNumber, put)
}

// idActor and idCounter are an id in its two columns, nothing where the id is none.
func idActor(id OpID) uint64 {
	if id.IsZero() {
		return nullNumber
	}
	return uint64(id.Actor)
}

func idCounter(id OpID) uint64 {
	if id.IsZero() {
		return nullNumber
	}
	return id.Counter
}

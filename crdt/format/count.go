package format

import "fieldsync/crdt"

// Amount is how much a chunk holds. Run lengths let a few bytes say a great deal.
type Amount struct {
	Ops     int // operations, deletions included; in a document chunk there stand none of those
	Deletes int // of them
	Objects int // of them: maps, lists and texts made
	Bytes   int // of the chunk
}

// Add adds another chunk's.
func (a *Amount) Add(b Amount) {
	a.Ops, a.Deletes, a.Objects, a.Bytes = a.Ops+b.Ops, a.Deletes+b.Deletes, a.Objects+b.Objects, a.Bytes+b.Bytes
}

// Amount counts what a decoded change holds.
func (c *Change) Amount() Amount {
	a := Amount{Ops: len(c.Ops), Bytes: len(c.Raw)}
	for i := range c.Ops {
		a.count(c.Ops[i].Action, 1)
	}
	return a
}

// Count counts what a chunk holds by its column of actions, in which runs stay runs: it costs no more than the chunk is long. The chunk is
// a change, not deflated, or a document, from where all was checked when it came.
func Count(raw []byte, lim Limits) (Amount, error) {
	c, err := oneChunk(raw, lim.DocumentBytes)
	if err != nil {
		return Amount{}, err
	}
	actions, most, refusal := c.actions(lim)
	if refusal != nil {
		return Amount{}, refusal
	}
	a := Amount{Bytes: len(raw)}
	r := newRLE(actions, kindUint)
	for !r.done() && r.startRun() {
		n := r.left
		if n > uint64(most-a.Ops) {
			return Amount{}, refuse(crdt.RefusedTooLarge, tooManyRows)
		}
		a.Ops += int(n)
		if r.state == runSame {
			a.count(Action(r.val), int(n))
			continue
		}
		if r.state == runNull { // no operation is without an action
			return Amount{}, refuse(crdt.RefusedMalformed, "an operation without an action")
		}
		for range n {
			r.read()
			a.count(Action(r.val), 1)
		}
	}
	if r.fail != "" {
		return Amount{}, refuse(crdt.RefusedMalformed, "actions: "+r.fail)
	}
	return a, nil
}

func (a *Amount) count(action Action, n int) {
	switch action {
	case ActionMakeMap, ActionMakeList, ActionMakeText, ActionMakeTable:
		a.Objects += n
	case ActionDelete:
		a.Deletes += n
	}
}

// actions gives a chunk's column of actions, and how many rows it may have.
func (c Chunk) actions(lim Limits) ([]byte, int, *crdt.Refusal) {
	switch c.Type {
	case ChunkChange:
		var h header
		cur, err := h.read(c.Body, lim)
		if err != nil {
			return nil, 0, err
		}
		var cols opColumns
		err = cols.read(&cur)
		return cols[colAction], lim.Ops, err
	case ChunkDocument:
		d := docDecoder{lim: lim, size: len(c.Body)}
		cur := cursor{b: c.Body}
		if err := d.readHead(&cur); err != nil {
			return nil, 0, err
		}
		err := d.readColumns(&cur)
		return d.opCols[docAction], lim.DocumentOps, err
	default:
		return nil, 0, refuse(crdt.RefusedUnsupported, "neither a change nor a document")
	}
}

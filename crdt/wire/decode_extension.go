package wire

import (
	"encoding/binary"

	"fieldsync/crdt"
)

func (d *decoder) refused() (Frame, error) {
	doc, to, err := d.document()
	if err != nil {
		return nil, err
	}
	f := Refused{Doc: doc, Sender: to.sender, Target: to.target}
	code, err := d.text(fieldCode, MaxCodeName)
	if err != nil {
		return nil, err
	}
	if len(code) == 0 {
		return nil, missing(fieldCode)
	}
	f.Code = crdt.RefusalCode(code)
	if r, ok := d.value(fieldChange); ok {
		hash, err := r.bytes(len(f.Change), names[fieldChange])
		if err != nil {
			return nil, err
		}
		if len(hash) != len(f.Change) {
			return nil, crdt.Errorf(crdt.KindInvalid, "wire: change is not 32 bytes")
		}
		f.Change = crdt.Hash(hash)
	}
	detail, err := d.text(fieldDetail, MaxMessage)
	if err != nil {
		return nil, err
	}
	f.Detail = string(detail)
	f.Retry, err = d.boolean(fieldRetry)
	return done(f, err)
}

func (d *decoder) catchUp() (Frame, error) {
	to, err := d.route(true)
	if err != nil {
		return nil, err
	}
	f := CatchUp{Sender: to.sender, Target: to.target}
	if f.Done, err = d.boolean(fieldDone); err != nil {
		return nil, err
	}
	if f.Push, err = d.boolean(fieldPush); err != nil {
		return nil, err
	}
	budget := MaxItems
	if r, ok := d.value(fieldRanges); ok {
		if f.Ranges, err = r.ranges(&budget); err != nil {
			return nil, err
		}
	}
	if r, ok := d.value(fieldSketch); ok {
		raw, err := r.records(symbolSize, MaxSymbols, "a sketch")
		if err != nil {
			return nil, err
		}
		f.Sketch = make([]Symbol, len(raw)/symbolSize)
		for i := range f.Sketch {
			b := raw[symbolSize*i:]
			f.Sketch[i] = Symbol{Keys: binary.BigEndian.Uint64(b), Check: binary.BigEndian.Uint32(b[8:]), Count: binary.BigEndian.Uint16(b[12:])}
		}
	}
	if r, ok := d.value(fieldWant); ok {
		if f.Want, err = r.number(false, "the symbols wanted"); err != nil {
			return nil, err
		}
	}
	if r, ok := d.value(fieldMine); ok {
		if f.Mine, err = r.items(&budget, "a catch-up's items"); err != nil {
			return nil, err
		}
	}
	if r, ok := d.value(fieldYours); ok {
		raw, err := r.records(keySize, MaxKeys, "a catch-up's keys")
		if err != nil {
			return nil, err
		}
		f.Yours = make([]uint64, len(raw)/keySize)
		for i := range f.Yours {
			f.Yours[i] = binary.BigEndian.Uint64(raw[keySize*i:])
		}
	}
	return f, nil
}

func (d *decoder) bundle() (Frame, error) {
	to, err := d.route(true)
	if err != nil {
		return nil, err
	}
	f := Bundle{Sender: to.sender, Target: to.target}
	r, ok := d.value(fieldFrames)
	if !ok {
		return nil, missing(fieldFrames)
	}
	it, err := r.enter(majorArray, MaxBundle, "a bundle")
	if err != nil {
		return nil, err
	}
	for {
		more, err := r.next(&it)
		if err != nil {
			return nil, err
		}
		if !more {
			return f, nil
		}
		if len(f.Frames) == MaxBundle {
			return nil, tooLong("a bundle", MaxBundle)
		}
		one, err := r.bytes(MaxFrame, "a bundle's frame")
		if err != nil {
			return nil, err
		}
		f.Frames = append(f.Frames, one)
	}
}

// items reads a byte string of items. budget is how many the frame may still hold.
func (r *reader) items(budget *int, what string) ([]Item, error) {
	raw, err := r.records(itemSize, *budget, what)
	if err != nil {
		return nil, err
	}
	out := make([]Item, len(raw)/itemSize)
	*budget -= len(out)
	for i := range out {
		record := raw[itemSize*i:]
		out[i] = Item{Doc: crdt.DocID(record[:16]), Digest: [16]byte(record[16:32])}
	}
	return out, nil
}

// records reads a byte string that is a row of records of one size.
func (r *reader) records(size, most int, what string) ([]byte, error) {
	raw, err := r.bytes(size*most, what)
	if err == nil && len(raw)%size != 0 {
		return nil, crdt.Errorf(crdt.KindInvalid, "wire: %s is cut", what)
	}
	return raw, err
}

func (r *reader) ranges(budget *int) ([]Range, error) {
	it, err := r.enter(majorArray, MaxRanges, "ranges")
	if err != nil {
		return nil, err
	}
	out := make([]Range, 0, min(it.left, uint64(len(r.b)-r.pos)/minRange+1))
	for {
		more, err := r.next(&it)
		if err != nil || !more {
			return out, err
		}
		if len(out) == MaxRanges {
			return nil, tooLong("ranges", MaxRanges)
		}
		one, err := r.oneRange(budget)
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
}

// minRange is the length of the shortest range on the wire: array head, two empty ids, count, digest with its head, null.
// It keeps what is allocated for ranges proportional to what came.
const minRange = 1 + 1 + 1 + 1 + 17 + 1

// oneRange reads [from, to, count, digest, items or null]. budget is how many items the frame may still hold.
func (r *reader) oneRange(budget *int) (Range, error) {
	var out Range
	it, err := r.enter(majorArray, 5, "a range")
	if err != nil {
		return out, err
	}
	if it.indef || it.left != 5 {
		return out, crdt.Errorf(crdt.KindInvalid, "wire: a range has not five entries")
	}
	if out.From, err = r.bound(); err != nil {
		return out, err
	}
	if out.To, err = r.bound(); err != nil {
		return out, err
	}
	if out.Count, err = r.number(false, "a range's count"); err != nil {
		return out, err
	}
	digest, err := r.bytes(len(out.Digest), "a range's digest")
	if err != nil {
		return out, err
	}
	if len(digest) != len(out.Digest) {
		return out, crdt.Errorf(crdt.KindInvalid, "wire: a range's digest is not 16 bytes")
	}
	copy(out.Digest[:], digest)
	if r.b[r.pos] == cborNull {
		r.pos++
		return out, nil
	}
	out.HasItems = true
	out.Items, err = r.items(budget, "a range's items")
	return out, err
}

// bound reads one end of a range: 16 bytes, or none for the zero id.
func (r *reader) bound() (crdt.DocID, error) {
	raw, err := r.bytes(16, "a range's end")
	if err != nil || len(raw) == 0 {
		return crdt.DocID{}, err
	}
	if len(raw) != 16 {
		return crdt.DocID{}, crdt.Errorf(crdt.KindInvalid, "wire: a range's end is not 16 bytes")
	}
	return crdt.DocID(raw), nil
}
